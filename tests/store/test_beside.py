"""What is seen of the workers from beside them: what they have not shipped, who has which lease, whose clock it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from callrouter.store import leases, spool
from callrouter.store.journal import Journal
from callrouter.store.leases import Identity
from callrouter.store.shipper import Shipper
from callrouter.store.spool import Behind
from callrouter.store.tables import workers
from tests.store.lives import ARRIVED, abandoned

if TYPE_CHECKING:
    from callrouter.store.database import Database


async def _behind(database: Database, journal: Journal) -> tuple[Behind, ...]:
    async with database.reading() as connection:
        return await spool.behind(connection, journal.directory)


async def test_what_is_not_shipped_is_seen(database: Database, journal: Journal) -> None:
    """How much of whose, and when the oldest event of it was; nothing once it is shipped, wherever it began."""
    assert await _behind(database, journal) == ()
    abandoned(journal, "0191-a")
    (one,) = await _behind(database, journal)
    assert one == Behind("callrouter", journal.current.stat().st_size, ARRIVED.at)
    await Shipper(journal, database).drain()
    assert await _behind(database, journal) == ()
    whole = journal.current.stat().st_size
    abandoned(journal, "0191-b")
    other = Journal(journal.directory, "callrouter-b")
    other.current.write_bytes(b'{"torn')
    assert set(await _behind(database, journal)) == {
        Behind("callrouter", journal.current.stat().st_size - whole, ARRIVED.at),
        Behind("callrouter-b", 6, None),
    }
    other.close()


async def test_a_segment_that_goes_while_it_is_looked_at(
    database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was shipped just then."""
    monkeypatch.setattr(spool, "segments", lambda directory: [directory / "callrouter@1.jsonl"])
    assert await _behind(database, journal) == ()


async def test_whose_clock_it_is(database: Database) -> None:
    """A server has its own; SQLite has ours."""
    assert (await leases.now_of(database) is None) == database.is_sqlite


async def test_every_lease_is_seen(database: Database) -> None:
    """Who lives, who left, who is silent; what somebody has not wholly taken over counts by his own beat."""
    if database.is_sqlite:
        return
    one, two, three = (Identity(f"callrouter-{name}", name, "02:00", f"{name}:/var", 1) for name in "abc")
    async with database.writing() as connection:
        for identity in (three, two, one):
            await leases.take(connection, identity)
        await leases.leave(connection, two)
        await connection.execute(update(workers).where(workers.c.app == three.app).values(beat_at=1.0))
    async with database.reading() as connection:
        found = await leases.held(connection)
    assert [(lease.app, lease.ago is None, lease.is_over) for lease in found] == [
        ("callrouter-a", False, False),
        ("callrouter-b", True, True),
        ("callrouter-c", False, True),
    ]
    assert (found[0].place, found[0].pid, found[0].calls) == ("a:/var", 1, 0)
    async with database.writing() as connection:
        (silent,) = await leases.silent(connection, two)
        assert await leases.inherit(connection, one, silent) == ()
    async with database.reading() as connection:
        found = await leases.held(connection)
    assert [(lease.app, lease.place, lease.is_over) for lease in found][2] == ("callrouter-c", "a:/var", False)
