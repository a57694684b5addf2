"""
Notices: written in the transaction of what they tell of, each once, and settled in that which puts the letter.

So a kill at any moment loses none and makes none twice. Whoever settles them does it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, func, or_, select, update

from callrouter.core.words import CallId, LostReason, PersonId
from callrouter.routing.notices import Addressee, Cause, Passed, causes
from callrouter.routing.values import Notice
from callrouter.store import rows, worklist
from callrouter.store.clients import insert_or_skip
from callrouter.store.tables import calls, client_phones, clients, records, responsibles, tasks
from callrouter.store.tables_notices import notices
from callrouter.store.tables_outbox import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.routing.worklist import LostClient

MOST = 1_000
"""Notices that are looked at together."""
AT_ONCE = 200
"""Calls, or tasks, that are read at once: nobody waits for long meanwhile."""
GIVEN_AWAY = 600.0
"""Seconds after which a call that was given to the fallback counts as lost, if no record of Asterisk's says how it was.
"""
_ONE_AT_A_TIME = 0x6E6F7469
"""PostgreSQL's advisory lock of who settles."""
_WAITS = notices.c.settled_at.is_(None)
_STILL = responsibles.c.until.is_(None)
_IS_HIS = or_(responsibles.c.department == notices.c.department, responsibles.c.department.is_(None))
_IS_SOMEBODYS = select(responsibles.c.id).where(responsibles.c.client_id == notices.c.client_id, _STILL, _IS_HIS)

