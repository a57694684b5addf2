"""The lease of this worker's life: kept while it lives, asked about after a standstill, gone when another took over."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import CallId
from callrouter.store import leases
from callrouter.store.database import Database
from callrouter.store.leases import Identity, LeaseHeldError, Silent

BEAT_EVERY = 0.5
"""Seconds between two beats, and between two looks at the others' leases."""
TURN_EVERY = 0.25
"""Seconds between two notes that this process runs."""
STANDSTILL = 1.5
"""Seconds without a turn after which we do nothing before we know that the lease is still ours: less than its term."""
ASK_AT_MOST = 1.0
"""Seconds the database has to say so."""

log = structlog.get_logger()


class LeaseLostError(CallrouterError):
    """Another worker has taken our calls over: this life is at its end."""


class Lease:
    """One life's permission to act; with SQLite, where one worker is the rule, it is always there."""

    def __init__(self, database: Database, me: Identity) -> None:
        self._database = database
        self.me = me
        self.load: Callable[[], int] = int
        """Says how many calls this worker has."""
        self._turn = self._confirmed = time.monotonic()
        self._sure = asyncio.Event()

    @property
    def age(self) -> float | None:
        """Seconds since the database last confirmed it; None where there is none."""
        return None if self._database.is_sqlite else time.monotonic() - self._confirmed

    async def take(self, answers: Callable[[str], Awaitable[bool]]) -> float:
        """Take it; return how many seconds ago the life before was last heard, infinity where nobody knows.

        `answers` tells whether the worker of an application lives. Raises LeaseHeldError: stand by.
        """
        if self._database.is_sqlite:
            return math.inf
        async with self._database.reading() as connection:
            holder = await leases.holder(connection, self.me)
        if holder is not None and holder.ago is not None and await answers(holder.apps[0]):
            raise LeaseHeldError(f"{holder.apps[0]} answers at Asterisk, from {holder.place}: standing by")
        async with self._database.writing() as connection:
            ago = await leases.take(connection, self.me)
        self._turn = self._confirmed = time.monotonic()
        return math.inf if ago is None else ago

    async def sure(self) -> None:
        """Return at once; after a standstill of this process, when it is known that nobody has taken over."""
        while not self._database.is_sqlite and time.monotonic() - self._turn > STANDSTILL:
            await self._sure.wait()

    async def keep(self) -> None:
        """Beat until cancelled; raise LeaseLostError when it is another's."""
        said = ""
        while not self._database.is_sqlite:
            try:
                await self.confirm()
                said = ""
            except AwayError as away:
                if str(away) != said:
                    said = str(away)
                    log.warning("the lease is not renewed: everybody keeps what he has", why=said)
            await asyncio.sleep(BEAT_EVERY)

    async def watch_ourselves(self, in_doubt: Callable[[], None]) -> None:
        """Note that we run; after a standstill find out first whether the lease is still ours.

        `in_doubt` is called when the database does not say: then only Asterisk knows.
        """
        while not self._database.is_sqlite:
            stood_still = time.monotonic() - self._turn
            if stood_still > STANDSTILL:
                log.warning("this process stood still", seconds=round(stood_still, 1))
                await self._settle(in_doubt)
            self._turn = time.monotonic()
            self._sure.set()
            self._sure.clear()
            await asyncio.sleep(TURN_EVERY)

    async def _settle(self, in_doubt: Callable[[], None]) -> None:
        asking = asyncio.create_task(self.confirm())
        try:
            done, _ = await asyncio.wait({asking}, timeout=ASK_AT_MOST)
        finally:
            asking.cancel()  # and not waited for: to leave a silent database takes its driver two seconds
        try:
            if done:
                asking.result()
                return
        except AwayError as away:
            log.warning("the database does not say whether the lease is ours", why=str(away))
        in_doubt()

    async def confirm(self) -> None:
        """Beat once; raise LeaseLostError when it is another's, AwayError when the database does not say."""
        if self._database.is_sqlite:
            return
        async with self._database.writing() as connection:
            is_mine = await leases.beat(connection, self.me, self.load())
        if not is_mine:
            raise LeaseLostError(f"another worker has taken over the calls of {self.me.app}")
        self._confirmed = time.monotonic()

    async def fence(self, connection: AsyncConnection) -> None:
        """Raise LeaseLostError unless the lease is ours until the end of this transaction."""
        if not self._database.is_sqlite and not await leases.is_mine(connection, self.me):
            raise LeaseLostError(f"another worker has taken over the calls of {self.me.app}")

    async def leave(self) -> None:
        """Stop in order."""
        if not self._database.is_sqlite:
            async with self._database.writing() as connection:
                await leases.leave(connection, self.me)

    async def fewest(self) -> int | None:
        """Return how few calls another living worker has; None: there is none."""
        async with self._database.reading() as connection:
            return await leases.fewest(connection, self.me)

    async def silent(self) -> tuple[Silent, ...]:
        """Return who has not been heard for too long."""
        async with self._database.reading() as connection:
            return await leases.silent(connection, self.me)

    async def inherit(self, of: Silent) -> tuple[CallId, ...] | None:
        """Take what a silent worker has; return its live calls, None if somebody was quicker or it is back."""
        async with self._database.writing() as connection:
            await self.fence(connection)
            return await leases.inherit(connection, self.me, of)

    async def heritage(self) -> tuple[str, ...]:
        """Return the applications that we follow, and have not fetched everything from."""
        if self._database.is_sqlite:
            return ()
        async with self._database.reading() as connection:
            return await leases.heritage(connection, self.me)

    async def release(self, apps: Sequence[str]) -> None:
        """Nothing is left in these applications: their workers may come back."""
        async with self._database.writing() as connection:
            await leases.release(connection, self.me, apps)
