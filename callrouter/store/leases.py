"""
The workers' leases: who lives, and who may take over whose calls. PostgreSQL only, by the database's own clock.

A lease permits; who has a call is decided by Asterisk. Without the database nobody takes over and everybody keeps what
he has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, cast, delete, func, insert, select, type_coerce, update

from callrouter.core.errors import AwayError
from callrouter.core.words import CallId
from callrouter.store.tables import MICRO, Moment, calls, workers

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

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
    """A worker whose lease is over: `ago` seconds since its last beat, None when it stopped in order."""

    app: str
    run: str
    place: str
    ago: float | None


def _now() -> ColumnElement[int]:
    """The database's clock now, not the transaction's beginning, in microseconds."""
    return cast(func.extract("epoch", func.clock_timestamp()) * MICRO, BigInteger)


def _beat_at() -> ColumnElement[int]:
    return type_coerce(workers.c.beat_at, BigInteger)


def _is_over() -> ColumnElement[bool]:
    return _beat_at() < _now() - int(TERM * MICRO)


async def holder(connection: AsyncConnection, me: Identity) -> Silent | None:
    """Return who else has this worker's lease, if it is over."""
    over = (workers.c.app == me.app, workers.c.place != me.place, _is_over())
    return next(iter(await _silent(connection, over)), None)


async def take(connection: AsyncConnection, me: Identity) -> float | None:
    """Take the lease; return how many seconds ago a former life of this worker was last heard, None: it left in order.

    Raises LeaseHeldError while another life has it, unless that was in our own DATA_DIR, which is locked: it is dead.
    """
    query = select(workers, (_now() - _beat_at()).label("ago")).where(workers.c.app == me.app).with_for_update()
    there = (await connection.execute(query)).one_or_none()
    if there is not None and there.place != me.place and there.ago < TERM * MICRO:
        raise LeaseHeldError(f"{me.app} is served by process {there.pid} at {there.place}: standing by")
    await connection.execute(delete(workers).where(workers.c.app == me.app))
    values = {"app": me.app, "run": me.run, "pbx": me.pbx, "place": me.place, "pid": me.pid, "calls": 0}
    now = type_coerce(_now(), Moment)
    await connection.execute(insert(workers).values(**values, since=now, beat_at=now))
    return None if there is None or there.beat_at == LEFT else there.ago / MICRO


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
    await connection.execute(update(workers).where(*_mine(me)).values(beat_at=LEFT))


async def fewest(connection: AsyncConnection, me: Identity) -> int | None:
    """Return how few calls another living worker at our Asterisk has; None: there is none."""
    others = (workers.c.app != me.app, workers.c.pbx == me.pbx, ~_is_over())
    found: int | None = (await connection.execute(select(func.min(workers.c.calls)).where(*others))).scalar_one()
    return found


async def silent(connection: AsyncConnection, me: Identity) -> tuple[Silent, ...]:
    """Return the other workers at our Asterisk whose leases are over."""
    return await _silent(connection, (workers.c.app != me.app, workers.c.pbx == me.pbx, _is_over()))


async def _silent(connection: AsyncConnection, which: tuple[ColumnElement[bool], ...]) -> tuple[Silent, ...]:
    query = select(workers, (_now() - _beat_at()).label("ago")).where(*which)
    return tuple(
        Silent(one.app, one.run, one.place, None if one.beat_at == LEFT else one.ago / MICRO)
        for one in await connection.execute(query)
    )


async def inherit(connection: AsyncConnection, me: Identity, of: Silent) -> tuple[CallId, ...] | None:
    """Take what a silent worker has; return its live calls, None if somebody was quicker or it is back."""
    its = (workers.c.app == of.app, workers.c.run == of.run, _is_over())
    if (await connection.execute(delete(workers).where(*its))).rowcount != 1:
        return None
    live = (calls.c.app == of.app, calls.c.outcome.is_(None))
    taken = await connection.execute(update(calls).where(*live).values(app=me.app).returning(calls.c.id))
    return tuple(CallId(call_id) for call_id in taken.scalars())


def _mine(me: Identity) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return workers.c.app == me.app, workers.c.run == me.run
