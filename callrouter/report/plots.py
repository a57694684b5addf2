"""Plots as tables: pure functions from counts to columns and cells.

A mail client drops an inline SVG, and shows no picture before it is allowed to; cells with a colour and a height it
always shows, and their numbers can be read, copied and printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from callrouter.report.language import Language
    from callrouter.report.night import Count

GREEN, AMBER, RED, MUTED = "#2f8f5b", "#e0a021", "#c8372d", "#5d6b7a"
FAINT = "#e6eaef"
HEIGHT = 120
"""Of the columns, in points."""
_NONE, _SOME, _MORE, _MUCH = "#eef1f4", "#cfe8d8", "#f6d98f", "#e79a92"
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Column:
    """A day: how high it stands under the line of the goal, and over it."""

    under: int
    over: int
    fill: str
    said: str


@dataclass(frozen=True, slots=True)
class Label:
    """Words over or under so many columns."""

    columns: int
    said: str
    align: str = "right"


@dataclass(frozen=True, slots=True)
class Days:
    """A column for each day; the goal is the line between two rows of cells."""

    columns: tuple[Column, ...]
    goal: int
    """How high the line is."""
    peak: tuple[Label, ...]
    """The highest rate over its column; nothing where the goal is far away."""
    ticks: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of the week: how many calls were lost in it, coloured by their share."""

    fill: str
    said: str


def colour(lcr: float | None, goal: float, red: float) -> str:
    """Return the colour of a rate: at the goal, over it, far over it."""
    if lcr is None:
        return MUTED
    return GREEN if lcr <= goal else AMBER if lcr < red else RED


def by_day(days: Mapping[date, Count], goal: float, red: float, language: Language) -> Days:
    """Return a column for each day; one without a lost call stands a little, one without calls is grey."""
    rates = [count.lcr or 0.0 for count in days.values()]
    top = max([goal * 2, *rates])
    line = round(HEIGHT * goal / top)
    columns = [_column(day, count, top, line, colour(count.lcr, goal, red), language) for day, count in days.items()]
    peak = _over(rates.index(top), len(rates), language.percent(top)) if top in rates else ()
    last = (len(days) - 1) % _WEEK + 1
    ends = range(last, len(days) + 1, _WEEK)
    ticks = [Label(last if end == last else _WEEK, language.day(list(days)[end - 1])) for end in ends]
    return Days(tuple(columns), line, peak, _merged(ticks))


def by_hour(
    hours: Mapping[tuple[int, int], Count], goal: float, red: float
) -> tuple[tuple[int, tuple[Cell | None, ...]], ...]:
    """Return by hour a cell for each weekday, Monday first; None without calls."""
    shown = range(min(hour for _, hour in hours), max(hour for _, hour in hours) + 1)
    return tuple((hour, tuple(_cell(hours.get((day, hour)), goal, red) for day in range(1, 8))) for hour in shown)


def legend(goal: float, red: float, language: Language) -> list[tuple[str, str]]:
    """Return the colours of the hours, and what they mean."""
    goal_said, red_said = language.percent(goal), language.percent(red)
    return [
        (_NONE, language.say("legend_none")),
        (_SOME, language.say("legend_goal", goal=goal_said)),
        (_MORE, language.say("legend_red", red=red_said)),
        (_MUCH, language.say("legend_over", red=red_said)),
    ]


def bar(parts: Iterable[tuple[float, str]]) -> list[tuple[int, str]]:
    """Return the cells of a bar, in per cent of its width: shares of the whole, each in its colour, and what is left.

    What is there at all can be seen.
    """
    found = [(max(1, round(100 * share)), fill) for share, fill in parts if share]
    left = 100 - sum(wide for wide, _ in found)
    return [*found, (left, FAINT)] if left > 0 else found


def _column(day: date, count: Count, top: float, line: int, fill: str, language: Language) -> Column:
    high = max(2, round(HEIGHT * (count.lcr or 0.0) / top))
    said = f"{language.day(day)}: {_share(count, language)}"
    return Column(min(high, line), max(0, high - line), fill if count.calls else FAINT, said)


def _over(number: int, columns: int, said: str) -> tuple[Label, ...]:
    """Return a label over one of the columns, as near as there is room beside it."""
    left = max(0, min(number - 3, columns - _WEEK))
    align = "left" if number < left + 2 else "right" if number > left + 4 else "center"
    around = [Label(left, ""), Label(_WEEK, said, align), Label(columns - left - _WEEK, "")]
    return tuple(one for one in around if one.columns)


def _merged(ticks: list[Label]) -> tuple[Label, ...]:
    """Leave out the first day's label where it has no room."""
    first, *others = ticks
    return (Label(first.columns, "" if first.columns < _WEEK else first.said), *others)


def _cell(count: Count | None, goal: float, red: float) -> Cell | None:
    return None if count is None else Cell(_shade(count.lcr, goal, red), str(count.lost) if count.lost else "")


def _shade(lcr: float | None, goal: float, red: float) -> str:
    if not lcr:
        return _NONE
    return _SOME if lcr <= goal else _MORE if lcr < red else _MUCH


def _share(count: Count, language: Language) -> str:
    if not count.calls:
        return language.say("without_calls")
    part, whole = language.number(count.lost), language.number(count.calls)
    return f"{language.percent(count.lcr)} ({language.say('of', part=part, whole=whole)})"
