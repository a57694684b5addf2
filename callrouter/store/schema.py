"""The schema's version: what the database has, what this program needs, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import callrouter
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


def configuration() -> Config:
    """Return alembic's configuration; no file of its own is needed."""
    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """Return the revision this program needs."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


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
    known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if has is None:
        raise SchemaRefusedError(f"the database {database} is empty: run `callrouter db upgrade`")
    if has in known:
        raise SchemaRefusedError(
            f"the database {database} has schema {has}, older than {needs}: run `callrouter db upgrade`"
        )
    raise SchemaRefusedError(
        f"the database {database} has schema {has}, which this version does not know: install a newer callrouter"
    )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _move(connection: Connection, to: str, *, up: bool) -> None:
    config = configuration()
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, to)
