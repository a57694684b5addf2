"""Migrations on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from callrouter.cdr.file import read
from callrouter.core.recorded import Position
from callrouter.store import schema
from callrouter.store.database import Database
from callrouter.store.errors import DatabaseAwayError, DatabaseRefusedError, SchemaRefusedError
from callrouter.store.tables import metadata, record_files

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def test_the_head_equals_the_metadata(database: Database) -> None:
    """After `upgrade head` there is nothing left to migrate."""
    async with database.reading() as connection:
        assert await connection.run_sync(_differences) == []


def test_the_newest_file_is_alembics_head() -> None:
    """What the files' names say without alembic is what alembic finds in them."""
    config = Config()
    config.set_main_option("script_location", str(schema.migrations()))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.newest()]


async def test_the_way_back_leaves_nothing(database: Database) -> None:
    """After `downgrade base` only alembic's own table is there, and the way up works again."""
    await schema.downgrade(database)
    async with database.reading() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]
    assert await schema.upgrade(database) == (None, schema.newest())


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    """A schema that is up to date stays as it is."""
    assert await schema.upgrade(database) == (schema.newest(), schema.newest())


async def test_calls_of_before_know_whether_they_were_lost_as_closed(url: str) -> None:
    """A row written before rows said it is outside hours if that is why it was lost; its source is not known."""
    there = Database(url)
    await schema.upgrade(there, "0005")
    async with there.writing() as connection:
        for reason in ("closed", "abandoned"):
            await connection.execute(
                text(
                    "INSERT INTO calls (id, line, caller_raw, direction, arrived_at, outcome, lost_reason, routed_by,"
                    f" recovered, asterisk_id, app) VALUES ('{reason}', '', '', 'in', 1, 'lost', '{reason}', '', false,"
                    " '', '')"
                )
            )
    await schema.upgrade(there)
    async with there.reading() as connection:
        found = await connection.execute(text("SELECT id, is_closed, source FROM calls ORDER BY id"))
        assert [tuple(one) for one in found] == [("abandoned", False, None), ("closed", True, None)]
    await there.close()


async def test_a_file_of_records_that_was_read_is_known_by_a_hash(url: str, tmp_path: Path) -> None:
    """Where reading goes on stays the same, and no piece of the file is kept: there are numbers in it."""
    there, path = Database(url), tmp_path / "callrouter.csv"
    path.write_bytes(b"callrouter,89161234567\n")
    await schema.upgrade(there, "0009")
    async with there.writing() as connection:
        values = {"path": str(path), "inode": path.stat().st_ino, "before": path.read_bytes()}
        await connection.execute(
            text("INSERT INTO record_files VALUES (:path, :inode, 23, :before)").bindparams(**values)
        )
    await schema.upgrade(there)
    async with there.reading() as connection:
        one = (await connection.execute(select(record_files))).one()
    assert b"8916" not in one.before
    portion = read(path, Position(one.inode, one.offset, one.before))
    assert portion is not None
    assert (portion.position.offset, portion.bad) == (23, 0)
    await there.close()


async def test_an_empty_database_is_refused(url: str) -> None:
    """A database without a schema is refused with what to do about it."""
    empty = Database(url)
    with pytest.raises(SchemaRefusedError, match="is empty: run `callrouter db upgrade`"):
        await schema.check(empty)
    await empty.close()


async def test_a_newer_schema_is_refused(database: Database) -> None:
    """A schema from the future is refused, and the message does not tell to upgrade it."""
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaRefusedError, match="which this version does not know: install a newer callrouter"):
        await schema.check(database)


async def test_a_query_on_an_empty_database_says_what_to_do(url: str) -> None:
    """A missing table is told as a missing schema, not as SQL."""
    empty = Database(url)
    with pytest.raises(DatabaseRefusedError, match="run `callrouter db upgrade`"):
        async with empty.reading() as connection:
            await connection.execute(text("SELECT * FROM calls"))
    await empty.close()


async def test_a_file_that_is_no_database_is_ours(tmp_path: Path) -> None:
    """A file of something else, a directory, or a folder that is not there: refused, and left alone."""
    (tmp_path / "notes.txt").write_text("no database " * 100)
    for name, said in (("notes.txt", "not a database"), (".", "unable to open"), ("nowhere/x.db", "unable to open")):
        there = Database(f"sqlite:///{tmp_path}/{name}")
        with pytest.raises(DatabaseRefusedError, match=said):
            await schema.check(there)
        await there.close()
    assert (tmp_path / "notes.txt").read_text() == "no database " * 100


async def test_a_server_that_is_away_is_theirs() -> None:
    """Nobody listening is `DatabaseAwayError`, exit code 3, and the password is not in the message."""
    there = Database("postgresql://router:secret@127.0.0.1:1/callrouter")
    with pytest.raises(DatabaseAwayError, match=r"router:\*\*\*@127.0.0.1:1/callrouter is away") as raised:
        await schema.check(there)
    assert raised.value.exit_code == 3
    await there.close()


@pytest.mark.parametrize("address", ["mysql://a/b", "", "callrouter.db", "sqlite+pysqlite:///x", "postgresql://a:b:c"])
def test_a_wrong_address_is_ours(address: str) -> None:
    """An address that is none is refused at once, exit code 2."""
    with pytest.raises(DatabaseRefusedError, match="DATABASE_URL is not") as raised:
        Database(address)
    assert raised.value.exit_code == 2
