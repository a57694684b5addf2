"""The coming week, as people say it: `Mon-Fri 09:00-18:00`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.words import Instant
    from callrouter.routing.values import Span

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = 24 * 60
_WHOLE = ((0, _DAY),)
ALWAYS = "always"

Minutes = tuple[tuple[int, int], ...]
"""From minute to minute of a day, by its clock."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven whole days of a zone; each weekday is in it once."""

    midnights: tuple[Instant, ...]
    """When each day begins, and when the last one ends."""
    timezone: str

    @property
    def since(self) -> Instant:
        """Return when it begins."""
        return self.midnights[0]

    @property
    def until(self) -> Instant:
        """Return when it ends."""
        return self.midnights[-1]


def week_of(at: Instant, timezone: str) -> Week:
    """Return the week that begins with the day of this instant."""
    zone = ZoneInfo(timezone)
    today = datetime.fromtimestamp(at, zone).date()
    days = (today + timedelta(days=number) for number in range(8))
    return Week(tuple(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() for day in days), timezone)


def stretches(week: Week, switches: Iterable[Instant]) -> tuple[tuple[Instant, Instant], ...]:
    """Return the week cut at these instants."""
    inside = {at for at in switches if week.since < at < week.until}
    cuts = (week.since, *sorted(inside), week.until)
    return tuple(pairwise(cuts))


def spoken(week: Week, when: Iterable[tuple[Instant, Instant]]) -> str:
    """Return these stretches of the week in words; `always` for the whole of it."""
    days = _days(week, sorted(when))
    if all(minutes == _WHOLE for minutes in days):
        return ALWAYS
    said: dict[Minutes, list[int]] = {}
    for number, minutes in enumerate(days):
        if minutes:
            said.setdefault(minutes, []).append(number)
    return "; ".join(f"{_weekdays(numbers)} {_clock(minutes)}".strip() for minutes, numbers in said.items())


def weekly(days: Iterable[tuple[Span, ...]]) -> str:
    """Return weekly hours in words, as a document writes them."""
    said: dict[tuple[Span, ...], list[int]] = {}
    for number, spans in enumerate(days):
        said.setdefault(spans, []).append(number)
    return "; ".join(f"{_weekdays(numbers)} {clock(spans)}" for spans, numbers in said.items() if spans) or "never"


def clock(spans: Iterable[Span]) -> str:
    """Return the hours of a day; those that end in the next day end at its clock."""
    ends = ((span.start, span.end if span.end <= _DAY else span.end - _DAY) for span in spans)
    return ", ".join(f"{_time(start)}-{_time(end)}" for start, end in ends)


def _days(week: Week, when: list[tuple[Instant, Instant]]) -> tuple[Minutes, ...]:
    """Return what is meant of each day, Monday first."""
    zone = ZoneInfo(week.timezone)
    days: dict[int, Minutes] = {}
    for start, end in pairwise(week.midnights):
        weekday = datetime.fromtimestamp(start, zone).weekday()
        parts = [(max(since, start), min(until, end)) for since, until in when if since < end and until > start]
        days[weekday] = _joined(
            (_minute(since, zone), _DAY if until == end else _minute(until, zone)) for since, until in parts
        )
    return tuple(days[number] for number in range(7))


def _minute(at: Instant, zone: ZoneInfo) -> int:
    clock = datetime.fromtimestamp(at, zone)
    return clock.hour * 60 + clock.minute


def _joined(parts: Iterable[tuple[int, int]]) -> Minutes:
    """Put together what follows upon one another without a gap."""
    joined: list[tuple[int, int]] = []
    for start, end in parts:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _weekdays(numbers: list[int]) -> str:
    """`Mon-Wed, Fri`: days in a row are a range."""
    rows = [list(row) for _, row in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    said = [(_NAMES[row[0][1]], _NAMES[row[-1][1]]) for row in rows]
    return ", ".join(first if first == last else f"{first}-{last}" for first, last in said)


def _clock(minutes: Minutes) -> str:
    if minutes == _WHOLE:
        return ""
    return ", ".join(f"{_time(start)}-{_time(end)}" for start, end in minutes)


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
