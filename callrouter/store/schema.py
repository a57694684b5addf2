"""The schema's version: what the database has, what this program needs, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

import callrouter
from callrouter.store import tables_days, tables_notices, tables_outbox, tables_privacy  # noqa: F401 - their tables belong to the schema
from callrouter.store.errors import SchemaRefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from callrouter.store.database import Database

UPGRADE_LOCK = 0x63616C6C
"""PostgreSQL's advisory lock: two upgrades at once run one after the other."""


def migrations() -> Path:
    """Return where the migrations are: inside an installed package, beside it in a checkout."""
    package = Path(callrouter.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def revisions() -> list[str]:
    """Return all revisions this program knows, oldest first: the beginnings of the migrations' file names."""
    return sorted(file.name.partition("_")[0] for file in (migrations() / "versions").glob("[0-9]*.py"))


def newest() -> str:
    """Return the revision this program needs."""
    return revisions()[-1]


async def current(database: Database) -> str | None:
    """Return the database's revision, None when it is empty."""
    async with database.reading() as connection:
        return await connection.run_sync(_current)


async def upgrade(database: Database, to: str = "head") -> tuple[str | None, str | None]:
    """Bring the schema to `to`; return the revisions before and after."""
    before = await current(database)
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
        await connection.run_sync(_move, to, up=True)
    return before, await current(database)


async def downgrade(database: Database, to: str = "base") -> None:
    """Take the schema back to `to`."""
    async with database.writing() as connection:
        await connection.run_sync(_move, to, up=False)


async def check(database: Database) -> str:
    """Return the revision; `SchemaRefusedError` unless it is the one this program needs."""
    has, needs = await current(database), newest()
    if has == needs:
        return needs
    if has is None:
        raise SchemaRefusedError(f"the database {database} is empty: run `callrouter db upgrade`")
    if has in revisions():
        raise SchemaRefusedError(
            f"the database {database} has schema {has}, older than {needs}: run `callrouter db upgrade`"
        )
    raise SchemaRefusedError(
        f"the database {database} has schema {has}, which this version does not know: install a newer callrouter,"
        f" or take it back with that one: `callrouter db downgrade {needs}` (docs/backup.md)"
    )


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _move(connection: Connection, to: str, *, up: bool) -> None:
    # Alembic takes a third of a second to import, and every command checks the schema: only this needs it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, to)
