"""The owner's page: one self-contained HTML document, read in a minute, on a phone, in a mail client or on paper."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from callrouter.ledger.tally import SHORT
from callrouter.report import plots
from callrouter.report.safe import clean, receiver
from callrouter.report.view import View, render

if TYPE_CHECKING:
    from typing import Any

    from markupsafe import Markup

    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Difference, Failed

TOLD = 10
"""Differences, and people of escalations, on the page."""
FEW = 5
"""Escalations and clients on the page; the sheets have all of them."""
STAFF = 30
"""People on the page: who missed most, then who answered most."""
LEVEL = 20
"""Seconds: the service level that is shown."""


class Page(View):
    """What the owner's template asks for."""

    short, level, told_most, few_most, staff_most = SHORT, LEVEL, TOLD, FEW, STAFF

    @property
    def days(self) -> plots.Days:
        """Return the plot of the last days."""
        return plots.by_day(self.night.days, self.goal, self.red, self.language)

    @cached_property
    def hours(self) -> tuple[tuple[int, tuple[plots.Cell | None, ...]], ...]:
        """Return the plot of the hours of the week, nothing without calls."""
        return plots.by_hour(self.night.hours, self.goal, self.red) if self.night.hours else ()

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Return what the colours of the hours mean."""
        return plots.legend(self.goal, self.red, self.language)

    @property
    def month(self) -> dict[str, str]:
        """Return the rate of all these days and its counts."""
        lost, calls = (sum(getattr(one, name) for one in self.night.days.values()) for name in ("lost", "calls"))
        number = self.language.number
        rate = self.language.percent(lost / calls if calls else None)
        return {"n": number(len(self.night.days)), "lcr": rate, "lost": number(lost), "calls": number(calls)}

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        """Return everybody's figures."""
        return sorted(self.figure.value("people"), key=lambda one: (-one["missed"], -one["answered"], one["key"] or ""))

    @property
    def most(self) -> int:
        """Return the most calls that anybody answered and missed."""
        return max(int(one["answered"]) + int(one["missed"]) for one in self.people)

    def targets(self, written: str) -> str:
        """Return whom a step means."""
        said = list(dict.fromkeys(self._target(one) for one in written.split(", ") if one))
        return ", ".join(said[:3]) + ("…" if len(said) > 3 else "")  # noqa: PLR2004 -- a line has room for three

    def _target(self, one: str) -> str:
        kind, _, key = one.partition(":")
        known = {"department": self.night.company.departments, "person": self.night.company.people}
        return clean(known[kind].get(key, key)) if key and kind in known else self.language.name("targets", one)

    @cached_property
    def silent_ones(self) -> list[dict[str, Any]]:
        """Return who let calls go to the head or beyond, or was away then, the most first."""
        people = self.figure.value("escalations", "people")
        return sorted(people, key=lambda one: (-one["silent"], -one["away"], one["key"]))[:TOLD]

    @cached_property
    def escalations(self) -> list[str]:
        """Return what became of each call that reached the head or beyond: when, whose, how far, who was silent."""
        told = self.figure.value("escalations", "list")[:FEW]
        return [self._escalation(one, self.found.inbound.by_id[one["key"]]) for one in told]

    def _escalation(self, one: dict[str, Any], row: Any) -> str:
        say, name = self.language.say, self.language.name
        away = [self.person(who["key"]) + " (" + name("whys", who["why"]) + ")" for who in one["away"]]
        parts = (
            say("silent_ones", people=", ".join(map(self.person, one["silent"]))) if one["silent"] else "",
            say("away_ones", people=", ".join(away)) if away else "",
        )
        who, kind = self.hide(row.client or row.caller or ""), name("kinds", one["kind"])
        what = f"{self.clock(row.arrived_at)} {who} → {self.targets(one['reached'])}: {kind}"
        return "; ".join(part for part in (what, *parts) if part)

    @cached_property
    def shared(self) -> list[tuple[str, str]]:
        """Return the clients two of ours talked to, and who did."""
        calls = self.night.calls
        caller, client = (calls.names.index(name) for name in ("caller", "client"))
        names = {own[caller]: own[client] for own in calls.own if own[client]}
        return [
            (self.hide(names.get(one["key"]) or one["key"]), ", ".join(map(self.person, one["people"])))
            for one in self.figure.value("shared_clients", "list")[:FEW]
        ]

    @cached_property
    def clients(self) -> list[tuple[str, int, int]]:
        """Return who called most: name or number, calls, lost ones."""
        found = self.found.inbound.by_client[:FEW]
        nobody = self.language.say("without_number")
        return [(self.hide(str(key)) if key else nobody, one.calls, one.lost) for key, one in found]

    @cached_property
    def sources(self) -> list[tuple[str, str]]:
        """Return where callers have the number from, with the rate and its counts; nothing if no line says it."""
        nothing, percent = self.language.say("without_source"), self.language.percent
        found = self.found.inbound.by_source
        if not any(key for key, _ in found):
            return []
        return [
            (clean(str(key)) if key else nothing, f"{percent(one.lcr)} ({self.of(one.lost, one.calls)})")
            for key, one in found
        ]

    @property
    def strange(self) -> tuple[Difference, ...]:
        """Return what Asterisk's records say otherwise, as far as there is room."""
        return (*self.found.audit.outcomes, *self.found.audit.differences)[:TOLD]

    def told(self, value: str | float | None) -> str:
        """Return one side of a difference."""
        if isinstance(value, float):
            return self.clock(value)
        return self.language.name("outcomes", value) if value else "—"

    @property
    def silent(self) -> str:
        """Return the silent lines, each with its last call."""
        say = self.language.say
        return ", ".join(
            say("silent_week", name=clean(one.line.name))
            if one.last_at is None
            else say("silent_line", name=clean(one.line.name), at=self.clock(one.last_at))
            for one in self.found.audit.silent
        )

    def failed(self, one: Failed) -> Markup:
        """Return what was not delivered to whom."""
        subject = self.hide(one.subject)
        return self.say("failed", subject=subject, to=receiver(one.to), at=self.clock(one.failed_at))


def page(found: Content, language: Language, *, mask: bool) -> str:
    """Return the page."""
    return render("page", Page(found, language, mask=mask))
