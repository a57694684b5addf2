"""
The workers' leases: who lives, and who may take over whose calls. PostgreSQL only, by the database's own clock.

A lease permits; who has a call is decided by Asterisk. Without the database nobody takes over and everybody keeps what
he has. Who takes over has the dead worker's lease too, until he has fetched everything from its application: meanwhile
that worker stands by if it comes back, and should the heir die, whoever follows him knows where the channels are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, cast, delete, func, insert, select, true, type_coerce, update

from callrouter.core.errors import AwayError
from callrouter.core.words import CallId, Instant
from callrouter.store.tables import MICRO, Moment, calls, workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.database import Database

TERM = 2.5
"""Seconds after its last beat for which a worker counts as alive."""
LEFT = 0.0
"""The beat of a worker that has stopped in order: its calls may be taken at once."""


class LeaseHeldError(AwayError):
    """Another worker lives under this name: waiting helps when it dies."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One life of a worker: its application, a word of its own, its Asterisk, its host and DATA_DIR, its process."""

    app: str
    run: str
    pbx: str
    place: str
    pid: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A worker whose leases are over: `ago` seconds since its last beat, None when it stopped in order.

    `apps`: its own, and those that it had not wholly taken over.
    """

    apps: tuple[str, ...]
    run: str
    place: str
    ago: float | None


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it stands: who has it since when, with how many calls.

    `ago`: seconds since its holder was last heard; None: he left in order. `is_over`: others may take his calls.
    """

    app: str
    place: str
    pid: int
    calls: int
    since: Instant
    ago: float | None
    is_over: bool


async def held(connection: AsyncConnection) -> tuple[Held, ...]:
    """Return every lease, by name; what somebody has not wholly taken over yet is his."""
    runs: dict[str, list[Row[Any]]] = {}
    for one in await _leases(connection, true()):
        runs.setdefault(one.run, []).append(one)
    newest = {run: its[0] for run, its in runs.items()}
    found = [
        Held(one.app, one.place, one.pid, one.calls, one.since, _seconds(newest[run]), _is_over(newest[run].ago))
        for run, its in runs.items()
        for one in its
    ]
    return tuple(sorted(found, key=lambda one: one.app))


def _now() -> ColumnElement[int]:
    """The database's clock now, not the transaction's beginning, in microseconds."""
    return cast(func.extract("epoch", func.clock_timestamp()) * MICRO, BigInteger)


async def now_of(database: Database) -> Instant | None:
    """Return what a server's clock shows; None: SQLite has ours."""
    if database.is_sqlite:
        return None
    async with database.reading() as connection:
        return (await connection.execute(select(_now()))).scalar_one() / MICRO


def _beat_at() -> ColumnElement[int]:
    return type_coerce(workers.c.beat_at, BigInteger)


def _is_over(ago: int) -> bool:
    """Whether so many microseconds make a lease void; it is so too if the database's clock was set back since."""
    return abs(ago) >= TERM * MICRO


async def holder(connection: AsyncConnection, me: Identity) -> Silent | None:
    """Return who else has this worker's lease, if it is over."""
    its = select(workers.c.run).where(workers.c.app == me.app, workers.c.place != me.place)
    return next(iter(await _silent(connection, workers.c.run.in_(its))), None)


async def take(connection: AsyncConnection, me: Identity) -> float | None:
    """Take the lease; return how many seconds ago a former life of this worker was last heard, None: it left in order.

    Raises LeaseHeldError while another life has it, unless that was in our own DATA_DIR, which is locked: it is dead.
    What that life had not wholly taken over is ours too.
    """
    query = select(workers).where(workers.c.app == me.app).with_for_update()
    there = (await connection.execute(query)).one_or_none()
    ago = None
    if there is not None:
        its = await _leases(connection, workers.c.run == there.run, is_locking=True)
        if there.place != me.place and not _is_over(its[0].ago):
            raise LeaseHeldError(f"{me.app} is served by process {there.pid} at {there.place}: standing by")
        ago = _seconds(its[0])
        await _succeed(connection, me, there.run, [one.app for one in its])
    await connection.execute(delete(workers).where(workers.c.app == me.app))
    now = type_coerce(_now(), Moment)
    await connection.execute(
        insert(workers).values(app=me.app, pbx=me.pbx, since=now, beat_at=now, calls=0, **_life(me))
    )
    return ago


