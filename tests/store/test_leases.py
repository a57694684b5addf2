"""Who lives, and who may take over whose calls: PostgreSQL decides, by its own clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from callrouter.lease import Lease, LeaseLostError
from callrouter.store import history, schema
from callrouter.store.database import Database
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.journal import Journal
from callrouter.store.leases import Identity, LeaseHeldError, Silent
from callrouter.store.shipper import Shipper
from callrouter.store.tables import calls, workers
from tests.store.lives import ANNA, ARRIVED, Life

ME = Identity("callrouter", "one", "02:00", "here:/var", 1)
OTHER = Identity("callrouter-b", "two", "02:00", "there:/var", 2)


@pytest.fixture
async def server(postgres_url: str) -> AsyncGenerator[Database]:
    """A database on PostgreSQL with the newest schema."""
    there = Database(postgres_url)
    await schema.upgrade(there)
    yield there
    await there.close()


async def nobody(_: str) -> bool:
    """Nobody answers at Asterisk."""
    return False


async def somebody(_: str) -> bool:
    """Whoever is asked answers."""
    return True


async def fall_silent(server: Database, *apps: str, by: float = 10.0) -> None:
    """Let these workers not have been heard for a while."""
    async with server.writing() as connection:
        late = select(workers.c.beat_at).where(workers.c.app.in_(apps))
        for at in (await connection.execute(late)).scalars().all():
            await connection.execute(update(workers).where(workers.c.app.in_(apps)).values(beat_at=at - by))


async def test_a_living_worker_keeps_its_name(server: Database) -> None:
    """Another place stands by; the same place takes it at once, as its locked DATA_DIR says that the former is dead."""
    assert await Lease(server, ME).take(somebody) == float("inf")
    with pytest.raises(LeaseHeldError, match="callrouter is served by process 1 at here:/var: standing by"):
        await Lease(server, replace(ME, run="two", place="there:/var")).take(nobody)
    assert await Lease(server, replace(ME, run="three")).take(somebody) < 5.0


async def test_a_standby_takes_the_name_of_the_dead(server: Database) -> None:
    """Silence is not enough: who answers at Asterisk lives."""
    await Lease(server, ME).take(nobody)
    await fall_silent(server, ME.app)
    standby = Lease(server, replace(ME, run="two", place="there:/var"))
    with pytest.raises(LeaseHeldError, match="answers at Asterisk"):
        await standby.take(somebody)
    assert await standby.take(nobody) == pytest.approx(10.0, abs=2.0)


async def test_who_froze_while_it_wrote_is_followed(server: Database, postgres_url: str) -> None:
    """A frozen worker may have its lease locked: its transaction is ended after a while, and it hears of that."""
    frozen = Database(postgres_url, idle_at_most=0.3)
    lease = Lease(frozen, ME)
    await lease.take(nobody)

    async def freezes_while_it_writes() -> None:
        async with frozen.writing() as connection:
            await lease.fence(connection)
            await fall_silent(server, ME.app)  # waits for it
            await Lease(server, replace(ME, run="two", place="there:/var")).take(nobody)
            await lease.fence(connection)

    with pytest.raises(DatabaseAwayError):
        await freezes_while_it_writes()
    with pytest.raises(LeaseLostError):
        await lease.confirm()
    await frozen.close()


async def test_who_left_in_order_is_followed_at_once(server: Database) -> None:
    """Nobody is asked then, and nothing is known of when it was last heard."""
    lease = Lease(server, ME)
    await lease.take(nobody)
    await lease.leave()
    assert await Lease(server, replace(ME, run="two", place="there:/var")).take(somebody) == float("inf")


async def test_only_the_silent_at_the_same_asterisk_are_inherited(server: Database, tmp_path: Path) -> None:
    """Their live calls go to the first heir, ended ones stay; a second heir gets nothing, the dead records nothing."""
    dead, me = Lease(server, OTHER), Lease(server, ME)
    await dead.take(nobody)
    await me.take(nobody)
    journal = Journal(tmp_path, OTHER.app)
    Life(journal, "ended").rings(ANNA).ends(5.0)
    Life(journal, "live").rings(ANNA)
    await Shipper(journal, server, dead.fence).drain()
    assert await me.silent() == ()
    await fall_silent(server, OTHER.app)
    (found,) = await me.silent()
    assert await Lease(server, replace(ME, pbx="03:00")).silent() == ()
    assert await me.inherit(found) == ("live",)
    assert await me.inherit(found) is None
    async with server.reading() as connection:
        has = {one.id: one.app for one in await connection.execute(select(calls.c.id, calls.c.app))}
        assert has == {"ended": OTHER.app, "live": ME.app}
        (left,) = await history.unfinished(connection, await history.live_of(connection, ME.app))
    assert left.call.id == "live"
    with pytest.raises(LeaseLostError):
        await dead.confirm()
    Life(journal, "late").rings(ANNA)
    with pytest.raises(LeaseLostError):
        await Shipper(journal, server, dead.fence).drain()
    journal.close()


async def test_who_is_back_in_time_keeps_its_calls(server: Database) -> None:
    """A beat between the look and the taking makes the taking void."""
    dead, me = Lease(server, OTHER), Lease(server, ME)
    await dead.take(nobody)
    await me.take(nobody)
    await fall_silent(server, OTHER.app)
    (found,) = await me.silent()
    await dead.confirm()
    assert await me.inherit(found) is None
    await dead.confirm()


async def test_who_is_followed_stands_by_until_all_is_fetched(server: Database) -> None:
    """Its name is its heir's until then, and free afterwards."""
    dead, heir = Lease(server, OTHER), Lease(server, ME)
    await dead.take(nobody)
    await heir.take(nobody)
    await fall_silent(server, OTHER.app)
    await heir.inherit(*await heir.silent())
    back = Lease(server, replace(OTHER, run="back"))
    with pytest.raises(LeaseHeldError, match="callrouter-b is served by process 1 at here:/var: standing by"):
        await back.take(nobody)
    assert await heir.silent() == ()
    assert await heir.heritage() == (OTHER.app,)
    await heir.release(await heir.heritage())
    assert await back.take(nobody) == float("inf")
    await heir.confirm()


