"""What is written when a call is over: its row with all parts, its caller's card, and who got the client by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from callrouter.core.outcome import row
from callrouter.core.recorded import AGI, FALLBACK
from callrouter.store import cards, notices, rows, tasks
from callrouter.store.tables import calls, records

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.call import Call
    from callrouter.core.outcome import CallRow


async def close(connection: AsyncConnection, call: Call) -> None:
    """Write the final row of a call that is over."""
    final = row(call)
    await give_back(connection, final)
    is_elsewhere = call.arrived.known_from == "crm" and final.responsible is not None
    claimants = () if is_elsewhere else call.arrived.claimants  # the CRM says whose he is
    (known,) = await cards.settle(connection, [cards.Ended(final, claimants, call.arrived.claim_after)])
    known = {name: value for name, value in known.items() if value is not None}  # who got him by it already stays
    await rows.finish(connection, final, known)
    await tasks.review(connection, [(final, known.get("client_id"))])
    await notices.ended(connection, [(final, known, claimants)])


async def give_back(connection: AsyncConnection, final: CallRow) -> None:
    """What Asterisk's records have made of a call already goes, and is made anew on top of what the router knows."""
    here = (records.c.asterisk_id == final.asterisk_id) & (records.c.by != "")
    told = await connection.execute(update(records).where(here).values(is_open=True))
    if told.rowcount:
        for _, table in rows.PARTS:
            await connection.execute(delete(table).where(table.c.call_id == final.id))
        other = (calls.c.asterisk_id == final.asterisk_id) & (calls.c.id != final.id)
        await connection.execute(delete(calls).where(other, calls.c.routed_by.in_((FALLBACK, AGI))))


async def is_recorded(connection: AsyncConnection, arrived: CallRow, app: str) -> bool:
    """Whether Asterisk's records of a call that the dialplan serves came first, and have made its row: it is ours now.

    If the fallback has served it, its row is made anew on top of what we know.
    """
    taken = await connection.execute(update(calls).where(calls.c.id == arrived.id).values(app=app))
    if taken.rowcount:
        return True
    await give_back(connection, arrived)
    return False
