"""Clients two of ours talked to within seven days: SQL finds who talked more than once, the pure code judges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import exists, func, or_, select, union_all

from callrouter.ledger import shared
from callrouter.ledger.figure import printed
from callrouter.ledger.talk import Segment
from callrouter.store import rows
from callrouter.store.figures_calls import ANSWERED
from callrouter.store.figures_parts import spoken
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.period import Period


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """As much of a call as shared clients are found by."""

    line: str
    caller: str | None
    direction: str
    arrived_at: Instant


_WAYS = tuple(
    (number, (ANSWERED, calls.c.direction == way)) for number, way in ((calls.c.caller, "in"), (calls.c.line, "out"))
)
"""Whose number it is, and which conversations those are."""


async def block(connection: AsyncConnection, period: Period, numbers: Iterable[str]) -> dict[str, object]:
    """Return the clients two of ours talked to within seven days, each with the people and how many calls.

    `numbers` are theirs, as the dates of the period have them.
    """
    return printed(shared.block(await _found(connection, period, numbers)))


async def numbers(connection: AsyncConnection, period: Period) -> tuple[str, ...]:
    """Return their numbers: of a month, those of its dates together."""
    return tuple(await _found(connection, period, (await connection.execute(_several(period))).scalars()))


async def _found(connection: AsyncConnection, period: Period, numbers: Iterable[str]) -> dict[str, tuple[Segment, ...]]:
    """Return which of these numbers are theirs, with who talked to them."""
    given = rows.given_in(connection)
    theirs = (
        select(calls.c.id).join(given, number == given.c.value).where(*which, *_arrived(_since(period), period.end))
        for number, which in _WAYS
    )
    said = spoken(calls.c.id.in_(union_all(*theirs)))
    query = select(said).where(said.c.person.is_not(None))
    query = query.order_by(said.c.arrived_at, said.c.id, said.c.started_at)
    known: dict[str, _Call] = {}
    segments = [_segment(one, known) for one in await connection.execute(query, rows.given_as(numbers))]
    return shared.shared_clients(segments, period)


def _several(period: Period) -> Select[Any]:
    """Return the numbers with which there was a conversation in the period, and another in it or near before it.

    Each is looked up by itself: of the calls of a week few are with somebody who talked on its last day.
    """
    times = _arrived(period.start, period.end)
    talked = union_all(*(select(number.label("number")).where(*which, *times) for number, which in _WAYS)).subquery()
    once = select(talked.c.number, func.count().label("calls")).where(talked.c.number.is_not(None))
    counted = once.group_by(talked.c.number).subquery()
    before = [
        exists().where(number == counted.c.number, *which, *_arrived(_since(period), period.start))
        for number, which in _WAYS
    ]
    return select(counted.c.number).where(or_(counted.c.calls > 1, *before))


def _since(period: Period) -> Instant:
    return period.start - shared.WITHIN


def _arrived(start: Instant, end: Instant) -> tuple[ColumnElement[bool], ...]:
    return calls.c.arrived_at >= start, calls.c.arrived_at < end


def _segment(one: Row[Any], known: dict[str, _Call]) -> Segment:
    call = known.setdefault(one.id, _Call(one.line, one.caller, one.direction, one.arrived_at))
    return Segment(cast("CallRow", call), one.person, one.started_at, one.micro)
