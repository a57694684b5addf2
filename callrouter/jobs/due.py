"""What the nightly job has to do, as the runs that are finished say."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from callrouter.ledger.nightly import due, newest
from callrouter.store import runs

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme

EXPORT, REVIEW = "export", "review"
"""The first edition of each date; a look each night at the last dates, of which more may have become known."""


async def due_dates(connection: AsyncConnection, scheme: Scheme, now: Instant) -> tuple[date, ...]:
    """Return the business dates whose exports are due and not made, oldest first."""
    first = await runs.first(connection, EXPORT)
    begin = None if first is None else date.fromisoformat(first)
    at, timezone = scheme.report.at, scheme.timezone
    done = await runs.finished(connection, EXPORT, begin or date.min)
    return due(now, at, timezone, begin, done)


async def is_due(connection: AsyncConnection, scheme: Scheme, now: Instant) -> bool:
    """Whether there is something to make that nobody has in hand."""
    held = await runs.held(connection, EXPORT, now)
    if any(one.isoformat() not in held for one in await due_dates(connection, scheme, now)):
        return True
    last = newest(now, scheme.report.at, scheme.timezone)
    over = await runs.finished(connection, REVIEW, last) | await runs.held(connection, REVIEW, now)
    return last.isoformat() not in over
