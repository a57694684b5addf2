"""The list of lost clients as it was at an instant: what happened later is not in it, however late it is read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from callrouter.core.words import PersonId
from callrouter.routing.worklist import LostClient
from callrouter.store.tables import calls, responsibles, task_history, tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

_CLOSED = frozenset({"rescued", "returned", "done"})
_OF_A_CALL = ("arrived_at", "caller", "line", "department", "client", "priority")


async def waiting_at(connection: AsyncConnection, at: Instant) -> tuple[LostClient, ...]:
    """
    Return who was on the list at an instant, as each stood: his lost calls, the attempts, who had taken him.

    Calls count by their arrival, as in every figure. Name and priority are those of his last lost call until then.
    """
    stood = (tasks.c.since < at) & or_(tasks.c.closed_at.is_(None), tasks.c.closed_at >= at)
    columns = [tasks.c.client_id, tasks.c.since.label("began"), *task_history.c]
    query = select(*columns, *(calls.c[name].label(f"call_{name}") for name in _OF_A_CALL)).where(stood)
    query = query.join(task_history).join(calls, calls.c.id == task_history.c.call_id, isouter=True)
    happened: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for one in await connection.execute(query):
        if _instant(one) < at:
            happened[one.task_id].append(one)
    tenures = (responsibles.c.since < at) & or_(responsibles.c.until.is_(None), responsibles.c.until >= at)
    people = select(responsibles.c.client_id, responsibles.c.department, responsibles.c.person).where(
        tenures, responsibles.c.client_id.in_(select(tasks.c.client_id).where(stood))
    )
    whose = {(one.client_id, one.department): one.person for one in await connection.execute(people)}
    found = (_stood(task, sorted(entries, key=_place), whose) for task, entries in sorted(happened.items()))
    return tuple(one for one in found if one is not None)


def _stood(task: int, entries: Sequence[Row[Any]], whose: Mapping[tuple[int, str | None], str]) -> LostClient | None:
    """Return how a client stood after this much of his history, None where he waits no more, or not yet."""
    lost = [one for one in entries if one.what == "lost" and one.call_line and _instant(one) >= one.began]
    if not lost or any(one.what in _CLOSED for one in entries):
        return None
    first, last = lost[0], lost[-1]
    tried = [one for one in entries if one.what == "attempted"]
    took = next((one for one in reversed(entries) if one.what == "taken"), None)
    put_off = next((one for one in reversed(entries) if one.what in {"lost", "taken", "snoozed"}), None)
    general = whose.get((first.client_id, None))
    return LostClient(
        task=task,
        client=first.client_id,
        name=last.call_client,
        number=last.call_caller,
        priority=last.call_priority,
        line=last.call_line,
        department=last.call_department,
        responsible=whose.get((first.client_id, last.call_department), general),
        lost=len(lost),
        since=first.call_arrived_at,
        last_at=last.call_arrived_at,
        attempts=len(tried),
        attempted_at=_instant(tried[-1]) if tried else None,
        taken_by=None if took is None or took.person is None else PersonId(took.person),
        taken_at=None if took is None else took.at,
        snoozed_until=None if put_off is None else put_off.until,
        closed_at=None,
        closed_how=None,
        dropped_by=None if last.person is None else PersonId(last.person),
    )


def _instant(entry: Row[Any]) -> Instant:
    """Return when something happened: a call when it came."""
    return float(entry.at if entry.call_arrived_at is None else entry.call_arrived_at)


def _place(entry: Row[Any]) -> tuple[Instant, int]:
    return _instant(entry), entry.id
