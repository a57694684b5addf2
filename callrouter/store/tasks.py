"""
Lost clients as tasks: one open for a client, until somebody of the company and he have talked, or a person says done.

What a task says of calls is read from their rows whenever one of the client's is written. So it is right in whatever
order they come: a spool that was late, Asterisk's records that correct what the router knew.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, insert, or_, select, update

from callrouter.store import notices
from callrouter.store.tables import calls, clients, task_history, tasks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import CallId, Instant, PersonId

MOST = 1_000
"""Calls of a client since he was lost that are looked at, the newest: a machine may call for ever."""
_OPEN = tasks.c.closed_at.is_(None)


@dataclass(frozen=True, slots=True)
class _Concern:
    """A call, and a client whose task it may open, change or close."""

    row: CallRow
    number: str
    """With which he called, or was called."""
    client: int


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the calls say of a client's task."""

    of: _Concern
    task: Row[Any] | None
    """Which is open; None: there is none yet."""
    state: dict[str, Any]
    """What an open task says; empty: it is over."""
    is_news: bool
    """Whether this call is one that the history has not heard of."""
    talk: Row[Any] | None
    """By which it is over."""


async def review(connection: AsyncConnection, ended: Sequence[tuple[CallRow, int | None]]) -> None:
    """Open, change or close the tasks of the clients whose calls these are; their rows are written already.

    Withheld numbers have no task, nor have calls that were refused to a blocked number or are no client's. No two of
    the calls are of one client, or of one number.
    """
    concerned = await _concerned(connection, ended)
    if not concerned:
        return
    # Nobody else has these clients' tasks in hand until the transaction ends; cards may refer to them meanwhile.
    ids = {one.client for one in concerned}
    cards = select(clients.c.id).where(clients.c.id.in_(ids)).order_by(clients.c.id).with_for_update(key_share=True)
    there = set((await connection.execute(cards)).scalars())
    open_ = select(tasks).where(_OPEN, tasks.c.client_id.in_(ids)).order_by(tasks.c.client_id).with_for_update()
    by_client = {task.client_id: task for task in await connection.execute(open_)}
    noted = await _noted(connection, {one.row.id for one in concerned})
    verdicts = []
    for one in concerned:
        task = by_client.get(one.client)
        is_his = one.client in there  # else he was forgotten in this moment
        if is_his and (task is not None or (_is_lost(one.row) and one.row.id not in noted)):
            verdicts.append(await _verdict(connection, one, task, is_noted=one.row.id in noted))
    await _write(connection, verdicts)


async def waiting(connection: AsyncConnection, numbers: Collection[str], ids: Collection[int]) -> dict[str, set[int]]:
    """Return who of these clients, or at these numbers, waits to be called back: the clients by the number."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    his = or_(tasks.c.client_id.in_(ids), tasks.c.number.in_(numbers))
    for one in await connection.execute(select(tasks.c.number, tasks.c.client_id).where(_OPEN, his)):
        found[one.number].add(one.client_id)
    return found


async def take(
    connection: AsyncConnection, task: int, person: PersonId, had: PersonId | None, at: Instant, by: str | None
) -> bool:
    """Let a person call the client back, if it is still `had` (None: nobody) who does; return whether it was."""
    is_so = tasks.c.taken_by.is_not_distinct_from(had)
    changed = await _change(connection, task, is_so, {"taken_by": person, "taken_at": at, "snoozed_until": None})
    if changed:
        await _note(connection, [{"task_id": task, "at": at, "what": "taken", "person": person, "by": by}])
    return changed


async def done(connection: AsyncConnection, task: int, reason: str, at: Instant, by: str | None) -> bool:
    """Close a task because somebody says so; return whether it was open."""
    changed = await _change(connection, task, _OPEN, {"closed_at": at, "closed_how": "done"})
    if changed:
        await _note(connection, [{"task_id": task, "at": at, "what": "done", "by": by, "reason": reason}])
    return changed


async def snooze(
    connection: AsyncConnection, task: int, until: Instant, reason: str, at: Instant, by: str | None
) -> bool:
    """Put a task behind the others until then, or until the client is lost again; return whether it was open."""
    changed = await _change(connection, task, _OPEN, {"snoozed_until": until})
    if changed:
        said = {"task_id": task, "at": at, "what": "snoozed", "by": by, "reason": reason, "until": until}
        await _note(connection, [said])
    return changed


DROPPED = "dropped in transfer"
"""What the history says of a call in which somebody talked to the client, and sent him on to nobody."""


def _is_lost(row: CallRow | Row[Any]) -> bool:
    """Nobody talked to him; or somebody did, sent him on, and he was lost there."""
    return row.direction == "in" and (row.outcome == "lost" or row.is_dropped)


async def _concerned(connection: AsyncConnection, ended: Sequence[tuple[CallRow, int | None]]) -> list[_Concern]:
    """Return whom these calls concern: who waits for one, and who is lost by it."""
    said = [(row, row.line if row.direction == "out" else row.caller, client) for row, client in ended]
    of_clients = [
        (row, number, client)
        for row, number, client in said
        if row.direction in {"in", "out"} and number is not None and number.startswith("+")
    ]
    if not of_clients:
        return []
    ids = {client for *_, client in of_clients if client is not None}
    by_number = await waiting(connection, {number for _, number, _ in of_clients}, ids)
    they = {client for those in by_number.values() for client in those}
    found = []
    for row, number, client in of_clients:
        is_his = client is not None and (client in they or _is_lost(row))
        whose = by_number.get(number, set()) | ({client} if client is not None and is_his else set())
        found += [_Concern(row, number, one) for one in sorted(whose)]
    return found


async def _verdict(connection: AsyncConnection, of: _Concern, task: Row[Any] | None, *, is_noted: bool) -> _Verdict:
    """Return what a client's calls say of his task, this one of them."""
    row, number = of.row, of.number
    since = row.arrived_at if task is None else min(task.since, row.arrived_at) if _is_lost(row) else task.since
    numbers = {number} if task is None else {number, task.number}
    found = await _contacts(connection, of.client, numbers, since)
    talk = next((one for one in found if one.outcome == "answered" and not one.is_dropped), None)
    lost = [one for one in found if _is_lost(one) and (talk is None or one.arrived_at > talk.arrived_at)]
    if not lost:
        return _Verdict(of, task, {}, is_news=False, talk=talk)
    tried = [one for one in found if one.direction == "out" and one.arrived_at > lost[-1].arrived_at]
    is_news = not is_noted and row.id in {one.id for one in (*lost, *tried)}
    return _Verdict(of, task, _state(lost, tried), is_news, None)


