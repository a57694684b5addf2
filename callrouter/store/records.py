"""What Asterisk recorded, kept: each record once, with the position in its file, and one row for each call due one."""

from __future__ import annotations

from bisect import bisect
from dataclasses import asdict, fields
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import case, func, or_, select, update

from callrouter.core.recorded import AGI, FALLBACK, Position, Record, Recorded, gather
from callrouter.store import forgotten, late, rows, telling
from callrouter.store.clients import insert_or_skip
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.many import insert_many
from callrouter.store.tables import calls, record_files, records

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.recorded import Ending, Portion
    from callrouter.core.words import Instant
    from callrouter.store.database import Database

AT_ONCE = 500
"""Records in one transaction: others have to get at the database too."""
LOOKED_AT = 10 * AT_ONCE
"""Channels that are looked for at a time."""
FORGOTTEN_AFTER = 15.0
"""Seconds after which a router's call without a row is nobody's: it died with the call before it wrote anything."""
_OWN = tuple(field.name for field in fields(Record))
_values = attrgetter(*_OWN)
_IS_DUE = or_(records.c.by.in_((FALLBACK, AGI)), records.c.line == "")
"""Nobody else makes a row of it (`Record.is_due`)."""
_OFFSET = record_files.c.path, record_files.c.inode, record_files.c.offset, record_files.c.before

log = structlog.get_logger(__name__)


def _unheard(_: CallRow) -> None:
    """Nobody counts."""


class Records:
    """The shelf of an intake; `made` hears of each new row."""

    def __init__(
        self, database: Database, now: Callable[[], Instant], made: Callable[[CallRow], None] = _unheard
    ) -> None:
        """Do nothing yet."""
        self._database = database
        self._now = now
        self._made = made
        self._due: Sequence[Row[Any]] = ()
        """Channels that were found due, and not settled yet: to look for them takes as long as to settle some."""
        self._waits = False
        """Whether others were not due yet, or too many."""

    async def take(self, name: str, read: Callable[[Position | None], Portion | None]) -> Portion | None:
        """Read on from where this file was left, and keep what came: position and records are one transaction."""
        async with self._database.writing() as connection:
            portion = read(await _position(connection, name))
            if portion is None:
                return None
            await _keep(connection, await late.nameless_records(connection, portion.records), self._now())
            where = record_files.c.path == name
            await connection.execute(update(record_files).where(where).values(asdict(portion.position)))
            return portion

    async def settle(self, patience: float) -> tuple[int, bool]:
        """Make calls of some channels whose records came so long ago; return how many, and whether some wait."""
        if not self._due:
            await self._leave_to_the_router()
            await self._look(patience)
        most = bisect(list(accumulate(one.several for one in self._due[:AT_ONCE])), AT_ONCE)
        some = self._due[: max(most, 1)]
        await self._settle([one.asterisk_id for one in some])
        self._due = self._due[len(some) :]  # not before: while the database is away nothing is passed over
        return len(some), self._waits or bool(self._due)

    async def _look(self, patience: float) -> None:
        """Find channels that are due."""
        newest, is_due = func.max(records.c.seen_at), func.max(case((_IS_DUE, 1), else_=0))
        columns = newest.label("seen_at"), is_due.label("is_due"), func.count().label("several")
        query = select(records.c.asterisk_id, *columns)
        query = query.where(records.c.is_open).group_by(records.c.asterisk_id)
        query = query.order_by(newest, func.max(records.c.ended_at), records.c.asterisk_id).limit(LOOKED_AT + 1)
        async with self._database.reading() as connection:
            found = (await connection.execute(query)).all()
        now = self._now()
        due = [one for one in found if one.seen_at <= now - (patience if one.is_due else FORGOTTEN_AFTER)]
        self._due = due[:LOOKED_AT]
        self._waits = len(self._due) < len(found)

    async def _leave_to_the_router(self) -> None:
        """Whatever a worker has written down of a call, the rest of it is its own."""
        is_written = select(calls.c.id).where(calls.c.asterisk_id == records.c.asterisk_id).exists()
        left = update(records).where(records.c.is_open, ~_IS_DUE, is_written)
        async with self._database.writing() as connection:
            await connection.execute(left.values(is_open=False))

    async def ending(self, asterisk_id: str) -> Ending | None:
        """Return what is recorded of a channel's end, None when nothing is."""
        async with self._database.reading() as connection:
            found = await recorded(connection, [asterisk_id])
        return found[0].ending if found else None

    async def _settle(self, ids: Sequence[str]) -> None:
        """Make the calls of these channels all together; by halves where one cannot be stored, until that is left."""
        if not ids:
            return
        try:
            async with self._database.writing() as connection:
                made = await _close(connection, ids)
        except DatabaseAwayError:
            raise
        except Exception:
            half = len(ids) // 2
            if half:
                await self._settle(ids[:half])
                await self._settle(ids[half:])
                return
            log.exception("a call of asterisk's records cannot be stored", asterisk_id=ids[0])
            async with self._database.writing() as connection:
                await _shut(connection, ids)
        else:
            for row in made:
                self._made(row)


