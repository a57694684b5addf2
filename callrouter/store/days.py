"""Dates whose calls are added up once: a month is thirty of them. Exact: a trigger takes out what a change concerns.

Adding up is claimed first; whoever changes a call of that date meanwhile takes the claim out, and nothing is written.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import delete, func, insert, select, text, update

from callrouter.ledger.period import Period, date_at, day, midnight
from callrouter.ledger.rate import DEFINITION
from callrouter.store import figures_calls, figures_contacts, figures_parts, figures_shared
from callrouter.store.counts import Counts
from callrouter.store.tables import calls
from callrouter.store.tables_days import days

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Container

    from sqlalchemy import Column
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.database import Database

VERSION = f"{DEFINITION} 7"
"""Of the definition, and of what is kept of a date."""
AT_ONCE = 31
"""Dates that are read by one statement: a year of them would not be held in memory."""
RATE = frozenset({"all", "closed", "short", "withheld", "by_reason"})


IS_KEPT = days.c.counts.is_not(None) & (days.c.version == VERSION)


@dataclass(frozen=True, slots=True)
class Piece:
    """A date with what is kept of it, by column; or what lies between such dates (None): it has to be counted."""

    period: Period
    kept: Any


@dataclass(frozen=True, slots=True)
class Row:
    """The dates that clients are added up from: nearly those of a period, and all after them."""

    added: Period | None
    """From the first date that is kept to the last one; it may end after the period. None: nothing is kept."""
    since: Period
    """What is added up after these."""
    until: Instant
    """Up to when anything is known, or may be."""
    beside: tuple[Period, ...]
    """In which the period and the dates differ."""
    last: Period | None
    """What is not added up at the end; None: nothing."""


async def counted(connection: AsyncConnection, period: Period, only: Container[str] | None = None) -> Counts:
    """Return what can be added up of a period, of these parts (None: all)."""
    counts = Counts()
    columns = (days.c.counts, *((days.c.shared,) if only is None else ()))
    async for piece in pieces(connection, period, *columns):
        if piece.kept is None:
            await count(connection, piece.period, counts, only)
        else:
            counts.take(piece.kept["counts"], only)
            counts.share(piece.kept.get("shared", {}))
    return counts


async def count(connection: AsyncConnection, period: Period, counts: Counts, only: Container[str] | None) -> None:
    """Count the calls of a period one by one."""
    await figures_calls.headline(connection, period, counts)
    for by in figures_calls.OF_THE_DATE:
        if only is None or f"by_{by.value}" in only:
            await figures_calls.groups(connection, period, by, counts)
    if only is None or "day" in only:
        await figures_calls.quarters(connection, period, counts)
    if only is None:
        for part in (figures_calls.answered, figures_parts.steps, figures_parts.missed, figures_parts.talk):
            await part(connection, period, counts)
        figures_parts.count_escalations(await figures_parts.escalations(connection, period), counts)
        counts.add_shared(await figures_shared.numbers(connection, period))


async def pieces(connection: AsyncConnection, period: Period, *columns: Column[Any]) -> AsyncIterator[Piece]:
    """Yield the dates of a period in order, and what is left of dates at its ends, with some of what is kept."""
    at = period.start
    zone, names = period.timezone, [column.name for column in columns]
    query = select(days.c.starts_at, days.c.ends_at, *columns).where(IS_KEPT, days.c.timezone == zone)
    query = query.where(days.c.ends_at <= period.end).order_by(days.c.ends_at).limit(AT_ONCE)
    while found := (await connection.execute(query.where(days.c.ends_at > at, days.c.starts_at >= at))).all():
        for starts, ends, *kept in found:
            if at < starts:
                yield Piece(Period(at, starts, zone), None)
            yield Piece(Period(starts, ends, zone), dict(zip(names, map(orjson.loads, kept), strict=True)))
            at = ends
    if at < period.end:
        yield Piece(Period(at, period.end, zone), None)


async def in_a_row(connection: AsyncConnection, period: Period, until: Instant | None) -> Row:
    """Return which dates a period's clients are added up from, by what is known up to an instant (None: all)."""
    zone = period.timezone
    query = select(days.c.starts_at, days.c.ends_at).where(IS_KEPT, days.c.timezone == zone)
    query = query.where(days.c.starts_at >= period.start).order_by(days.c.ends_at)
    there = [(one.starts_at, one.ends_at) for one in await connection.execute(query)]
    if until is None:
        _, newest = await span(connection)
        until = max([newest + 1.0, *(ends for _, ends in there[-1:])])
    until = max(until, period.end)
    there = [one for one in there if one[1] <= until]
    its = [one for one in there if one[0] < period.end]
    if not its:
        return Row(None, Period(until, until, zone), until, (period,), None)
    added, end = Period(its[0][0], its[-1][1], zone), there[-1][1]
    ends = sorted((added.end, period.end))
    beside = (Period(period.start, added.start, zone), Period(ends[0], ends[1], zone))
    return Row(
        added=added,
        since=Period(added.end, end, zone),
        until=until,
        beside=tuple(one for one in beside if one.start < one.end),
        last=Period(end, until, zone) if end < until else None,
    )


