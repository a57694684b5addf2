"""
Lost clients as tasks: one open for a client, until somebody of the company and he have talked, or a person says done.

What a task says of calls is read from their rows whenever one of the client's is written. So it is right in whatever
order they come: a spool that was late, Asterisk's records that correct what the router knew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, insert, or_, select, update

from callrouter.store import notices
from callrouter.store.tables import calls, clients, task_history, tasks

if TYPE_CHECKING:
    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant, PersonId

MOST = 1_000
"""Calls of a client since he was lost that are looked at, the newest: a machine may call for ever."""
_OPEN = tasks.c.closed_at.is_(None)


async def review(connection: AsyncConnection, row: CallRow, client: int | None) -> None:
    """Open, change or close the task of the client whose call this is; its row is written already.

    Withheld numbers have no task, nor have calls that were refused to a blocked number or are no client's.
    """
    number = row.line if row.direction == "out" else row.caller
    if row.direction not in {"in", "out"} or number is None or not number.startswith("+"):
        return
    his = or_(tasks.c.client_id == client, tasks.c.number == number)
    open_ = set((await connection.execute(select(tasks.c.client_id).where(_OPEN, his))).scalars())
    if client is not None and _is_lost(row):
        open_.add(client)
    for one in sorted(open_):
        await _review(connection, row, one, number)


async def take(
    connection: AsyncConnection, task: int, person: PersonId, had: PersonId | None, at: Instant, by: str | None
) -> bool:
    """Let a person call the client back, if it is still `had` (None: nobody) who does; return whether it was."""
    is_so = tasks.c.taken_by.is_not_distinct_from(had)
    changed = await _change(connection, task, is_so, {"taken_by": person, "taken_at": at, "snoozed_until": None})
    if changed:
        await _note(connection, task, at, "taken", person=person, by=by)
    return changed


async def done(connection: AsyncConnection, task: int, reason: str, at: Instant, by: str | None) -> bool:
    """Close a task because somebody says so; return whether it was open."""
    changed = await _change(connection, task, _OPEN, {"closed_at": at, "closed_how": "done"})
    if changed:
        await _note(connection, task, at, "done", by=by, reason=reason)
    return changed


async def snooze(
    connection: AsyncConnection, task: int, until: Instant, reason: str, at: Instant, by: str | None
) -> bool:
    """Put a task behind the others until then, or until the client is lost again; return whether it was open."""
    changed = await _change(connection, task, _OPEN, {"snoozed_until": until})
    if changed:
        await _note(connection, task, at, "snoozed", by=by, reason=reason, until=until)
    return changed


DROPPED = "dropped in transfer"
"""What the history says of a call in which somebody talked to the client, and sent him on to nobody."""


def _is_lost(row: CallRow | Row[Any]) -> bool:
    """Nobody talked to him; or somebody did, sent him on, and he was lost there."""
    return row.direction == "in" and (row.outcome == "lost" or row.is_dropped)


async def _review(connection: AsyncConnection, row: CallRow, client: int, number: str) -> None:
    """Make a client's task what his calls say, this one of them."""
    # Nobody else has this client's task in hand until the transaction ends; cards may refer to him meanwhile.
    card = select(clients.c.id).where(clients.c.id == client).with_for_update(key_share=True)
    if (await connection.execute(card)).first() is None:  # he was forgotten in this moment
        return
    query = select(tasks).where(_OPEN, tasks.c.client_id == client).with_for_update()
    task = (await connection.execute(query)).one_or_none()
    if task is None and (not _is_lost(row) or await _is_noted(connection, row)):
        return
    since = row.arrived_at if task is None else min(task.since, row.arrived_at) if _is_lost(row) else task.since
    numbers = {number} if task is None else {number, task.number}
    found = await _contacts(connection, client, numbers, since)
    talk = next((one for one in found if one.outcome == "answered" and not one.is_dropped), None)
    lost = [one for one in found if _is_lost(one) and (talk is None or one.arrived_at > talk.arrived_at)]
    if lost:
        tried = [one for one in found if one.direction == "out" and one.arrived_at > lost[-1].arrived_at]
        key = await _keep_open(connection, task, client, _state(lost, tried))
        if row.id in {one.id for one in (*lost, *tried)} and not await _is_noted(connection, row):
            await _note_call(connection, key, row)
            if _is_lost(row):
                await notices.lost(connection, row, client, key)
    elif task is not None and talk is not None:
        await _close(connection, task.id, talk)


