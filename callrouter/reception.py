"""Arrival: the caller hears ringing, his line, card and ladder are found, and the call begins with all of it known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from callrouter.core.commands import Command, Guard, SendRinging
from callrouter.core.events import CallArrived, Event
from callrouter.core.facts import Arrival
from callrouter.core.ladder import guard_of
from callrouter.core.words import CallId, Instant, LostReason, PersonId
from callrouter.memory import Known, Memory
from callrouter.routing.arrived import arrived
from callrouter.routing.caller import Caller, Client, direction
from callrouter.routing.choose import choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import Number, read, storable
from callrouter.routing.values import Line, Scheme

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
        find_client: Callable[[str, str | None], Awaitable[Client | None]],
        is_transfer: Callable[[Arrival], Awaitable[bool]],
        now: Callable[[], Instant],
    ) -> None:
        self.current: Current | None = None
        self._perform = perform
        self._memory = Memory(find_client)
        self._is_transfer = is_transfer
        self._now = now

    def person_at(self, phone: str) -> PersonId | None:
        """Return whose phone this is."""
        return None if self.current is None else self.current.scheme.phones.get(phone)

    async def receive(self, arrival: Arrival) -> CallArrived:
        """Return the call's first event, after at most the look-up's bound."""
        current = self.current
        line = None if current is None else find_line(current.scheme, arrival.line)
        if current is None or line is None:
            why = "no scheme is applied" if current is None else "an unknown line"
            log.error("a call goes to the fallback", why=why, call=arrival.call, line=storable(arrival.line))
            return self._refused(arrival, current)
        number = read(arrival.caller_raw, current.scheme.country)
        if direction(current.scheme, number) != "blocked":
            await self._perform(arrival.call, SendRinging(arrival.asterisk_id))
        known = await self._known(number, line)
        is_internal = await self._is_internal(arrival)
        chosen = choose(current.scheme, line, Caller(number, known.client), arrival.at)
        guard = guard_of(chosen.ladder, chosen.ring_at_most)
        await self._perform(arrival.call, Guard(arrival.asterisk_id, guard))
        times = {"at": self._now(), "arrived_at": arrival.at}
        event = arrived(current.scheme, current.revision, chosen, number, asterisk_id=arrival.asterisk_id, **times)
        return replace(
            event,
            direction="internal" if is_internal else event.direction,
            is_remembered=known.is_remembered,
        )

    async def _known(self, number: Number, line: Line) -> Known:
        return Known(None) if number.e164 is None else await self._memory.look_up(number.e164, line.department)

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
        )
