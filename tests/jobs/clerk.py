"""The smallest process that does what a worker's clerk does: `python -m tests.jobs.clerk`, settings as of `serve`."""

from __future__ import annotations

import asyncio
import time

from callrouter import log, settings
from callrouter.jobs.clerk import Clerk
from callrouter.routing.scheme import parse
from callrouter.store import schemes
from callrouter.store.database import Database


async def main() -> None:
    """Make and send until killed."""
    log.configure()
    database = Database(settings.load().database_url.get_secret_value())
    async with database.reading() as connection:
        revision = await schemes.current(connection)
    assert revision is not None
    scheme = parse(revision.document)
    await Clerk(database, lambda: scheme, time.time).run()


if __name__ == "__main__":
    asyncio.run(main())
