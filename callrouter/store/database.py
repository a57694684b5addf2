"""The engine: one for SQLite and PostgreSQL, transactions that read or write, errors split by fault."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy import event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callrouter.store.errors import DatabaseAwayError, DatabaseRefusedError, RowRefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from sqlalchemy import URL, Connection

LOCK_PATIENCE = 5
"""Seconds a SQLite writer waits for another."""
READS = "callrouter_reads"
AWAY_STATES = ("08", "53", "57", "40", "55P03", "25P03")
"""SQLSTATE classes that pass: connection, resources, operator's intervention, serialisation, lock, idle too long."""


class Database:
    """A pool of connections; `close` it."""

    def __init__(self, url: str, idle_at_most: float | None = None) -> None:
        """Open nothing yet; `url` as in the settings (`sqlite:///callrouter.db`, `postgresql://…`).

        `idle_at_most`: seconds after which PostgreSQL ends a transaction of ours that does nothing.
        """
        self._url = _with_driver(url)
        self._engine = _engine(self._url, idle_at_most)
        self._is_tried = False
        options: dict[str, Any] = {READS: True}
        if not self.is_sqlite:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reader = self._engine.execution_options(**options)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file: one writer at a time."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None: it is a server's, or in memory."""
        return Path(self._url.database) if self.is_sqlite and self._url.database else None

    def __str__(self) -> str:
        """Return the address without its password."""
        return self._url.set(drivername=self._url.get_backend_name()).render_as_string(hide_password=True)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """Run one transaction that sees one state of everything and never waits for a writer."""
        async with self._transaction(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """Run one transaction that is committed at the end; on SQLite it holds the write lock from its beginning."""
        async with self._transaction(self._engine) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        try:
            self._try_file()
            async with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, PostgresError, sqlite3.Error, OSError) as error:
            raise self._fault(error) from error

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[], None]) -> AsyncGenerator[asyncio.Event]:
        """Call `heard` whenever PostgreSQL is notified; the event says that the connection, one of its own, is gone."""
        gone = asyncio.Event()
        try:
            async with self._engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                driver.add_termination_listener(lambda _: gone.set())
                await driver.add_listener(channel, lambda *_: heard())
                try:
                    yield gone
                finally:
                    driver.terminate()  # nobody else gets a connection that listens
        except (SQLAlchemyError, PostgresError, OSError) as error:
            raise self._fault(error) from error

    def _try_file(self) -> None:
        """Open SQLite's file once without a thread: aiosqlite's outlives a failed connect, and then its loop."""
        if self._is_tried or not self.is_sqlite:
            return
        with contextlib.closing(sqlite3.connect(self._url.database or "", timeout=0)) as connection:
            connection.execute("PRAGMA schema_version")
        self._is_tried = True

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def _fault(self, error: Exception) -> DatabaseAwayError | DatabaseRefusedError:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        said = (str(cause).strip() or type(cause).__name__).splitlines()[0].split(">: ", 1)[-1]
        if _passes(error, cause):
            return DatabaseAwayError(f"the database {self} is away: {said}")
        if "no such table" in said or _sqlstate(cause) in ("42P01", "42703"):
            return DatabaseRefusedError(f"the database {self} has no such schema ({said}): run `callrouter db upgrade`")
        if isinstance(error, DataError | IntegrityError) or "invalid input for query argument" in said:
            return RowRefusedError(f"the database {self} does not take it: {said}")
        return DatabaseRefusedError(f"the database {self} refused: {said}")


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
        drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
        return parsed.set(drivername=drivers[parsed.drivername])
    except (ArgumentError, NoSuchModuleError, KeyError, ValueError):
        raise DatabaseRefusedError(
            "DATABASE_URL is not sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from None


def _engine(url: URL, idle_at_most: float | None) -> AsyncEngine:
    if url.get_backend_name() == "postgresql":
        options: dict[str, Any] = {"timeout": LOCK_PATIENCE}
        if idle_at_most is not None:
            options["server_settings"] = {"idle_in_transaction_session_timeout": str(round(idle_at_most * 1000))}
        return create_async_engine(url, pool_pre_ping=True, connect_args=options)
    engine = create_async_engine(url, connect_args={"isolation_level": None, "timeout": LOCK_PATIENCE})
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    """WAL lets readers read while one writes; a killed process loses nothing with synchronous=NORMAL."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where we write: a deferred one fails in the middle instead of waiting."""
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _sqlstate(cause: object) -> str:
    return str(getattr(cause, "sqlstate", None) or "")


def _passes(error: Exception, cause: BaseException) -> bool:
    if isinstance(error, OSError) or isinstance(cause, OSError) or getattr(error, "connection_invalidated", False):
        return True
    if _sqlstate(cause):
        return _sqlstate(cause).startswith(AWAY_STATES)
    passing = ("locked", "busy", "full", "disk I/O", "connection was closed", "connection is closed")
    return any(word in str(cause) for word in passing)
