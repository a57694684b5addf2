"""Clients two of ours talked to within seven days: SQL finds who talked more than once, the pure code judges them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import case, func, select, type_coerce

from callrouter.ledger import shared
from callrouter.ledger.figure import printed
from callrouter.ledger.talk import Segment
from callrouter.store.figures_parts import IS_CONVERSATION, spoken
from callrouter.store.tables import Moment, calls

if TYPE_CHECKING:
    from sqlalchemy import Row
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


async def block(connection: AsyncConnection, period: Period) -> dict[str, object]:
    """Return the clients two of ours talked to within seven days, each with the people and how many calls."""
    return printed(shared.block(await _found(connection, period)))


async def numbers(connection: AsyncConnection, period: Period) -> tuple[str, ...]:
    """Return their numbers: of a month, those of its dates together."""
    return tuple(await _found(connection, period))


async def _found(connection: AsyncConnection, period: Period) -> dict[str, tuple[Segment, ...]]:
    since = period.start - shared.WITHIN
    number = case((calls.c.direction == "out", calls.c.line), else_=calls.c.caller)
    near = IS_CONVERSATION, calls.c.arrived_at >= since, calls.c.arrived_at < period.end
    several = (func.count() > 1) & (func.max(calls.c.arrived_at) >= type_coerce(period.start, Moment))
    numbers = select(number).where(*near, number.is_not(None)).group_by(number).having(several)
    said = spoken(*near, number.in_(numbers))
    query = select(said).where(said.c.person.is_not(None))
    known: dict[str, _Call] = {}
    found = await connection.execute(query.order_by(said.c.arrived_at, said.c.id, said.c.started_at))
    segments = [_segment(one, known) for one in found]
    return shared.shared_clients(segments, period)


def _segment(one: Row[Any], known: dict[str, _Call]) -> Segment:
    call = known.setdefault(one.id, _Call(one.line, one.caller, one.direction, one.arrived_at))
    return Segment(cast("CallRow", call), one.person, one.started_at, one.micro)
