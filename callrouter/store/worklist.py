"""Lost clients as they are read: the list, one of them, what was done about him, and the calls he was lost with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import and_, or_, select

from callrouter.core.words import CallId, PersonId, Result
from callrouter.routing.caller import derived_priority
from callrouter.routing.worklist import LostClient
from callrouter.store import rows
from callrouter.store.tables import MICRO, call_legs, calls, client_phones, clients, responsibles, task_history, tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

_OPEN = tasks.c.closed_at.is_(None)
_SAME = ("number", "line", "department", "lost", "since", "last_at", "attempts", "attempted_at")
_DONE = ("taken_at", "snoozed_until", "closed_at", "closed_how")


_RANG = 3 * MICRO
"""For how long a phone rings before it counts as heard (`lcr/1`)."""
_MISSED = and_(
    call_legs.c.call_id == calls.c.id,
    call_legs.c.ended_at - call_legs.c.ringing_at >= _RANG,
    call_legs.c.result.in_((Result.NO_ANSWER, Result.CANCELLED, Result.DECLINED)),
)
_LOST = (
    select(task_history.c.task_id, calls.c.id, call_legs.c.person)
    .join(calls, calls.c.id == task_history.c.call_id)
    .join(call_legs, _MISSED, isouter=True)
    .where(task_history.c.what == "lost", or_(calls.c.outcome == "lost", calls.c.is_dropped))
    .order_by(calls.c.arrived_at, calls.c.id, call_legs.c.position)
)


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call a client was lost with, and who really rang in it and did not answer (as `ledger.people.missed_by`)."""

    id: CallId
    missed_by: list[PersonId]


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
    return await load(connection, _OPEN)


async def by_number(connection: AsyncConnection, number: str) -> tuple[LostClient, ...]:
    """Return the tasks, open or not, of the clients who have this number or were lost with it, in order."""
    his = select(client_phones.c.client_id).where(client_phones.c.number == number)
    return await load(connection, or_(tasks.c.client_id.in_(his), _OPEN & (tasks.c.number == number)))


async def by_id(connection: AsyncConnection, task: int) -> tuple[LostClient, ...]:
    """Return the task of this number in the list, open or not; none if there is no such."""
    return await load(connection, tasks.c.id == task)


async def history(connection: AsyncConnection, task: int) -> tuple[Entry, ...]:
    """Return what was done about a lost client, and happened, in order."""
    query = select(task_history).where(task_history.c.task_id == task).order_by(task_history.c.id)
    return tuple(
        Entry(one.at, one.what, one.person, one.by, one.call_id, one.reason, one.until)
        for one in await connection.execute(query)
    )


async def lost_calls(connection: AsyncConnection, found: Sequence[LostClient]) -> dict[int, list[LostCall]]:
    """Return by task the calls these clients were lost with, in order; one statement, whatever else a call has."""
    listed: dict[int, dict[CallId, list[PersonId]]] = {one.task: {} for one in found}
    wanted = list(listed)
    for start in range(0, len(wanted), rows.CHUNK):
        some = _LOST.where(task_history.c.task_id.in_(wanted[start : start + rows.CHUNK]))
        for one in await connection.execute(some):
            missed = listed[one.task_id].setdefault(one.id, [])
            if one.person is not None and one.person not in missed:
                missed.append(one.person)
    return {task: [LostCall(*call) for call in lost.items()] for task, lost in listed.items()}


async def load(connection: AsyncConnection, wanted: ColumnElement[bool]) -> tuple[LostClient, ...]:
    """Return these tasks, in order."""
    query = select(tasks, clients.c.name, clients.c.priority, clients.c.attributes).join(clients).where(wanted)
    theirs = responsibles.c.until.is_(None) & responsibles.c.client_id.in_(select(tasks.c.client_id).where(wanted))
    people = select(responsibles.c.client_id, responsibles.c.department, responsibles.c.person).where(theirs)
    whose = {(one.client_id, one.department): one.person for one in await connection.execute(people)}
    found = [_lost_client(one, whose) for one in await connection.execute(query)]
    return tuple(sorted(found, key=lambda one: one.task))  # ordered by SQL, SQLite would read the closed ones too


def _lost_client(one: Row[Any], whose: dict[tuple[int, str | None], str]) -> LostClient:
    general = whose.get((one.client_id, None))
    return LostClient(
        task=one.id,
        client=one.client_id,
        name=one.name,
        priority=one.priority or derived_priority(orjson.loads(one.attributes)),
        responsible=whose.get((one.client_id, one.department), general),
        taken_by=None if one.taken_by is None else PersonId(one.taken_by),
        dropped_by=None if one.dropped_by is None else PersonId(one.dropped_by),
        **{name: getattr(one, name) for name in (*_SAME, *_DONE)},
    )