async def recorded(connection: AsyncConnection, ids: Iterable[str]) -> tuple[Recorded, ...]:
    """Return what is recorded of these channels, oldest first."""
    query = select(records).where(records.c.asterisk_id.in_(list(ids)))
    return gather(_record(one) for one in await connection.execute(query))


async def lines_called(
    connection: AsyncConnection, start: Instant = 0.0, end: Instant | None = None
) -> AsyncGenerator[tuple[tuple[Recorded, ...], tuple[CallRow, ...]]]:
    """Yield Asterisk's calls to a line with the rows there are of them, many at a time, in order.

    All of them, or those of which a record began in this half-open period.
    """
    query = select(records.c.asterisk_id).where(records.c.line != "", records.c.started_at >= start)
    if end is not None:
        query = query.where(records.c.started_at < end)
    ids = (await connection.execute(query.distinct().order_by(records.c.asterisk_id))).scalars().all()
    for at in range(0, len(ids), rows.CHUNK):
        some = ids[at : at + rows.CHUNK]
        written = select(calls).where(calls.c.asterisk_id.in_(some)).order_by(calls.c.arrived_at, calls.c.id)
        found = (await connection.execute(written)).all()
        yield await recorded(connection, some), await rows.load(connection, found)


async def without_record(connection: AsyncConnection, until: Instant, since: Instant = 0.0) -> tuple[CallRow, ...]:
    """Return the calls that came after the first record (and `since`), ended before `until`, and have none."""
    first = select(func.min(records.c.started_at)).scalar_subquery()
    there = select(records.c.asterisk_id).where(records.c.asterisk_id == calls.c.asterisk_id).exists()
    came = calls.c.arrived_at >= first, calls.c.arrived_at >= since
    query = select(calls).where(*came, calls.c.ended_at < until, ~there)
    found = (await connection.execute(query.order_by(calls.c.arrived_at, calls.c.id))).all()
    return await rows.load(connection, found, parts=False)


async def _close(connection: AsyncConnection, ids: Sequence[str]) -> Sequence[CallRow]:
    """Write what the records of these channels tell, in the order in which the calls were over."""
    await forgotten.heed(connection)
    query = select(records).where(records.c.asterisk_id.in_(ids)).order_by(records.c.asterisk_id).with_for_update()
    found = (await connection.execute(query)).all()
    open_ = {one.asterisk_id for one in found if one.is_open}  # with the others another worker was quicker
    gathered = (one for one in gather(map(_record, found)) if one.asterisk_id in open_)
    made = await telling.tell(connection, sorted(gathered, key=lambda one: (one.ended_at, one.asterisk_id)))
    await _shut(connection, open_)
    return made


async def _shut(connection: AsyncConnection, ids: Collection[str]) -> None:
    await connection.execute(update(records).where(records.c.asterisk_id.in_(ids)).values(is_open=False))


async def _position(connection: AsyncConnection, name: str) -> Position | None:
    """Return where the file was left, and keep every other reader waiting until this one is done."""
    fresh = {"path": name, "inode": 0, "offset": 0, "before": b""}
    await connection.execute(insert_or_skip(connection, record_files).values(fresh))
    query = select(*_OFFSET).where(record_files.c.path == name).with_for_update()
    found = (await connection.execute(query)).one()
    return Position(found.inode, found.offset, found.before) if found.inode else None


async def _keep(connection: AsyncConnection, found: Iterable[Record], at: Instant) -> None:
    names = (*_OWN, "seen_at", "is_open")
    lines = [dict(zip(names, (*_values(one), at, one.is_ours), strict=True)) for one in found]
    await insert_many(connection, records, lines, skips=True)


def _record(one: Row[Any]) -> Record:
    return Record(*_values(one))
