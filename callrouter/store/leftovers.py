"""Copies of what was erased that lie beside the tables: journals of workers, free pages of SQLite's file."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from callrouter.store.errors import DatabaseAwayError, DatabaseRefusedError
from callrouter.store.tables import journal_offsets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.database import Database

LOCK_PATIENCE = 30.0
"""Seconds to wait for whoever writes, or reads, at the moment."""


async def holding(connection: AsyncConnection, at: Instant) -> tuple[str, ...]:
    """Return the workers whose journal files began before this instant: they let go of them as soon as they can."""
    found = await connection.execute(select(journal_offsets.c.app, journal_offsets.c.segment))
    return tuple(sorted({one.app for one in found if _began(one.segment) < at}))


async def remove_shipped(database: Database, directory: Path) -> None:
    """Delete the journals in DATA_DIR that no worker has open, as far as SQL has all of them."""
    for segment in sorted((directory / "journal").glob("*@*.jsonl")):
        app = segment.name.rpartition("@")[0]
        with _unserved(directory, app) as is_so:
            if is_so and await _shipped(database, app, segment.name) >= segment.stat().st_size:
                segment.unlink()
                mine = journal_offsets.c.app == app, journal_offsets.c.segment == segment.name
                async with database.writing() as connection:
                    await connection.execute(delete(journal_offsets).where(*mine))


async def scrub(database: Database) -> None:
    """Write SQLite's file anew, so that nothing deleted is left in it; PostgreSQL does so by itself.

    Calls go on, and the ledger is later by so long. DatabaseAwayError: others did not let go of it.
    """
    if database.file is not None:
        await asyncio.to_thread(_scrub, database.file)


def _scrub(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file, timeout=LOCK_PATIENCE, isolation_level=None)) as connection:
        try:
            connection.execute("VACUUM")
            (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            kind = DatabaseAwayError if "locked" in str(error) or "full" in str(error) else DatabaseRefusedError
            raise kind(f"{file}: erased, but copies are left in its free pages ({error}): run it again") from None
    if is_busy:
        raise DatabaseAwayError(f"{file}: erased, but copies are left in its log, somebody reads: run it again")


@contextlib.contextmanager
def _unserved(directory: Path, app: str) -> Iterator[bool]:
    """Whether no worker has this name's journal; none begins meanwhile. When it lived last stays as it is noted."""
    try:
        file = (directory / f"{app}.lock").open("rb")
    except FileNotFoundError:
        yield True
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


async def _shipped(database: Database, app: str, segment: str) -> int:
    mine = journal_offsets.c.app == app, journal_offsets.c.segment == segment
    async with database.reading() as connection:
        return (await connection.execute(select(journal_offsets.c.offset).where(*mine))).scalar_one_or_none() or 0


def _began(segment: str) -> Instant:
    return int(segment.removesuffix(".jsonl").rpartition("@")[2]) / 1e9
