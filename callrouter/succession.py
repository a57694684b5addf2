"""Active-active: a worker whose lease is over and who does not answer is dead, and another one takes its calls over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection

import structlog

from callrouter.core.call import Call
from callrouter.core.errors import CallrouterError
from callrouter.core.words import Instant
from callrouter.lease import BEAT_EVERY, Lease, LeaseLostError
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
        fetch: Callable[[Collection[str], Former], Awaitable[None]],
        written: Callable[[], Awaitable[None]],
        now: Callable[[], Instant],
    ) -> None:
        self._lease = lease
        self._database = database
        self._answers = answers
        self._fetch = fetch
        self._written = written
        self._now = now
        self._known: set[str] = set()
        """The dead workers' applications whose calls we know of."""
        self._former: Former = []
        """What is ours by the database, and at Asterisk still with one of these applications."""
        self._answered: set[str] = set()
        self._fewest: int | None = None
        self.is_alone = database.is_sqlite
        """No other worker lives, as far as the database has said."""

    def lead(self, calls: int) -> int:
        """Return how many calls we are ahead of the others with so many."""
        return 0 if self._fewest is None else max(0, calls - self._fewest)

    def follow(self, apps: Collection[str]) -> None:
        """Fetch what a former life of ours had inherited and not fetched: its calls are among those it has left."""
        self._known.update(apps)

    async def run(self) -> None:
        """Watch until cancelled; raise LeaseLostError where a new life is needed to know what we have inherited."""
        said = ""
        while not self._database.is_sqlite:
            await asyncio.sleep(BEAT_EVERY)
            try:
                self._fewest = await self._lease.fewest()
                self.is_alone = self._fewest is None
                for one in await self._lease.silent():
                    await self._inherit(one)
                if apps := await self._lease.heritage():
                    await self._take_over(apps)
                said = ""
            except LeaseLostError:
                raise
            except CallrouterError as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("the other workers cannot be watched", why=said)

    async def _inherit(self, of: Silent) -> None:
        if of.ago is not None and await self._answers(of.apps[0]):
            if of.run not in self._answered:
                self._answered.add(of.run)
                log.warning("a worker does not renew its lease, but lives: it keeps its calls", app=of.apps[0])
            return
        ids = await self._lease.inherit(of)
        if ids is None:
            return
        async with self._database.reading() as connection:
            left = await unfinished(connection, ids)
        heard_at = self._now() - (of.ago or 0.0)
        self._former += [(one.call, max(one.heard_at, heard_at)) for one in left]
        self._known.update(of.apps)

    async def _take_over(self, apps: tuple[str, ...]) -> None:
        if not self._known.issuperset(apps):
            raise LeaseLostError("the database did not say what was inherited: its calls are taken up by a new life")
        begun, calls = time.monotonic(), len(self._former)
        await self._fetch(apps, self._former)
        took = round(time.monotonic() - begun, 3)
        log.warning("the calls of a dead worker are taken over", app=", ".join(apps), calls=calls, seconds=took)
        await self._written()  # or what the dead worker's own journal brings would be news to SQL when it is back
        await self._lease.release(apps)
        self._known.difference_update(apps)