Outcome = Literal["told", "nobody", "off", "over"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that nobody has decided about yet."""

    id: int
    key: str
    at: Instant
    cause: Cause


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a notice."""

    kind: Notice
    call: CallId | None
    task: int | None
    settled_at: Instant | None
    """None: it waits still, to be gathered with others."""
    outcome: Outcome | None
    person: PersonId | None
    passed: Passed
    state: str | None
    """Of the letter, as the outbox has it."""


@dataclass(frozen=True, slots=True)
class Undistributed:
    """A client whom somebody has talked to who gets no clients, and who is still nobody's."""

    client: int
    name: str | None
    numbers: tuple[str, ...]
    department: str | None
    since: Instant
    call: CallId | None
    answered_by: PersonId | None


async def lost(connection: AsyncConnection, found: Iterable[tuple[CallRow, int, int]]) -> None:
    """Have somebody told of lost calls, with their client and task.

    Of one that the fallback may serve still, once it is known how it went.
    """
    await _note(connection, [_of_lost(row, client, task) for row, client, task in found])


def _of_lost(row: CallRow, client: int, task: int) -> dict[str, Any]:
    about = _about(Notice.LOST, row, client, row.id) | {"task_id": task}
    late = {"due_at": about["at"] + GIVEN_AWAY} if row.lost_reason is LostReason.FAILURE else {}
    return about | late


async def ended(
    connection: AsyncConnection, found: Iterable[tuple[CallRow, Mapping[str, Any], tuple[PersonId, ...]]]
) -> None:
    """Have somebody told of what answered calls give cause for: the rows, what `cards.settle` said, the claimants."""
    noted = []
    for row, known, claimants in found:
        client = known.get("client_id")
        for kind in () if client is None else causes(row, claimants, known.get("claimed_by")):
            once = row.id if kind is Notice.ANSWERED else f"{client}:{row.department or ''}"
            noted.append(_about(kind, row, client, once))
    await _note(connection, noted)


def _about(kind: Notice, row: CallRow, client: int | None, once: str) -> dict[str, Any]:
    at = row.arrived_at if row.ended_at is None else row.ended_at
    times = {"key": f"{kind}:{once}", "kind": kind, "at": at, "due_at": at}
    return times | {"client_id": client, "department": row.department, "call_id": row.id}


async def neglected(connection: AsyncConnection, found: Iterable[LostClient], at: Instant) -> None:
    """Have the head told of lost clients whom nobody calls back: of each once, as long as he is on the list."""
    times = {"kind": Notice.WAITING, "at": at, "due_at": at}
    whose = [{"client_id": one.client, "department": one.department, "task_id": one.task} for one in found]
    await _note(connection, [times | about | {"key": f"{Notice.WAITING}:{about['task_id']}"} for about in whose])


async def unnoticed(connection: AsyncConnection, since: Instant) -> tuple[LostClient, ...]:
    """Return the lost clients who are on the list since then or longer, and of whom the head was not to be told yet."""
    noted = select(notices.c.id).where(notices.c.task_id == tasks.c.id, notices.c.kind == Notice.WAITING)
    return await worklist.load(connection, tasks.c.closed_at.is_(None) & (tasks.c.since <= since) & ~noted.exists())


async def alone(connection: AsyncConnection) -> bool:
    """Whether nobody else settles notices until the transaction ends; on SQLite nobody else writes anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool((await connection.execute(select(func.pg_try_advisory_xact_lock(_ONE_AT_A_TIME)))).scalar_one())


async def waiting(connection: AsyncConnection, at: Instant) -> tuple[Waiting, ...]:
    """Return the notices that are due, the oldest first, `MOST` at the most."""
    its = records.c.asterisk_id == calls.c.asterisk_id
    of_call = select(calls.c.id).join(records, its).where(calls.c.id == notices.c.call_id)
    is_known = and_(of_call.exists(), ~of_call.where(records.c.is_open).exists())
    query = select(notices, _IS_SOMEBODYS.exists().label("has_responsible")).where(_WAITS)
    query = query.where(or_(notices.c.due_at <= at, is_known)).order_by(notices.c.due_at, notices.c.id).limit(MOST)
    found = (await connection.execute(query)).all()
    ended: dict[str | None, CallRow] = {}
    for some in _portions({one.call_id for one in found} - {None}):
        told = (await connection.execute(select(calls).where(calls.c.id.in_(some)))).all()
        ended |= {row.id: row for row in await rows.load(connection, told)}
    lost: dict[int | None, LostClient] = {}
    for some in _portions({one.task_id for one in found} - {None}):
        lost |= {one.task: one for one in await worklist.load(connection, tasks.c.id.in_(some))}
    return tuple(
        Waiting(one.id, one.key, one.at, _cause(one, ended.get(one.call_id), lost.get(one.task_id))) for one in found
    )


async def told_since(connection: AsyncConnection, since: Instant) -> dict[tuple[Notice, PersonId], Instant]:
    """Return when somebody got his last letter of a kind, where that was after `since`."""
    last = func.max(notices.c.settled_at)
    whom = (notices.c.kind, notices.c.person)
    query = select(*whom, last).where(notices.c.settled_at > since, notices.c.outcome == "told").group_by(*whom)
    found = await connection.execute(query)
    return {(Notice(kind), PersonId(person)): at for kind, person, at in found}


async def settle(
    connection: AsyncConnection,
    which: Sequence[int],
    outcome: Outcome,
    at: Instant,
    to: Addressee | None = None,
    message: str | None = None,
) -> None:
    """Write down what became of notices."""
    values: dict[str, Any] = {"settled_at": at, "outcome": outcome, "message": message}
    if to is not None:
        values |= {"person": to.person, "passed": to.passed}
    if which:
        await connection.execute(update(notices).where(notices.c.id.in_(which)).values(values))


async def of_call(connection: AsyncConnection, call: CallId) -> tuple[Settled, ...]:
    """Return the notices about a call, in order."""
    return await _settled(connection, notices.c.call_id == call)


async def of_tasks(connection: AsyncConnection, found: Sequence[int]) -> dict[int, list[Settled]]:
    """Return by task the notices about lost clients, in order."""
    by_task: dict[int, list[Settled]] = {task: [] for task in found}
    for start in range(0, len(found), rows.CHUNK):
        for one in await _settled(connection, notices.c.task_id.in_(found[start : start + rows.CHUNK])):
            assert one.task is not None
            by_task[one.task].append(one)
    return by_task


async def undistributed(connection: AsyncConnection) -> tuple[Undistributed, ...]:
    """Return the clients who are to be given to somebody, oldest first; who is somebody's is no longer one of them."""
    columns = [notices.c[name] for name in ("client_id", "department", "call_id", "at")]
    query = select(*columns, clients.c.name, calls.c.answered_by)
    query = query.join(clients, clients.c.id == notices.c.client_id).join(
        calls, calls.c.id == notices.c.call_id, isouter=True
    )
    listed = and_(notices.c.kind == Notice.UNDISTRIBUTED, ~_IS_SOMEBODYS.exists())
    found = (await connection.execute(query.where(listed).order_by(notices.c.at, notices.c.id))).all()
    theirs: dict[int, list[str]] = {}
    ids = sorted({one.client_id for one in found})
    for start in range(0, len(ids), rows.CHUNK):
        some = client_phones.c.client_id.in_(ids[start : start + rows.CHUNK])
        numbers = select(client_phones).where(some).order_by(client_phones.c.number)
        for one in await connection.execute(numbers):
            theirs.setdefault(one.client_id, []).append(one.number)
    return tuple(_undistributed(one, theirs.get(one.client_id, [])) for one in found)


def is_needed() -> ColumnElement[bool]:
    """Whether a notice is more than history: it lists a client who is nobody's, or keeps a task's second one away."""
    still_open = select(tasks.c.id).where(tasks.c.id == notices.c.task_id, tasks.c.closed_at.is_(None))
    lists = and_(notices.c.kind == Notice.UNDISTRIBUTED, ~_IS_SOMEBODYS.exists())
    return or_(still_open.exists(), lists)


async def unreached(connection: AsyncConnection, since: Instant) -> int:
    """Return how many notices reached nobody since then."""
    query = select(func.count()).where(notices.c.settled_at >= since, notices.c.outcome == "nobody")
    return int((await connection.execute(query)).scalar_one())


async def overdue(connection: AsyncConnection, at: Instant) -> int:
    """Return how many notices nobody has decided about that were due then."""
    return int((await connection.execute(select(func.count()).where(_WAITS, notices.c.due_at <= at))).scalar_one())


async def _note(connection: AsyncConnection, found: Sequence[dict[str, Any]]) -> None:
    if found:
        await connection.execute(insert_or_skip(connection, notices), found)


async def _settled(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[Settled, ...]:
    query = select(notices, outbox.c.state).join(outbox, outbox.c.key == notices.c.message, isouter=True)
    found = await connection.execute(query.where(which).order_by(notices.c.id))
    return tuple(
        Settled(
            Notice(one.kind),
            None if one.call_id is None else CallId(one.call_id),
            one.task_id,
            one.settled_at,
            one.outcome,
            None if one.person is None else PersonId(one.person),
            tuple((PersonId(person), why) for person, why in one.passed),
            one.state,
        )
        for one in found
    )


def _portions(keys: Iterable[Any]) -> Iterator[list[Any]]:
    several = sorted(keys)
    yield from (several[start : start + AT_ONCE] for start in range(0, len(several), AT_ONCE))


def _cause(one: Row[Any], row: CallRow | None, client: LostClient | None) -> Cause:
    return Cause(Notice(one.kind), one.department, row, client, bool(one.has_responsible))


def _undistributed(one: Any, numbers: Sequence[str]) -> Undistributed:
    call = None if one.call_id is None else CallId(one.call_id)
    person = None if one.answered_by is None else PersonId(one.answered_by)
    return Undistributed(one.client_id, one.name, tuple(numbers), one.department, one.at, call, person)