@pytest.mark.parametrize("who", ["itself", "the first", "a third"])
async def test_an_heir_that_dies_before_all_is_fetched_is_followed_in_everything(
    server: Database, tmp_path: Path, who: str
) -> None:
    """By its own next life, by the one that it followed, or by another: all have its calls, and know where they are."""
    dead, heir = Lease(server, OTHER), Lease(server, ME)
    await dead.take(nobody)
    await heir.take(nobody)
    journal = Journal(tmp_path, OTHER.app)
    Life(journal, "live").rings(ANNA)
    await Shipper(journal, server, dead.fence).drain()
    await fall_silent(server, OTHER.app)
    await heir.inherit(*await heir.silent())
    third = Lease(server, Identity("callrouter-c", "three", "02:00", "elsewhere:/var", 3))
    after = {
        "itself": Lease(server, replace(ME, run="again")),
        "the first": Lease(server, replace(OTHER, run="again")),
        "a third": third,
    }[who]
    if who != "itself":
        await fall_silent(server, ME.app)
    await after.take(nobody)
    if who == "a third":
        (found,) = await third.silent()
        assert found.apps == (ME.app, OTHER.app)
        assert await third.inherit(found) == ("live",)
    assert {*await after.heritage(), after.me.app} >= {ME.app, OTHER.app}
    async with server.reading() as connection:
        assert await history.live_of(connection, after.me.app) == ("live",)
    with pytest.raises(LeaseLostError):
        await heir.confirm()
    with pytest.raises(LeaseLostError):
        await heir.inherit(found if who == "a third" else Silent((OTHER.app,), "two", "there:/var", 10.0))
    journal.close()


