"""A person's page: a manager his own figures and nobody else's clients, a head everybody's of his departments."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from callrouter.ledger.tally import waited
from callrouter.report import export
from callrouter.report.content import content
from callrouter.report.language import language
from callrouter.report.own import own
from callrouter.report.safe import clean
from callrouter.report.text import signed
from callrouter.report.view import View, render

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow
    from callrouter.ledger.escalation import Escalation
    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Night

NOBODY = {"answered": 0, "missed": 0}


class PersonPage(View):
    """What the template of a person's page asks for."""

    def __init__(self, found: Content, person: str, words: Language, *, mask: bool) -> None:
        """Look at what concerns him."""
        super().__init__(found, words, mask=mask)
        self.own = own(found, person)
        self.whose = self.person(person)

    @property
    def title(self) -> str:
        """Return whose page it is, and of which date."""
        whose = self.departments if self.own.heads else self.whose
        return self.language.say("title_own", whose=whose, date=self.language.date(self.night.date))

    @property
    def departments(self) -> str:
        """Return the names of the departments he is the head of."""
        return ", ".join(clean(one.name) for one in self.own.heads)

    @cached_property
    def people(self) -> list[dict[str, Any]]:
        """Return the figures of those he is told of, each with how often calls went on to the head past him."""
        found = {one["key"]: one for one in self.figure.value("people")}
        passed = {key: sum(self._is_in(one, key) for one in self.own.escalations) for key in self.own.people}
        rows = [
            {
                "key": key,
                "name": self.person(key),
                "known": key in found,
                "escalated": passed[key],
                **{name: found.get(key, NOBODY)[name] for name in NOBODY},
            }
            for key in self.own.people
        ]
        return sorted(rows, key=lambda one: (-one["missed"], -one["answered"], one["name"]))

    @property
    def me(self) -> dict[str, Any]:
        """Return his own figures."""
        return next(one for one in self.people if one["key"] == self.own.person)

    def mine(self, name: str) -> str:
        """Return a figure of his own."""
        return self.figure("people", self.own.person, name) if self.me["known"] else self.language.number(0)

    @property
    def talked(self) -> str:
        """Return how long he talked."""
        key = self.own.person
        return self.figure("people", key, "talk", "seconds") if self.me["known"] else self.language.talk(0)

    @property
    def most(self) -> int:
        """Return the most calls that anybody answered and missed."""
        return max(int(one["answered"]) + int(one["missed"]) for one in self.people)

    @property
    def missed(self) -> list[dict[str, str]]:
        """Return the calls that rang for him in vain, as many as there is room for."""
        return [self._told(row) for row in self.own.missed[: self.listed_most]]

    @property
    def lost(self) -> list[dict[str, str]]:
        """Return the lost calls of his clients, or of his departments' lines."""
        return [self._told(row) for row in self.own.counted.lost[: self.listed_most]]

    @property
    def escalations(self) -> list[dict[str, str]]:
        """Return the calls that reached the head or beyond and concern him."""
        return [self._escalation(one) for one in self.own.escalations[: self.listed_most]]

    def client(self, row: CallRow) -> str:
        """Return whose call it was; a colleague's client is not named."""
        if not self.own.is_his(row.responsible):
            return self.language.say("colleagues_client")
        return self.hide(row.client or row.caller or "") or self.language.say("without_number")

    def _told(self, row: CallRow) -> dict[str, str]:
        if row.outcome == "answered":
            became = self.language.say("answered_who", person=self.person(row.answered_by))
        else:
            became = self.language.name("reasons", row.lost_reason or "")
        story = " · ".join((became, self.language.seconds(waited(row))))
        return {"name": self.client(row), "at": self.clock(row.arrived_at), "story": story}

    def _escalation(self, one: Escalation) -> dict[str, str]:
        told = (
            self.language.name("kinds", one.kind),
            *(self._of(who, self.language.say("silent")) for who in one.silent if who in self.own.people),
            *(self._of(who, self.language.name("whys", why)) for who, why in one.away if who in self.own.people),
        )
        return {"name": self.client(one.call), "at": self.clock(one.call.arrived_at), "story": " · ".join(told)}

    def _of(self, who: str, what: str) -> str:
        """Return what somebody did; of who reads it nobody needs his name."""
        name = self.language.say("you") if who == self.own.person else self.person(who)
        return f"{name}: {what}"

    def _is_in(self, one: Escalation, key: str) -> bool:
        return key in one.silent or any(who == key for who, _ in one.away)


def line(page: PersonPage) -> str:
    """Return one line to paste: whom he has to call back, what he missed, how long he talked."""
    words, me = page.language, page.me
    number = words.number
    seconds = page.figure.value("people", me["key"], "talk", "seconds") if me["known"] else 0.0
    said = (
        words.say(
            "line_head",
            departments=page.departments,
            lcr=words.percent(page.own.counted.lcr),
            lost=number(len(page.own.counted.lost)),
            calls=number(page.own.counted.calls),
            waiting=number(len(page.own.waiting)),
        )
        if page.own.heads
        else words.say(
            "line_own",
            person=page.whose,
            waiting=number(len(page.own.waiting)),
            missed=number(me["missed"]),
            talk=words.talk(seconds),
        )
    )
    return signed(said, page.found, words)


def subject(found: Content, person: str, words: Language) -> str:
    """Return what somebody reads first of the letter with his page."""
    return PersonPage(found, person, words, mask=True).title


def files(night: Night, person: str, code: str, *, mask: bool) -> dict[str, bytes]:
    """Return somebody's page and his line by file name, the owner's are the company's."""
    return written(content(night), person, code, mask=mask)


def written(found: Content, person: str, code: str, *, mask: bool) -> dict[str, bytes]:
    """Return the files that say this to somebody."""
    if person == found.night.company.owner:
        return export.written(found, ("html", "text"), code, mask=mask)
    page = PersonPage(found, person, language(code), mask=mask)
    name = f"lcr-{found.night.date}-{person}"
    return {f"{name}.html": render("personal", page).encode(), f"{name}.txt": f"{line(page)}\n".encode()}