def dates(period: Period) -> list[Period]:
    """Return a period split at its midnights: as much as can be held in memory."""
    found, at = [], period.start
    while at < period.end:
        ends = min(midnight(date_at(at, period.timezone) + timedelta(days=1), period.timezone), period.end)
        found.append(Period(at, ends, period.timezone))
        at = ends
    return found


async def span(connection: AsyncConnection) -> tuple[Instant, Instant]:
    """Return when the oldest and the newest call arrived, 0 without any."""
    ends = [select(end(calls.c.arrived_at)) for end in (func.min, func.max)]
    first, last = [(await connection.execute(end)).scalar_one_or_none() or 0.0 for end in ends]
    return first, last


async def missing(connection: AsyncConnection, timezone: str, now: Instant) -> tuple[date, ...]:
    """Return the dates that are over and not added up yet, newest first."""
    first, newest = await span(connection)
    there = select(days.c.date).where(days.c.timezone == timezone, IS_KEPT)
    kept = set((await connection.execute(there)).scalars())
    last = (
        min(date_at(now, timezone), date_at(newest, timezone) + timedelta(days=1))
        if newest
        else date_at(first, timezone)
    )
    ago = (last - date_at(first, timezone)).days
    every = (last - timedelta(days=number) for number in range(1, ago + 1))
    return tuple(one for one in every if one.isoformat() not in kept)


async def add_up(database: Database, of: date, timezone: str) -> bool:
    """Keep what can be added up of a date; False: one of its calls has changed meanwhile."""
    claim, period = uuid.uuid4().hex, day(of, timezone)
    this = (days.c.timezone == timezone) & (days.c.date == of.isoformat())
    own = {"timezone": timezone, "date": of.isoformat(), "starts_at": period.start, "ends_at": period.end}
    async with database.writing() as connection:
        await connection.execute(delete(days).where(this))
        await connection.execute(insert(days).values(own | {"version": VERSION, "claim": claim}))
    if not database.is_sqlite:  # who changed a call before he could see the claim has to be through
        async with database.writing() as connection:
            await connection.execute(text("LOCK TABLE calls IN SHARE MODE"))
    async with database.reading() as connection:
        counts = Counts()
        await count(connection, period, counts, None)
        contacts = await figures_contacts.contacts(connection, period)
    made = {"counts": counts.document(), "shared": counts.shared_document(), **contacts}
    kept = {name: orjson.dumps(one).decode() for name, one in made.items()}
    async with database.writing() as connection:
        written = await connection.execute(update(days).where(this, days.c.claim == claim).values(kept))
    return written.rowcount == 1