def _state(lost: list[Row[Any]], tried: list[Row[Any]]) -> dict[str, Any]:
    """Return what the calls say of an open task; both are the newest first."""
    last = lost[0]
    return {
        "number": last.caller,
        "line": last.line,
        "department": last.department,
        "lost": len(lost),
        "since": lost[-1].arrived_at,
        "last_at": last.arrived_at,
        "attempts": len(tried),
        "attempted_at": tried[0].arrived_at if tried else None,
        "dropped_by": last.dropped_by,
    }


async def _keep_open(connection: AsyncConnection, task: Row[Any] | None, client: int, state: dict[str, Any]) -> int:
    """Make the task, or write what the calls say now; return its id."""
    if task is None:
        made = await connection.execute(insert(tasks).values(state | {"client_id": client}).returning(tasks.c.id))
        return int(made.scalar_one())
    again = {"snoozed_until": None} if state["last_at"] > task.last_at else {}
    await connection.execute(update(tasks).where(tasks.c.id == task.id).values(state | again))
    return int(task.id)


async def _note_call(connection: AsyncConnection, task: int, row: CallRow) -> None:
    ended = row.arrived_at if row.ended_at is None else row.ended_at
    if _is_lost(row):
        what, who = "lost", row.dropped_by
    else:
        what, who = "attempted", next((leg.person for leg in row.legs), None)
    reason = DROPPED if row.is_dropped else None
    await _note(connection, task, ended, what, person=who, call_id=row.id, reason=reason)


async def _close(connection: AsyncConnection, task: int, talk: Row[Any]) -> None:
    how = "rescued" if talk.direction == "out" else "returned"
    at = talk.arrived_at if talk.ended_at is None else talk.ended_at
    await connection.execute(update(tasks).where(tasks.c.id == task).values(closed_at=at, closed_how=how))
    await _note(connection, task, at, how, person=talk.answered_by, call_id=talk.id)


async def _contacts(connection: AsyncConnection, client: int, numbers: set[str], since: Instant) -> list[Row[Any]]:
    """Return the ended calls from and to the client since then, the newest first."""
    after = calls.c.arrived_at >= since
    his = or_(
        and_(calls.c.client_id == client, after),
        and_(calls.c.caller.in_(numbers), after, calls.c.direction == "in"),
        and_(calls.c.line.in_(numbers), after, calls.c.direction == "out"),
    )
    columns = [calls.c[name] for name in ("id", "direction", "outcome", "arrived_at", "ended_at", "answered_by")]
    columns += [calls.c[name] for name in ("line", "department", "caller", "is_dropped", "dropped_by")]
    query: Select[Any] = select(*columns)
    query = query.where(his, calls.c.outcome.is_not(None), calls.c.direction.in_(("in", "out")))
    newest = query.order_by(calls.c.arrived_at.desc(), calls.c.id.desc()).limit(MOST)
    return list(await connection.execute(newest))


async def _is_noted(connection: AsyncConnection, row: CallRow) -> bool:
    """Return whether this call is in a task already: Asterisk's records may tell of it more than once."""
    query = select(task_history.c.id).where(task_history.c.call_id == row.id).limit(1)
    return (await connection.execute(query)).first() is not None


async def _change(connection: AsyncConnection, task: int, condition: Any, values: dict[str, Any]) -> bool:
    changed = update(tasks).where(tasks.c.id == task, _OPEN, condition).values(values)
    return (await connection.execute(changed.returning(tasks.c.id))).first() is not None


async def _note(connection: AsyncConnection, task: int, at: Instant, what: str, **more: Any) -> None:
    await connection.execute(insert(task_history).values({"task_id": task, "at": at, "what": what} | more))
