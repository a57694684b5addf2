"""How soon lost clients were called back where the hours of their line have to tell: asked about once a night."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, cast

from callrouter.ledger.callback import WITHIN, clock_start, next_working_day, passed
from callrouter.ledger.period import MICRO
from callrouter.store.figures_episodes import DELAYS, coded

if TYPE_CHECKING:
    from datetime import date

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.routing.calendar import Hours
    from callrouter.store.figures_episodes import Settling


_SOON = [seconds for seconds, _ in WITHIN]
_PLACES = [DELAYS.index(one) for _, one in WITHIN]


class Clocks:
    """The clocks of all lines; those with the same hours have one."""

    def __init__(self, hours: HoursOf, timezone: str) -> None:
        self._hours, self._timezone = hours, timezone
        self._lines: dict[str, _Clock] = {}
        self._shared: dict[Hours | None, _Clock] = {}

    def code(self, value: Settling) -> int:
        """Return what settled it and how soon he was called back, as `ledger.callback` says."""
        line, ended, attempt, is_closed, how = value
        clock = self._lines.get(line) or self._of(line)
        start, at = clock.start(ended / MICRO) if is_closed else ended / MICRO, attempt / MICRO
        if at - start <= _SOON[-1]:  # as `passed` says, without asking for dates
            return how * len(DELAYS) + _PLACES[bisect_left(_SOON, at - start)]
        return coded(how, passed(start, at, clock.next_day, self._timezone))

    def _of(self, line: str) -> _Clock:
        hours = self._hours(cast("CallRow", _Call(line)))
        clock = self._lines[line] = self._shared.setdefault(hours, _Clock(hours, self._timezone))
        return clock


class _Clock:
    """When the clock of lost calls starts by some hours."""

    def __init__(self, hours: Hours | None, timezone: str) -> None:
        self._hours, self._timezone = hours, timezone
        self._opens: list[Instant] = []
        self._closed: dict[Instant, Instant] = {}
        """Since when it is known to be closed, by when it opens."""
        self._next: dict[date, date] = {}

    def start(self, ended: Instant) -> Instant:
        """Return when it opens after a call that ended while it was closed."""
        place = bisect_left(self._opens, ended)
        if place < len(self._opens) and self._closed[self._opens[place]] <= ended:
            return self._opens[place]
        opens = clock_start(cast("CallRow", _Call("", ended)), self._hours)
        if opens > ended:
            if opens not in self._closed:
                insort(self._opens, opens)
            self._closed[opens] = ended
        return opens

    def next_day(self, after: date) -> date:
        """Return the next working day."""
        if after not in self._next:
            self._next[after] = next_working_day(after, self._hours, self._timezone)
        return self._next[after]


class _Call:
    """As much of a call as the hours of its line are found by, and as its clock starts by."""

    __slots__ = ("arrived_at", "ended_at", "is_closed", "line")

    def __init__(self, line: str, ended: Instant = 0.0) -> None:
        self.line = line
        self.arrived_at = self.ended_at = ended
        self.is_closed = True
