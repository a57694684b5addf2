"""What commands begin with: settings, a database whose schema fits, the scheme in force."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from callrouter import settings
from callrouter.core.errors import CallrouterError
from callrouter.routing import scheme as document
from callrouter.store import schema, schemes
from callrouter.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme

T = TypeVar("T")
UTC = "UTC"
"""The zone of a company that has no scheme yet."""


class WrongInputError(CallrouterError):
    """What was typed or given does not exist or does not fit."""


def now() -> Instant:
    """Return the present instant: commands are the only ones who ask for it."""
    return time.time()


def with_database(work: Callable[[Database], Awaitable[T]]) -> T:
    """Open the database, refuse an older schema, do the work, close it."""

    async def opened() -> T:
        async with database() as there:
            return await work(there)

    return asyncio.run(opened())


@asynccontextmanager
async def database(*, checked: bool = True) -> AsyncGenerator[Database]:
    """Open the database of the settings; `checked`: its schema has to fit."""
    there = Database(settings.load().database_url.get_secret_value())
    try:
        if checked:
            await schema.check(there)
        yield there
    finally:
        await there.close()


async def scheme_in_force(connection: AsyncConnection) -> Scheme | None:
    """Return the scheme in force, None before the first was applied."""
    revision = await schemes.current(connection)
    return None if revision is None else document.parse(revision.document, f"revision {revision.revision}")


async def needed_scheme(connection: AsyncConnection) -> Scheme:
    """Return the scheme in force; without one the command cannot work."""
    scheme = await scheme_in_force(connection)
    if scheme is None:
        raise WrongInputError("there is no scheme yet: run `callrouter scheme apply FILE` first")
    return scheme


def content_of(file: Path) -> bytes:
    """Return what a file holds that was named on the command line."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise WrongInputError(f"{file}: {error.strerror}") from None


async def zone(connection: AsyncConnection) -> str:
    """Return the zone in which this company reads its clocks."""
    scheme = await scheme_in_force(connection)
    return UTC if scheme is None else scheme.timezone
