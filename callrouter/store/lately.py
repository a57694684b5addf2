"""What the ledger says of the last days, for the order in which people are rung: each answer by one index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from callrouter.core.words import PersonId
from callrouter.routing.caller import Talked
from callrouter.routing.order import Lately, Standing
from callrouter.routing.values import Order
from callrouter.store.tables import call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.order import Asks, Turn

MOST = 20
"""Conversations with a caller that are looked at: of those who talked to him last, one is with the company still."""
LOOKED_BACK = 7 * 86_400
"""Seconds; who has been idle for longer is as idle as one can be."""


async def lately(connection: AsyncConnection, asks: Asks, number: str | None, at: Instant) -> Lately:
    """Answer what a ladder asks."""
    last: tuple[Talked, ...] = ()
    if asks.last_days and number is not None:
        last = await _last(connection, number, at - asks.last_days * 86_400)
    idle = await _idle(connection, asks.people, at) if Order.LONGEST_IDLE in asks.orders else {}
    today = await _today(connection, asks.people, asks.today) if Order.FEWEST_CALLS in asks.orders else {}
    began = {turn: first for turn, people in asks.turns if (first := await _began(connection, turn, people, at))}
    return Lately(last, Standing(idle, today, began))


async def _last(connection: AsyncConnection, number: str, since: Instant) -> tuple[Talked, ...]:
    """Return who talked to this number or dialled it, the newest first."""
    talked = select(call_talk.c.person, call_talk.c.started_at.label("at")).join(calls)
    talked = talked.where(calls.c.caller == number, calls.c.arrived_at >= since)
    dialled = select(call_legs.c.person, calls.c.arrived_at.label("at")).join(calls)
    dialled = dialled.where(calls.c.line == number, calls.c.direction == "out", calls.c.arrived_at >= since)
    found = [*await _newest(connection, talked), *await _newest(connection, dialled)]
    return tuple(sorted(found, key=lambda one: -one.at))


async def _newest(connection: AsyncConnection, query: Select[tuple[str | None, Instant]]) -> list[Talked]:
    rows = await connection.execute(query.order_by(calls.c.arrived_at.desc()).limit(MOST))
    return [Talked(PersonId(row.person), row.at) for row in rows if row.person is not None]


async def _idle(connection: AsyncConnection, people: Iterable[PersonId], at: Instant) -> dict[PersonId, Instant]:
    query = select(call_talk.c.person, func.max(call_talk.c.ended_at).label("ended_at"))
    query = query.where(call_talk.c.person.in_(people), call_talk.c.started_at >= at - LOOKED_BACK)
    rows = await connection.execute(query.group_by(call_talk.c.person))
    return {PersonId(row.person): row.ended_at for row in rows if row.ended_at is not None}


async def _today(connection: AsyncConnection, people: Iterable[PersonId], midnight: Instant) -> dict[PersonId, int]:
    query = select(call_talk.c.person, func.count(call_talk.c.call_id.distinct()).label("calls"))
    query = query.where(call_talk.c.person.in_(people), call_talk.c.started_at >= midnight)
    rows = await connection.execute(query.group_by(call_talk.c.person))
    return {PersonId(row.person): row.calls for row in rows}


async def _began(connection: AsyncConnection, turn: Turn, people: Iterable[PersonId], at: Instant) -> PersonId | None:
    """Return whom the call before rang first in this step."""
    of_step = (call_legs.c.call_id == call_steps.c.call_id) & (call_legs.c.step == call_steps.c.step)
    query = select(call_legs.c.person).join(call_steps, of_step).join(calls, calls.c.id == call_steps.c.call_id)
    query = query.where(
        call_steps.c.target == turn.target,
        call_steps.c.started_at >= at - LOOKED_BACK,
        calls.c.department.is_not_distinct_from(turn.department),
        call_legs.c.person.in_(people),
    )
    if turn.segment is not None:
        query = query.where(calls.c.segment == turn.segment)
    query = query.order_by(call_steps.c.started_at.desc(), call_legs.c.started_at, call_legs.c.position).limit(1)
    found = (await connection.execute(query)).scalar_one_or_none()
    return None if found is None else PersonId(found)
