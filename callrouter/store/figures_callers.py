"""How many different numbers called, so that dates can be added up: a date keeps when its callers had called before.

Who called in a period is counted on the first of its dates on which he did.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, exists, false, func, select, true

from callrouter.store.figures_calls import LEFT_AT_ONCE, counted
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.ledger.period import Period

IS_SHORT = func.coalesce(LEFT_AT_ONCE, false())
KINDS: tuple[ColumnElement[bool], ...] = (true(), ~calls.c.is_closed, ~IS_SHORT)
"""All calls; those within hours; those of callers who did not leave at once."""


def document(before: Iterable[Iterable[int]]) -> list[list[list[int]]]:
    """Return what JSON keeps of a date's callers: for each kind the dates of their calls before (0: none), in order.

    Beside each how many callers had called on it or earlier.
    """
    made = []
    for those in before:
        found = sorted(Counter(those).items())
        made.append([[date for date, _ in found], list(accumulate(number for _, number in found))])
    return made


def first(kept: Iterable[list[list[int]]], since: int) -> list[int]:
    """Return by kind how many callers of a date had not called since another one."""
    return [number[place - 1] if (place := bisect_left(dates, since)) else 0 for dates, number in kept]


async def others(connection: AsyncConnection, period: Period, than: Period) -> list[int]:
    """Return by kind how many numbers called in a period and not in another one."""
    own = select(
        calls.c.caller, *(func.max(case((one, 1), else_=0)).label(f"is_{place}") for place, one in enumerate(KINDS))
    )
    own_calls = own.where(counted(period), calls.c.caller.is_not(None)).group_by(calls.c.caller).subquery()
    new = [
        func.count().filter(
            and_(
                own_calls.c[f"is_{place}"] == 1,
                ~exists().where(counted(than), calls.c.caller == own_calls.c.caller, one).correlate(own_calls),
            )
        )
        for place, one in enumerate(KINDS)
    ]
    return list((await connection.execute(select(*new))).one())
