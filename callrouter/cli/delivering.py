"""`callrouter export --deliver`: what `serve` does each night, as a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from callrouter.jobs.nightly import Made
    from callrouter.store.database import Database

ALONE = frozenset({"deliver", "wants_json"})


def deliver(ctx: click.Context, *, wants_json: bool) -> None:
    """Make what is due by the scheme, once for each date, whoever else does so at this moment; print what it made."""
    import secrets
    import time

    from callrouter import log
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value
    from callrouter.jobs.nightly import Nightly

    given = [name for name in ctx.params if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if set(given) - ALONE:
        raise click.UsageError("--deliver takes no other option but --json: [report] of the scheme says the rest", ctx)
    log.configure()

    async def work(database: Database) -> list[Made]:
        nightly = Nightly(database, secrets.token_hex(8), time.time)
        await nightly.run()
        return nightly.made

    made = with_database(work)
    if wants_json:
        json_value([{"date": str(one.date), "edition": one.number, "receivers": one.receivers} for one in made])
        return
    for one in made:
        click.echo(f"{one.date} edition {one.number} for {one.receivers}")
