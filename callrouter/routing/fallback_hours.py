"""The fallback's clock: calendars as `GotoIfTime`, the duty table as instants.

What Asterisk does was measured (22.10): the last minute of a range counts whole, days and months are multiplied (so a
range of days stays in one month), no year can be said, and a zone that it does not know is UTC without a word.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.routing.calendar import hours_of, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Calendar, Duty, Scheme, Span

WRITTEN_DAYS = 365
"""So far ahead holidays and duties are written: Asterisk knows no year, so a day more would be meant today."""
CONTEXT = "callrouter-fallback-hours"
_DAY = 1440
_SECONDS = 86_400
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_Shown = tuple[tuple[float, float], ...]
"""When it is open while the clock shows one day, in minutes after midnight."""


class Clock:
    """The calendars and duty tables that a fallback needs, each written once as a subroutine."""

    def __init__(self, scheme: Scheme, at: Instant) -> None:
        self._scheme = scheme
        self._at = at
        self._calendars: dict[str, Calendar] = {}
        self._tables: dict[tuple[str | None, frozenset[PersonId]], str] = {}

    @property
    def runs_out(self) -> date | None:
        """Return the day from which on holidays and duties are missing; None: there are none."""
        dated = any(calendar.holidays or calendar.days for calendar in self._calendars.values())
        zone = ZoneInfo(self._scheme.timezone)
        day = datetime.fromtimestamp(self._at, zone).date() + timedelta(days=WRITTEN_DAYS)
        return day if dated or self._tables else None

    def open(self, calendar: Calendar) -> str:
        """Return what finds out whether a calendar is open: GOSUB_RETVAL is 1 or 0."""
        self._calendars.setdefault(calendar.key, calendar)
        return f"Gosub({CONTEXT},c{list(self._calendars).index(calendar.key) + 1},1)"

    def duty(self, department: str | None, without: frozenset[PersonId] = frozenset()) -> str | None:
        """Return what puts the phones of those on duty into CALLROUTER_DUTY; None: no duty table speaks of it.

        Those `without` whom it is asked are left out: they ring already.
        """
        if not any(duty.department in (None, department) for duty in self._scheme.duties):
            return None
        name = self._tables.setdefault((department, without), f"d{len(self._tables) + 1}")
        return f"Gosub({CONTEXT},{name},1)"

    def subroutines(self, contacts: Callable[[Iterable[PersonId]], str]) -> Iterator[tuple[str, str, Iterator[str]]]:
        """Yield the extension of each, what it is, and its priorities."""
        for number, (key, calendar) in enumerate(self._calendars.items(), start=1):
            yield f"c{number}", f"calendar {key} ({calendar.timezone})", _calendar(calendar, self._at)
        for (department, without), name in self._tables.items():
            said = "on duty" if department is None else f"on duty for {department}"
            who = f"{said}, but for {', '.join(sorted(without))}" if without else said
            yield name, who, self._duties(department, without, contacts)

    def _duties(
        self, department: str | None, without: frozenset[PersonId], contacts: Callable[[Iterable[PersonId]], str]
    ) -> Iterator[str]:
        yield "Set(CALLROUTER_DUTY=)"
        meant = [
            duty
            for duty in self._scheme.duties
            if duty.department in (None, department)
            and self._at < duty.until
            and duty.since < self._at + WRITTEN_DAYS * _SECONDS
        ]
        for person in dict.fromkeys(one for duty in meant for one in duty.people if one not in without):
            for since, until in _of(person, meant):
                # The phones stand after the colon, where a colon of their own ends nothing.
                asked = f"$[${{EPOCH}} < {since:.0f} | ${{EPOCH}} >= {until:.0f}]"
                yield f"Set(CALLROUTER_DUTY=${{CALLROUTER_DUTY}}${{IF({asked}?:&{contacts([person])})}})"
        yield "Return()"


def _of(person: PersonId, duties: Iterable[Duty]) -> Iterator[tuple[Instant, Instant]]:
    """Yield when somebody is on duty: never twice at once, or his phones would be dialled twice."""
    return merged(sorted((duty.since, duty.until) for duty in duties if person in duty.people))


def _calendar(calendar: Calendar, at: Instant) -> Iterator[str]:
    """Yield the priorities that return 1 while a calendar is open, else 0."""
    others = list(_others(calendar, at))
    names = {shown: f"day{number}" for number, shown in enumerate(dict.fromkeys(s for _, s in others if s), start=1)}
    for days, shown in others:
        first, last = days[0], days[-1]
        span = f"{first.day}-{last.day}" if last > first else f"{first.day}"
        when = f"*,*,{span},{_MONTHS[first.month - 1]},{calendar.timezone}"
        yield f"GotoIfTime({when}?{names.get(shown, 'shut')})"
    week = [_shown(calendar.week[number], calendar.week[number - 1]) for number in range(7)]
    for start, end in dict.fromkeys(span for day in week for span in day):
        on = [number for number, day in enumerate(week) if (start, end) in day]
        yield f"GotoIfTime({_times(start, end)},{_weekdays(on)},*,*,{calendar.timezone}?open)"
    yield "shut| Return(0)"
    for shown, name in names.items():
        for number, (start, end) in enumerate(shown):
            label = "" if number else f"{name}| "
            yield f"{label}GotoIfTime({_times(start, end)},*,*,*,{calendar.timezone}?open)"
        yield "Return(0)"
    yield "open| Return(1)"


def _others(calendar: Calendar, at: Instant) -> Iterator[tuple[list[date], _Shown]]:
    """Yield the days that are not as their weekday always is, those of one month that are alike and touch as one."""
    today = datetime.fromtimestamp(at, ZoneInfo(calendar.timezone)).date()
    days = [today + timedelta(days=number) for number in range(WRITTEN_DAYS)]
    shown = {day: _shown(hours_of(calendar, day), hours_of(calendar, day - timedelta(days=1))) for day in days}
    week = [_shown(calendar.week[number], calendar.week[number - 1]) for number in range(7)]
    other = [day for day in days if shown[day] != week[day.weekday()]]
    alike = groupby(enumerate(other), key=lambda one: (one[1].toordinal() - one[0], one[1].month, shown[one[1]]))
    for (*_, hours), run in alike:
        yield [day for _, day in run], hours


def _shown(today: tuple[Span, ...], yesterday: tuple[Span, ...]) -> _Shown:
    """Return when it is open while the clock shows a day: yesterday's hours may reach into it."""
    late = [(0, span.end - _DAY) for span in yesterday if span.end > _DAY]
    return tuple(merged(sorted(late + [(span.start, min(span.end, _DAY)) for span in today])))


def _times(start: float, end: float) -> str:
    """Return a range of minutes as Asterisk means it: the last one counts whole."""
    if (start, end) == (0, _DAY):
        return "*"
    return "-".join(f"{int(minute) // 60:02}:{int(minute) % 60:02}" for minute in (start, end - 1))


def _weekdays(numbers: list[int]) -> str:
    """Return days of the week, those that follow each other as a range."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda one: one[1] - one[0])]
    texts = (_WEEKDAYS[run[0]] if len(run) == 1 else f"{_WEEKDAYS[run[0]]}-{_WEEKDAYS[run[-1]]}" for run in runs)
    return "&".join(texts)
