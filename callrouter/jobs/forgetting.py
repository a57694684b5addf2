"""A worker lets go of whoever was forgotten: of his journal's file, which SQL has, and of whom it remembers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from callrouter.core.errors import CallrouterError
from callrouter.store import forgotten

if TYPE_CHECKING:
    from callrouter.memory import Memory
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

LOOK_EVERY = 1.0
"""Seconds."""


async def let_go(database: Database, journal: Journal, memory: Memory) -> None:
    """Look for news until cancelled."""
    seen = 0.0
    while True:
        try:
            async with database.reading() as connection:
                newest = await forgotten.newest(connection) or 0.0
        except CallrouterError:  # the shipper says that the database is away
            newest = seen
        if newest != seen:
            journal.leave_segment()
            memory.forget()
            seen = newest
        await asyncio.sleep(LOOK_EVERY)
