"""What every page asks for: words, names that are harmless, numbers in the reader's form, who waits for a call."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from callrouter.report import plots
from callrouter.report.night import RED
from callrouter.report.safe import clean, masked
from callrouter.report.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Waiting

LISTED = 30
"""Rows of a list on a page; the sheet and the JSON have all of them. Some mail clients cut off after 102,000 bytes."""

LONGEST = 80
"""Characters of a name on a page."""


class View:
    """A page of a date for somebody who reads this language."""

    listed_most = LISTED

    def __init__(self, found: Content, language: Language, *, mask: bool) -> None:
        """Look at what is to be said."""
        self.found = found
        self.night = found.night
        self.language = language
        self.count = language.count
        self.figure = Shown(found.figures, language)
        self.mask = mask
        self.goal, self.red = found.night.company.goal, RED
        self.bar = plots.bar
        self.fills = plots

    def say(self, key: str, /, **values: object) -> Markup:
        """Return words, whatever stands in them escaped."""
        return Markup(self.language.phrase(key)).format(**values)  # noqa: S704 -- our own words

    def hide(self, text: str) -> str:
        """Return a name or a number as it may be shown."""
        return _short(masked(text) if self.mask else text)

    def person(self, key: str | None) -> str:
        """Return somebody's name."""
        return self.language.say("not_in_scheme") if key is None else _short(self.night.company.people.get(key, key))

    def clock(self, at: float) -> str:
        """Return an instant of the date."""
        return self.language.clock(at, self.night.period.timezone)

    def colour(self, lcr: float | None) -> str:
        """Return the colour of a rate."""
        return plots.colour(lcr, self.goal, self.red)

    def of(self, lost: int, calls: int) -> str:
        """Return the counts of a rate: 9 из 121."""
        number = self.language.number
        return self.language.say("of", part=number(lost), whole=number(calls))

    def share(self, part: float, whole: float) -> float:
        """Return how long a bar is."""
        return part / whole if whole else 0.0

    @property
    def weekdays(self) -> list[str]:
        """Return the short names of the days of a week, Monday first."""
        return [self.language.weekday(number) for number in range(1, 8)]

    def priorities(self, *path: object) -> list[dict[str, object]]:
        """Return the talk with clients of each priority beside its goal; with others only where there was any."""
        return [
            {
                "key": one["key"],
                "said": self.figure(*path, one["key"], "seconds"),
                "percent": self.figure(*path, one["key"], "share"),
                "share": one["share"],
                "goal": one["goal"],
            }
            for one in self.figure.value(*path)
            if one["goal"] is not None or one["calls"]
        ]

    @property
    def ends(self) -> dict[str, str]:
        """Return when the date begins and ends."""
        return {name: self.clock(getattr(self.night.period, name)) for name in ("start", "end")}

    def listed(self, waiting: Sequence[Waiting]) -> list[dict[str, str]]:
        """Return those who wait for a call, as many as a page has room for."""
        return [self._listed(one) for one in waiting[:LISTED]]

    def more(self, rows: Sequence[object], most: int = LISTED) -> int:
        """Return how many of these the page does not list."""
        return max(0, len(rows) - most)

    def _listed(self, one: Waiting) -> dict[str, str]:
        return {
            "name": self.hide(one.name or ""),
            "number": self.hide(one.number),
            "since": self.clock(one.since),
            "age": self.language.age(self.night.period.end - one.since),
            "story": " · ".join(part for part in (self._whose(one), one.priority, *self._story(one)) if part),
        }

    def _whose(self, one: Waiting) -> str:
        return self.language.say("nobody") if one.whose is None else self.person(one.whose)

    def _story(self, one: Waiting) -> tuple[str, ...]:
        say, count = self.language.say, self.language.count
        taken = one.taken_by is not None and one.taken_by != one.whose
        return (
            say("called", times=count("times", one.lost)),
            say("tried", times=count("times", one.attempts)) if one.attempts else say("not_tried"),
            say("dropped", person=self.person(one.dropped_by)) if one.dropped_by is not None else "",
            say("taken", person=self.person(one.taken_by)) if taken else "",
            say("snoozed", until=self.clock(one.snoozed_until)) if one.snoozed_until is not None else "",
        )


def _short(text: str) -> str:
    return clean(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def render(name: str, page: View) -> str:
    """Return the page that this template makes."""
    return _templates().get_template(name).render(page=page) + "\n"


@lru_cache
def _templates() -> Environment:
    loader = FunctionLoader(lambda name: files("callrouter.report").joinpath(f"{name}.html.jinja").read_text("utf-8"))
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader)
