"""The journal's way into SQL: in order, exactly once, whatever happens to either side."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from callrouter.core.outcome import row
from callrouter.store import history, queries, shipper as shipping
from callrouter.store.database import Database
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.journal import Journal
from callrouter.store.shipper import Shipper
from callrouter.store.tables import journal as journal_table, journal_offsets
from tests.store.lives import ANNA, ARRIVED, BORIS, GLEB, Life, abandoned, answered

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.queries import Recorded


class Outage(Database):
    """A database that can be away, and that tells when something was committed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.is_away = False
        self.refused = asyncio.Event()
        self.committed = asyncio.Event()
        self.loses_the_reply = False

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """Write, unless away."""
        if self.is_away:
            self.refused.set()
            raise DatabaseAwayError("away")
        async with super().writing() as connection:
            yield connection
        self.committed.set()
        if self.loses_the_reply:
            self.loses_the_reply = False
            raise DatabaseAwayError("cut off at the commit")


async def _call(database: Database, call_id: str) -> Recorded:
    async with database.reading() as connection:
        return await queries.call_by_id(connection, call_id)


async def _count(database: Database) -> int:
    async with database.reading() as connection:
        return (await connection.execute(select(func.count()).select_from(journal_table))).scalar_one()


async def test_an_ended_call_is_a_row(database: Database, journal: Journal) -> None:
    """Every field of the machine's row comes back from SQL as it was, to the microsecond."""
    life = answered(journal, "call-1")
    await Shipper(journal, database).drain()
    found = await _call(database, "call-1")
    assert found.row == replace(row(life.call), client_id=found.row.client_id)
    assert found.row.talk[0].ended_at == life.start + 63.0


async def test_a_live_call_stands_as_its_records_say(database: Database, journal: Journal) -> None:
    """A live call has outcome None, its legs so far, and is in the live view but not in the list."""
    life = Life(journal, "call-1").rings(ANNA, BORIS)
    await Shipper(journal, database).drain()
    assert (await _call(database, "call-1")).row == row(life.call)
    async with database.reading() as connection:
        assert await queries.live_calls(connection) == (life.call,)
        assert await queries.ended_calls(connection, queries.Wanted()) == ()
        assert await queries.live_between(connection, ARRIVED.arrived_at, ARRIVED.at) == 1


async def test_records_come_back_in_order(database: Database, journal: Journal) -> None:
    """The trace is the very records that were written, in order."""
    first, second = Life(journal, "call-1"), Life(journal, "call-2")
    for life in (first, second):
        life.rings(ANNA, BORIS)
    first.ends(5.0)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        told = await history.records(connection, first.id)
        assert history.fold(told) == first.call
        assert [type(record.event).__name__ for record in told[:2]] == ["CallArrived", "Found"]
        assert await queries.newest_entry(connection) == await _count(database)
        assert (await queries.entries_after(connection, 0))[0].record == told[0]


async def test_a_new_shipper_goes_on_where_the_former_stopped(
    database: Database, journal: Journal, tmp_path: Path
) -> None:
    """A restart in the middle of a call: nothing twice, nothing missing, the call is rebuilt from SQL."""
    life = Life(journal, "call-1").rings(ANNA, BORIS)
    await Shipper(journal, database).drain()
    life.answers(BORIS)
    successor = Journal(tmp_path / "journal", "callrouter")
    life.journal = successor
    life.ends(20.0)
    await Shipper(successor, database).drain()
    found = await _call(database, "call-1")
    assert (found.row.outcome, found.row.answered_by, found.claimed_by) == ("answered", BORIS, BORIS)
    assert successor.segments() == [successor.current]
    async with database.reading() as connection:
        offsets = (await connection.execute(select(journal_offsets.c.segment))).scalars().all()
    assert offsets == [successor.current.name]
    successor.close()


