"""Who called whom on a date, as short as lost clients can be told from it; and the second ledger, date after date.

`ledger.clients` is the definition; this is the same, event by event, for so many that calls cannot be held at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import case, or_, select

from callrouter.ledger.callback import WITHIN, Delay, delay
from callrouter.ledger.clients import Fate
from callrouter.ledger.figure import share
from callrouter.ledger.period import MICRO
from callrouter.ledger.tally import SHORT
from callrouter.store.figures_calls import ANSWERED, LEFT_AT_ONCE, arrived, micro
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.period import Period

LOST, OUT, TALKED = 0, 1, 2
"""What happened, in the order in which it counts if it was at the same instant."""
Contacts = dict[str, Any]
"""`talked`: numbers that only called and were answered, within hours; `busy`: everything that happened, by number."""


class _Lost:
    """A client since he was lost, and a call as far as the clock of calling back looks at it."""

    __slots__ = ("arrived_at", "attempts", "ended_at", "is_closed", "line", "settled")

    def __init__(self, at: int, ended: int, line: str, is_closed: int) -> None:
        self.arrived_at = at / MICRO
        self.ended_at = ended / MICRO
        self.line = line
        self.is_closed = bool(is_closed)
        self.attempts: tuple[_Called, ...] = ()
        self.settled: Fate | None = None


class _Called:
    """A call to him."""

    __slots__ = ("arrived_at",)

    def __init__(self, at: int) -> None:
        self.arrived_at = at / MICRO


async def contacts(connection: AsyncConnection, period: Period) -> Contacts:
    """Return who called whom in a period."""
    number = case((calls.c.direction == "out", calls.c.line), else_=calls.c.caller)
    what = case((calls.c.direction == "out", OUT), (ANSWERED, TALKED), else_=LOST)
    ended = micro(case((calls.c.ended_at.is_(None), calls.c.arrived_at), else_=calls.c.ended_at))
    counts = or_(calls.c.direction == "in", calls.c.direction == "out")
    asked = (micro(calls.c.arrived_at), what, ended, calls.c.line, calls.c.is_closed, LEFT_AT_ONCE, ANSWERED)
    query = select(number, *asked).where(arrived(period), counts, number.is_not(None))
    found: dict[str, list[list[Any]]] = {}
    for one in await connection.execute(query):
        at, kind, until, line, is_closed, is_short, is_talk = one[1:]
        event = (
            [at, kind, until, line, int(is_closed), int(bool(is_short))] if kind == LOST else [at, kind, int(is_talk)]
        )
        if kind == TALKED:
            event = [at, kind, 1, int(is_closed)]
        found.setdefault(one[0], []).append(event)
    talked = [number for number, events in found.items() if all(one[1] == TALKED and not one[3] for one in events)]
    for number_ in talked:
        del found[number_]
    return {"talked": talked, "busy": {number: sorted(events) for number, events in found.items()}}


class Clients:
    """The second ledger of a period, told by the dates in it and then by those after it."""

    def __init__(self) -> None:
        self._callers: set[str] = set()
        self._outside: set[str] = set()
        """Callers of whom no call was within hours."""
        self._short: set[str] = set()
        """Callers who have always left at once."""
        self._lost: dict[str, _Lost] = {}
        self._open_in_hours: set[str] = set()
        self._open_without_short: set[str] = set()

    def tell(self, day: Mapping[str, Any], *, counts: bool) -> None:
        """Take what happened next; only in the period a lost call counts."""
        talked: list[str] = day["talked"]
        busy: Mapping[str, list[list[Any]]] = day["busy"]
        if counts:
            self._callers.update(talked)
            self._outside.difference_update(talked)
            self._short.difference_update(talked)
        for number in self._lost.keys() & set(talked):
            self._talked(number, Fate.RETURNED)
        for number in busy if counts else self._lost.keys() & busy.keys():
            for event in busy[number]:
                self._happened(number, event, counts=counts)

    def _happened(self, number: str, event: list[Any], *, counts: bool) -> None:
        at, kind, *rest = event
        if kind == OUT:
            self._called_back(number, at, is_talk=bool(rest[0]))
            return
        if counts:
            self._seen(number, is_closed=rest[-1] if kind == TALKED else rest[2], is_short=kind == LOST and rest[3])
        if kind == TALKED:
            self._talked(number, Fate.RETURNED)
        elif counts:
            self._was_lost(number, at, *rest)

    def _seen(self, number: str, *, is_closed: int, is_short: int) -> None:
        for alone, is_one in ((self._outside, is_closed), (self._short, is_short)):
            if not is_one:
                alone.discard(number)
            elif number not in self._callers:
                alone.add(number)
        self._callers.add(number)

    def _was_lost(self, number: str, at: int, ended: int, line: str, is_closed: int, is_short: int) -> None:
        there = self._lost.get(number)
        if there is None or there.settled is not None:
            self._lost[number] = _Lost(at, ended, line, is_closed)
        if not is_closed:
            self._open_in_hours.add(number)
        if not is_short:
            self._open_without_short.add(number)

    def _called_back(self, number: str, at: int, *, is_talk: bool) -> None:
        there = self._lost.get(number)
        if there is None or there.settled is not None:
            return
        if not there.attempts and at / MICRO > there.arrived_at:
            there.attempts = (_Called(at),)
        if is_talk:
            self._talked(number, Fate.RESCUED)

    def _talked(self, number: str, how: Fate) -> None:
        there = self._lost.get(number)
        if there is not None and there.settled is None:
            there.settled = how
            self._open_in_hours.discard(number)
            self._open_without_short.discard(number)

    def block(self, hours: HoursOf, timezone: str) -> dict[str, object]:
        """Return the figures, without those of calls that have no number."""
        fates, delays = dict.fromkeys(Fate, 0), dict.fromkeys(Delay, 0)
        for one in self._lost.values():
            fates[one.settled or (Fate.ATTEMPTED if one.attempts else Fate.IGNORED)] += 1
            if one.attempts or one.settled is not Fate.RETURNED:
                delays[_delay(one, hours, timezone)] += 1
        unsettled = fates[Fate.ATTEMPTED] + fates[Fate.IGNORED]
        callers = len(self._callers)
        return {
            **_rate(callers, unsettled),
            "with_lost_call": len(self._lost),
            **{fate.value: number for fate, number in fates.items()},
            "called_back": {one.value: number for one, number in delays.items()},
            "without_number": None,
            "working_hours": _rate(callers - len(self._outside), len(self._open_in_hours)),
            "without_short": {
                "under_seconds": SHORT,
                **_rate(callers - len(self._short), len(self._open_without_short)),
            },
        }


def _rate(clients: int, lost: int) -> dict[str, object]:
    return {"clients": clients, "lost": lost, "lcr": share(lost, clients)}


def _delay(one: _Lost, hours: HoursOf, timezone: str) -> Delay:
    if one.attempts and not one.is_closed:  # most are told without a calendar
        waited = one.attempts[0].arrived_at - one.ended_at
        quick = next((which for within, which in WITHIN if waited <= within), None)
        if quick is not None:
            return quick
    return delay(cast("CallRow", one), cast("tuple[CallRow, ...]", one.attempts), hours, timezone)
