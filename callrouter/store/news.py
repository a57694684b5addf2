"""Workers hear at once of what changed for them: PostgreSQL tells them that, not what; SQLite is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

CHANNEL = "callrouter"


async def tell(connection: AsyncConnection) -> None:
    """Tell every worker, once this transaction is committed, that scheme or people are not as they were."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"NOTIFY {CHANNEL}"))
