"""What a worker follows: the scheme in force, for the calls that come from then on, and who has paused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from callrouter.core.errors import CallrouterError
from callrouter.pauses import Pauses
from callrouter.reception import Current, Reception
from callrouter.routing.scheme import parse
from callrouter.store import schemes
from callrouter.store.database import Database
from callrouter.store.news import CHANNEL

EVERY = 1.0
"""Seconds between two looks where nothing is heard: workers know of a change within 2 s, with PostgreSQL at once."""

log = structlog.get_logger()


class Revisions:
    """Gives the reception the newest revision; `answered` hears whenever the database has told of it."""

    def __init__(self, database: Database, reception: Reception, pauses: Pauses, answered: Callable[[], None]) -> None:
        self._database = database
        self._reception = reception
        self._pauses = pauses
        self._answered = answered
        self._news = asyncio.Event()
        self._said = ""

    async def follow(self) -> None:
        """Look for what is new until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._news.wait()
            self._news.clear()
            await self.take_up()

    async def listen(self) -> None:
        """Hear of what is new until cancelled; who does not hear, looks."""
        while not self._database.is_sqlite:
            with suppress(CallrouterError):  # `take_up` says what is wrong
                async with self._database.listening(CHANNEL, self._news.set) as gone:
                    await gone.wait()
            await asyncio.sleep(EVERY)

    async def take_up(self) -> None:
        """Read what is in force; whatever is wrong with it, the scheme before stays, and who had paused has paused."""
        has = None if self._reception.current is None else self._reception.current.revision
        try:
            async with self._database.reading() as connection:
                await self._pauses.take_up(connection)
                number = await schemes.current_number(connection)
                newest = await schemes.get(connection, number) if number is not None and number != has else None
            self._answered()
            if newest is not None:
                scheme = await asyncio.to_thread(parse, newest.document, f"revision {newest.revision}")
                self._reception.current = Current(scheme, newest.revision)
                log.info("scheme", revision=newest.revision)
            self._said = ""
        except CallrouterError as error:
            if str(error) != self._said:  # once, not each second of an outage
                self._said = str(error)
                log.warning("the scheme stays as it was", revision=has, why=self._said)
