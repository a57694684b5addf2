"""Where calls come in, whichever way: reception with all that it asks, and what is counted of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from callrouter.core.commands import Command
from callrouter.core.events import CallArrived, Event
from callrouter.core.facts import Arrival
from callrouter.core.outcome import CallRow
from callrouter.core.words import CallId, Instant, PersonId
from callrouter.flood import MOST as FLOOD, Flood
from callrouter.lookup.crm import Crm
from callrouter.memory import Memory
from callrouter.reception import Reception
from callrouter.routing.caller import Client
from callrouter.routing.numbers import mask
from callrouter.routing.order import Asks, Lately
from callrouter.routing.values import Scheme
from callrouter.settings import Settings
from callrouter.store import queries
from callrouter.store.database import Database
from callrouter.store.lately import lately
from callrouter.web.metrics import Metrics

log = structlog.get_logger()


class Front:
    """Decides about each call that comes, and counts those that end."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        metrics: Metrics,
        perform: Callable[[CallId, Command], Awaitable[Event | None]],
        is_transfer: Callable[[Arrival], Awaitable[bool]],
        now: Callable[[], Instant],
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._flood = Flood()
        self.crm = Crm(settings.lookup_url, settings.token())
        self.memory = Memory(self._find_client, self._find_lately)
        self.reception = Reception(perform, self.memory, self.crm.look_up, is_transfer, now)

    async def receive(self, arrival: Arrival) -> CallArrived:
        """Return the call's first event, after at most the look-ups' bound."""
        arrived = await self.reception.receive(arrival)
        if arrived.caller is not None and (lately := self._flood.heard(arrived.caller, arrived.at)) > FLOOD:
            self._metrics.flooded()
            if lately == FLOOD + 1:
                log.warning("a flood of calls from one number; they are routed", caller=mask(arrived.caller))
        return arrived

    def ended(self, row: CallRow) -> None:
        """Count a call that has come to its outcome."""
        if row.direction == "in" and row.outcome is not None:
            self._metrics.ended(row.outcome, row.lost_reason, row.routed_by)

    def scheme(self) -> Scheme | None:
        """Return the scheme in force; None: there is none yet."""
        return None if self.reception.current is None else self.reception.current.scheme

    def phones(self) -> Mapping[str, PersonId]:
        """Return whose each phone is."""
        scheme = self.scheme()
        return {} if scheme is None else scheme.phones

    def has_custom_states(self) -> bool:
        """Whether do not disturb and forwarding are looked for, as FreePBX keeps them."""
        scheme = self.scheme()
        return scheme is not None and scheme.company.custom_states

    async def _find_client(self, number: str, department: str | None) -> Client | None:
        async with self._database.reading() as connection:
            return await queries.client_by_number(connection, number, department)

    async def _find_lately(self, asks: Asks, number: str | None, at: Instant) -> Lately:
        async with self._database.reading() as connection:
            return await lately(connection, asks, number, at)
