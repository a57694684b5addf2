"""The figures that SQL counts are the ledger's: each is as long as the list of calls behind it; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import delete, update

from callrouter.core.words import CallId, LostReason, PersonId
from callrouter.ledger import rate
from callrouter.ledger.figure import printed
from callrouter.ledger.figures import figures as defined
from callrouter.ledger.groups import By
from callrouter.ledger.period import Period, midnight
from callrouter.store import days, figures, rows
from callrouter.store.tables import calls
from tests.ledger import table
from tests.ledger.rows import call
from tests.ledger.test_figures import CALLS, START

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.store.database import Database

MONDAY = date(2026, 3, 30)
FURTHER = 3
"""How much further than in the other tests calls are from one another: some are long ago for a date."""
DATES = range(-9, -9 + 21 * FURTHER)
WEEK = Period(table.instant("03-28 00:00"), table.instant("04-04 00:00"), table.BERLIN)


async def write(connection: AsyncConnection, over: Iterable[CallRow]) -> None:
    """Write calls as they are written when they are over."""
    known = tuple(over)
    await rows.begin(connection, known, "test")
    for row in known:
        await rows.finish(connection, row, {})


@pytest.mark.parametrize("by", [None, *By])
async def test_the_calls_of_the_table(database: Database, by: By | None) -> None:
    """Sixty-three calls, counted by hand for the ledger, come out the same from SQL."""
    async with database.writing() as connection:
        await write(connection, table.calls())
    async with database.reading() as connection:
        found = await figures.figures(connection, WEEK, table.hours_of, by)
        headline = await figures.headline(connection, WEEK, by)
    assert found == printed(defined(table.calls(), WEEK, table.hours_of, by))
    assert headline == rate.document(rate.rate(table.calls(), WEEK, by))


def _own(drawn: Iterable[CallRow], chance: Random) -> tuple[CallRow, ...]:
    """Calls with ids of their own and with something in every column that is grouped by, in their order."""
    return tuple(
        replace(
            row,
            id=CallId(f"{number:02}"),
            answered_at=None if row.answered_at is None else row.answered_at - START + row.arrived_at,
            ended_at=None if row.ended_at is None else row.ended_at - START + row.arrived_at,
            department=chance.choice([None, "sales"]),
            client=chance.choice([None, "", "Ромашка", "Ёлка"]),
            responsible=chance.choice([None, PersonId("vera")]),
            segment=chance.choice([None, "key"]),
            source=chance.choice([None, "internet", "Яндекс"]),
        )
        for number, row in enumerate(sorted(drawn, key=lambda row: row.arrived_at))
    )


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS, st.builds(Random, st.integers(0, 2**32)))
async def test_whatever_the_calls(database: Database, drawn: list[CallRow], chance: Random) -> None:
    """SQL counts what the ledger lists, for every figure and grouping, whichever dates are added up, and totals agree.

    Also when a call of a date that is added up changes or goes.
    """
    known = _own(drawn, chance)
    async with database.writing() as connection:
        await connection.execute(delete(calls))
        await write(connection, known)
    await _is_the_ledgers(database, known, *By)
    for number in range(-9, 12):
        if chance.random() < 0.3:
            assert await days.add_up(database, MONDAY + timedelta(days=number), WEEK.timezone)
    await _is_the_ledgers(database, known, chance.choice(list(By)))
    gone = {row.id for row in known if chance.random() < 0.2}
    lost = {row.id for row in known if row.outcome == "answered" and chance.random() < 0.2} - gone
    changed: dict[str, Any] = {"outcome": "lost", "lost_reason": LostReason.FAILURE, "answered_by": None}
    async with database.writing() as connection:
        await connection.execute(delete(calls).where(calls.c.id.in_(gone)))
        await connection.execute(update(calls).where(calls.c.id.in_(lost)).values(changed))
    left = tuple(replace(row, **changed) if row.id in lost else row for row in known if row.id not in gone)
    await _is_the_ledgers(database, left, chance.choice(list(By)))


@settings(deadline=None, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CALLS, st.builds(Random, st.integers(0, 2**32)))
async def test_whichever_period(database: Database, drawn: list[CallRow], chance: Random) -> None:
    """Clients are the ledger's in any period, whole dates or not, by what was known at any time.

    Whichever dates are kept; also when a call of an old date comes late, changes or goes when later ones are kept.
    """
    far = (replace(row, arrived_at=START + (row.arrived_at - START) * FURTHER) for row in drawn)
    known = list(_own(far, chance))
    late = [known.pop(chance.randrange(len(known))) for _ in range(len(known) // 3)]
    async with database.writing() as connection:
        await connection.execute(delete(calls))
        await write(connection, known)
    dates = chance.sample(DATES, 16)
    for number in dates:
        assert await days.add_up(database, MONDAY + timedelta(days=number), WEEK.timezone)
    await _has_the_ledgers_clients(database, known, chance)
    gone = {row.id for row in known if chance.random() < 0.2}
    async with database.writing() as connection:
        await write(connection, late)
        await connection.execute(delete(calls).where(calls.c.id.in_(gone)))
        await connection.execute(update(calls).where(calls.c.outcome == "lost").values(is_closed=False))
    left = [row for row in (*known, *late) if row.id not in gone]
    left = [replace(row, is_closed=False) if row.outcome == "lost" else row for row in left]
    await _has_the_ledgers_clients(database, left, chance)
    for number in dates[:6]:
        assert await days.add_up(database, MONDAY + timedelta(days=number), WEEK.timezone)
    await _has_the_ledgers_clients(database, left, chance)


LONG_AFTER = (
    call("2026-03-30T12:00:00+02:00", lost=LostReason.ABANDONED, caller="+79160000001"),
    call("2026-03-30T22:00:00+02:00", lost=LostReason.CLOSED, caller="+79160000002", line="site", is_closed=True),
    call("2026-03-31T12:00:00+02:00", lost=LostReason.NO_ANSWER, caller="+79160000003"),
    call("2026-05-10T12:00:00+02:00", lost=LostReason.NO_ANSWER, direction="out", line="+79160000001"),
    call("2026-05-15T12:00:00+02:00", direction="out", line="+79160000002"),
    call("2026-05-15T13:00:00+02:00", caller="+79160000003"),
)


async def test_what_became_of_clients_long_after(database: Database) -> None:
    """A month and more later one is called, one is rescued and one returns: each date of it says so, kept or not."""
    async with database.writing() as connection:
        await write(connection, LONG_AFTER)
    known: Any = printed(defined(LONG_AFTER, WEEK, table.hours_of))["clients"]
    assert (known["attempted"], known["rescued"], known["returned"]) == (1, 1, 1)
    for number in (0, 1, 40, 41, 46):
        assert await days.add_up(database, MONDAY + timedelta(days=number), WEEK.timezone)
        async with database.reading() as connection:
            found = await figures.figures(connection, WEEK, table.hours_of, lists=False)
        assert found["clients"] == known


async def _has_the_ledgers_clients(database: Database, known: list[CallRow], chance: Random) -> None:
    for _ in range(2):
        start, end = sorted(chance.sample(DATES, 2))
        after = chance.choice([0, 0, 11 * 3600])
        period = Period(_midnight(start) + after, _midnight(end) + chance.choice([0, after]), WEEK.timezone)
        until = chance.choice([None, period.end, period.end + 86_400 * chance.randrange(50)])
        then = [row for row in known if until is None or row.arrived_at < until]
        async with database.reading() as connection:
            found = await figures.figures(connection, period, table.hours_of, until=until, lists=False)
        assert found["clients"] == printed(defined(then, period, table.hours_of))["clients"]


def _midnight(number: int) -> float:
    return midnight(MONDAY + timedelta(days=number), WEEK.timezone)


async def _is_the_ledgers(database: Database, known: tuple[CallRow, ...], *groupings: By) -> None:
    async with database.reading() as connection:
        found = {by: await figures.headline(connection, WEEK, by) for by in groupings}
        every = await figures.figures(connection, WEEK, table.hours_of)
        then = await figures.figures(connection, WEEK, table.hours_of, until=WEEK.end, lists=False)
    by_then = printed(defined([row for row in known if row.arrived_at < WEEK.end], WEEK, table.hours_of))
    assert found == {by: rate.document(rate.rate(known, WEEK, by)) for by in groupings}
    assert every == printed(defined(known, WEEK, table.hours_of))
    assert then == {**by_then, **{name: _unlisted(by_then[name]) for name in ("escalations", "shared_clients")}}
    assert {_total(one) for one in found.values()} == {(every["calls"], every["lost"])}


def _unlisted(block: Any) -> dict[str, object]:
    return {name: value for name, value in block.items() if name != "list"}


def _total(found: Any) -> tuple[int, int]:
    return sum(group["calls"] for group in found["groups"]), sum(group["lost"] for group in found["groups"])
