"""What is written down, and what is done with it behind the calls: shipping, Asterisk's records, nightly work, news."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from callrouter.cdr.intake import Intake
from callrouter.core.errors import CallrouterError
from callrouter.core.recorded import Ending
from callrouter.core.words import Instant
from callrouter.jobs.clerk import Clerk
from callrouter.jobs.forgetting import let_go
from callrouter.jobs.notices import Notices
from callrouter.jobs.retention import Pruning
from callrouter.lease import Lease
from callrouter.service.front import Front
from callrouter.settings import Settings
from callrouter.store.database import Database
from callrouter.store.journal import Journal
from callrouter.store.records import Records
from callrouter.store.shipper import Shipper

RECORD_WITHIN = 1.0
"""Seconds to find out what Asterisk recorded of a call that ended in a gap: others wait to be taken up."""
SHIP_AT_MOST = 2.0
"""Seconds the journal has to reach SQL at the end; what does not is shipped at the next start."""

log = structlog.get_logger()


class Books:
    """Never in a call's path."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        journal: Journal,
        lease: Lease,
        front: Front,
        now: Callable[[], Instant],
    ) -> None:
        self._database = database
        self._lease = lease
        self._memory = front.memory
        self.shipper = Shipper(journal, database, lease.fence)
        self._intake = Intake(settings.cdr_file, Records(database, now, front.ended))
        self._notices = Notices(database, front.scheme, now)
        self.clerk = Clerk(database, front.scheme, now)
        self._pruning = Pruning(database, lease.me.run, front.scheme, now)

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what runs until it is cancelled."""
        return (
            self.shipper.run(),
            self._intake.run(),
            self._notices.run(),
            self.clerk.run(),
            self._pruning.run(),
            let_go(self._database, self.shipper.journal, self._memory),
        )

    async def recorded(self, channel: str) -> Ending | None:
        """Return what Asterisk recorded of a channel that is gone; whoever waits for it does not wait long."""
        asking = asyncio.create_task(self._intake.ended(channel))
        done, _ = await asyncio.wait({asking}, timeout=RECORD_WITHIN)
        if not done:
            asking.cancel()  # and not waited for: to leave a silent database takes its driver two seconds
            return None
        try:
            return asking.result()
        except CallrouterError as error:
            log.warning("asterisk's records do not say when a caller left", why=str(error))
            return None

    async def ship_the_rest(self) -> None:
        """Hand over what is written down, and leave in order."""
        try:
            async with asyncio.timeout(SHIP_AT_MOST):
                await self.shipper.drain()
                await self._lease.leave()
        except (CallrouterError, TimeoutError) as error:
            log.warning("the journal is shipped at the next start", why=str(error))
