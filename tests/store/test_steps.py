"""Each step of the schema down and up again, with rows in every table, on SQLite and PostgreSQL."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Boolean, Integer, LargeBinary, TypeDecorator, func, inspect, select, text

from callrouter.core.recorded import Portion, Position
from callrouter.store import schema
from callrouter.store.errors import SchemaRefusedError
from callrouter.store.journal import Journal
from callrouter.store.records import Records
from callrouter.store.shipper import Shipper
from callrouter.store.tables import metadata
from tests.store.test_records import RUNG, TALKED

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.database import Database

JOURNAL = Path(__file__).parent / "journals" / "0.1.jsonl"
CHANGED = {("0004", "client_phones"), ("0010", "record_files")}
"""What a move to this revision does to rows: only one card keeps a number; a file of Asterisk's is known by a hash."""

DERIVED = {"ledger_days"}
"""What is made of other rows, and made anew by `serve` or `callrouter db add-up` where a move empties it."""

Rows = dict[str, list[dict[str, Any]]]


async def _fill(database: Database, folder: Path) -> None:
    """Calls of a former version with all that follows from them, Asterisk's records, and a row in what is left."""
    (folder / "callrouter@00000000000000000001.jsonl").write_bytes(JOURNAL.read_bytes())
    journal = Journal(folder, "callrouter")
    await Shipper(journal, database).drain()
    journal.close()
    shelf = Records(database, lambda: RUNG.ended_at)
    await shelf.take("callrouter.csv", lambda _: Portion((RUNG, TALKED), Position(1, 100, b"x")))
    async with database.writing() as connection:
        for table in metadata.sorted_tables:
            if not (await connection.execute(select(func.count()).select_from(table))).scalar_one():
                await _insert(connection, table.name, await _any(connection, table))
        shared = await connection.execute(text("SELECT number, raw FROM client_phones"))
        number, raw = shared.first() or ("", "")
        await _insert(connection, "clients", {"id": 999, "attributes": "{}", "created_at": 1, "how": "imported"})
        await _insert(connection, "client_phones", {"number": number, "client_id": 999, "raw": raw})


async def _insert(connection: AsyncConnection, table: str, row: dict[str, Any]) -> None:
    columns, values = ", ".join(f'"{name}"' for name in row), ", ".join(f":{name}" for name in row)
    await connection.execute(text(f'INSERT INTO "{table}" ({columns}) VALUES ({values})'), row)


async def _any(connection: AsyncConnection, table: Table) -> dict[str, Any]:
    """Return a row of this table: of each column something, of foreign keys somebody."""
    found = {}
    for column in table.columns:
        if column.foreign_keys:
            (key,) = column.foreign_keys
            found[column.name] = (await connection.execute(select(key.column).limit(1))).scalar_one()
        else:
            found[column.name] = _something(column)
    return found


def _something(column: Column[Any]) -> object:
    kept = column.type
    match kept.impl_instance if isinstance(kept, TypeDecorator) else kept:
        case Boolean():
            return True
        case Integer():
            return 7
        case LargeBinary():
            return b"x"
        case _:
            return "{}"


async def _rows(database: Database) -> Rows:
    async with database.reading() as connection:
        return await connection.run_sync(_all)


def _all(connection: Connection) -> Rows:
    found = {}
    for table in inspect(connection).get_table_names():
        if table != "alembic_version":
            told = connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
            found[table] = [dict(one) for one in told]
    return found


def _missing(before: Rows, after: Rows, to: str) -> list[object]:
    """Return the rows of `before` that are not in `after`, by the tables and columns that both have."""
    missing: list[object] = []
    for table in (before.keys() & after.keys()) - DERIVED:
        if (to, table) in CHANGED or not before[table]:
            continue
        columns = after[table][0].keys() & before[table][0].keys() if after[table] else before[table][0].keys()
        left = [{name: one[name] for name in columns} for one in after[table]]
        missing += [(table, one) for one in before[table] if {name: one[name] for name in columns} not in left]
    return missing


async def test_every_step_keeps_the_rows(database: Database, tmp_path: Path) -> None:
    """A step back loses only what the newer schema had more, the step up nothing; so from the oldest to the newest."""
    await _fill(database, tmp_path)
    whole = await _rows(database)
    assert whole.keys() == metadata.tables.keys()
    assert [table for table, rows in whole.items() if not rows] == []
    revisions = schema.revisions()
    for newer, older in pairwise(reversed(revisions)):
        before = await _rows(database)
        await schema.downgrade(database, older)
        down = await _rows(database)
        assert _missing(before, down, older) == []
        await schema.upgrade(database, newer)
        up = await _rows(database)
        assert down.keys() <= up.keys()
        assert _missing(down, up, newer) == []
        assert [table for table in down.keys() - DERIVED if len(up[table]) != len(down[table])] == []
        await schema.downgrade(database, older)
    oldest = await _rows(database)
    assert len(oldest["calls"]) == len(whole["calls"]) > 5
    assert await schema.upgrade(database) == (revisions[0], revisions[-1])
    newest = await _rows(database)
    assert _missing(oldest, newest, revisions[-1]) == []


async def test_one_step_back_is_one(database: Database) -> None:
    """The program before finds the schema it needs."""
    *_, before, newest = schema.revisions()
    await schema.downgrade(database, before)
    assert await schema.current(database) == before
    assert await schema.upgrade(database) == (before, newest)


@pytest.mark.parametrize("to", ["0001", "0005"])
async def test_a_newer_database_says_the_way_back(database: Database, to: str) -> None:
    """What an older program says of it names the schema that program needs."""
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "revisions", lambda: ["0001", to])
        with pytest.raises(SchemaRefusedError, match=f"callrouter db downgrade {to}"):
            await schema.check(database)
