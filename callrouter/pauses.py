"""Who has paused, as last known: the database says so, and while it is away what it said holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.words import Instant, PersonId
from callrouter.store import people
from callrouter.store.database import Database
from callrouter.store.people import Pause


class Pauses:
    """The pauses of the people, begun and ended from a phone too."""

    def __init__(self, database: Database, now: Callable[[], Instant]) -> None:
        self._database = database
        self._now = now
        self.known: Mapping[PersonId, Pause] = {}
        self._changes = 0

    def is_on(self, person: PersonId) -> bool:
        """Whether somebody has paused."""
        pause = self.known.get(person)
        return pause is not None and pause.holds(self._now())

    async def take_up(self, connection: AsyncConnection) -> None:
        """Know what the database says, unless something was changed here while it was asked."""
        changes = self._changes
        known = await people.pauses(connection)
        if changes == self._changes:
            self.known = known

    async def begin(self, person: PersonId, reason: str, by: str) -> None:
        """Begin a pause that lasts until it is ended; raise CallrouterError where the database does not take it."""
        async with self._database.writing() as connection:
            await people.pause(connection, Pause(person, reason, self._now(), None, by))
            known = await people.pauses(connection)
        self._changed(known)

    async def end(self, person: PersonId, by: str) -> None:
        """End a pause; raise CallrouterError where the database does not take it."""
        async with self._database.writing() as connection:
            await people.resume(connection, person, self._now(), by)
            known = await people.pauses(connection)
        self._changed(known)

    def _changed(self, known: Mapping[PersonId, Pause]) -> None:
        self.known = known
        self._changes += 1
