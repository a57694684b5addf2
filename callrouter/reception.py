"""Arrival: the caller hears ringing, his line, card and ladder are found, and the call begins with all of it known."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import monotonic

import structlog

from callrouter.core.commands import Command, Guard, SendRinging
from callrouter.core.events import CallArrived, Event
from callrouter.core.facts import Arrival
from callrouter.core.ladder import guard_of
from callrouter.core.recorded import AGI
from callrouter.core.words import CallId, Instant, LostReason, PersonId
from callrouter.memory import Known, Memory
from callrouter.routing.arrived import arrived
from callrouter.routing.caller import Caller, Client, direction, joined
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.lines import find_line, is_inside, person_inside
from callrouter.routing.numbers import Number, read, storable
from callrouter.routing.order import NOTHING
from callrouter.routing.values import Line, Scheme

LOOK_UPS_AT_MOST = 0.3
"""Seconds for which everything that is looked up together may delay the first ring."""
_INSIDE = re.compile(r"Local/([^@]+)@.+")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Current:
    """The scheme in force and the number of its revision."""

    scheme: Scheme
    revision: int


class Reception:
    """Turns an arrival into the call's first event."""

    def __init__(
        self,
        perform: Callable[[CallId, Command], Awaitable[Event | None]],
        memory: Memory,
        ask_crm: Callable[[str], Awaitable[Client | None]],
        is_transfer: Callable[[Arrival], Awaitable[bool]],
        now: Callable[[], Instant],
    ) -> None:
        self.current: Current | None = None
        self._perform = perform
        self._memory = memory
        self._ask_crm = ask_crm
        self._is_transfer = is_transfer
        self._now = now

    def person_at(self, phone: str) -> PersonId | None:
        """Return whose phone this is; `Local/110@phones` is where a caller was transferred to: the number 110."""
        if self.current is None:
            return None
        inside = _INSIDE.fullmatch(phone)
        if inside is not None:
            return person_inside(self.current.scheme, inside[1])
        return self.current.scheme.phones.get(phone)

    def is_inside(self, line: str) -> bool:
        """Whether callers are transferred to a department there."""
        return self.current is not None and is_inside(self.current.scheme, line)

    async def receive(self, arrival: Arrival) -> CallArrived:
        """Return the call's first event, after at most the look-up's bound."""
        current = self.current
        line = None if current is None else find_line(current.scheme, arrival.line)
        if current is None or line is None:
            why = "no scheme is applied" if current is None else "an unknown line"
            log.error("a call goes to the fallback", why=why, call=arrival.call, line=storable(arrival.line))
            return self._refused(arrival, current)
        began = monotonic()
        number = read(arrival.caller_raw, current.scheme.country)
        kind = direction(current.scheme, number)
        is_ours = not arrival.goes_on and arrival.routed_by != AGI
        if kind != "blocked" and is_ours:
            await self._perform(arrival.call, SendRinging(arrival.asterisk_id))
        known = await self._known(current.scheme, number.e164 if kind == "in" else None, line.department)
        decided = await self._decide(current.scheme, line, Caller(number, known.client), arrival.at, began)
        guard = guard_of(decided.ladder, decided.ring_at_most)
        if is_ours:
            await self._perform(arrival.call, Guard(arrival.asterisk_id, guard))
        if await self._is_internal(arrival):
            decided = replace(decided, direction="internal")
        event = arrived(
            current.scheme,
            current.revision,
            decided,
            number,
            at=self._now(),
            arrived_at=arrival.at,
            asterisk_id=arrival.asterisk_id,
        )
        return replace(
            event,
            is_remembered=known.is_remembered,
            routed_by=arrival.routed_by,
            recording=arrival.recording,
        )

    async def name(self, caller_raw: str) -> str | None:
        """Return what the client is called who has this number; takes the look-up's bound at most."""
        if self.current is None:
            return None
        scheme, number = self.current.scheme, read(caller_raw, self.current.scheme.country)
        known = await self._known(scheme, number.e164 if direction(scheme, number) == "in" else None, None)
        return None if known.client is None else known.client.name

    async def _decide(self, scheme: Scheme, line: Line, caller: Caller, at: Instant, began: float) -> Chosen:
        """Decide; what the ladder asks besides is looked up in what is left of the time."""
        chosen = choose(scheme, line, caller, at)
        if chosen.asks == NOTHING:
            return chosen
        left = LOOK_UPS_AT_MOST + began - monotonic()
        lately = await self._memory.lately(chosen.asks, caller.number.e164, at, left)
        return choose(scheme, line, replace(caller, last=lately.last), at, lately.standing)

    async def _known(self, scheme: Scheme, number: str | None, department: str | None) -> Known:
        """Return who has a number: our table and the CRM are asked at once."""
        if number is None:
            return Known(None)
        table, crm = await asyncio.gather(self._memory.look_up(number, department), self._ask_crm(number))
        return Known(joined(scheme, crm, table.client), table.is_remembered and crm is None)

    async def _is_internal(self, arrival: Arrival) -> bool:
        """A colleague who dials a line, and a transfer to one, are no inbound calls (lcr/1)."""
        return self.person_at(arrival.phone) is not None or (arrival.is_local and await self._is_transfer(arrival))

    def _refused(self, arrival: Arrival, current: Current | None) -> CallArrived:
        number = Number(None, None, storable(arrival.caller_raw))
        if current is not None:
            number = read(arrival.caller_raw, current.scheme.country)
        return CallArrived(
            at=self._now(),
            arrived_at=arrival.at,
            asterisk_id=arrival.asterisk_id,
            line=storable(arrival.line),
            caller=number.known,
            caller_raw=number.raw,
            refusal=LostReason.FAILURE,
            scheme_revision=None if current is None else current.revision,
            recording=arrival.recording,
        )
