"""What the nightly export asks of the store, on SQLite and PostgreSQL: counts of quarters, the scheme of a date."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.core.recorded import Portion
from callrouter.ledger.period import Period
from callrouter.ledger.rate import inbound
from callrouter.store import queries, schemes
from callrouter.store.queries import QUARTER, Quarter, Wanted
from callrouter.store.records import Records, lines_called, without_record
from callrouter.store.shipper import Shipper
from tests.store.lives import ARRIVED, abandoned, answered
from tests.store.test_records import AT, HERE, OUT, TALKED

if TYPE_CHECKING:
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

START = 1_795_000_500.0
"""A quarter of an hour begins."""


async def test_quarters_are_the_ledgers_counts(database: Database, journal: Journal) -> None:
    """To the second on either side of a quarter, and of the period; internal calls are not in it."""
    offsets = (-0.25, 0.0, 899.75, 900.0, 1799.75, 1800.0, 3600.25)
    for number, offset in enumerate(offsets):
        make = abandoned if number % 2 else answered
        make(journal, f"call-{number}", at=START + offset + 0.25, arrived_at=START + offset)
    answered(journal, "talk-9", direction="internal", at=START + 1, arrived_at=START + 0.75)
    await Shipper(journal, database).drain()
    period = Period(START, START + 3600, "UTC")
    async with database.reading() as connection:
        found = await queries.quarters(connection, period.start, period.end)
        rows = await queries.ended_calls(connection, Wanted())
    counted = inbound([one.row for one in rows], period)
    calls = Counter(row.arrived_at // QUARTER * QUARTER for row in counted)
    lost = Counter(row.arrived_at // QUARTER * QUARTER for row in counted if row.outcome == "lost")
    assert found == tuple(Quarter(start, calls[start], lost[start]) for start in sorted(calls))
    assert [one.calls for one in found] == [2, 2, 1]


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
