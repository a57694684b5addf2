"""Calls read back from the journal's table: their records, and the call that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from callrouter.core.events import CallArrived
from callrouter.core.machine import advance, arrive
from callrouter.store.codec import Record, TornRecordError, decode
from callrouter.store.tables import journal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.call import Call
    from callrouter.core.words import CallId


async def records(connection: AsyncConnection, call_id: CallId) -> tuple[Record, ...]:
    """Return the call's records in order."""
    query = select(journal.c.record).where(journal.c.call_id == call_id).order_by(journal.c.id)
    return understood((await connection.execute(query)).scalars())


async def recall(connection: AsyncConnection, call_id: CallId) -> Call | None:
    """Return the call as its records leave it, None without any."""
    return fold(await records(connection, call_id))


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
