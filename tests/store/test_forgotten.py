"""A worker that died before it wrote anything of a call has forgotten it: Asterisk's record has not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from callrouter.core.recorded import Portion
from callrouter.store import queries
from callrouter.store.queries import Wanted
from callrouter.store.records import FORGOTTEN_AFTER, Records
from callrouter.store.shipper import Shipper
from callrouter.store.tables import records
from tests.store.lives import abandoned
from tests.store.test_records import AT, HERE, RUNG, TALKED

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

CLAIMED = replace(RUNG, by="", peer="", step=None, revision=None)


class Clock:
    """It goes on when it is told to."""

    def __init__(self) -> None:
        self.at = AT + 100

    def __call__(self) -> float:
        """Return now."""
        return self.at


async def rows(database: Database) -> list[CallRow]:
    """Return the calls that have ended."""
    async with database.reading() as connection:
        return [one.row for one in await queries.ended_calls(connection, Wanted())]


async def waiting(database: Database) -> set[str]:
    """Return the channels of which a row may still be made."""
    async with database.reading() as connection:
        return set((await connection.execute(select(records.c.asterisk_id).where(records.c.is_open))).scalars())


async def test_a_call_that_nobody_has_written_down(database: Database) -> None:
    """After a while it is a row of its own: lost, or answered by whoever talked; recovered, and not the fallback's."""
    clock = Clock()
    shelf = Records(database, clock)
    talked = replace(TALKED, asterisk_id="1795000000.8", by="", step=None)
    await shelf.take("file", lambda _: Portion((CLAIMED, talked), HERE))
    clock.at += FORGOTTEN_AFTER - 1
    assert await shelf.settle(0.5) == (0, True)
    assert await rows(database) == []
    clock.at += 1
    assert await shelf.settle(0.5) == (2, False)
    assert await shelf.settle(0.5) == (0, False)
    said = [(row.outcome, row.lost_reason, row.routed_by, row.recovered) for row in await rows(database)]
    assert sorted(said) == [("answered", None, "router", True), ("lost", "abandoned", "router", True)]


async def test_a_call_that_a_worker_has_written_down(database: Database, journal: Journal) -> None:
    """Its row is the worker's, however late the worker is with it."""
    clock = Clock()
    shelf = Records(database, clock)
    await shelf.take("file", lambda _: Portion((CLAIMED,), HERE))
    await shelf.settle(0.5)
    abandoned(journal, "0191-a", asterisk_id=CLAIMED.asterisk_id)
    await Shipper(journal, database).drain()
    assert await shelf.settle(0.5) == (0, False)
    assert await waiting(database) == set()
    clock.at += FORGOTTEN_AFTER
    await shelf.settle(0.5)
    assert [row.id for row in await rows(database)] == ["0191-a"]


async def test_who_waits_for_a_worker_holds_up_nobody(database: Database) -> None:
    """The fallback's calls are made at once, whatever else is not written down yet."""
    clock = Clock()
    shelf = Records(database, clock)
    await shelf.take("file", lambda _: Portion((CLAIMED, replace(RUNG, asterisk_id="1795000000.8")), HERE))
    clock.at += 1
    assert await shelf.settle(0.5) == (1, True)
    assert [row.asterisk_id for row in await rows(database)] == ["1795000000.8"]