async def beat(connection: AsyncConnection, me: Identity, load: int) -> bool:
    """Live on, with so many calls; return whether the lease is still ours."""
    values = {"beat_at": type_coerce(_now(), Moment), "calls": load}
    done = await connection.execute(update(workers).where(*_mine(me)).values(values))
    return done.rowcount == 1


async def is_mine(connection: AsyncConnection, me: Identity) -> bool:
    """Whether the lease is ours, and stays so until the end of this transaction."""
    query = select(workers.c.run).where(*_mine(me)).with_for_update(read=True, key_share=True)
    return (await connection.execute(query)).first() is not None


async def leave(connection: AsyncConnection, me: Identity) -> None:
    """Stop in order: whoever is there may take what is left at once."""
    await connection.execute(update(workers).where(workers.c.run == me.run).values(beat_at=LEFT))


async def fewest(connection: AsyncConnection, me: Identity) -> int | None:
    """Return how few calls another living worker at our Asterisk has; None: there is none."""
    others = (workers.c.app != me.app, workers.c.pbx == me.pbx, func.abs(_now() - _beat_at()) < int(TERM * MICRO))
    found: int | None = (await connection.execute(select(func.min(workers.c.calls)).where(*others))).scalar_one()
    return found


async def silent(connection: AsyncConnection, me: Identity) -> tuple[Silent, ...]:
    """Return the other workers at our Asterisk whose leases are over."""
    return await _silent(connection, and_(workers.c.run != me.run, workers.c.pbx == me.pbx))


async def inherit(connection: AsyncConnection, me: Identity, of: Silent) -> tuple[CallId, ...] | None:
    """Take what a silent worker has; return its live calls, None if somebody was quicker or it is back."""
    its = await _leases(connection, workers.c.run == of.run, is_locking=True)
    if not its or not _is_over(its[0].ago):
        return None
    return await _succeed(connection, me, of.run, [one.app for one in its])


async def heritage(connection: AsyncConnection, me: Identity) -> tuple[str, ...]:
    """Return the applications that we follow, and have not fetched everything from."""
    theirs = (workers.c.run == me.run, workers.c.app != me.app)
    return tuple((await connection.execute(select(workers.c.app).where(*theirs))).scalars())


async def release(connection: AsyncConnection, me: Identity, apps: Sequence[str]) -> None:
    """Nothing is left there: the name is free."""
    await connection.execute(delete(workers).where(workers.c.run == me.run, workers.c.app.in_(apps)))


async def _succeed(connection: AsyncConnection, me: Identity, run: str, apps: Sequence[str]) -> tuple[CallId, ...]:
    """Be another life's successor; return its live calls. Its beats stay as they are: only our own one counts."""
    await connection.execute(update(workers).where(workers.c.run == run).values(**_life(me)))
    live = (calls.c.app.in_(apps), calls.c.outcome.is_(None))
    taken = await connection.execute(update(calls).where(*live).values(app=me.app).returning(calls.c.id))
    return tuple(CallId(call_id) for call_id in taken.scalars())


async def _silent(connection: AsyncConnection, which: ColumnElement[bool]) -> tuple[Silent, ...]:
    runs: dict[str, list[Row[Any]]] = {}
    for one in await _leases(connection, which):
        runs.setdefault(one.run, []).append(one)
    return tuple(
        Silent(tuple(one.app for one in its), run, its[0].place, _seconds(its[0]))
        for run, its in runs.items()
        if _is_over(its[0].ago)
    )


async def _leases(
    connection: AsyncConnection, which: ColumnElement[bool], *, is_locking: bool = False
) -> Sequence[Row[Any]]:
    """Return leases, that with the newest beat first: it is its worker's own one."""
    query = select(workers, (_now() - _beat_at()).label("ago")).where(which).order_by(_beat_at().desc())
    return (await connection.execute(query.with_for_update() if is_locking else query)).all()


def _seconds(lease: Row[Any]) -> float | None:
    return None if lease.beat_at == LEFT else float(max(lease.ago, 0)) / MICRO


def _life(me: Identity) -> dict[str, str | int]:
    return {"run": me.run, "place": me.place, "pid": me.pid}


def _mine(me: Identity) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return workers.c.app == me.app, workers.c.run == me.run