async def _write(connection: AsyncConnection, verdicts: Sequence[_Verdict]) -> None:
    """Write the tasks, what the history says of them, and whom somebody has to be told of."""
    keys = await _open(connection, [one for one in verdicts if one.state and one.task is None])
    keys |= {one.of.client: one.task.id for one in verdicts if one.task is not None}
    await _keep_open(connection, [(one.task, one.state) for one in verdicts if one.state and one.task is not None])
    over = [(keys[one.of.client], one.talk) for one in verdicts if one.talk is not None and one.task is not None]
    await _close(connection, over)
    news = [(keys[one.of.client], one.of) for one in verdicts if one.is_news]
    await _note(connection, [_call_noted(task, one.row) for task, one in news])
    await notices.lost(connection, [(one.row, one.client, task) for task, one in news if _is_lost(one.row)])


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


async def _open(connection: AsyncConnection, verdicts: Sequence[_Verdict]) -> dict[int, int]:
    """Make tasks; return their ids by client."""
    if not verdicts:
        return {}
    made = insert(tasks).returning(tasks.c.client_id, tasks.c.id)
    found = await connection.execute(made, [one.state | {"client_id": one.of.client} for one in verdicts])
    return {one.client_id: one.id for one in found}


async def _keep_open(connection: AsyncConnection, those: Sequence[tuple[Row[Any], dict[str, Any]]]) -> None:
    """Write what the calls say now; who is lost again is no longer put off."""
    if those:
        put_off = [None if state["last_at"] > task.last_at else task.snoozed_until for task, state in those]
        lines = [
            state | {"this": task.id, "snoozed_until": until}
            for (task, state), until in zip(those, put_off, strict=True)
        ]
        await connection.execute(update(tasks).where(tasks.c.id == bindparam("this")), lines)


def _call_noted(task: int, row: CallRow) -> dict[str, Any]:
    ended = row.arrived_at if row.ended_at is None else row.ended_at
    if _is_lost(row):
        what, who = "lost", row.dropped_by
    else:
        what, who = "attempted", next((leg.person for leg in row.legs), None)
    reason = DROPPED if row.is_dropped else None
    return {"task_id": task, "at": ended, "what": what, "person": who, "call_id": row.id, "reason": reason}


async def _close(connection: AsyncConnection, over: Sequence[tuple[int, Row[Any]]]) -> None:
    if over:
        lines = [
            {
                "task_id": task,
                "at": talk.arrived_at if talk.ended_at is None else talk.ended_at,
                "what": "rescued" if talk.direction == "out" else "returned",
                "person": talk.answered_by,
                "call_id": talk.id,
            }
            for task, talk in over
        ]
        closed = [{"this": one["task_id"], "closed_at": one["at"], "closed_how": one["what"]} for one in lines]
        await connection.execute(update(tasks).where(tasks.c.id == bindparam("this")), closed)
        await _note(connection, lines)


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


async def _noted(connection: AsyncConnection, ids: set[CallId]) -> set[CallId]:
    """Return which of these calls are in a task already: Asterisk's records may tell of one more than once."""
    query = select(task_history.c.call_id).where(task_history.c.call_id.in_(ids))
    return set((await connection.execute(query)).scalars())


async def _change(connection: AsyncConnection, task: int, condition: Any, values: dict[str, Any]) -> bool:
    changed = update(tasks).where(tasks.c.id == task, _OPEN, condition).values(values)
    return (await connection.execute(changed.returning(tasks.c.id))).first() is not None


async def _note(connection: AsyncConnection, lines: Sequence[dict[str, Any]]) -> None:
    if lines:
        await connection.execute(insert(task_history), lines)
