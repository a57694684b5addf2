"""What the rows of calls alone say, counted by SQL: the rate, its companions, groups, how soon they were answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, func, select, type_coerce

from callrouter.ledger.groups import By
from callrouter.ledger.period import MICRO, local
from callrouter.ledger.service import LEVELS
from callrouter.ledger.tally import SHORT
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.ledger.period import Period
    from callrouter.store.counts import Counts

QUARTER = 900 * MICRO
"""Every zone's clock is so many of these off UTC."""
MILLI = 1000


def micro(moment: ColumnElement[Any]) -> ColumnElement[int]:
    """Return an instant as the microseconds it is kept in."""
    return type_coerce(moment, BigInteger)


def milli(since: ColumnElement[Any], until: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the milliseconds between two instants, rounded."""
    return (micro(until) - micro(since) + MILLI // 2) // MILLI


ANSWERED, LOST = calls.c.outcome == "answered", calls.c.outcome == "lost"
WAITED = milli(calls.c.arrived_at, func.coalesce(calls.c.answered_at, calls.c.ended_at, calls.c.arrived_at))
LEFT_AT_ONCE = and_(calls.c.lost_reason == "abandoned", WAITED < SHORT * MILLI, calls.c.ended_at.is_not(None))
PHANTOM = milli(calls.c.answered_at, calls.c.ended_at) < SHORT * MILLI
TALLY = (func.count(), func.count().filter(ANSWERED), func.count().filter(LOST))
_OWN: dict[By, ColumnElement[Any]] = {
    By.LINE: calls.c.line,
    By.SOURCE: calls.c.source,
    By.DEPARTMENT: calls.c.department,
    By.PERSON: func.coalesce(func.nullif(calls.c.answered_by, ""), calls.c.responsible),
    By.STEP: func.coalesce(calls.c.answered_step, calls.c.lost_step),
    By.REASON: calls.c.lost_reason,
    By.CLIENT: func.coalesce(func.nullif(calls.c.client, ""), calls.c.caller),
    By.PRIORITY: calls.c.priority,
    By.SEGMENT: calls.c.segment,
}
OF_THE_DATE = tuple(by for by in _OWN if by is not By.CLIENT)
"""Groupings of which there are few in a day."""


def arrived(period: Period) -> ColumnElement[bool]:
    """Return the condition that a call is over and arrived in the period."""
    return and_(calls.c.outcome.is_not(None), calls.c.arrived_at >= period.start, calls.c.arrived_at < period.end)


def counted(period: Period) -> ColumnElement[bool]:
    """Return the condition that a call is an inbound one of the period that is over."""
    return and_(calls.c.direction == "in", arrived(period))


async def headline(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count all calls, those out of hours, of callers who left at once, phantoms, and how soon they were answered."""
    levels = tuple(func.count().filter(ANSWERED, within * MILLI >= WAITED) for within in LEVELS)
    closed = tuple(func.count().filter(calls.c.is_closed, *which) for which in ((), (ANSWERED,), (LOST,)))
    short = tuple(func.count().filter(LEFT_AT_ONCE, *which) for which in ((), (ANSWERED,), (LOST,)))
    withheld = tuple(func.count().filter(calls.c.caller.is_(None), *which) for which in ((), (ANSWERED,), (LOST,)))
    several = (*TALLY, *closed, *short, *withheld)
    asked = (*several, func.count().filter(PHANTOM), func.sum(WAITED).filter(ANSWERED), *levels)
    found = (await connection.execute(select(*asked).where(counted(period)))).one()
    for place, part in enumerate(("all", "closed", "short", "withheld")):
        counts.add(part, None, found[3 * place : 3 * place + 3])
    rest = found[len(several) :]
    for part, numbers in (("phantom", rest[:1]), ("waited", rest[1:2]), ("levels", rest[2:])):
        counts.add(part, None, numbers)


async def quarters(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count the calls of each date, and of each hour of the week."""
    number = (micro(calls.c.arrived_at) // QUARTER).label("number")
    for one in await connection.execute(select(number, *TALLY).where(counted(period)).group_by(number)):
        at = local(one[0] * QUARTER // MICRO, period.timezone)
        counts.add("day", at.date().isoformat(), one[1:])
        counts.add("week", at.isoweekday() * 100 + at.hour, one[1:])


async def groups(connection: AsyncConnection, period: Period, by: By, counts: Counts) -> None:
    """Count the calls of each group but those of the clock."""
    key = _OWN[by].label("key")
    for one in await connection.execute(select(key, *TALLY).where(counted(period)).group_by(key)):
        counts.add(f"by_{by.value}", one[0], one[1:])


async def answered(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count the answered calls by the step that did it and by who did."""
    for part, key in (("answered_step", calls.c.answered_step), ("answered_by", calls.c.answered_by)):
        query = select(key, func.count()).where(counted(period), ANSWERED).group_by(key)
        for one in await connection.execute(query):
            counts.add(part, one[0], one[1:])
