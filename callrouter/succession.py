"""Active-active: a worker whose lease is over and who does not answer is dead, and another one takes its calls over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from callrouter.core.call import Call
from callrouter.core.errors import CallrouterError
from callrouter.core.words import Instant
from callrouter.lease import BEAT_EVERY, Lease
from callrouter.store.database import Database
from callrouter.store.history import unfinished
from callrouter.store.leases import Silent

Former = list[tuple[Call, Instant]]

log = structlog.get_logger()


class Succession:
    """Watches the other workers of our Asterisk."""

    def __init__(
        self,
        lease: Lease,
        database: Database,
        answers: Callable[[str], Awaitable[bool]],
        fetch: Callable[[str, Former], Awaitable[None]],
        now: Callable[[], Instant],
    ) -> None:
        self._lease = lease
        self._database = database
        self._answers = answers
        self._fetch = fetch
        self._now = now
        self._inherited: dict[str, Former] = {}
        """What is ours by the database, and at Asterisk still with the dead worker's application."""
        self._answered: set[str] = set()
        self._fewest: int | None = None

    def lead(self, calls: int) -> int:
        """Return how many calls we are ahead of the others with so many."""
        return 0 if self._fewest is None else max(0, calls - self._fewest)

    async def run(self) -> None:
        """Watch until cancelled."""
        said = ""
        while not self._database.is_sqlite:
            await asyncio.sleep(BEAT_EVERY)
            try:
                self._fewest = await self._lease.fewest()
                for one in await self._lease.silent():
                    await self._inherit(one)
                for app in list(self._inherited):
                    await self._take_over(app)
                said = ""
            except CallrouterError as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("the other workers cannot be watched", why=said)

    async def _inherit(self, of: Silent) -> None:
        if of.ago is not None and await self._answers(of.app):
            if of.run not in self._answered:
                self._answered.add(of.run)
                log.warning("a worker does not renew its lease, but lives: it keeps its calls", app=of.app)
            return
        ids = await self._lease.inherit(of)
        if ids is None:
            return
        async with self._database.reading() as connection:
            left = await unfinished(connection, ids)
        heard_at = self._now() - (of.ago or 0.0)
        self._inherited[of.app] = [(one.call, max(one.heard_at, heard_at)) for one in left]

    async def _take_over(self, app: str) -> None:
        begun, former = time.monotonic(), self._inherited[app]
        calls = len(former)
        await self._fetch(app, former)
        del self._inherited[app]
        took = round(time.monotonic() - begun, 3)
        log.warning("the calls of a dead worker are taken over", app=app, calls=calls, seconds=took)
