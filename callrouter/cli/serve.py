"""`callrouter serve`: run a worker."""

from __future__ import annotations

import asyncio

import click


@click.command(
    epilog="""\b
Examples:
  callrouter serve                 wait for Asterisk and the database, then take calls
  callrouter serve --no-wait       exit 3 when one of them is away
""",
)
@click.option("--no-wait", is_flag=True, help="Exit 3 when Asterisk or the database is away, instead of waiting.")
def serve(*, no_wait: bool) -> None:
    """Run the router until SIGTERM; prints `ready app=…` once it takes calls."""
    from callrouter import log, service, settings
    from callrouter.core.errors import CallrouterError

    log.configure()
    try:
        asyncio.run(service.serve(settings.load(), wait=not no_wait))
    except* CallrouterError as errors:
        raise errors.exceptions[0] from None
