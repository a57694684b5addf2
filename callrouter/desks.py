"""Desk phones: what people dial about themselves, and the lamps that show who has paused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

import structlog

from callrouter.core.errors import CallrouterError
from callrouter.core.facts import PhoneState, Stands
from callrouter.core.words import Instant, PersonId
from callrouter.pauses import Pauses

WITHIN = 2.0
"""Seconds that what somebody dialled may take: he listens."""
LOOK_EVERY = 0.5
"""Seconds between two looks whether a lamp has to change."""

log = structlog.get_logger()


class Wires(Protocol):
    """Where the phones are."""

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how a phone stands, asked on behalf of this channel."""
        ...

    async def write_up(self, phones: Iterable[str], until: Instant) -> None:
        """Have every worker know until when somebody with these phones writes a conversation up."""
        ...


class Desks:
    """The phones of the people in the scheme, as `phones` names them."""

    def __init__(
        self,
        phones: Callable[[], Mapping[str, PersonId]],
        pauses: Pauses,
        wires: Wires,
        written_up: Callable[[PersonId], None],
        now: Callable[[], Instant],
    ) -> None:
        self._phones = phones
        self._pauses = pauses
        self._wires = wires
        self._written_up = written_up
        self._now = now

    async def dial(self, phone: str, channel: str, code: str, reason: str) -> Stands:
        """See `ari.features`."""
        person = self._phones().get(phone)
        if person is None:
            log.warning("a phone that is nobody's dialled a feature code", phone=phone, code=code)
            return Stands.UNKNOWN
        try:
            async with asyncio.timeout(WITHIN):
                await self._obey(person, phone, code, reason)
                log.info("a feature code", person=person, phone=phone, code=code)
                return await self._stands(person, phone, channel)
        except (CallrouterError, TimeoutError) as error:
            log.warning(
                "a feature code came to nothing", person=person, code=code, why=str(error) or "no answer in time"
            )
            return Stands.FAILED

    async def _obey(self, person: PersonId, phone: str, code: str, reason: str) -> None:
        is_on = self._pauses.is_on(person)
        if code == "pause" or (code == "toggle" and not is_on):
            await self._pauses.begin(person, reason, phone)
        elif code == "back" or (code == "toggle" and is_on):
            await self._pauses.end(person, phone)
        elif code == "done":
            self._written_up(person)
            await self._wires.write_up((one for one, of in self._phones().items() if of == person), 0.0)

    async def _stands(self, person: PersonId, phone: str, channel: str) -> Stands:
        if self._pauses.is_on(person):
            return Stands.PAUSED
        state = await self._wires.look(phone, channel)
        return Stands.WRITING_UP if self._now() < state.writes_up_until else Stands.FREE

    async def keep_lamps(
        self, light: Callable[[Mapping[str, bool]], Awaitable[None]], connections: Callable[[], int]
    ) -> None:
        """Have each lamp show whether its person has paused, until cancelled; after a gap all of them anew."""
        shown: tuple[int, Mapping[str, bool]] | None = None
        said = ""
        while True:
            wanted = connections(), {phone: self._pauses.is_on(of) for phone, of in self._phones().items()}
            if wanted != shown:
                try:
                    await light(wanted[1])
                    shown, said = wanted, ""
                except CallrouterError as error:
                    if str(error) != said:  # once, not twice a second of an outage
                        said = str(error)
                        log.warning("the lamps are not as they should be", why=said)
            await asyncio.sleep(LOOK_EVERY)
