"""`callrouter serve`: run a worker."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import IO, TypeVar

import click

from callrouter import log, settings, systemd
from callrouter.ari.health import NoAriError, check as check_asterisk
from callrouter.ari.requests import HttpRequests
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import Instant, LostReason
from callrouter.lease import Lease
from callrouter.service.by_agi import nobody
from callrouter.service.by_ari import roll_call
from callrouter.service.worker import Worker
from callrouter.store import schema
from callrouter.store.database import Database
from callrouter.store.journal import Journal
from callrouter.store.leases import Identity, LeaseHeldError
from callrouter.store.lock import last_alive, lock, sole
from callrouter.web.live import Idle
from callrouter.web.metrics import Metrics
from callrouter.web.server import listening
from callrouter.web.window import Window

WAIT = 0.5
"""Seconds between two attempts to reach a server that is away, or to follow a worker that dies."""
BOOT_AT_MOST = 10.0
"""Seconds in which an Asterisk that begins may answer without having ARI yet."""
LEAVE_WITHIN = 2.0
"""Seconds for what is left at the end."""
IDLE_AT_MOST = 2.0
"""Seconds, less than a lease's term, after which what a frozen worker has locked is free for its successor."""
T = TypeVar("T")


@click.command(
    epilog="""\b
Examples:
  callrouter serve                 wait for Asterisk and the database, then take calls
  callrouter serve --no-wait       exit 3 when one of them is away
  CALLROUTER_APP=callrouter-b CALLROUTER_DATA_DIR=var-b CALLROUTER_HTTP_BIND=off callrouter serve
                                   a second worker, active beside the first (Asterisk 22.10)
  CALLROUTER_ARI_URL=off callrouter serve
                                   a PBX without ARI: its dialplan dials, and asks at AGI_BIND (docs/agi.md)
""",
)
@click.option("--no-wait", is_flag=True, help="Exit 3 when Asterisk or the database is away, instead of waiting.")
def serve(*, no_wait: bool) -> None:
    """Run the router until SIGTERM; prints `ready app=…` once it takes calls.

    A second worker (PostgreSQL only, a DATA_DIR of its own) works beside the first under another APP, or stands by
    for it under the same.
    """
    log.configure()
    try:
        asyncio.run(_serve(settings.load(), wait=not no_wait))
    except* CallrouterError as errors:
        raise errors.exceptions[0] from None


async def _serve(told: settings.Settings, *, wait: bool) -> None:
    """Run one worker until SIGTERM or SIGINT; raise what keeps it from running."""
    stop = asyncio.Event()
    awake = asyncio.create_task(systemd.stay_awake())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stack.callback(awake.cancel)
        stack.callback(systemd.tell, systemd.STOPPING)
        alive = last_alive(told.data_dir, told.app)
        held = stack.enter_context(lock(told.data_dir, told.app))
        window = Window(told.app, Idle("starting", "starting"), Metrics(LostReason))
        if told.http_bind is not None:
            await stack.enter_async_context(listening(*told.http_bind, window))
        database = Database(told.database_url.get_secret_value(), IDLE_AT_MOST)
        stack.push_async_callback(database.close)
        stack.push_async_callback(_end_what_is_left)
        if database.file is not None:
            stack.enter_context(sole(database.file))
        http = await stack.enter_async_context(_ari(told, window)) if told.has_ari else None
        patience = _Patience(stop, window, wait=wait)
        if await patience.tries(lambda: schema.check(database)) is None:
            return
        if (pbx := await patience.tries(lambda: _entity(http))) is None:
            return
        journal = Journal(told.data_dir / "journal", told.app)
        stack.callback(journal.close)

        def begin() -> tuple[Lease, Worker]:
            lease = Lease(database, Identity(told.app, secrets.token_hex(8), pbx, _place(told.data_dir), os.getpid()))
            return lease, Worker(told, database, http, journal, lease, stop, _say, window)

        answers = roll_call(told) if told.has_ari else nobody
        while await _life(*begin(), answers, patience, held, alive or 0.0):
            journal.begin_anew()


async def _life(
    lease: Lease,
    worker: Worker,
    answers: Callable[[str], Awaitable[bool]],
    patience: _Patience,
    held: IO[str],
    alive: Instant,
) -> bool:
    """Live until told to stop; True: another worker has taken over, the next life stands by."""
    if (ago := await patience.tries(lambda: lease.take(answers))) is None:
        return False
    heard = max(alive, time.time() - ago)
    return await patience.tries(lambda: worker.take_up(heard)) is not None and await worker.run(held)


def _ari(told: settings.Settings, window: Window) -> HttpRequests:
    return HttpRequests(told.ari_url, told.ari_username, told.password(), window.metrics)


async def _entity(http: HttpRequests | None) -> str:
    """Return which Asterisk it is, once the router can work with it; nothing where nobody asks."""
    return "" if http is None else (await check_asterisk(http)).entity


async def _end_what_is_left() -> None:
    """What nobody waited for ends before the database is closed: in the middle of a question it would never end."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=LEAVE_WITHIN)


def _place(folder: Path) -> str:
    """Name a DATA_DIR among all hosts; containers may share host name and path, but not the folder."""
    return f"{socket.gethostname()}:{folder.absolute()} (inode {folder.stat().st_ino})"


class _Patience:
    """Tries until what is away is there, or until we are told to stop."""

    def __init__(self, stop: asyncio.Event, window: Window, *, wait: bool) -> None:
        self._stop = stop
        self._window = window
        self._wait = wait

    async def tries(self, attempt: Callable[[], Awaitable[T]]) -> T | None:
        """Return what came of it; None: we were told to stop before."""
        said, without_ari = "", None
        while not self._stop.is_set():
            try:
                return await attempt()
            except (AwayError, NoAriError) as away:
                if isinstance(away, NoAriError):
                    without_ari = without_ari or time.monotonic()
                if not self._wait or (without_ari and time.monotonic() - without_ari > BOOT_AT_MOST):
                    raise
                role = "standby" if isinstance(away, LeaseHeldError) else "starting"
                self._window.live = Idle(role, str(away))
                if str(away) != said:
                    said = str(away)
                    _say(f"waiting: {said}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), WAIT)
        return None


def _say(line: str) -> None:
    """Say it; whatever a worker says, it is up: what is wrong with its settings ends it before."""
    click.echo(line, err=True)
    systemd.tell(systemd.READY, f"STATUS={line}")
