"""The made-up calls written in bulk: by COPY on PostgreSQL, by many rows a statement on SQLite; indexes come last."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, text

from bench.ledger_year import COLUMNS, SCHEME, ZONE, Rows, Year
from callrouter.store import days, schema, schemes
from callrouter.store.tables import calls, clients, metadata, tasks

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.database import Database

TOLD_EVERY = 30
WAITING = 300
"""Clients who are on the list of lost ones."""


async def fill(database: Database, year: Year, tell: Callable[[str], None]) -> int:
    """Write all of it, with the scheme and the list of lost clients; return how many calls there are."""
    await schema.upgrade(database)
    async with database.writing() as connection:
        await connection.run_sync(_indexes, "drop")
        await schemes.apply(connection, SCHEME.encode(), 0.0)
    written, begun = 0, time.monotonic()
    for number, (day, rows) in enumerate(year.dates(), start=1):
        async with database.writing() as connection:
            await _write(connection, rows, is_sqlite=database.is_sqlite)
        written += len(rows.calls)
        if number % TOLD_EVERY == 0:
            left = (time.monotonic() - begun) / number * (year.days - number)
            tell(f"{day}: {written:,} calls, {left:.0f} s to go")
    tell("indexes")
    async with database.writing() as connection:
        await connection.run_sync(_indexes, "create")
        await _worklist(connection)
        await connection.execute(text("ANALYZE"))
    return written


async def add_up(database: Database, year: Year, tell: Callable[[str], None]) -> None:
    """Add up every date, newest first, as `serve` does."""
    begun = time.monotonic()
    for number, one in enumerate(reversed(list(year.known())), start=1):
        await days.add_up(database, one, ZONE)
        if number % TOLD_EVERY == 0:
            each = (time.monotonic() - begun) / number
            tell(f"{number} dates added up, {each:.2f} s each, {each * (year.days - number):.0f} s to go")


async def _write(connection: AsyncConnection, rows: Rows, *, is_sqlite: bool) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    for table, columns in COLUMNS.items():
        those = getattr(rows, table)
        if is_sqlite:
            places = ", ".join("?" * len(columns))
            await driver.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", those)  # noqa: S608 - ours
        else:
            await driver.copy_records_to_table(table, records=those, columns=columns)


def _indexes(connection: Connection, what: str) -> None:
    for name in COLUMNS:
        for index in metadata.tables[name].indexes:
            getattr(index, what)(connection)


async def _worklist(connection: AsyncConnection) -> None:
    """Put the last lost callers on the list; that of a real year is as long as people let it grow."""
    query = (
        select(calls.c.caller, calls.c.line, calls.c.arrived_at)
        .where(calls.c.outcome == "lost", calls.c.direction == "in", calls.c.caller.is_not(None))
        .order_by(calls.c.arrived_at.desc())
        .limit(2 * WAITING)
    )
    found = {one.caller: one for one in await connection.execute(query)}
    for number, one in enumerate(list(found.values())[:WAITING], start=1):
        at = one.arrived_at
        await connection.execute(insert(clients), {"id": number, "attributes": "{}", "created_at": at, "how": "called"})
        task = {"client_id": number, "number": one.caller, "line": one.line, "lost": 1, "since": at, "last_at": at}
        await connection.execute(insert(tasks), task | {"attempts": 0})
