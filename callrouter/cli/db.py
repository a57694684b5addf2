"""`callrouter db`: the schema of the database, and what in it is too old."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from callrouter.routing.values import Retention
    from callrouter.store.database import Database

TOLD_EVERY = 30
"""Dates that are added up between two lines of progress."""


@click.group()
def db() -> None:
    """The database: its schema (upgrade, downgrade, check), dates (add-up), what is too old to be kept (prune)."""


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


@db.command(
    epilog="""\b
Examples:
  callrouter db downgrade 0011          says what it does; a terminal is asked then
  callrouter db downgrade 0011 --yes    does it; the program that is put back then says `db check`
""",
)
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do it, and do not ask.")
@click.pass_context
def downgrade(ctx: click.Context, revision: str, *, yes: bool) -> None:
    """Take the schema back to an older REVISION, before an older callrouter is put back (docs/backup.md).

    What only newer schemas have is lost; everything else stays. Exits 1 when nothing was done.
    """
    from callrouter.cli.opening import WrongInputError, database
    from callrouter.store import schema

    async def work() -> str:
        async with database() as there:
            await schema.downgrade(there, revision)
            return f"{there}: schema {schema.newest()} -> {revision}"

    older = schema.revisions()[:-1]
    if revision not in older:
        raise WrongInputError(f"{revision} is no older schema than {schema.newest()}: {', '.join(older)}")
    click.echo(f"what only schemas newer than {revision} have is lost: back up before, with no router up", err=True)
    if not yes and not (sys.stdin.isatty() and click.confirm("go back?", err=True)):
        ctx.exit(1)
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


@db.command(
    epilog="""\b
Examples:
  callrouter db prune          says what would go; a terminal is asked then
  callrouter db prune --yes    deletes it now; `serve` does it every night
""",
)
@click.option("--yes", is_flag=True, help="Delete it, and do not ask.")
@as_json
@click.pass_context
def prune(ctx: click.Context, *, yes: bool, wants_json: bool) -> None:
    """Say what is older than the scheme's `[retention]` has it kept; with --yes delete it (docs/privacy.md).

    Exits 1 when something is old and was not deleted.
    """
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value

    kept, found = with_database(_old)
    lines = {kind: (getattr(kept, kind), count) for kind, count in found.items()}
    for kind, (days, count) in lines.items():
        what = "numbers without a call" if kind == "calls" else "rows"
        click.echo(f"{kind:8} {count} {what} for more than {days} days", err=True)
    is_old = any(found.values())
    asks = is_old and not yes and sys.stdin.isatty()
    does = is_old and (yes or (asks and click.confirm("delete this for good?", err=True)))
    gone = with_database(lambda database: _prune(database, kept)) if does else {}
    if wants_json:
        json_value({"old": found, "deleted": gone})
    if does:
        click.echo("deleted: " + ", ".join(f"{kind} {count}" for kind, count in gone.items()), err=True)
    ctx.exit(1 if is_old and not does else 0)


async def _old(database: Database) -> tuple[Retention, dict[str, int]]:
    from callrouter.cli.opening import needed_scheme, now
    from callrouter.store import retention

    async with database.reading() as connection:
        kept = (await needed_scheme(connection)).retention
        return kept, await retention.old(connection, retention.limits(kept, now()))


async def _prune(database: Database, kept: Retention) -> dict[str, int]:
    from callrouter.cli.opening import now
    from callrouter.jobs import retention

    return await retention.prune(database, kept, now())


@db.command("add-up")
def add_up() -> None:
    """Add up the calls of each date that is over, so that figures of months are quick; `serve` does it by itself."""
    from callrouter.cli.opening import now, with_database, zone
    from callrouter.store import days

    async def work(there: Database) -> int:
        async with there.reading() as connection:
            timezone = await zone(connection)
            missing = await days.missing(connection, timezone, now())
        done = 0
        for number, one in enumerate(missing, start=1):
            done += await days.add_up(there, one, timezone)
            if number % TOLD_EVERY == 0:
                click.echo(f"{number} of {len(missing)} dates", err=True)
        return done

    done = with_database(work)
    click.echo(f"{done} {'date is' if done == 1 else 'dates are'} added up", err=True)
