"""What is older than the scheme has it kept goes every night, once however many workers there are."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from callrouter.core.errors import CallrouterError
from callrouter.store import retention, runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.core.words import Instant
    from callrouter.routing.values import Retention, Scheme
    from callrouter.store.database import Database

JOB = "retention"
HOUR = 3
"""From this hour of the scheme's day on: nobody calls, and the night's export has been made."""
EVERY = 60.0
"""Seconds between two looks at the clock."""
TERM = 3600.0
"""Seconds after which what a dead worker has begun is another's; to delete it twice harms nobody."""
BETWEEN = 0.05
"""Seconds between two batches: whoever waits to write goes first."""
AGAIN_AFTER = 3600.0
"""Seconds until what failed is tried again."""
log = structlog.get_logger(__name__)


async def prune(database: Database, kept: Retention, now: Instant) -> dict[str, int]:
    """Delete what is old; return how much that was, by kind."""
    gone: dict[str, int] = {}
    for kind, until in retention.limits(kept, now).items():
        async for count in retention.prune(database, kind, until):
            gone[kind] = gone.get(kind, 0) + count
            await asyncio.sleep(BETWEEN)
    return gone


class Pruning:
    """Prunes once a night."""

    def __init__(
        self, database: Database, word: str, scheme: Callable[[], Scheme | None], now: Callable[[], Instant]
    ) -> None:
        """`word` is this worker's own; `scheme`: the one in force."""
        self._database = database
        self._word = word
        self._scheme = scheme
        self._now = now

    async def run(self) -> None:
        """Look at the clock until cancelled; what goes wrong is said, and tried again."""
        while True:
            try:
                await self.tonight()
            except CallrouterError as error:
                log.warning("what is old is not deleted, trying again", why=str(error))
            except Exception:  # nothing that is old may end the worker
                log.exception("what is old is not deleted, trying again")
            await asyncio.sleep(EVERY)

    async def tonight(self) -> bool:
        """Prune if that is due and nobody else has done it; return whether it was ours."""
        scheme, now = self._scheme(), self._now()
        if scheme is None:
            return False
        local = datetime.fromtimestamp(now, ZoneInfo(scheme.timezone))
        of = local.date()
        if local.hour < HOUR:
            return False
        async with self._database.reading() as connection:
            if of.isoformat() in await runs.finished(connection, JOB, of):
                return False
        async with self._database.writing() as connection:
            if not await runs.begin(connection, JOB, of, self._word, now, now + TERM):
                return False
        try:
            gone = await prune(self._database, scheme.retention, now)
        except CallrouterError as error:
            async with self._database.writing() as connection:
                await runs.fail(connection, JOB, of, self._word, str(error), self._now() + AGAIN_AFTER)
            raise
        async with self._database.writing() as connection:
            await runs.finish(connection, JOB, of, self._word, self._now())
        log.info("what was old is deleted", **gone)
        return True
