"""`callrouter db`: the schema of the database."""

from __future__ import annotations

import asyncio

import click


@click.group()
def db() -> None:
    """The database's schema: upgrade, check."""


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
