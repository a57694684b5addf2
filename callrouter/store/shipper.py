"""
The way of the journal into SQL: in order, exactly once, within 100 ms while SQL is there, for ever trying while not.

Records, the rows that follow from them and the offset up to which the segment is shipped are one transaction.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, insert, select

from callrouter.core.call import Phase
from callrouter.core.events import CallArrived
from callrouter.core.machine import advance, arrive
from callrouter.core.outcome import row
from callrouter.core.recorded import AGI
from callrouter.store import closing, former, late, rows
from callrouter.store.errors import DatabaseAwayError, DatabaseRefusedError, RowRefusedError
from callrouter.store.history import recall
from callrouter.store.lines import Line, read
from callrouter.store.tables import journal, journal_offsets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.call import Call
    from callrouter.core.words import CallId
    from callrouter.store.codec import Record
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

log = structlog.get_logger(__name__)

GATHER = 0.02
"""Seconds in which records gather, so that a burst is one transaction."""
RETRY = (0.2, 5.0)
"""Seconds before trying again: at first, at most."""
FULL_DISK = 1.0
"""Seconds between two attempts to write what a full disk did not take."""
BATCH = 262_144
"""Bytes of journal in one transaction."""


async def unfenced(_: AsyncConnection) -> None:
    """There is nobody who could take over."""


class Shipper:
    """Takes one worker's journal to SQL. Run one at a time.

    `fence` raises in a transaction that is not to be, because another worker has taken over.
    """

    def __init__(
        self,
        journal: Journal,
        database: Database,
        fence: Callable[[AsyncConnection], Awaitable[None]] = unfenced,
    ) -> None:
        """Do nothing yet: `run` or `drain` does."""
        self.journal = journal
        self.database = database
        self._fence = fence
        self._life = journal.current.name
        """The segment this life began with: the ones before it are a former life's."""
        self.dropped = 0
        """Records that could not be read or stored: an alarm."""
        self.is_stuck = False
        """Whether SQL did not take the journal when that was tried last."""
        self._calls: dict[CallId, Call] = {}
        self._offsets: dict[str, int] = {}

    async def run(self) -> None:
        """Ship for ever, until cancelled."""
        patience = RETRY[0]
        while True:
            try:
                await self.drain()
            except (DatabaseAwayError, DatabaseRefusedError) as error:
                log.warning("journal: SQL does not take it, trying again", why=str(error), bytes=self.behind())
                self.is_stuck = True
                await asyncio.sleep(patience * random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, guards nothing
                patience = min(patience * 2, RETRY[1])
                continue
            self.is_stuck = False
            patience = RETRY[0]
            await self._wait()

    async def drain(self) -> None:
        """Ship all that is written by now, older segments first; shipped ones go, except the one in use."""
        self.journal.written.clear()
        self.journal.flush()
        for segment in self.journal.segments():
            while await self._ship(segment, BATCH):
                pass
            if segment != self.journal.current:
                await self._remove(segment)

    async def caught_up(self) -> None:
        """Return once SQL has what is written by now."""
        segment = self.journal.current
        size = segment.stat().st_size
        while self._offsets.get(segment.name, 0) < size:  # noqa: ASYNC110 - each look is as long as a transaction
            await asyncio.sleep(GATHER)

    def behind(self) -> int:
        """Return the depth of the spool: bytes that are written and not shipped."""
        return sum(one.stat().st_size - self._offsets.get(one.name, 0) for one in self.journal.segments())

    async def _wait(self) -> None:
        patience = None if self.journal.flush() else FULL_DISK
        with suppress(TimeoutError):
            await asyncio.wait_for(self.journal.written.wait(), patience)
        await asyncio.sleep(GATHER)

    async def _ship(self, segment: Path, size: int) -> bool:
        """Ship one batch; return whether there was one."""
        offset = self._offsets.get(segment.name)
        if offset is None:
            offset = self._offsets[segment.name] = await self._shipped(segment)
        lines = read(segment, offset, size)
        if not lines:
            return False
        try:
            await self._store(segment, lines)
        except Exception as error:
            if _waits(error):
                raise
            await self._one_by_one(segment, lines)
        return True

    async def _one_by_one(self, segment: Path, lines: list[Line]) -> None:
        """Find the record that cannot be stored, and leave it out: it must not hold up those behind it."""
        for line in lines:
            try:
                await self._store(segment, [line])
            except Exception as error:
                if _waits(error):
                    raise
                log.exception("journal: a record cannot be stored", segment=segment.name, offset=line.offset)
                await self._store(segment, [Line(line.offset, line.text, None)])

    async def _store(self, segment: Path, lines: list[Line]) -> None:
        end = lines[-1].offset + len(lines[-1].text)
        changed: dict[CallId, Call] = {}
        try:
            async with self.database.writing() as connection:
                await self._fence(connection)
                told = [line for line in lines if line.record]
                if segment.name < self._life:
                    told = await former.ours(connection, told, self.journal.app)
                told = await late.nameless(connection, told)
                await self._write(connection, told, changed, segment)
                await self._mark(connection, segment, end)
        except BaseException:  # cancelled, or cut off at the commit: only SQL knows whether it took place
            self._offsets.pop(segment.name, None)
            self._calls.clear()
            raise
        self._offsets[segment.name] = end
        self._calls.update(changed)
        for call_id in [key for key, call in changed.items() if call.phase is Phase.OVER]:
            del self._calls[call_id]
        unread = [line for line in lines if line.record is None]
        if unread:
            self.dropped += len(unread)
            log.error("journal: dropped what is no record", segment=segment.name, offset=unread[0].offset)

    async def _write(
        self, connection: AsyncConnection, lines: list[Line], changed: dict[CallId, Call], segment: Path
    ) -> None:
        ended: list[Call] = []
        arrived: dict[CallId, Call] = {}
        for line in lines:
            assert line.record is not None
            before = await self._known(connection, line.record, changed)
            call = _next(before, line.record)
            if call is None:
                continue
            changed[call.id] = call
            if before is None:
                arrived[call.id] = call
            if call.phase is Phase.OVER and (before is None or before.phase is not Phase.OVER):
                ended.append(call)
        if lines:
            await connection.execute(insert(journal), [self._row(line, segment) for line in lines])
        for call in [one for one in arrived.values() if one.phase is Phase.DIALPLAN]:
            if await closing.is_recorded(connection, row(call), self.journal.app):
                del arrived[call.id]
        await rows.begin(connection, [row(call) for call in arrived.values()], self.journal.app)
        for call in sorted(ended, key=lambda one: (one.ended_at or 0.0, one.arrived.arrived_at)):
            await closing.close(connection, call)

    async def _known(self, connection: AsyncConnection, record: Record, changed: dict[CallId, Call]) -> Call | None:
        known = changed.get(record.call_id) or self._calls.get(record.call_id)
        is_new = isinstance(record.event, CallArrived) and record.event.routed_by != AGI
        if known is not None or is_new:
            return known
        return await recall(connection, record.call_id)

    def _row(self, line: Line, segment: Path) -> dict[str, object]:
        assert line.record is not None
        return {
            "call_id": line.record.call_id,
            "at": line.record.event.at,
            "event": type(line.record.event).__name__,
            "record": line.text.decode().rstrip("\n"),
            "app": self.journal.app,
            "segment": segment.name,
            "offset": line.offset,
        }

    async def _shipped(self, segment: Path) -> int:
        async with self.database.reading() as connection:
            found = await connection.execute(select(journal_offsets.c.offset).where(*self._mine(segment)))
            return found.scalar_one_or_none() or 0

    async def _mark(self, connection: AsyncConnection, segment: Path, end: int) -> None:
        await connection.execute(delete(journal_offsets).where(*self._mine(segment)))
        values = {"app": self.journal.app, "segment": segment.name, "offset": end}
        await connection.execute(insert(journal_offsets).values(values))

    async def _remove(self, segment: Path) -> None:
        self._unlink(segment)
        async with self.database.writing() as connection:
            await connection.execute(delete(journal_offsets).where(*self._mine(segment)))

    def _unlink(self, segment: Path) -> None:
        rest = segment.stat().st_size - self._offsets.pop(segment.name, 0)
        if rest > 0:
            self.dropped += 1
            log.error("journal: dropped a torn last record", segment=segment.name, bytes=rest)
        segment.unlink()

    def _mine(self, segment: Path) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return journal_offsets.c.app == self.journal.app, journal_offsets.c.segment == segment.name


def _waits(error: Exception) -> bool:
    """Return whether the database is the matter, and not what a record holds."""
    return isinstance(error, DatabaseAwayError | DatabaseRefusedError) and not isinstance(error, RowRefusedError)


def _next(call: Call | None, record: Record) -> Call | None:
    """Return the call after this record; a defect in the machine must not hold up the other calls' records."""
    try:
        if call is not None:
            return call if isinstance(record.event, CallArrived) else advance(call, record.event)[0]
        if isinstance(record.event, CallArrived):
            return arrive(record.call_id, record.event)[0]
    except Exception:
        log.exception("journal: the machine failed on a record", call=record.call_id)
        return call
    log.error("journal: a record of a call that never arrived", call=record.call_id)
    return None
