"""What the nightly export asks of the store, on SQLite and PostgreSQL: counts of days, the scheme of a date."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from callrouter.core.recorded import Portion
from callrouter.jobs.night import counted
from callrouter.ledger.period import day, local, midnight
from callrouter.ledger.rate import inbound
from callrouter.ledger.tally import tally
from callrouter.report.night import Count
from callrouter.store import days, queries, schemes
from callrouter.store.queries import Wanted
from callrouter.store.records import Records, lines_called, without_record
from callrouter.store.shipper import Shipper
from tests.store.lives import ARRIVED, abandoned, answered
from tests.store.test_records import AT, HERE, OUT, TALKED

if TYPE_CHECKING:
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize("of", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)])
async def test_the_counts_of_days_and_hours_are_the_ledgers(database: Database, journal: Journal, of: date) -> None:
    """Of the last 30 dates, to the moment on either side of midnight, on the day of 23 hours too; internal ones not."""
    first, last = (midnight(one, BERLIN) for one in (of - timedelta(days=29), of))
    edges = (first - 0.25, first, last - 0.25, last, last + 7200, midnight(of + timedelta(days=1), BERLIN) - 0.25)
    for number, at in enumerate((*edges, midnight(of + timedelta(days=1), BERLIN))):
        make = abandoned if number % 2 else answered
        make(journal, f"call-{number}", at=at + 0.25, arrived_at=at)
    answered(journal, "talk-9", direction="internal", at=last + 1, arrived_at=last + 0.75)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        before = await counted(connection, of, BERLIN)
        rows = [one.row for one in await queries.ended_calls(connection, Wanted())]
    for one in (of - timedelta(days=1), of):
        await days.add_up(database, one, BERLIN)
    async with database.reading() as connection:
        assert await counted(connection, of, BERLIN) == before
    by_date, by_hour = before
    assert list(by_date) == [of - timedelta(days=ago) for ago in reversed(range(30))]
    tallies = {one: tally(inbound(rows, day(one, BERLIN))) for one in by_date}
    assert by_date == {one: Count(found.calls, len(found.lost)) for one, found in tallies.items()}
    hours = [(at.isoweekday(), at.hour) for at in (local(one, BERLIN) for one in edges[1:])]
    assert {key: one.calls for key, one in by_hour.items()} == dict(sorted(Counter(hours).items()))
    assert sum(one.lost for one in by_hour.values()) == sum(one.lost for one in by_date.values()) == 3


async def test_the_scheme_of_a_date(database: Database) -> None:
    """What was in force at an instant; before the first there was none, and that one is the nearest."""
    async with database.writing() as connection:
        assert await schemes.at(connection, 1.0) is None
        await schemes.apply(connection, b"a", 10.0)
        await schemes.apply(connection, b"b", 20.0)
        asked = [await schemes.at(connection, at) for at in (1.0, 10.0, 19.9, 20.0)]
    assert [one.document for one in asked if one is not None] == [b"a", b"a", b"a", b"b"]


async def test_the_records_of_a_period(database: Database, journal: Journal) -> None:
    """Asterisk's calls that began in it, and the calls that arrived in it without a record."""
    later = replace(TALKED, asterisk_id="1795090000.7", started_at=AT + 90_000, ended_at=AT + 90_060)
    shelf = Records(database, lambda: AT + 100)
    await shelf.take("file", lambda _: Portion((TALKED, OUT, later), HERE))
    for number, after in enumerate((10, 90_010)):
        at = AT + after
        abandoned(journal, f"0191-{number}", asterisk_id=f"17950.{number}", arrived_at=at, at=at + ARRIVED.at % 1)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        ((found, _),) = [one async for one in lines_called(connection, AT, AT + 90_000)]
        assert [one.asterisk_id for one in found] == [TALKED.asterisk_id]
        ((found, _),) = [one async for one in lines_called(connection, AT + 1)]
        assert [one.asterisk_id for one in found] == [later.asterisk_id]
        missing = await without_record(connection, AT + 200_000, AT + 90_000)
    assert [row.id for row in missing] == ["0191-1"]
