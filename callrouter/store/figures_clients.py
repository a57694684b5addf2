"""The second ledger, date after date: who was lost and what became of him, from what is kept of dates.

`ledger.clients` is the definition. Most of it is done to whole sets; one by one only for whom a date finds lost.
"""

from __future__ import annotations

from array import array
from binascii import a2b_base64
from bisect import bisect_left, insort
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from callrouter.ledger.callback import Delay, clock_start, next_working_day, passed
from callrouter.ledger.clients import Fate
from callrouter.ledger.figure import share
from callrouter.ledger.period import MICRO
from callrouter.ledger.tally import SHORT
from callrouter.store.figures_contacts import (
    ATTEMPT,
    BOTH,
    BUCKETS,
    DELAYS,
    HOW,
    HOWS,
    IN_HOURS,
    KINDS,
    LONG,
    coded,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.routing.calendar import Hours
    from callrouter.store.figures_contacts import Number

_RETURNED = next(how for how, fate in HOWS.items() if fate is Fate.RETURNED)


class Clients:
    """The second ledger of a period, told by the dates in it and then by those after it."""

    def __init__(self) -> None:
        self._callers: list[list[list[Iterable[Number]]]] = [[[] for _ in range(KINDS)] for _ in range(BUCKETS + 1)]
        """By bucket and kind, date after date."""
        self._lost: dict[Number, int | list[Any]] = {}
        """His last episode, or the code of one of which all is known."""
        self._open: set[Number] = set()
        """Who is lost and not settled: his is an episode."""

    def tell(self, day: Mapping[str, Any], *, counts: bool) -> None:
        """Take what happened next; only in the period a lost call counts."""
        parts = [
            [*map(_unpacked, packed), others] for packed, others in zip(day["callers"], day["others"], strict=True)
        ]
        did = dict(zip(day["busy"], day["did"], strict=True))
        later: dict[Number, list[Any]] = dict(zip(day["later"], day["episodes"], strict=True)) if counts else {}
        talked = (one for part in parts[BOTH] for one in self._open.intersection(part) if one not in did)
        changed = {number: self._settled(number, None, _RETURNED) for number in talked}
        for number in self._open.intersection(did):
            attempt, how, is_lost_again = did[number]
            if not how:
                changed[number] = self._still(number, attempt, later.get(number))
            elif not (counts and is_lost_again):
                changed[number] = self._settled(number, attempt, how)
        if counts:
            self._count(parts)
            self._lost.update(zip(day["settled"], day["codes"], strict=True))
            self._lost.update(later)
            self._open.difference_update(day["settled"], day["later"])
            self._open.update(day["open"])
        self._lost.update(changed)
        self._open.difference_update(number for number, episode in changed.items() if episode[HOW])
        self._open.update(number for number, episode in changed.items() if not episode[HOW])

    def _count(self, parts: list[list[Iterable[Number]]]) -> None:
        for kind, of_a_kind in enumerate(parts):
            for bucket, numbers in enumerate(of_a_kind):
                self._callers[bucket][kind].append(numbers)

    def _episode(self, number: Number, attempt: int | None = None) -> list[Any]:
        episode = cast("list[Any]", self._lost[number])
        if episode[ATTEMPT] is None:
            episode[ATTEMPT] = attempt
        return episode

    def _settled(self, number: Number, attempt: int | None, how: int) -> list[Any]:
        episode = self._episode(number, attempt)
        episode[HOW] = how
        return episode

    def _still(self, number: Number, attempt: int | None, again: list[Any] | None) -> list[Any]:
        episode = self._episode(number, attempt)
        if again is not None:
            episode[IN_HOURS] |= again[IN_HOURS]
            episode[LONG] |= again[LONG]
        return episode

    def block(self, hours: HoursOf, timezone: str) -> dict[str, object]:
        """Return the figures, without those of calls that have no number."""
        clocks, unsettled = _Clocks(hours, timezone), [self._episode(number) for number in self._open]
        fates, delays = dict.fromkeys(Fate, 0), dict.fromkeys(DELAYS, 0)
        coded = Counter([one if isinstance(one, int) else clocks.code(one) for one in self._lost.values()])
        for code, number in coded.items():
            how, place = divmod(code, len(DELAYS))
            delays[DELAYS[place]] += number
            if how:
                fates[HOWS[how]] += number
        fates[Fate.IGNORED] = sum(one[ATTEMPT] is None for one in unsettled)
        fates[Fate.ATTEMPTED] = len(self._open) - fates[Fate.IGNORED]
        every, in_hours, is_long = self._numbers()
        return {
            **_rate(every, len(unsettled)),
            "with_lost_call": len(self._lost),
            **{fate.value: number for fate, number in fates.items()},
            "called_back": {one.value: delays[one] for one in Delay},
            "without_number": None,
            "working_hours": _rate(in_hours, sum(one[IN_HOURS] for one in unsettled)),
            "without_short": {"under_seconds": SHORT, **_rate(is_long, sum(one[LONG] for one in unsettled))},
        }

    def _numbers(self) -> tuple[int, int, int]:
        """Return how many called, how many of them within hours, and how many did not always leave at once."""
        found = [0, 0, 0]
        for parts in self._callers:
            neither, in_hours, is_long, both = (set[Any]().union(*those) for those in parts)
            for place, those in enumerate(((neither, in_hours, is_long), (in_hours,), (is_long,))):
                found[place] += len(both) + len(set().union(*those) - both)
        return found[0], found[1], found[2]


class _Call:
    """As much of a call as the hours of its line are found by, and as its clock starts by."""

    __slots__ = ("arrived_at", "ended_at", "is_closed", "line")

    def __init__(self, line: str, ended: Instant = 0.0) -> None:
        self.line = line
        self.arrived_at = self.ended_at = ended
        self.is_closed = True


class _Clock:
    """When the clock of lost calls starts by some hours: asked about once a night, not for each call."""

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


class _Clocks:
    """The clocks of all lines; those with the same hours have one."""

    def __init__(self, hours: HoursOf, timezone: str) -> None:
        self._hours, self._timezone = hours, timezone
        self._lines: dict[str, _Clock] = {}
        self._shared: dict[Hours | None, _Clock] = {}

    def code(self, episode: list[Any]) -> int:
        """Return what settled it and how soon he was called back, as `ledger.callback` says."""
        line, ended, attempt, is_closed, _, _, how = episode
        if attempt is None:
            return coded(how, None if how == _RETURNED else Delay.NEVER)
        clock = self._lines.get(line) or self._of(line)
        start, at = clock.start(ended / MICRO) if is_closed else ended / MICRO, attempt / MICRO
        return coded(how, passed(start, at, clock.next_day, self._timezone))

    def _of(self, line: str) -> _Clock:
        hours = self._hours(cast("CallRow", _Call(line)))
        clock = self._lines[line] = self._shared.setdefault(hours, _Clock(hours, self._timezone))
        return clock


def _unpacked(packed: str) -> array[int]:
    found = array("q")
    found.frombytes(a2b_base64(packed))
    return found


def _rate(clients: int, lost: int) -> dict[str, object]:
    return {"clients": clients, "lost": lost, "lcr": share(lost, clients)}
