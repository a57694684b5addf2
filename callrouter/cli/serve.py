"""`callrouter serve`: run a worker."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress

import click

from callrouter import log, settings
from callrouter.ari.health import check as check_asterisk
from callrouter.ari.requests import HttpRequests
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import LostReason
from callrouter.service import Worker
from callrouter.store import schema
from callrouter.store.database import Database
from callrouter.store.journal import Journal
from callrouter.store.lock import last_alive, lock
from callrouter.web.live import Idle
from callrouter.web.metrics import Metrics
from callrouter.web.server import listening
from callrouter.web.window import Window

WAIT = 1.0
"""Seconds between two attempts to reach a server that is away."""


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
    log.configure()
    try:
        asyncio.run(_serve(settings.load(), wait=not no_wait))
    except* CallrouterError as errors:
        raise errors.exceptions[0] from None


async def _serve(told: settings.Settings, *, wait: bool) -> None:
    """Run one worker until SIGTERM or SIGINT; raise what keeps it from running."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        alive = last_alive(told.data_dir, told.app)
        held = stack.enter_context(lock(told.data_dir, told.app))
        window = Window(told.app, Idle("starting", "starting"), Metrics(LostReason))
        await stack.enter_async_context(_shown(told.http_bind, window))
        database = Database(told.database_url.get_secret_value())
        stack.push_async_callback(database.close)
        observed = HttpRequests(told.ari_url, told.ari_username, told.password(), window.metrics)
        http = await stack.enter_async_context(observed)
        checks = {"the database": lambda: schema.check(database), "Asterisk": lambda: check_asterisk(http)}
        for what, check in checks.items():
            window.live = Idle("starting", f"waiting for {what}")
            if not await _patiently(check, stop, wait=wait):
                return
        journal = Journal(told.data_dir / "journal", told.app)
        stack.callback(journal.close)
        worker = Worker(told, database, http, journal, stop, _say, window)
        if await _patiently(lambda: worker.take_up(alive), stop, wait=wait):
            await worker.run(held)


def _shown(bind: settings.Address | None, window: Window) -> AbstractAsyncContextManager[object]:
    return nullcontext() if bind is None else listening(bind.host, bind.port, window)


async def _patiently(attempt: Callable[[], Awaitable[object]], stop: asyncio.Event, *, wait: bool) -> bool:
    """Try until what is away is there; False: we were told to stop before."""
    said = ""
    while not stop.is_set():
        try:
            await attempt()
        except AwayError as away:
            if not wait:
                raise
            if str(away) != said:
                said = str(away)
                _say(f"waiting: {said}")
        else:
            return True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), WAIT)
    return False


def _say(line: str) -> None:
    click.echo(line, err=True)
