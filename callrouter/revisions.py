"""The scheme in force, followed: a new revision is taken up for the calls that come from then on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from callrouter.core.errors import CallrouterError
from callrouter.reception import Current, Reception
from callrouter.routing.scheme import parse
from callrouter.store import schemes
from callrouter.store.database import Database

EVERY = 1.0
"""Seconds between two looks for a new revision: workers take it up within 2 s."""

log = structlog.get_logger()


class Revisions:
    """Gives the reception the newest revision; `answered` hears whenever the database has told of it."""

    def __init__(self, database: Database, reception: Reception, answered: Callable[[], None]) -> None:
        self._database = database
        self._reception = reception
        self._answered = answered
        self._said = ""

    async def follow(self) -> None:
        """Look for a new one until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.take_up()

    async def take_up(self) -> None:
        """Read the revision in force; whatever is wrong with it, the one before stays."""
        has = None if self._reception.current is None else self._reception.current.revision
        try:
            async with self._database.reading() as connection:
                number = await schemes.current_number(connection)
                newest = await schemes.get(connection, number) if number is not None and number != has else None
            self._answered()
            if newest is not None:
                scheme = parse(newest.document, f"revision {newest.revision}")
                self._reception.current = Current(scheme, newest.revision)
                log.info("scheme", revision=newest.revision)
            self._said = ""
        except CallrouterError as error:
            if str(error) != self._said:  # once, not each second of an outage
                self._said = str(error)
                log.warning("the scheme stays as it was", revision=has, why=self._said)
