"""
What a worker does for people at their desks: it makes the nightly exports, sends the outbox, adds up what is over.

These are commands of their own, in processes beside the worker's: whatever they meet, a huge date, a mail server that
says nothing, a defect, none of it is in the loop that carries the calls. The clerk only looks whether there is work.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.jobs.due import is_due
from callrouter.store import days, outbox

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.outbox import Depth

COMMAND = (sys.executable, "-m", "callrouter.cli")
MAKE = ("export", "--deliver")
SEND = ("outbox", "send")
ADD_UP = ("db", "add-up")
SEND_EVERY = 1.0
"""Seconds between two looks into the outbox, …"""
MAKE_EVERY = 10.0
"""… and at the clock."""
ADD_UP_EVERY = 600.0
"""Seconds between two looks for dates that are over and not added up."""
AGAIN_AFTER = 30.0
"""Seconds until a command that failed is tried again, or the database is asked again."""
AT_MOST = 3600.0
"""Seconds a command may take: one that hangs is killed, and its work another's when its claims run out."""
NICER = 10
"""How much they leave the processor to those who carry calls, where the system lets us."""
DONE = (0, 1)
"""How the commands end that did what they could."""

log = structlog.get_logger()


class Clerk:
    """One worker's."""

    def __init__(self, database: Database, scheme: Callable[[], Scheme | None], now: Callable[[], Instant]) -> None:
        """Do nothing yet; `scheme`: the one in force."""
        self._database = database
        self._scheme = scheme
        self._now = now
        self.depth: Depth | None = None
        """What was in the outbox when it was looked at last; None: it was not, or could not be."""

    async def run(self) -> None:
        """Look for ever, until cancelled; a command that is at work then is ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self._send, SEND_EVERY))
            group.create_task(self._repeat(self._make, MAKE_EVERY))
            group.create_task(self._repeat(self._add_up, ADD_UP_EVERY))

    async def _repeat(self, work: Callable[[], Awaitable[bool]], every: float) -> None:
        """Work for ever: whatever happens in it, the worker goes on."""
        said = ""
        while True:
            is_well = False
            try:
                is_well = await work()
                said = ""
            except AwayError as away:
                if str(away) != said:
                    said = str(away)
                    log.warning("exports and messages wait", why=said)
            except Exception:
                log.exception("exports and messages wait")
            await asyncio.sleep(every if is_well else AGAIN_AFTER)

    async def _send(self) -> bool:
        try:
            async with self._database.reading() as connection:
                self.depth = await outbox.depth(connection)
        except CallrouterError:
            self.depth = None
            raise
        due = self.depth.due
        return due is None or due > self._now() or await _command(*SEND)

    async def _make(self) -> bool:
        scheme = self._scheme()
        if scheme is None or not scheme.report.to:
            return True
        async with self._database.reading() as connection:
            wanted = await is_due(connection, scheme, self._now())
        return not wanted or await _command(*MAKE)

    async def _add_up(self) -> bool:
        scheme = self._scheme()
        if scheme is None:
            return True
        async with self._database.reading() as connection:
            wanted = await days.missing(connection, scheme.timezone, self._now())
        return not wanted or await _command(*ADD_UP)


async def _command(*arguments: str) -> bool:
    """Run a command of ours to its end; return whether it did what it could."""
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdin=nothing, stdout=nothing)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + NICER)
    try:
        async with asyncio.timeout(AT_MOST):
            code = await process.wait()
    except TimeoutError:
        code = None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code not in DONE:
        log.warning("a command failed, it is tried again", command=" ".join(arguments), code=code)
    return code in DONE
