"""The way of calls by ARI: the router rings and connects. Every part of it is built here, by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from callrouter.ari import presence
from callrouter.ari.client import AriClient
from callrouter.ari.exchange import Exchange
from callrouter.ari.features import Features
from callrouter.ari.lamps import light
from callrouter.ari.phone import AriPhone
from callrouter.ari.requests import HttpRequests, Request
from callrouter.ari.resync import Former
from callrouter.ari.roll_call import answers
from callrouter.clock import call_id
from callrouter.core import legs
from callrouter.core.call import Phase
from callrouter.core.commands import Command
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.events import Event
from callrouter.core.facts import Arrival, PhoneState
from callrouter.core.words import CallId, Instant, PersonId
from callrouter.desks import Desks
from callrouter.directory import Directory
from callrouter.lease import Lease
from callrouter.pauses import Pauses
from callrouter.service.books import Books
from callrouter.service.front import Front
from callrouter.settings import Settings
from callrouter.store.database import Database
from callrouter.store.history import is_live
from callrouter.store.journal import Journal
from callrouter.succession import Succession
from callrouter.switchboard import Switchboard
from callrouter.web.metrics import Metrics

DRAIN_AT_MOST = 25.0
"""Seconds the ringing calls have to finish after SIGTERM, …"""
HAND_OVER_AT_MOST = 2.0
"""… and to reach the fallback then: 30 s together with what is left of the journal."""
RENEWALS = 4
"""How often the limit of a conversation is set anew before it would be reached: it is there for a router that is not.
"""
ASK_WITHIN = 1.0
"""Seconds SQL has to say whose call a channel belongs to."""

log = structlog.get_logger()


class ByAri:
    """See `worker.Way`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        http: HttpRequests,
        journal: Journal,
        lease: Lease,
        front: Front,
        books: Books,
        pauses: Pauses,
        metrics: Metrics,
        now: Callable[[], Instant],
    ) -> None:
        self.replaced = asyncio.Event()
        self._settings = settings
        self._database = database
        self._http = http
        self._lease = lease
        self._front = front
        self._books = books
        self._away = ""
        self._phone = AriPhone(self, settings.app, now, settings.talk_limit)
        self._directory = Directory(self, self._person_changed, now, pauses.is_on)
        self._switchboard = Switchboard(
            self._phone,
            journal,
            self._directory,
            front.receive,
            front.reception.person_at,
            now,
            self._in_touch,
            front.ended,
            front.reception.is_inside,
        )
        self._desks = Desks(front.phones, pauses, self, self._directory.written_up, now)
        self._exchange = Exchange(
            http,
            self._phone,
            self._switchboard,
            settings.app,
            call_id,
            now,
            self.replaced,
            books.recorded,
            self._lead,
            Features(self._phone, self._desks).serve,
        )
        self._succession = Succession(
            lease, database, roll_call(settings), self._exchange.take_over, self._written, now
        )
        self._phone.dialler.is_alone = lambda: self._succession.is_alone
        login = (settings.ari_username, settings.password())
        self._ari = AriClient(settings.ari_url, login, settings.app, self._exchange, observer=metrics)

    # The way, as the worker goes it.

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return what runs until it is cancelled."""
        return (
            self._ari.run(self._waiting),
            self._directory.run(),
            self._keep_lamps(),
            self._renew(),
            self._lease.watch_ourselves(self._ari.reconnect),
            self._succession.run(),
        )

    async def ready(self) -> None:
        """Return once calls can come."""
        await self._exchange.connected_once.wait()

    def take_up(self, left: Former, heritage: Collection[str]) -> None:
        """Go on with what a former life has left, once Asterisk is there."""
        self._exchange.former = left
        self._exchange.heritage = tuple(heritage)
        self._succession.follow(heritage)

    def close(self) -> None:
        """Take no new calls."""
        self._exchange.is_closing = True

    async def drain(self) -> None:
        """Let the ringing calls finish, or hand them over; conversations stay up."""
        try:
            async with asyncio.timeout(DRAIN_AT_MOST):
                await self._switchboard.nobody_waits()
        except TimeoutError:
            self._switchboard.hand_over()
            with suppress(TimeoutError):
                async with asyncio.timeout(HAND_OVER_AT_MOST):
                    await self._switchboard.nobody_waits()

    def let_go(self) -> None:
        """Nothing of this life does anything any more."""
        self._switchboard.abandon()
        self._exchange.errands.recall()
        self._phone.errands.recall()

    # What reception asks of it.

    async def perform(self, call: CallId, command: Command) -> Event | None:
        """Tell Asterisk."""
        return await self._phone.perform(call, command)

    async def is_transfer(self, arrival: Arrival) -> bool:
        """Whether a `Local/` channel belongs to a call that we, or another worker, have."""
        variable: dict[str, str | int] = {"variable": "CHANNEL(linkedid)"}
        try:
            answer = await self._ari.send(Request("GET", f"channels/{arrival.asterisk_id}/variable", variable))
            if answer["value"] in {call.arrived.asterisk_id for call in self._switchboard.live()}:
                return True
            async with asyncio.timeout(ASK_WITHIN), self._database.reading() as connection:
                return await is_live(connection, answer["value"])
        except (CallrouterError, TimeoutError):
            return False

    # How it is.

    def __len__(self) -> int:
        """Return how many calls there are."""
        return len(self._switchboard)

    def fault(self) -> str | None:
        """Return why no call comes this way; None: they come."""
        return None if self._ari.in_touch.is_set() else "no connection to Asterisk"

    @property
    def reconnects(self) -> int:
        """Return how often it was tried to connect again."""
        return self._ari.reconnects

    def phases(self) -> Mapping[str, int]:
        """Return how many calls are in each phase, and in reception."""
        found = {"reception": sum(1 for _ in self._switchboard.in_reception())}
        for call in self._switchboard.live():
            if call.phase is not Phase.OVER:
                found[call.phase] = found.get(call.phase, 0) + 1
        return found

    # What its own parts need.

    async def send(self, request: Request, deadline: float = 2.0) -> object:
        """Send a request over the connection of the moment; after a standstill, once the calls are known to be ours."""
        await self._lease.sure()
        return await self._ari.send(request, deadline)

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how a phone stands."""
        return await presence.look(self._ari, phone, caller, custom_states=self._front.has_custom_states())

    async def write_up(self, phones: Iterable[str], until: Instant) -> None:
        """Have every worker know until when somebody with these phones writes a conversation up."""
        await presence.write_up(self, phones, until)

    async def _in_touch(self) -> None:
        await self._lease.sure()
        await self._ari.in_touch.wait()

    async def _written(self) -> None:
        """Return once SQL knows of the calls there are."""
        await self._switchboard.received()
        await self._books.shipper.caught_up()

    def _lead(self, calls: int) -> int:
        return self._succession.lead(calls)

    def _person_changed(self, call: CallId, person: PersonId) -> None:
        self._switchboard.changed(call, person)

    async def _keep_lamps(self) -> None:
        await self.ready()
        await self._desks.keep_lamps(lambda phones: light(self._http, phones), lambda: self._ari.reconnects)

    async def _renew(self) -> None:
        await self.ready()
        while True:  # at once: conversations of a former life may have been without a router for long
            for call in list(self._switchboard.live()):
                if call.phase is Phase.TALKING:
                    await self._phone.renew(call.caller, *(leg.id for leg in legs.live(call)))
            await asyncio.sleep(self._settings.talk_limit / RENEWALS)

    async def _waiting(self, away: AwayError) -> None:
        if str(away) != self._away:  # once, not ten times a second all night
            self._away = str(away)
            log.warning("waiting for asterisk", why=self._away)


def roll_call(settings: Settings) -> Callable[[str], Awaitable[bool]]:
    """Return what asks another application's worker, by way of Asterisk, whether it lives."""

    async def ask(app: str) -> bool:
        return await answers(settings.ari_url, (settings.ari_username, settings.password()), app)

    return ask
