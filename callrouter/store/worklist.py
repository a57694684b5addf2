"""Lost clients as they are read: the list, one of them, what was done about him, and the calls he was lost with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import or_, select

from callrouter.core.words import CallId, PersonId
from callrouter.routing.caller import derived_priority
from callrouter.routing.worklist import LostClient
from callrouter.store import rows
from callrouter.store.tables import calls, client_phones, clients, responsibles, task_history, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant

_OPEN = tasks.c.closed_at.is_(None)
_SAME = ("number", "line", "department", "lost", "since", "last_at", "attempts", "attempted_at")
_DONE = ("taken_at", "snoozed_until", "closed_at", "closed_how")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done about a lost client, or happened."""

    at: Instant
    what: str
    person: PersonId | None
    by: str | None
    call: CallId | None
    reason: str | None
    until: Instant | None


async def lost_clients(connection: AsyncConnection) -> tuple[LostClient, ...]:
    """Return all who are on the list."""
    return await _load(connection, _OPEN)


async def by_number(connection: AsyncConnection, number: str) -> tuple[LostClient, ...]:
    """Return the tasks, open or not, of the clients who have this number or were lost with it, in order."""
    his = select(client_phones.c.client_id).where(client_phones.c.number == number)
    return await _load(connection, or_(tasks.c.client_id.in_(his), _OPEN & (tasks.c.number == number)))


async def by_id(connection: AsyncConnection, task: int) -> tuple[LostClient, ...]:
    """Return the task of this number in the list, open or not; none if there is no such."""
    return await _load(connection, tasks.c.id == task)


async def history(connection: AsyncConnection, task: int) -> tuple[Entry, ...]:
    """Return what was done about a lost client, and happened, in order."""
    query = select(task_history).where(task_history.c.task_id == task).order_by(task_history.c.id)
    return tuple(
        Entry(one.at, one.what, one.person, one.by, one.call_id, one.reason, one.until)
        for one in await connection.execute(query)
    )


async def lost_calls(connection: AsyncConnection, found: Sequence[LostClient]) -> dict[int, list[CallRow]]:
    """Return by task the calls these clients were lost with, with who was rung, in order."""
    of_call: dict[str, int] = {}
    wanted = [one.task for one in found]
    for start in range(0, len(wanted), rows.CHUNK):
        query = select(task_history.c.call_id, task_history.c.task_id).where(task_history.c.what == "lost")
        some = query.where(task_history.c.task_id.in_(wanted[start : start + rows.CHUNK]))
        of_call |= {one.call_id: one.task_id for one in await connection.execute(some)}
    listed: dict[int, list[CallRow]] = {task: [] for task in wanted}
    ids = list(of_call)
    for start in range(0, len(ids), rows.CHUNK):
        theirs = select(calls).where(calls.c.id.in_(ids[start : start + rows.CHUNK]), calls.c.outcome == "lost")
        for row in await rows.load(connection, (await connection.execute(theirs)).all()):
            listed[of_call[row.id]].append(row)
    return {task: sorted(lost, key=lambda row: row.arrived_at) for task, lost in listed.items()}


async def _load(connection: AsyncConnection, wanted: ColumnElement[bool]) -> tuple[LostClient, ...]:
    query = select(tasks, clients.c.name, clients.c.priority, clients.c.attributes).join(clients).where(wanted)
    theirs = responsibles.c.until.is_(None) & responsibles.c.client_id.in_(select(tasks.c.client_id).where(wanted))
    people = select(responsibles.c.client_id, responsibles.c.department, responsibles.c.person).where(theirs)
    whose = {(one.client_id, one.department): one.person for one in await connection.execute(people)}
    return tuple(_lost_client(one, whose) for one in await connection.execute(query.order_by(tasks.c.id)))


def _lost_client(one: Row[Any], whose: dict[tuple[int, str | None], str]) -> LostClient:
    general = whose.get((one.client_id, None))
    return LostClient(
        task=one.id,
        client=one.client_id,
        name=one.name,
        priority=one.priority or derived_priority(orjson.loads(one.attributes)),
        responsible=whose.get((one.client_id, one.department), general),
        taken_by=None if one.taken_by is None else PersonId(one.taken_by),
        **{name: getattr(one, name) for name in (*_SAME, *_DONE)},
    )