async def test_a_clock_that_is_set_back_lets_nobody_live_on(server: Database) -> None:
    """A beat of the future is none: who does not answer is followed, and who does beats anew."""
    dead, me = Lease(server, OTHER), Lease(server, ME)
    await dead.take(nobody)
    await me.take(nobody)
    await fall_silent(server, OTHER.app, by=-3600.0)
    (found,) = await me.silent()
    assert found.ago == 0.0
    await dead.confirm()
    assert await me.silent() == ()


async def test_what_a_former_life_wrote_too_late_is_dropped(server: Database, tmp_path: Path) -> None:
    """Another worker has its calls, the one that had not reached SQL too: under its own id, known by the channel."""
    journal = Journal(tmp_path / "a", ME.app)
    taken = Life(journal, "taken").rings(ANNA)
    await Shipper(journal, server).drain()
    taken.ends(5.0)
    Life(journal, "unknown", replace(ARRIVED, asterisk_id="1795000000.2")).rings(ANNA).ends(5.0)
    Life(journal, "ours", replace(ARRIVED, asterisk_id="1795000000.3")).rings(ANNA).ends(5.0)
    theirs = Journal(tmp_path / "b", OTHER.app)
    Life(theirs, "theirs", replace(ARRIVED, asterisk_id="1795000000.2")).rings(ANNA)
    await Shipper(theirs, server).drain()
    async with server.writing() as connection:
        await connection.execute(update(calls).where(calls.c.id == "taken").values(app=OTHER.app))
    journal.begin_anew()
    await Shipper(journal, server).drain()
    async with server.reading() as connection:
        has = {one.id: one.outcome for one in await connection.execute(select(calls.c.id, calls.c.outcome))}
    assert has == {"ours": "lost", "taken": None, "theirs": None}
    assert len(journal.segments()) == 1
    journal.close()
    theirs.close()


async def test_after_a_standstill_nothing_is_done_before_the_lease_is_known(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sure` waits for the beat that follows; a lease that was lost meanwhile ends the life."""
    monkeypatch.setattr("callrouter.lease.STANDSTILL", 0.1)
    monkeypatch.setattr("callrouter.lease.TURN_EVERY", 0.02)
    lease = Lease(server, ME)
    await lease.take(nobody)
    await asyncio.sleep(0.2)  # a standstill
    sure = asyncio.create_task(lease.sure())
    await asyncio.sleep(0)
    assert not sure.done()
    watching = asyncio.create_task(lease.watch_ourselves(lambda: None))
    await sure
    watching.cancel()
    await fall_silent(server, ME.app)
    await Lease(server, replace(ME, run="two", place="there:/var")).take(nobody)
    await asyncio.sleep(0.2)
    with pytest.raises(LeaseLostError):
        await lease.watch_ourselves(lambda: None)


async def test_after_a_standstill_without_the_database_asterisk_is_asked(
    server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can have taken anything over without the database, or it was before: only Asterisk knows."""
    monkeypatch.setattr("callrouter.lease.STANDSTILL", 0.1)
    lease, asked = Lease(server, ME), asyncio.Event()
    await lease.take(nobody)
    nowhere = Database("postgresql://postgres@127.0.0.1:9/nowhere")
    lease._database = nowhere
    await asyncio.sleep(0.2)
    watching = asyncio.create_task(lease.watch_ourselves(asked.set))
    async with asyncio.timeout(5):
        await asked.wait()
        await lease.sure()
    watching.cancel()
    await nowhere.close()


async def test_sqlite_needs_no_lease(tmp_path: Path) -> None:
    """One worker is the rule there, and a lock on the file sees to it."""
    file = Database(f"sqlite:///{tmp_path}/callrouter.db")
    lease = Lease(file, ME)
    assert await lease.take(somebody) == float("inf")
    await lease.sure()
    await lease.keep()
    await lease.watch_ourselves(lambda: None)
    await lease.leave()
    assert lease.age is None
    await file.close()