async def test_shipping_again_ships_nothing(database: Database, journal: Journal) -> None:
    """A shipper that starts anew on a shipped segment finds its offset and adds nothing."""
    abandoned(journal, "call-1")
    await Shipper(journal, database).drain()
    before = await _count(database)
    again = Shipper(journal, database)
    await again.drain()
    assert (await _count(database), again.behind()) == (before, 0)


async def test_a_reply_lost_at_the_commit_is_no_second_time(url: str, database: Database, journal: Journal) -> None:
    """When only SQL knows that a transaction took place, SQL is asked, and nothing is there twice."""
    outage = Outage(url)
    life = Life(journal, "call-1").rings(ANNA, BORIS)
    outage.loses_the_reply = True
    shipper = Shipper(journal, outage)
    with pytest.raises(DatabaseAwayError):
        await shipper.drain()
    life.ends(7.0)
    await shipper.drain()
    assert (await _call(database, "call-1")).row.outcome == "lost"
    assert shipper.dropped == 0
    await outage.close()


async def test_while_sql_is_away_the_file_is_the_spool(
    url: str, database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records written during an outage arrive afterwards, by themselves and complete."""
    monkeypatch.setattr(shipping, "RETRY", (0.01, 0.02))
    outage = Outage(url)
    outage.is_away = True
    shipper = Shipper(journal, outage)
    task = asyncio.create_task(shipper.run())
    answered(journal, "call-1")
    abandoned(journal, "call-2")
    await outage.refused.wait()
    assert shipper.behind() > 0
    outage.is_away = False
    await outage.committed.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await _call(database, "call-1")).row.outcome == "answered"
    assert (await _call(database, "call-2")).row.outcome == "lost"
    await outage.close()


async def test_a_write_wakes_the_shipper(url: str, database: Database, journal: Journal) -> None:
    """Each record goes to SQL when it is written: no waiting for the end of the call."""
    outage = Outage(url)
    task = asyncio.create_task(Shipper(journal, outage).run())
    for number in range(8):
        outage.committed.clear()
        Life(journal, f"call-{number}")
        await outage.committed.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await _call(database, "call-7")).row.outcome is None
    await outage.close()


async def test_a_torn_last_record_is_dropped_and_said(
    database: Database, journal: Journal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a killed process left half-written is dropped with a word; everything before it is shipped."""
    abandoned(journal, "call-1")
    with journal.current.open("ab") as file:
        file.write(b'{"call_id":"call-2","ev')
    successor = Journal(tmp_path / "journal", "callrouter")
    shipper = Shipper(successor, database)
    await shipper.drain()
    assert (await _call(database, "call-1")).row.outcome == "lost"
    assert (shipper.dropped, journal.current.exists()) == (1, False)
    assert "torn last record" in capsys.readouterr().out
    successor.close()


async def test_a_line_that_is_no_record_hides_only_itself(database: Database, journal: Journal) -> None:
    """Garbage between records is dropped, and the call around it is recorded."""
    life = Life(journal, "call-1").rings(ANNA)
    with journal.current.open("ab") as file:
        file.write(b'{"call_id": "call-1", "event": {"is": "FromTheFuture", "at": 1}, "commands": []}\n')
    life.ends(9.0)
    shipper = Shipper(journal, database)
    await shipper.drain()
    assert (await _call(database, "call-1")).row.lost_step == 1
    assert shipper.dropped == 1


async def test_a_record_of_a_former_version_is_read(database: Database, journal: Journal) -> None:
    """Fields that did not exist take their defaults; fields that exist no more are passed over."""
    with journal.current.open("ab") as file:
        file.write(
            b'{"call_id":"old","event":{"is":"CallArrived","at":5.0,"arrived_at":5,"asterisk_id":"x","line":"1",'
            b'"caller":null,"caller_raw":"","gone":true},"commands":[]}\n'
        )
    await Shipper(journal, database).drain()
    assert (await _call(database, "old")).row.arrived_at == 5.0


async def test_what_sql_refuses_holds_up_nobody(database: Database, journal: Journal) -> None:
    """A record that no column takes is left out loudly; those before and behind it arrive."""
    abandoned(journal, "call-1")
    Life(journal, "call-2", replace(ARRIVED, arrived_at=1e300))
    abandoned(journal, "call-3")
    shipper = Shipper(journal, database)
    await shipper.drain()
    assert shipper.dropped == 1
    assert shipper.behind() == 0
    for call_id in ("call-1", "call-3"):
        assert (await _call(database, call_id)).row.outcome == "lost"


async def test_a_record_without_an_arrival_is_kept_out(database: Database, journal: Journal) -> None:
    """A call that never arrived makes no row, and does not stop the others."""
    stranger = Life(journal, "call-1")
    await Shipper(journal, database).drain()
    async with database.writing() as connection:
        await connection.execute(text("DELETE FROM journal"))
    stranger.ends(2.0)
    abandoned(journal, "call-2")
    await Shipper(journal, database).drain()
    assert (await _call(database, "call-2")).row.outcome == "lost"


async def test_hostile_text_is_stored(database: Database, journal: Journal) -> None:
    """NUL, half surrogates, quotes and formulas neither stop the shipper nor change other columns."""
    raw = "'\"; DROP TABLE calls; --\0\ud800=1+1\r\n😀" + "x" * 10_000
    abandoned(journal, "call-1", caller=None, caller_raw=raw)
    await Shipper(journal, database).drain()
    stored = (await _call(database, "call-1")).row.caller_raw
    assert stored == raw.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\ud800", "?")


async def test_a_late_event_changes_nothing(database: Database, journal: Journal) -> None:
    """Events after the end are in the trace; the row, and who got the client, stay."""
    life = answered(journal, "call-1")
    shipper = Shipper(journal, database)
    await shipper.drain()
    before = await _call(database, "call-1")
    life.ends(500.0)
    await shipper.drain()
    assert await _call(database, "call-1") == before


async def test_a_call_that_nobody_could_route_is_a_row(database: Database, journal: Journal) -> None:
    """A caller who leaves before the ladder begins gets a row and a card."""
    arrived = replace(ARRIVED, left_at=ARRIVED.at)
    Life(journal, "call-1", arrived)
    await Shipper(journal, database).drain()
    found = (await _call(database, "call-1")).row
    assert (found.outcome, found.lost_step, found.steps, found.client_id) == ("lost", None, (), 1)


async def test_a_day_of_calls_is_shipped_in_batches(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that cross the borders of batches and segments are whole."""
    monkeypatch.setattr(shipping, "BATCH", 3_000)
    monkeypatch.setattr("callrouter.store.journal.SEGMENT_BYTES", 20_000)
    for number in range(30):
        life = answered(journal, f"call-{number:02}", BORIS, arrived_at=ARRIVED.arrived_at + number)
        assert life.call.answered_by == BORIS
    assert len(journal.segments()) > 2
    await Shipper(journal, database).drain()
    assert journal.segments() == [journal.current]
    async with database.reading() as connection:
        found = await queries.ended_calls(connection, queries.Wanted(outcome="answered"))
    assert [one.row.id for one in found] == [f"call-{number:02}" for number in range(30)]
    assert {len(one.row.legs) for one in found} == {2}
    assert GLEB not in {leg.person for one in found for leg in one.row.legs}


@pytest.mark.usefixtures("database")
async def test_it_has_caught_up_once_sql_has_what_is_written(url: str, journal: Journal) -> None:
    """While SQL is away nobody is told so; what comes later is not waited for."""
    database = Outage(url)
    shipper = Shipper(journal, database)
    answered(journal, "call-1")
    database.is_away = True
    catching_up = asyncio.create_task(shipper.caught_up())
    with pytest.raises(DatabaseAwayError):
        await shipper.drain()
    assert not catching_up.done()
    database.is_away = False
    await shipper.drain()
    answered(journal, "call-2")
    await catching_up
    await database.close()
