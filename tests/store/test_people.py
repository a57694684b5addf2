"""Who has paused: one open pause for a person, a history that only grows, workers told of every change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from callrouter.core.words import PersonId
from callrouter.store import people, schema, schemes
from callrouter.store.database import Database
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.news import CHANNEL
from callrouter.store.people import Pause
from callrouter.store.tables import people_states

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ANNA, BORIS = PersonId("anna"), PersonId("борис")


async def _history(database: Database) -> list[tuple[object, ...]]:
    c = people_states.c
    query = select(c.person, c.reason, c.since, c.until, c.ended_at, c.by, c.ended_by).order_by(c.id)
    async with database.reading() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_a_pause_is_begun_changed_and_ended(database: Database) -> None:
    """A second pause takes the first one's place; who comes back has none; the history keeps all of them."""
    first, second = Pause(ANNA, "обед", 10.0, 20.5, "root"), Pause(ANNA, "", 12.0, None, "PJSIP/101")
    other = Pause(BORIS, "a", 11.0, None, "")
    async with database.writing() as connection:
        for wanted in (first, other, second):
            await people.pause(connection, wanted)
    async with database.reading() as connection:
        assert await people.pauses(connection) == {ANNA: second, BORIS: other}
    async with database.writing() as connection:
        assert await people.resume(connection, ANNA, 15.0, "boss")
        assert not await people.resume(connection, ANNA, 16.0, "boss")
        assert await people.pauses(connection) == {BORIS: other}
    assert await _history(database) == [
        (ANNA, "обед", 10.0, 20.5, 12.0, "root", "PJSIP/101"),
        (BORIS, "a", 11.0, None, None, "", None),
        (ANNA, "", 12.0, None, 15.0, "PJSIP/101", "boss"),
    ]


async def test_a_pause_that_was_over_by_itself_ended_then(database: Database) -> None:
    """Whoever comes back later, or pauses again, does not lengthen what had its own end."""
    async with database.writing() as connection:
        await people.pause(connection, Pause(ANNA, "a", 10.0, 20.0, ""))
        assert not (await people.pauses(connection))[ANNA].holds(20.0)
        assert not await people.resume(connection, ANNA, 30.0, "x")
        await people.pause(connection, Pause(ANNA, "b", 40.0, 50.0, ""))
        await people.pause(connection, Pause(ANNA, "c", 60.0, None, ""))
    assert [row[1:5] + row[6:] for row in await _history(database)] == [
        ("a", 10.0, 20.0, 20.0, None),
        ("b", 40.0, 50.0, 50.0, None),
        ("c", 60.0, None, None, None),
    ]


@pytest.fixture
async def server(postgres_url: str) -> AsyncGenerator[Database]:
    """Yield a database of PostgreSQL's."""
    there = Database(postgres_url)
    await schema.upgrade(there)
    yield there
    await there.close()


async def test_workers_are_told_at_once(server: Database) -> None:
    """PostgreSQL tells of pauses, of who is back and of revisions when they are committed, and of nothing else."""
    heard = asyncio.Queue[None]()
    async with server.listening(CHANNEL, lambda: heard.put_nowait(None)) as gone:
        async with server.writing() as connection:
            await people.pause(connection, Pause(ANNA, "", 10.0, None, ""))
            await asyncio.sleep(0.1)
            assert heard.empty()
        await asyncio.wait_for(heard.get(), 10.0)
        async with server.writing() as connection:
            await people.resume(connection, ANNA, 11.0, "")
        await asyncio.wait_for(heard.get(), 10.0)
        async with server.writing() as connection:
            await schemes.apply(connection, b"version = 1", 1.0)
        await asyncio.wait_for(heard.get(), 10.0)
        assert not gone.is_set()


async def test_a_listener_knows_that_it_hears_nothing_any_more(server: Database) -> None:
    """A connection that the server ends is known to be gone; where there is no server, nobody listens."""
    async with server.listening(CHANNEL, lambda: None) as gone:
        async with server.writing() as connection:
            await connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        await asyncio.wait_for(gone.wait(), 2.0)
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseAwayError):
        async with away.listening(CHANNEL, lambda: None):
            pass
    await away.close()
