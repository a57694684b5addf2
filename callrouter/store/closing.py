"""What is written when a call is over: its row with all parts, its caller's card, and who got the client by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from callrouter.core.outcome import row
from callrouter.core.recorded import AGI, FALLBACK
from callrouter.store import clients as book, notices, queries, rows, tasks
from callrouter.store.tables import calls, records

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.call import Call
    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant, PersonId


async def close(connection: AsyncConnection, call: Call) -> None:
    """Write the final row of a call that is over."""
    final = row(call)
    await give_back(connection, final)
    is_elsewhere = call.arrived.known_from == "crm" and final.responsible is not None
    claimants = () if is_elsewhere else call.arrived.claimants  # the CRM says whose he is
    known = await client_of(connection, final, claimants, call.arrived.claim_after)
    known = {name: value for name, value in known.items() if value is not None}  # who got him by it already stays
    await rows.finish(connection, final, known)
    await tasks.review(connection, final, known.get("client_id"))
    await notices.ended(connection, final, known, claimants)


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


async def client_of(
    connection: AsyncConnection, final: CallRow, claimants: tuple[PersonId, ...], claim_after: float
) -> dict[str, Any]:
    """Give a caller from outside his card, and the client to whoever gets him; return what the row says of it."""
    if final.direction != "in" or final.caller is None or not final.caller.startswith("+"):
        return {}
    at = final.arrived_at if final.ended_at is None else final.ended_at
    client = await _card(connection, final, at)
    person = claimant(final, claimants, claim_after)
    claimed = person is not None and await book.claim(
        connection, client, department=final.department, person=person, at=at, call=final.id
    )
    return {"client_id": client, "claimed_by": person if claimed else None}


def claimant(ended: CallRow, claimants: tuple[PersonId, ...], claim_after: float) -> PersonId | None:
    """Return the last of the claimants who talked to the caller for at least `claim_after` seconds in all."""
    talked: dict[PersonId, float] = {}
    last: dict[PersonId, Instant] = {}
    for talk in ended.talk:
        if talk.person is None or talk.person not in claimants:
            continue
        until = talk.ended_at or ended.ended_at or talk.started_at
        talked[talk.person] = talked.get(talk.person, 0.0) + until - talk.started_at
        last[talk.person] = until
    enough = [person for person, seconds in talked.items() if seconds >= claim_after]
    return max(enough, key=lambda person: last[person], default=None)


async def _card(connection: AsyncConnection, final: CallRow, at: Instant) -> int:
    """Return the caller's client, made now if there was none: the end of the call is where a card comes from."""
    if final.client_id is not None and await book.is_there(connection, final.client_id):
        return final.client_id
    number = final.caller or ""
    await book.alone_with(connection, number)  # another worker may close a call of the same number
    there = await queries.client_by_number(connection, number, final.department)
    if there is not None and there.id is not None:
        return there.id
    made = await book.create(connection, book.Card(final.client), at, "called")
    await book.add_number(connection, made, number, final.caller_raw)
    return made
