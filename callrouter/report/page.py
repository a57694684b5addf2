"""The owner's page: one self-contained HTML document, read in a minute, on a phone, in a mail client or on paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from callrouter.ledger.figure import KEY, printed
from callrouter.ledger.tally import SHORT
from callrouter.report import plots
from callrouter.report.night import RED
from callrouter.report.safe import clean, masked

if TYPE_CHECKING:
    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Difference, Waiting

LISTED = 50
"""Lost clients on the page; the sheet and the JSON have all of them."""
TOLD = 10
"""Differences on the page."""
LEVEL = 20
"""Seconds: the service level that is shown."""
PERCENT = frozenset({"lcr", "share"})
SECONDS = frozenset({"asa_seconds", "added_on_average"})


class Shown:
    """The figures as they are read; each carries its name, so that it can be held to the ledger."""

    def __init__(self, block: dict[str, object], language: Language) -> None:
        """Keep them."""
        self._block = block
        self._language = language

    def value(self, *path: object) -> Any:
        """Return the figure at this path; in a list its key tells which."""
        found: Any = self._block
        for name in path:
            found = next(one for one in found if one[KEY] == name) if isinstance(found, list) else found[name]
        return found

    def __call__(self, *path: object) -> Markup:
        """Return the figure in the reader's form."""
        said = self._said(str(path[-1]), self.value(*path))
        return Markup('<span data-figure="{}">{}</span>').format(".".join(map(str, path)), said)

    def counts(self, *path: object) -> Markup:
        """Return the counts of a rate: 9 из 121."""
        whole = "calls" if "calls" in self.value(*path) else "clients"
        words = Markup(self._language.phrase("of"))  # noqa: S704 -- our own words
        return words.format(part=self(*path, "lost"), whole=self(*path, whole))

    def of(self, *path: object) -> Markup:
        """Return a rate with its counts: 7,4 % (9 из 121)."""
        return Markup("{} ({})").format(self(*path, "lcr"), self.counts(*path))

    def _said(self, name: str, value: Any) -> str:
        if name in PERCENT:
            return self._language.percent(value)
        if name in SECONDS:
            return self._language.seconds(value)
        return self._language.talk(value) if name == "seconds" else self._language.number(value)


class Page:
    """What the template asks for."""

    def __init__(self, found: Content, language: Language, *, mask: bool) -> None:
        """Look at what is to be said."""
        self.found = found
        self.night = found.night
        self.count = language.count
        self.language = language
        self.figure = Shown(printed(found.figures), language)
        self.hide: Callable[[str], str] = (lambda text: clean(masked(text))) if mask else clean
        self.goal, self.red = found.night.company.goal, RED
        self.short, self.level = SHORT, LEVEL
        self.bar = plots.bar

    def say(self, key: str, /, **values: object) -> Markup:
        """Return words, whatever stands in them escaped."""
        return Markup(self.language.phrase(key)).format(**values)  # noqa: S704 -- our own words

    @property
    def colour(self) -> str:
        """Return the colour of the headline."""
        return plots.colour(self.figure.value("lcr"), self.goal, self.red)

    @property
    def days(self) -> Markup:
        """Return the plot of the last days."""
        return plots.by_day(self.found.days, self.goal, self.red, self.language)

    @property
    def hours(self) -> Markup | None:
        """Return the plot of the hours of the week, None without calls."""
        return plots.by_hour(self.found.hours, self.goal, self.red, self.language) if self.found.hours else None

    @property
    def legend(self) -> list[tuple[str, str]]:
        """Return what the colours of the hours mean."""
        return plots.legend(self.goal, self.red, self.language)

    @property
    def month(self) -> dict[str, str]:
        """Return the rate of all these days and its counts."""
        lost, calls = (sum(getattr(one, name) for one in self.found.days.values()) for name in ("lost", "calls"))
        number = self.language.number
        rate = self.language.percent(lost / calls if calls else None)
        return {"n": number(len(self.found.days)), "lcr": rate, "lost": number(lost), "calls": number(calls)}

    def share(self, part: object, whole: object) -> float:
        """Return how long a bar is."""
        assert isinstance(part, int)
        assert isinstance(whole, int)
        return part / whole if whole else 0.0

    def most(self, *names: str) -> int:
        """Return the most that anybody has of these together."""
        return max(sum(int(one[name]) for name in names) for one in self.figure.value("people"))

    def person(self, key: str | None) -> str:
        """Return somebody's name."""
        return self.language.say("not_in_scheme") if key is None else clean(self.night.company.people.get(key, key))

    def targets(self, written: str) -> str:
        """Return whom a step means."""
        said = list(dict.fromkeys(self._target(one) for one in written.split(", ") if one))
        return ", ".join(said[:3]) + ("…" if len(said) > 3 else "")  # noqa: PLR2004 -- a line has room for three

    def _target(self, one: str) -> str:
        kind, _, key = one.partition(":")
        known = {"department": self.night.company.departments, "person": self.night.company.people}
        return clean(known[kind].get(key, key)) if key and kind in known else self.language.name("targets", one)

    @property
    def ends(self) -> dict[str, str]:
        """Return when the date begins and ends."""
        period = self.night.period
        return {name: self.language.clock(getattr(period, name), period.timezone) for name in ("start", "end")}

    @property
    def waiting(self) -> list[dict[str, str]]:
        """Return who waits for a call."""
        return [self._waiting(one) for one in self.night.waiting[:LISTED]]

    def _waiting(self, one: Waiting) -> dict[str, str]:
        whose = self.language.say("nobody") if one.whose is None else self.person(one.whose)
        return {
            "name": self.hide(one.name or ""),
            "number": self.hide(one.number),
            "age": self.language.age(self.night.period.end - one.since),
            "story": " · ".join(part for part in (whose, one.priority, *self._story(one)) if part),
        }

    def _story(self, one: Waiting) -> tuple[str, str]:
        tried = self.language.say("tried", times=self.count("times", one.attempts))
        return (
            self.language.say("called", times=self.count("times", one.lost)),
            tried if one.attempts else self.language.say("not_tried"),
        )

    @property
    def more_waiting(self) -> int:
        """Return how many wait whom the page does not list."""
        return max(0, len(self.night.waiting) - LISTED)

    @property
    def strange(self) -> tuple[Difference, ...]:
        """Return what Asterisk's records say otherwise, as far as there is room."""
        return (*self.found.audit.outcomes, *self.found.audit.differences)[:TOLD]

    def told(self, value: str | float | None) -> str:
        """Return one side of a difference."""
        if isinstance(value, float):
            return self.language.clock(value, self.night.period.timezone)
        return self.language.name("outcomes", value) if value else "—"

    @property
    def silent(self) -> str:
        """Return the silent lines, each with its last call."""
        timezone = self.night.period.timezone
        return ", ".join(
            self.language.say("silent_week", name=clean(one.line.name))
            if one.last_at is None
            else self.language.say(
                "silent_line", name=clean(one.line.name), at=self.language.clock(one.last_at, timezone)
            )
            for one in self.found.audit.silent
        )


def page(found: Content, language: Language, *, mask: bool) -> str:
    """Return the page."""
    return _template().render(page=Page(found, language, mask=mask)) + "\n"


@lru_cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("callrouter.report").joinpath("page.html.jinja").read_text("utf-8"))
