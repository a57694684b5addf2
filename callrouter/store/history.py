"""Calls read back from the journal's table: their records, and the call that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from callrouter.core.call import Call, Phase
from callrouter.core.events import CallArrived
from callrouter.core.machine import advance, arrive
from callrouter.core.words import CallId, Instant
from callrouter.store.codec import Record, TornRecordError, decode
from callrouter.store.tables import calls, journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection


async def records(connection: AsyncConnection, call_id: CallId) -> tuple[Record, ...]:
    """Return the call's records in order."""
    query = select(journal.c.record).where(journal.c.call_id == call_id).order_by(journal.c.id)
    return understood((await connection.execute(query)).scalars())


async def recall(connection: AsyncConnection, call_id: CallId) -> Call | None:
    """Return the call as its records leave it, None without any."""
    return fold(await records(connection, call_id))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A call that a worker left without an end, and when the last of it was written down."""

    call: Call
    heard_at: Instant


async def live_of(connection: AsyncConnection, app: str) -> tuple[CallId, ...]:
    """Return the calls of this worker that have no end, oldest first."""
    query = select(calls.c.id).where(calls.c.outcome.is_(None), calls.c.app == app).order_by(calls.c.arrived_at)
    return tuple(CallId(call_id) for call_id in (await connection.execute(query)).scalars())


async def is_live(connection: AsyncConnection, asterisk_id: str) -> bool:
    """Whether any worker has the call of this caller's channel."""
    query = select(calls.c.id).where(calls.c.outcome.is_(None), calls.c.asterisk_id == asterisk_id)
    return (await connection.execute(query)).first() is not None


async def unfinished(connection: AsyncConnection, ids: Iterable[CallId]) -> tuple[Unfinished, ...]:
    """Return those of these calls that are not over, as their records leave them; the dialplan's are in its hands."""
    found = []
    for call_id in ids:
        told = await records(connection, call_id)
        call = fold(told)
        if call is not None and call.phase not in {Phase.OVER, Phase.DIALPLAN}:
            found.append(Unfinished(call, max(record.event.at for record in told)))
    return tuple(found)


def understood(lines: Iterable[str]) -> tuple[Record, ...]:
    """Return those lines that are records: one of a version we do not know hides only itself."""
    found = []
    for line in lines:
        try:
            found.append(decode(line))
        except TornRecordError:
            continue
    return tuple(found)


def fold(told: Iterable[Record]) -> Call | None:
    """Return the call that these records make, None when its arrival is not among them."""
    call: Call | None = None
    for record in told:
        if call is not None:
            call = advance(call, record.event)[0]
        elif isinstance(record.event, CallArrived):
            call = arrive(record.call_id, record.event)[0]
    return call
