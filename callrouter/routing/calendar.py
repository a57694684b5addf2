"""When something is open: weekly hours, the holidays of a country, shifts; as instants, right across daylight saving.

A time of the clock is the first instant at which it shows that time or a later one. So a time that is left out in
spring is the instant of the change, one that comes twice in autumn is the first, and hours that touch touch always.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from holidays import country_holidays

from callrouter.routing.values import Calendar, Shift, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.core.words import Instant

Hours = Calendar | Shift
"""Whatever says for each day when it is open."""

LOOKED_AHEAD = 400
"""Days in which something has to open, or it does not open again."""
_DAY = 86_400
_MONDAY = 0
_REACH = 3
"""Days beside its own whose hours may hold an instant: a zone is up to 14 hours off, hours reach into the next day."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The holidays of a year, and of those beside it."""

    free: frozenset[date]
    """Public holidays, and the days off that were moved to another day."""
    proper: frozenset[date]
    """The public holidays alone: before them people leave earlier."""
    worked: dict[date, date]
    """The days of a weekend that are worked, and the working day each was exchanged for."""


def is_open(hours: Hours, at: Instant) -> bool:
    """Return whether it is open at this instant."""
    # Asked for each person of a call: any() takes twice as long.
    for start, end in _on_day(hours, int(at // _DAY)):  # noqa: SIM110
        if start <= at < end:
            return True
    return False


@lru_cache(maxsize=16_384)
def spans(hours: Hours, day: date) -> tuple[tuple[Instant, Instant], ...]:
    """Return from when until when it is open with the hours that begin on this day: half-open, in order, merged."""
    zone = ZoneInfo(hours.timezone)
    found = ((_instant(zone, day, span.start), _instant(zone, day, span.end)) for span in hours_of(hours, day))
    return tuple(merged(sorted(span for span in found if span[0] < span[1])))


def stretches(hours: Hours, since: Instant, until: Instant) -> Iterator[tuple[Instant, Instant]]:
    """Yield each time it is open between two instants, in order: never two that touch, and not beyond the two."""
    first, last = _day_of(since), _day_of(until)
    days = (first + timedelta(days=number) for number in range(-_REACH, (last - first).days + _REACH + 1))
    for start, end in merged(span for day in days for span in spans(hours, day)):
        if start < until and since < end:
            yield max(start, since), min(end, until)


def switches(hours: Hours, since: Instant, until: Instant) -> Iterator[Instant]:
    """Yield the instants from `since` until before `until` at which it opens or closes."""
    # One second before: what opens at `since` itself is told from what was open already.
    for start, end in stretches(hours, since - 1, until):
        if since <= start:
            yield start
        if since <= end < until:
            yield end


def open_seconds(hours: Hours, since: Instant, until: Instant) -> float:
    """Return for how long it is open between two instants."""
    return float(sum(end - start for start, end in stretches(hours, since, until)))


def next_opening(hours: Hours, at: Instant) -> Instant | None:
    """Return when it is open next, `at` itself if it is; None: not within 400 days."""
    return next((start for start, _ in stretches(hours, at, at + LOOKED_AHEAD * _DAY)), None)


def hours_of(hours: Hours, day: date) -> tuple[Span, ...]:
    """Return the hours that begin on this day, as its clock shows them."""
    if isinstance(hours, Shift):
        return (hours.span,) if (day - hours.since).days % (hours.on + hours.off) < hours.on else ()
    for other, instead in hours.days:
        if other == day:
            return instead
    if hours.holidays is None:
        return hours.week[day.weekday()]
    year = _year(hours.holidays, day.year)
    if day in year.free:
        return ()
    week = hours.week[_MONDAY if day in year.worked else day.weekday()]
    # A day of a weekend that is worked is as long as the day it was exchanged for would have been.
    is_short = any(one + timedelta(days=1) in year.proper for one in (day, year.worked.get(day, day)))
    return _shortened(week, hours.short_by) if is_short else week


@lru_cache(maxsize=256)
def known(calendar: Calendar) -> Calendar:
    """Return the first of those calendars that are equal: it is found again faster than one that only looks like it."""
    return calendar


@lru_cache(maxsize=16_384)
def _on_day(hours: Hours, number: int) -> tuple[tuple[Instant, Instant], ...]:
    """Return when it is open on a day of UTC, counted from 1970: what `is_open` needs, ready made."""
    return tuple(stretches(hours, number * _DAY, (number + 1) * _DAY))


@lru_cache(maxsize=256)
def _year(country: str, year: int) -> _Year:
    code, _, part = country.partition("-")
    years = range(year - 1, year + 2)
    known = country_holidays(code, part or None, years=years, expand=False)
    exchanged = {instead: worked for one in years for instead, worked in _exchanged(known, one)}
    proper = country_holidays(code, part or None, years=years, expand=False, observed=False)
    return _Year(
        frozenset(known),
        frozenset(proper).difference(exchanged),
        {worked: instead for instead, worked in exchanged.items() if worked in known.weekend_workdays},
    )


def _exchanged(known: object, year: int) -> Iterator[tuple[date, date]]:
    """Yield each day off of a year and the day it was moved from, as the library has them from the decrees."""
    decrees = getattr(known, "special_public_holidays", {}).get(year, ())
    for decree in decrees if decrees and isinstance(decrees[0], tuple) else (decrees,):
        match decree:
            case (int(month), int(day), int(from_month), int(from_day), *other):
                yield date(year, month, day), date(other[0] if other else year, from_month, from_day)


def _shortened(week: tuple[Span, ...], minutes: int) -> tuple[Span, ...]:
    """Return the hours of a day that ends so many minutes earlier."""
    end = max((span.end for span in week), default=0) - minutes
    return tuple(Span(span.start, min(span.end, end)) for span in week if span.start < end)


def _instant(zone: ZoneInfo, day: date, minutes: int) -> Instant:
    """Return the first instant at which the clock shows so many minutes after this day's midnight, or more."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minutes)  # noqa: DTZ001 -- a clock's time
    found = int(wall.replace(tzinfo=zone).timestamp())
    if _wall(zone, found) == wall:
        return found
    # The clock never shows it. Read as if it had not been put forward it is too late, as if it had been, too early.
    early = range(int(wall.replace(tzinfo=zone, fold=1).timestamp()), found)
    return early.start + bisect_left(early, wall, key=lambda at: _wall(zone, at))


def _wall(zone: ZoneInfo, at: int) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _day_of(at: Instant) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def merged(ordered: Iterable[tuple[Instant, Instant]]) -> Iterator[tuple[Instant, Instant]]:
    """Yield times as they come, those that touch or overlap as one."""
    begun: tuple[Instant, Instant] | None = None
    for start, end in ordered:
        if begun is not None and start <= begun[1]:
            begun = begun[0], max(begun[1], end)
            continue
        if begun is not None:
            yield begun
        begun = start, end
    if begun is not None:
        yield begun
