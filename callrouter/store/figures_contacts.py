"""Who called whom, as clients are told from it: the calls of a number, in and out, and what a date keeps of them.

What a date keeps depends on its own calls and on former ones of the same numbers: see the trigger on `calls`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import and_, case, literal_column, or_, select

from callrouter.ledger.period import MICRO, Period, date_at
from callrouter.store import figures_callers
from callrouter.store.figures_callers import IS_SHORT, KINDS
from callrouter.store.figures_calls import ANSWERED, QUARTER, arrived, counted, micro
from callrouter.store.figures_episodes import LOST, OUT, TALKED, Told, follow
from callrouter.store.rows import CHUNK
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Subquery
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.figures_episodes import Episode, Event

Contacts = dict[str, Any]
"""What JSON can keep of a date: `clients`, for periods that have it; `settled` and `settled_late`, for those before."""
By = dict[str, list["Event"]]
"""Events by number, in their order."""
IS_OUT = calls.c.direction == literal_column("'out'")
"""Written so that the index of the numbers dialled serves it."""
_IS_ONE = or_(calls.c.direction == "in", IS_OUT)
_NUMBER = case((IS_OUT, calls.c.line), else_=calls.c.caller)
_EVENT = (
    micro(calls.c.arrived_at),
    case((IS_OUT, OUT), (ANSWERED, TALKED), else_=LOST),
    micro(case((calls.c.ended_at.is_(None), calls.c.arrived_at), else_=calls.c.ended_at)),
    calls.c.line,
    calls.c.is_closed,
    IS_SHORT,
    ANSWERED,
)
_FLAGS = 8
RECENTLY = 60 * 86_400
"""Seconds in which a client's last episode is looked for first: who calls often has it there."""


class _Last(NamedTuple):
    """Somebody's last call before a date."""

    at: int
    is_lost: bool
    kinds: tuple[bool, bool, bool]


async def contacts(connection: AsyncConnection, period: Period) -> Contacts:
    """Return what is kept of a date."""
    events, last = await events_of(connection, arrived(period)), await _last(connection, period)
    told = Told(_ordinal(round(period.start * MICRO), period.timezone), period.timezone)
    asked = [number for number, one in last.items() if one.is_lost or any(it[1] == LOST for it in events[number])]
    known = await _episodes(connection, asked, period)
    for number, those in events.items():
        told.tell(known.get(number), those)
    callers = figures_callers.document(await _before(connection, period, events, last))
    settled, late = told.settled()
    return {"clients": {"callers": callers, **told.lost()}, "settled": settled, "settled_late": late}


async def events_of(connection: AsyncConnection, *which: ColumnElement[bool]) -> By:
    """Return what happened to the numbers of some calls."""
    found: By = {}
    query = select(_NUMBER, *_EVENT).where(calls.c.outcome.is_not(None), _IS_ONE, _NUMBER.is_not(None), *which)
    for number, *event in await connection.execute(query):
        found.setdefault(number, []).append(cast("Event", tuple(event)))
    for events in found.values():
        events.sort()
    return found


async def events_with(connection: AsyncConnection, numbers: Iterable[str], since: Instant, until: Instant) -> By:
    """Return what happened to some numbers between two instants."""
    found: By = {}
    within = calls.c.arrived_at >= since, calls.c.arrived_at < until
    for some in _chunks(list(numbers)):
        for which in (and_(calls.c.direction == "in", calls.c.caller.in_(some)), and_(IS_OUT, calls.c.line.in_(some))):
            for number, events in (await events_of(connection, *within, which)).items():
                found.setdefault(number, []).extend(events)
    for events in found.values():
        events.sort()
    return found


async def maybe_lost(connection: AsyncConnection, period: Period) -> list[str]:
    """Return the numbers of the calls of a period, in and out, whose last call before it was a lost one."""
    return [number for number, one in (await _last(connection, period)).items() if one.is_lost]


