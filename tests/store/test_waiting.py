"""The list of lost clients as it was at an instant, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.store import clients as book, tasks as todo
from callrouter.store.waiting import waiting_at
from callrouter.store.worklist import lost_clients
from tests.store.lives import ANNA, BORIS
from tests.store.test_tasks import NUMBER, OTHER, call, happen

if TYPE_CHECKING:
    from callrouter.routing.worklist import LostClient
    from callrouter.store.database import Database

HISTORY = (call(100, client="Ромашка", priority="A"), call(200), call(300, out=True))


async def _at(database: Database, at: float) -> tuple[LostClient, ...]:
    async with database.reading() as connection:
        return await waiting_at(connection, at)


async def test_each_stands_as_he_stood_then(database: Database) -> None:
    """Calls and attempts count from their arrival on; who was not lost yet is not there."""
    await happen(database, *HISTORY)
    assert await _at(database, 100) == ()
    stood = [(one.lost, one.last_at, one.attempts) for at in (101, 201, 301) for one in await _at(database, at)]
    assert stood == [(1, 100, 0), (2, 200, 0), (2, 200, 1)]
    assert [(one.name, one.number, one.since) for one in await _at(database, 101)] == [("Ромашка", NUMBER, 100)]


async def test_now_it_is_the_list_itself(database: Database) -> None:
    """As of an instant after everything it says what the list says."""
    await happen(database, *HISTORY, call(400, number=OTHER), call(500, number=OTHER, by=ANNA))
    async with database.writing() as connection:
        assert await todo.take(connection, 1, BORIS, None, 600, "b")
        assert await todo.snooze(connection, 1, 900, "later", 700, "b")
    async with database.reading() as connection:
        listed = await lost_clients(connection)
    assert [replace(one, name=None, priority=None) for one in await _at(database, 800)] == [
        replace(one, name=None, priority=None) for one in listed
    ]


async def test_who_was_talked_to_later_waits_still(database: Database) -> None:
    """He is off the list from the arrival of the call in which they talked, not before and not after its end."""
    await happen(database, *HISTORY, call(400, by=ANNA))
    assert [len(await _at(database, at)) for at in (400, 401, 1000)] == [1, 0, 0]


async def test_what_people_did_counts_from_when_they_did_it(database: Database) -> None:
    """Taken, snoozed, lost again, done: each as of its instant."""
    await happen(database, call(100))
    async with database.writing() as connection:
        await todo.take(connection, 1, ANNA, None, 200, "a")
        await todo.snooze(connection, 1, 900, "later", 300, "a")
    await happen(database, call(400))
    async with database.writing() as connection:
        await todo.done(connection, 1, "a wrong number", 500, "a")
    stood = [(one.taken_by, one.snoozed_until) for at in (150, 250, 350, 450) for one in await _at(database, at)]
    assert stood == [(None, None), (ANNA, None), (ANNA, 900), (ANNA, None)]
    assert await _at(database, 501) == ()


async def test_whose_he_was_then(database: Database) -> None:
    """A client who was given away since is his former manager's in the list of that time."""
    await happen(database, call(100))

    async with database.writing() as connection:
        await book.assign(connection, 1, ANNA, 200, "assigned")
        await book.assign(connection, 1, BORIS, 300, "assigned")
    assert [one.responsible for at in (150, 250, 350) for one in await _at(database, at)] == [None, "anna", "boris"]


async def test_a_talk_that_is_told_late_takes_the_calls_before_it_out(database: Database) -> None:
    """What was lost before the conversation is no longer counted, whatever the history had noted."""
    await happen(database, call(100), call(300), call(200, by=ANNA))
    assert [(one.lost, one.since) for one in await _at(database, 1000)] == [(1, 300)]
