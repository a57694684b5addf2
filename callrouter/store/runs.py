"""Runs of a job: one for each business date, done once, however many workers there are.

The row is the lease: who does the job claims it for a while and keeps the claim. If he dies it runs out, and another
begins anew; only who still has the claim can finish, in the transaction that keeps what he has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from callrouter.store.tables_outbox import runs

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant


async def begin(connection: AsyncConnection, job: str, of: date, word: str, now: Instant, until: Instant) -> bool:
    """Claim a run until then; return whether it is ours: not finished, and nobody else's at this moment."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"job": job, "date": of.isoformat(), "tries": 1, "begun_at": now, "claim": word, "claimed_until": until}
    again = {"tries": runs.c.tries + 1, "begun_at": now, "claim": word, "claimed_until": until}
    is_free = runs.c.finished_at.is_(None) & or_(runs.c.claimed_until.is_(None), runs.c.claimed_until <= now)
    claimed = insert(runs).values(row).on_conflict_do_update(index_elements=["job", "date"], set_=again, where=is_free)
    return (await connection.execute(claimed.returning(runs.c.tries))).first() is not None


async def keep(connection: AsyncConnection, job: str, of: date, word: str, until: Instant) -> bool:
    """Keep a claim; return whether it is still ours."""
    mine = update(runs).where(*_mine(job, of, word)).values(claimed_until=until)
    return (await connection.execute(mine)).rowcount == 1


async def finish(connection: AsyncConnection, job: str, of: date, word: str, now: Instant) -> bool:
    """Finish a run; return whether it was still ours: if not, nothing of it may be kept."""
    values = {"finished_at": now, "claim": None, "claimed_until": None, "error": None}
    return (await connection.execute(update(runs).where(*_mine(job, of, word)).values(values))).rowcount == 1


async def fail(connection: AsyncConnection, job: str, of: date, word: str, error: str, again_at: Instant) -> None:
    """Give a run back, for somebody to try it again then."""
    values = {"claim": None, "claimed_until": again_at, "error": error}
    await connection.execute(update(runs).where(*_mine(job, of, word)).values(values))


async def tries(connection: AsyncConnection, job: str, of: date) -> int:
    """Return how often a run was begun."""
    query = select(runs.c.tries).where(runs.c.job == job, runs.c.date == of.isoformat())
    return await connection.scalar(query) or 0


async def finished(connection: AsyncConnection, job: str, since: date) -> frozenset[str]:
    """Return the dates (YYYY-MM-DD) from that one on whose runs are finished."""
    its = (runs.c.job == job, runs.c.date >= since.isoformat(), runs.c.finished_at.is_not(None))
    return frozenset((await connection.execute(select(runs.c.date).where(*its))).scalars())


async def first(connection: AsyncConnection, job: str) -> str | None:
    """Return the first date (YYYY-MM-DD) the job was begun for, None: never."""
    found: str | None = await connection.scalar(select(func.min(runs.c.date)).where(runs.c.job == job))
    return found


async def held(connection: AsyncConnection, job: str, now: Instant) -> frozenset[str]:
    """Return the dates (YYYY-MM-DD) that somebody has in hand, or that are to be tried again later."""
    its = (runs.c.job == job, runs.c.finished_at.is_(None), runs.c.claimed_until > now)
    return frozenset((await connection.execute(select(runs.c.date).where(*its))).scalars())


async def failing(connection: AsyncConnection, job: str) -> tuple[tuple[str, str], ...]:
    """Return the dates whose last try came to nothing, and why, oldest first."""
    its = (runs.c.job == job, runs.c.finished_at.is_(None), runs.c.error.is_not(None))
    query = select(runs.c.date, runs.c.error).where(*its).order_by(runs.c.date)
    return tuple((one.date, one.error) for one in await connection.execute(query))


def _mine(job: str, of: date, word: str) -> tuple[ColumnElement[bool], ...]:
    return runs.c.job == job, runs.c.date == of.isoformat(), runs.c.claim == word, runs.c.finished_at.is_(None)
