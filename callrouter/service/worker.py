"""One life of a worker: its parts are joined here, and run until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import IO, Any, Protocol

import structlog

from callrouter import condition
from callrouter.agi.office import Office
from callrouter.agi.server import Server
from callrouter.ari.requests import HttpRequests
from callrouter.ari.resync import Former
from callrouter.clock import Clock
from callrouter.condition import Condition
from callrouter.core.commands import Command
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.events import Event
from callrouter.core.facts import Arrival
from callrouter.core.words import CallId, Instant
from callrouter.heap import give_back
from callrouter.lease import Lease, LeaseLostError
from callrouter.pauses import Pauses
from callrouter.revisions import Revisions
from callrouter.service.books import Books
from callrouter.service.by_agi import ByAgi
from callrouter.service.by_ari import ByAri
from callrouter.service.front import Front
from callrouter.settings import Settings
from callrouter.store.database import Database
from callrouter.store.history import live_of, unfinished
from callrouter.store.journal import Journal
from callrouter.store.lock import beat
from callrouter.web.metrics import Metrics
from callrouter.web.window import Window

SOON = 5.0
"""Seconds after which a worker to which no call can come yet says so."""
BEAT_EVERY = 0.5
"""Seconds between two notes that this worker lives."""

log = structlog.get_logger()


class ReplacedError(AwayError):
    """Another worker took our name at Asterisk: this one hears nothing more."""


class Way(condition.Way, Protocol):
    """How calls come to this worker, and what it does for them."""

    replaced: asyncio.Event
    """Set when another worker has taken our name."""

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what runs until it is cancelled."""
        ...

    async def ready(self) -> None:
        """Return once calls can come."""
        ...

    def take_up(self, left: Former, heritage: Collection[str]) -> None:
        """Go on with what a former life has left, and what that had inherited and not fetched."""
        ...

    def close(self) -> None:
        """Take no new calls."""
        ...

    async def drain(self) -> None:
        """Return when those that have come can be left alone, or have had their time."""
        ...

    def let_go(self) -> None:
        """Nothing of this life does anything any more."""
        ...

    async def perform(self, call: CallId, command: Command) -> Event | None:
        """Tell Asterisk; return the event that makes by itself."""
        ...

    async def is_transfer(self, arrival: Arrival) -> bool:
        """Whether a channel belongs to a call that a worker has."""
        ...

    def __len__(self) -> int:
        """Return how many calls there are."""
        ...


class Worker:
    """Takes calls from `run` on; `say` tells people how it stands."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        http: HttpRequests | None,
        journal: Journal,
        lease: Lease,
        stop: asyncio.Event,
        say: Callable[[str], None],
        window: Window,
    ) -> None:
        now = Clock()
        self._settings, self._database, self._lease = settings, database, lease
        self._stop, self._say, self._window = stop, say, window
        self._is_closing = False
        pauses = Pauses(database, now)
        self._front = Front(settings, database, window.metrics, self._perform, self._is_transfer, now)
        self._books = Books(settings, database, journal, lease, self._front, now)
        self._agi = (
            None if settings.agi_bind is None else Server(*settings.agi_bind, self._office(pauses, journal, now))
        )
        self._way = self._way_of(http, journal, pauses, window.metrics, now)
        lease.load = lambda: len(self._way)
        self._condition = Condition(
            self._way,
            self._front.reception,
            self._books.shipper,
            lambda: self._is_closing,
            lambda: lease.age,
            lambda: self._books.clerk.depth,
        )
        self._revisions = Revisions(database, self._front.reception, pauses, self._condition.database_answered)

    def _way_of(
        self,
        http: HttpRequests | None,
        journal: Journal,
        pauses: Pauses,
        metrics: Metrics,
        now: Callable[[], Instant],
    ) -> Way:
        """Return how calls come: by ARI, unless it is turned off."""
        if http is None:
            assert self._agi is not None, "the settings leave one of the two"
            return ByAgi(self._agi)
        return ByAri(
            self._settings, self._database, http, journal, self._lease, self._front, self._books, pauses, metrics, now
        )

    def _office(self, pauses: Pauses, journal: Journal, now: Callable[[], Instant]) -> Office:
        """Return the router, as an AGI session sees it."""
        return Office(
            self._front.receive,
            self._front.reception.name,
            pauses.is_on,
            self._front.has_custom_states,
            lambda: self._is_closing,
            lambda call, event: journal.write(call, event, ()),
            self._front.ended,
            now,
        )

    async def take_up(self, alive: Instant) -> int:
        """Find the calls that a former life, last known to live then, has left, and count them.

        Raises AwayError: try again.
        """
        keeping = asyncio.create_task(self._lease.keep())  # this may take long, and a worker without beats is dead
        try:
            await self._books.shipper.drain()
            heritage = await self._lease.heritage()
            async with self._database.reading() as connection:
                left = await unfinished(connection, await live_of(connection, self._settings.app))
        except AwayError:
            raise
        except CallrouterError as error:
            log.warning("calls of a former life are not taken up", why=str(error))
            return 0
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        self._way.take_up([(one.call, max(one.heard_at, alive)) for one in left], heritage)
        if left:
            log.warning("calls of a former life are taken up", calls=len(left))
        return len(left)

    async def run(self, held: IO[str]) -> bool:
        """Take calls until told to stop, then let the ringing ones finish; True: another worker has taken over."""
        self._window.live = self._condition
        await self._revisions.take_up()
        is_lost = False
        try:
            await self._serve(held)
        except* LeaseLostError as lost:
            log.warning("letting go of every call", why=str(lost.exceptions[0]))
            is_lost = True
        if is_lost:
            self._way.let_go()
            return True
        await self._books.ship_the_rest()
        if self._way.replaced.is_set():
            raise ReplacedError(
                f"another worker took the application {self._settings.app} at Asterisk: give each its own APP"
            )
        return False

    async def _serve(self, held: IO[str]) -> None:
        async with self._front.crm, asyncio.TaskGroup() as group:
            background = [group.create_task(work) for work in self._works(held)]
            await self._until_stopped()
            for task in background:
                task.cancel()

    def _works(self, held: IO[str]) -> tuple[Coroutine[Any, Any, None], ...]:
        return (
            *self._way.works(),
            *self._books.works(),
            *(() if self._agi is None else (self._agi.run(),)),
            self._revisions.follow(),
            self._revisions.listen(),
            self._lease.keep(),
            self._announce(),
            _live(held),
            give_back(),
        )

    async def _announce(self) -> None:
        try:
            async with asyncio.timeout(SOON):
                await self._way.ready()
        except TimeoutError:  # who waits for long is up all the same: systemd would end him
            self._say(f"waiting: {self._way.fault()}")
            await self._way.ready()
        only = "" if self._settings.has_ari else " (FastAGI only: ARI_URL is off)"
        self._say(f"ready app={self._settings.app}{only}")

    async def _until_stopped(self) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        replaced = asyncio.create_task(self._way.replaced.wait())
        await asyncio.wait({stopped, replaced}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        replaced.cancel()
        self._is_closing = True
        self._way.close()
        if self._way.replaced.is_set():
            await self._lease.confirm()
            return
        self._say("closing: no new calls, the ringing ones finish")
        await self._way.drain()

    async def _perform(self, call: CallId, command: Command) -> Event | None:
        return await self._way.perform(call, command)

    async def _is_transfer(self, arrival: Arrival) -> bool:
        return await self._way.is_transfer(arrival)


async def _live(held: IO[str]) -> None:
    """Note all the time that this worker lives: after a crash its calls go on from there."""
    while True:
        beat(held)
        await asyncio.sleep(BEAT_EVERY)