async def _last(connection: AsyncConnection, period: Period) -> Mapping[str, _Last]:
    """Return the last call before a period of each number that called or was called in it."""
    own = select(_NUMBER.label("number")).where(arrived(period), _IS_ONE, _NUMBER.is_not(None)).distinct().subquery()
    flags = case((ANSWERED, 0), else_=4) + case((calls.c.is_closed, 2), else_=0) + case((IS_SHORT, 1), else_=0)
    query = select(own.c.number, _latest(own, micro(calls.c.arrived_at) * _FLAGS + flags, period.start))
    found = {}
    for number, packed in await connection.execute(query):
        if packed is not None:
            at, has = divmod(packed, _FLAGS)
            found[number] = _Last(at, bool(has & 4), (True, not has & 2, not has & 1))
    return found


def _latest(own: Subquery, what: ColumnElement[int], before: Instant, *which: ColumnElement[bool]) -> Any:
    """Return an expression for the last call in of each number before an instant."""
    his = calls.c.caller == own.c.number, calls.c.direction == "in", calls.c.outcome.is_not(None), *which
    query = select(what).where(*his, calls.c.arrived_at < before).order_by(calls.c.arrived_at.desc()).limit(1)
    return query.correlate(own).scalar_subquery()


async def _before(
    connection: AsyncConnection, period: Period, events: By, last: Mapping[str, _Last]
) -> list[list[int]]:
    """Return by kind of call, for each number that called on a date, the date of its last such call before.

    0: there was none.
    """
    found = []
    for kind in range(len(KINDS)):
        numbers = [number for number, those in events.items() if any(_kinds(one)[kind] for one in those)]
        further = [number for number in numbers if number in last and not last[number].kinds[kind]]
        known = {number: one.at for number, one in last.items()} | await _further(connection, period, further, kind)
        found.append([_ordinal(known.get(number, 0), period.timezone) for number in numbers])
    return found


def _kinds(event: Event) -> tuple[bool, bool, bool]:
    """Return of which kinds a call of somebody's is: none, if we called him."""
    _, what, _, _, is_closed, is_short, _ = event
    came = what != OUT
    return came, came and not is_closed, came and not is_short


async def _further(connection: AsyncConnection, period: Period, numbers: Sequence[str], kind: int) -> dict[str, int]:
    """Return the last call of a kind before a date of some of its callers, 0 if there was none."""
    found = {}
    for some in _chunks(numbers):
        own = select(calls.c.caller.label("number")).where(calls.c.caller.in_(some), counted(period)).distinct()
        those = own.subquery()
        asked = select(those.c.number, _latest(those, micro(calls.c.arrived_at), period.start, KINDS[kind]))
        for number, at in await connection.execute(asked):
            found[number] = at or 0
    return found


async def _episodes(connection: AsyncConnection, numbers: Sequence[str], period: Period) -> dict[str, Episode]:
    """Return the last episode of some numbers before a date."""
    found: dict[str, Episode] = {}
    left = list(numbers)
    for since in (period.start - RECENTLY, 0.0):
        events = await events_with(connection, left, since, period.start)
        left = [number for number in left if since and not _is_whole(events.get(number, ()))]
        for number in events.keys() - set(left):
            episode = None
            for one in events[number]:
                episode = follow(episode, one, _ordinal(one[0], period.timezone))
            if episode is not None:
                found[number] = episode
    return found


def _is_whole(events: Sequence[Event]) -> bool:
    """Return whether the last episode begins among these events: they talked before its last lost call."""
    last = max((one[0] for one in events if one[1] == LOST), default=0)
    return any(one[6] and one[0] < last for one in events)


def _ordinal(at: int, timezone: str) -> int:
    """Return the date of a microsecond, 0 for 0."""
    return _of_quarter(at // QUARTER, timezone)


@lru_cache(maxsize=65_536)
def _of_quarter(number: int, timezone: str) -> int:
    return date_at(number * QUARTER / MICRO, timezone).toordinal() if number else 0


def _chunks(numbers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (numbers[at : at + CHUNK] for at in range(0, len(numbers), CHUNK))
