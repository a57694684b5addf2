"""`callrouter db`: the schema of the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from callrouter.store.database import Database


@click.group()
def db() -> None:
    """The database: its schema (upgrade, check), and its dates (add-up)."""


@db.command()
def upgrade() -> None:
    """Bring the schema to what this version needs."""
    from callrouter.cli.opening import database
    from callrouter.store import schema

    async def work() -> str:
        async with database(checked=False) as there:
            before, after = await schema.upgrade(there)
            if before == after:
                return f"{there}: schema {after} is up to date"
            return f"{there}: schema {before or 'empty'} -> {after}"

    click.echo(asyncio.run(work()), err=True)


@db.command()
def check() -> None:
    """Say whether the schema is what this version needs."""
    from callrouter.cli.opening import database
    from callrouter.store import schema

    async def work() -> str:
        async with database(checked=False) as there:
            return f"{there}: schema {await schema.check(there)} is up to date"

    click.echo(asyncio.run(work()), err=True)


@db.command("add-up")
def add_up() -> None:
    """Add up the calls of each date that is over, so that figures of months are quick; `serve` does it by itself."""
    from callrouter.cli.opening import now, with_database, zone
    from callrouter.store import days

    async def work(there: Database) -> int:
        async with there.reading() as connection:
            timezone = await zone(connection)
            missing = await days.missing(connection, timezone, now())
        return sum([await days.add_up(there, one, timezone) for one in missing])

    done = with_database(work)
    click.echo(f"{done} {'date is' if done == 1 else 'dates are'} added up", err=True)
