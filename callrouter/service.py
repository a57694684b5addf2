"""The composition root: every part of a worker is built here, by hand, and run until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import IO

import structlog

from callrouter.agi.office import Office
from callrouter.agi.server import Server
from callrouter.ari import presence
from callrouter.ari.client import AriClient
from callrouter.ari.exchange import Exchange
from callrouter.ari.features import Features
from callrouter.ari.lamps import light
from callrouter.ari.phone import AriPhone
from callrouter.ari.requests import HttpRequests, Request
from callrouter.ari.roll_call import answers
from callrouter.cdr.intake import Intake
from callrouter.clock import Clock, call_id
from callrouter.condition import Condition
from callrouter.core import legs
from callrouter.core.call import Phase
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.events import CallArrived
from callrouter.core.facts import Arrival, PhoneState
from callrouter.core.outcome import CallRow
from callrouter.core.recorded import Ending
from callrouter.core.words import CallId, Instant, PersonId
from callrouter.desks import Desks
from callrouter.directory import Directory
from callrouter.flood import MOST as FLOOD, Flood
from callrouter.heap import give_back
from callrouter.jobs.clerk import Clerk
from callrouter.jobs.forgetting import let_go
from callrouter.jobs.notices import Notices
from callrouter.jobs.retention import Pruning
from callrouter.lease import Lease, LeaseLostError
from callrouter.lookup.crm import Crm
from callrouter.memory import Memory
from callrouter.pauses import Pauses
from callrouter.reception import Reception
from callrouter.revisions import Revisions
from callrouter.routing.caller import Client
from callrouter.routing.numbers import mask
from callrouter.routing.order import Asks, Lately
from callrouter.routing.values import Scheme
from callrouter.settings import Settings
from callrouter.store import queries
from callrouter.store.database import Database
from callrouter.store.history import is_live, live_of, unfinished
from callrouter.store.journal import Journal
from callrouter.store.lately import lately
from callrouter.store.lock import beat
from callrouter.store.records import Records
from callrouter.store.shipper import Shipper
from callrouter.succession import Succession
from callrouter.switchboard import Switchboard
from callrouter.web.window import Window

DRAIN_AT_MOST = 25.0
"""Seconds the ringing calls have to finish after SIGTERM, …"""
HAND_OVER_AT_MOST = 2.0
"""… and to reach the fallback then: 30 s together with what is left of the journal."""
RENEWALS = 4
"""How often the limit of a conversation is set anew before it would be reached: it is there for a router that is not.
"""
RECORD_WITHIN = 1.0
"""Seconds to find out what Asterisk recorded of a call that ended in a gap: others wait to be taken up."""
BEAT_EVERY = 0.5
"""Seconds between two notes that this worker lives."""
SHIP_AT_MOST = 2.0
"""Seconds the journal has to reach SQL at the end; what does not is shipped at the next start."""

log = structlog.get_logger()


class ReplacedError(AwayError):
    """Another worker took our name at Asterisk: this one hears nothing more."""


class Worker:
    """The parts of a worker, joined."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        http: HttpRequests,
        journal: Journal,
        lease: Lease,
        stop: asyncio.Event,
        say: Callable[[str], None],
        window: Window,
    ) -> None:
        now = Clock()
        self._lease = lease
        lease.load = lambda: len(self._switchboard)
        self._stop = stop
        self._say = say
        self._database = database
        self._settings = settings
        self._replaced = asyncio.Event()
        self._away = ""
        self._flood = Flood()
        self._metrics = window.metrics
        self._phone = AriPhone(self, settings.app, now, settings.talk_limit)
        self._pauses = Pauses(database, now)
        self._directory = Directory(self, self._person_changed, now, self._pauses.is_on)
        self._crm = Crm(settings.lookup_url, settings.token())
        self._memory = Memory(self._find_client, self._find_lately)
        self._reception = Reception(self._phone.perform, self._memory, self._crm.look_up, self._is_transfer, now)
        self._switchboard = Switchboard(
            self._phone,
            journal,
            self._directory,
            self._receive,
            self._reception.person_at,
            now,
            self._in_touch,
            self._ended,
            self._reception.is_inside,
        )
        self._desks = Desks(self._phones, self._pauses, self, self._directory.written_up, now)
        self._exchange = Exchange(
            http,
            self._phone,
            self._switchboard,
            settings.app,
            call_id,
            now,
            self._replaced,
            self._recorded,
            self._lead,
            Features(self._phone, self._desks).serve,
        )
        self._http = http
        self._shipper = Shipper(journal, database, lease.fence)
        self._intake = Intake(settings.cdr_file, Records(database, now, self._ended))
        self._notices = Notices(database, self._scheme, now)
        self._clerk = Clerk(database, self._scheme, now)
        self._pruning = Pruning(database, lease.me.run, self._scheme, now)
        self._succession = Succession(
            lease, database, roll_call(settings), self._exchange.take_over, self._written, now
        )
        self._phone.dialler.is_alone = lambda: self._succession.is_alone
        login = (settings.ari_username, settings.password())
        self._ari = AriClient(settings.ari_url, login, settings.app, self._exchange, observer=self._metrics)
        self._condition = Condition(
            self._ari,
            self._exchange,
            self._reception,
            self._switchboard,
            self._shipper,
            lambda: lease.age,
            lambda: self._clerk.depth,
        )
        self._revisions = Revisions(database, self._reception, self._pauses, self._condition.database_answered)
        self._window = window
        self._agi = Office(
            self._receive,
            self._reception.name,
            self._pauses.is_on,
            self._has_custom_states,
            lambda: self._exchange.is_closing,
            lambda call, event: journal.write(call, event, ()),
            self._ended,
            now,
        )

    async def send(self, request: Request, deadline: float = 2.0) -> object:
        """Send a request over the connection of the moment; after a standstill, once the calls are known to be ours."""
        await self._lease.sure()
        return await self._ari.send(request, deadline)

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how a phone stands."""
        return await presence.look(self._ari, phone, caller, custom_states=self._has_custom_states())

    def _has_custom_states(self) -> bool:
        current = self._reception.current
        return current is not None and current.scheme.company.custom_states

    async def write_up(self, phones: Iterable[str], until: Instant) -> None:
        """Have every worker know until when somebody with these phones writes a conversation up."""
        await presence.write_up(self, phones, until)

    async def _in_touch(self) -> None:
        await self._lease.sure()
        await self._ari.in_touch.wait()

    async def _receive(self, arrival: Arrival) -> CallArrived:
        arrived = await self._reception.receive(arrival)
        if arrived.caller is not None and (lately := self._flood.heard(arrived.caller, arrived.at)) > FLOOD:
            self._metrics.flooded()
            if lately == FLOOD + 1:
                log.warning("a flood of calls from one number; they are routed", caller=mask(arrived.caller))
        return arrived

    def _ended(self, row: CallRow) -> None:
        if row.direction == "in" and row.outcome is not None:
            self._metrics.ended(row.outcome, row.lost_reason, row.routed_by)

    async def _recorded(self, channel: str) -> Ending | None:
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

    async def _written(self) -> None:
        """Return once SQL knows of the calls there are."""
        await self._switchboard.received()
        await self._shipper.caught_up()

    def _lead(self, calls: int) -> int:
        return self._succession.lead(calls)

    def _person_changed(self, call: CallId, person: PersonId) -> None:
        self._switchboard.changed(call, person)

    async def take_up(self, alive: Instant) -> int:
        """Find the calls that a former life, last known to live then, has left, and count them.

        Raises AwayError: try again.
        """
        keeping = asyncio.create_task(self._lease.keep())  # this may take long, and a worker without beats is dead
        try:
            await self._shipper.drain()
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
        self._exchange.former = [(one.call, max(one.heard_at, alive)) for one in left]
        self._exchange.heritage = heritage
        self._succession.follow(heritage)
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
            self._let_go()
            return True
        await self._ship_the_rest()
        if self._replaced.is_set():
            raise ReplacedError(
                f"another worker took the application {self._settings.app} at Asterisk: give each its own APP"
            )
        return False

    async def _serve(self, held: IO[str]) -> None:
        async with self._crm, asyncio.TaskGroup() as group:
            background = [
                group.create_task(work)
                for work in (
                    self._ari.run(self._waiting),
                    self._directory.run(),
                    self._shipper.run(),
                    self._intake.run(),
                    self._revisions.follow(),
                    self._revisions.listen(),
                    self._keep_lamps(),
                    self._announce(),
                    self._renew(),
                    self._lease.keep(),
                    self._lease.watch_ourselves(self._ari.reconnect),
                    self._succession.run(),
                    self._serve_agi(),
                    self._notices.run(),
                    self._clerk.run(),
                    self._pruning.run(),
                    _live(held),
                    give_back(),
                    let_go(self._database, self._shipper.journal, self._memory),
                )
            ]
            await self._until_stopped()
            for task in background:
                task.cancel()

    async def _serve_agi(self) -> None:
        if self._settings.agi_bind is not None:
            await Server(*self._settings.agi_bind, self._agi).run()

    def _let_go(self) -> None:
        """Nothing of this life does anything any more."""
        self._switchboard.abandon()
        self._exchange.errands.recall()
        self._phone.errands.recall()

    def _scheme(self) -> Scheme | None:
        return None if self._reception.current is None else self._reception.current.scheme

    def _phones(self) -> Mapping[str, PersonId]:
        return {} if self._reception.current is None else self._reception.current.scheme.phones

    async def _keep_lamps(self) -> None:
        await self._exchange.connected_once.wait()
        await self._desks.keep_lamps(lambda phones: light(self._http, phones), lambda: self._ari.reconnects)

    async def _renew(self) -> None:
        await self._exchange.connected_once.wait()
        while True:  # at once: conversations of a former life may have been without a router for long
            for call in list(self._switchboard.live()):
                if call.phase is Phase.TALKING:
                    await self._phone.renew(call.caller, *(leg.id for leg in legs.live(call)))
            await asyncio.sleep(self._settings.talk_limit / RENEWALS)

    async def _waiting(self, away: AwayError) -> None:
        if str(away) != self._away:  # once, not ten times a second all night
            self._away = str(away)
            log.warning("waiting for asterisk", why=self._away)

    async def _announce(self) -> None:
        await self._exchange.connected_once.wait()
        self._say(f"ready app={self._settings.app}")

    async def _until_stopped(self) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        replaced = asyncio.create_task(self._replaced.wait())
        await asyncio.wait({stopped, replaced}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        replaced.cancel()
        self._exchange.is_closing = True
        if self._replaced.is_set():
            await self._lease.confirm()
            return
        self._say("closing: no new calls, the ringing ones finish")
        try:
            async with asyncio.timeout(DRAIN_AT_MOST):
                await self._switchboard.nobody_waits()
        except TimeoutError:
            self._switchboard.hand_over()
            with suppress(TimeoutError):
                async with asyncio.timeout(HAND_OVER_AT_MOST):
                    await self._switchboard.nobody_waits()

    async def _ship_the_rest(self) -> None:
        try:
            async with asyncio.timeout(SHIP_AT_MOST):
                await self._shipper.drain()
                await self._lease.leave()
        except (CallrouterError, TimeoutError) as error:
            log.warning("the journal is shipped at the next start", why=str(error))

    async def _find_client(self, number: str, department: str | None) -> Client | None:
        async with self._database.reading() as connection:
            return await queries.client_by_number(connection, number, department)

    async def _find_lately(self, asks: Asks, number: str | None, at: Instant) -> Lately:
        async with self._database.reading() as connection:
            return await lately(connection, asks, number, at)

    async def _is_transfer(self, arrival: Arrival) -> bool:
        """Whether a `Local/` channel belongs to a call that we, or another worker, have."""
        variable: dict[str, str | int] = {"variable": "CHANNEL(linkedid)"}
        try:
            answer = await self._ari.send(Request("GET", f"channels/{arrival.asterisk_id}/variable", variable))
            if answer["value"] in {call.arrived.asterisk_id for call in self._switchboard.live()}:
                return True
            async with asyncio.timeout(RECORD_WITHIN), self._database.reading() as connection:
                return await is_live(connection, answer["value"])
        except (CallrouterError, TimeoutError):
            return False


def roll_call(settings: Settings) -> Callable[[str], Awaitable[bool]]:
    """Return what asks another application's worker, by way of Asterisk, whether it lives."""

    async def ask(app: str) -> bool:
        return await answers(settings.ari_url, (settings.ari_username, settings.password()), app)

    return ask


async def _live(held: IO[str]) -> None:
    """Note all the time that this worker lives: after a crash its calls go on from there."""
    while True:
        beat(held)
        await asyncio.sleep(BEAT_EVERY)
