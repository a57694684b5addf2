"""Lost clients as tasks, on SQLite and PostgreSQL: opened, changed and closed by calls, taken and closed by people."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select

from callrouter.core.outcome import CallRow, LegRow, TalkRow
from callrouter.core.recorded import Portion
from callrouter.core.words import CallId, LostReason, PersonId, Result
from callrouter.ledger.people import missed_by
from callrouter.store import cards, clients as book, rows, schemes, tasks as todo, worklist
from callrouter.store.records import Records
from callrouter.store.shipper import Shipper
from callrouter.store.tables import clients, task_history, tasks
from tests.store.lives import ANNA, ARRIVED, BORIS, abandoned, answered
from tests.store.test_records import AT, END, HERE, OUT, RUNG, SCHEME, TALKED

if TYPE_CHECKING:
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

NUMBER, OTHER = "+79161234567", "+79167654321"


def call(at: float, *, out: bool = False, by: PersonId | None = None, number: str = NUMBER, **more: Any) -> CallRow:
    """A call from the client, or to him; lost, unless somebody talked."""
    row = CallRow(
        id=CallId(f"{'out' if out else 'in'}-{number}-{at}"),
        line=number if out else "+74951234567",
        department=None if out else "sales",
        caller="101" if out else number,
        caller_raw="x",
        client_id=None,
        client=None,
        responsible=None,
        priority=None,
        segment=None,
        direction="out" if out else "in",
        arrived_at=at,
        answered_at=at + 5 if by else None,
        ended_at=at + 10,
        outcome="answered" if by else "lost",
        lost_reason=None if by else LostReason.ABANDONED,
        lost_step=None,
        answered_by=by,
        answered_step=None,
        scheme_revision=None,
        asterisk_id=f"{at}",
        talk=(TalkRow(by, at + 5, at + 10),) if by else (),
        steps=(),
        legs=(LegRow(ANNA, "PJSIP/101", 0, at, None, None, at + 10, Result.NO_ANSWER),) if out else (),
    )
    return replace(row, **more)


async def happen(database: Database, *told: CallRow) -> None:
    """Let calls be closed as both ways in do, each in its own transaction."""
    for row in told:
        async with database.writing() as connection:
            (known,) = await cards.settle(connection, [cards.Ended(row, (), 0.0)])
            await rows.begin(connection, [row], "a")
            await rows.finish(connection, row, known)
            await todo.review(connection, [(row, known.get("client_id", row.client_id))])


async def listed(database: Database, *names: str) -> list[Any]:
    """Return these columns of every task, in the order in which they were opened."""
    async with database.reading() as connection:
        found = await connection.execute(select(*(tasks.c[name] for name in names)).order_by(tasks.c.id))
        return [tuple(one) if len(names) > 1 else one[0] for one in found]


async def told(database: Database) -> list[tuple[str, str | None]]:
    """Return what the history says, in order, and of whom."""
    async with database.reading() as connection:
        query = select(task_history.c.what, task_history.c.person).order_by(task_history.c.id)
        return [(one.what, one.person) for one in await connection.execute(query)]


async def test_a_lost_call_opens_one_task_for_its_client(database: Database) -> None:
    """Calls that are lost later are added to it, and attempts to call back are counted."""
    await happen(database, call(100), call(200), call(300, out=True), call(400))
    names = ("number", "department", "lost", "since", "last_at", "attempts", "attempted_at", "closed_at")
    assert await listed(database, *names) == [(NUMBER, "sales", 3, 100, 400, 1, 300, None)]
    assert await told(database) == [("lost", None), ("lost", None), ("attempted", "anna"), ("lost", None)]


@pytest.mark.parametrize(
    ("last", "how", "person"),
    [(call(300, out=True, by=ANNA), "rescued", "anna"), (call(300, by=BORIS), "returned", "boris")],
)
async def test_a_conversation_closes_it(database: Database, last: CallRow, how: str, person: str) -> None:
    """Called back he is rescued, by himself returned; the next lost call is a new task, with its own count."""
    await happen(database, call(100), call(200), last)
    assert await listed(database, "closed_how", "closed_at", "lost") == [(how, 310, 2)]
    assert (await told(database))[-1] == (how, person)
    await happen(database, call(400))
    assert await listed(database, "closed_how", "lost", "since") == [(how, 2, 100), (None, 1, 400)]


@pytest.mark.parametrize(
    "row",
    [
        call(100, caller=None),
        call(100, caller="101"),
        call(100, direction="internal"),
        call(100, direction="blocked"),
        call(100, direction="not_client"),
        call(100, by=ANNA),
        call(100, out=True),
        call(100, out=True, by=ANNA),
    ],
)
async def test_who_has_no_task(database: Database, row: CallRow) -> None:
    """A withheld number, a colleague, who is blocked or no client, who was answered, and whom we have called."""
    await happen(database, row)
    assert await listed(database, "id") == []


async def test_several_numbers_of_one_client_are_one_task(database: Database) -> None:
    """Lost with either of them, and reached with the other."""
    async with database.writing() as connection:
        client = await book.create(connection, book.Card("Ромашка"), 1.0, "imported")
        for number in (NUMBER, OTHER):
            await book.add_numbers(connection, [(client, number, number)])
    await happen(database, call(100), call(200, number=OTHER))
    assert await listed(database, "client_id", "number", "lost") == [(client, OTHER, 2)]
    await happen(database, call(300, out=True, by=ANNA, client_id=client))
    assert await listed(database, "closed_how") == ["rescued"]


async def test_two_clients_with_one_number(database: Database) -> None:
    """Whoever talks to the number has called back whom it stands for, whosever card the call is taken for."""
    async with database.writing() as connection:
        one, other = [await book.create(connection, book.Card(name), 1.0, "imported") for name in ("A", "B")]
        await book.add_numbers(connection, [(one, NUMBER, NUMBER)])
        await book.add_numbers(connection, [(other, OTHER, OTHER)])
    await happen(database, call(100))
    async with database.writing() as connection:
        await book.add_numbers(connection, [(other, NUMBER, NUMBER)])
    await happen(database, call(200, out=True, by=ANNA, client_id=other))
    assert await listed(database, "client_id", "closed_how") == [(one, "rescued")]


async def test_calls_in_any_order_say_the_same(database: Database) -> None:
    """A spool that came late: what was settled already opens nothing, an older lost call moves the beginning."""
    await happen(database, call(300, out=True, by=ANNA), call(200))
    assert await listed(database, "id") == []
    await happen(database, call(500), call(450, out=True), call(400), call(100))
    assert await listed(database, "lost", "since", "last_at", "attempts") == [(2, 400, 500, 1)]
    await happen(database, call(450, by=BORIS))
    assert await listed(database, "lost", "since", "closed_at", "attempts") == [(1, 500, None, 0)]


async def test_a_call_of_the_fallback_is_told_again(database: Database) -> None:
    """Its records come in two portions: one task, one line of its history, and none anew once it was done."""
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME, AT)
    shelf = Records(database, lambda: AT + 100)
    for portion in ((RUNG,), (END,)):
        await shelf.take("file", lambda _, part=portion: Portion(part, HERE))  # type: ignore[misc]
        await shelf.settle(0.0)
    assert await told(database) == [("lost", None)]
    async with database.writing() as connection:
        assert await todo.done(connection, 1, "спам", AT + 50, "root")
    await shelf.take("file", lambda _: Portion((replace(RUNG, sequence=11),), HERE))
    await shelf.settle(0.0)
    assert await listed(database, "closed_how") == ["done"]
    out = replace(OUT, asterisk_id="1795000000.9", dialled="89161234567", disposition="ANSWERED", answered_at=AT + 1)
    later = replace(END, asterisk_id="1795000000.8", linked_id="1795000000.8", started_at=AT + 60)
    await shelf.take("file", lambda _: Portion((later,), HERE))
    await shelf.settle(0.0)
    await shelf.take("file", lambda _: Portion((replace(out, started_at=AT + 90, ended_at=AT + 95),), HERE))
    await shelf.settle(0.0)
    assert await listed(database, "closed_how") == ["done", "rescued"]


async def test_a_call_that_the_fallback_answered_after_all(database: Database, journal: Journal) -> None:
    """The router gave it away as lost; Asterisk's records say who talked: off the list."""
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME, AT)
    abandoned(journal, "0191-a", asterisk_id=TALKED.asterisk_id)
    await Shipper(journal, database).drain()
    assert await listed(database, "closed_how") == [None]
    shelf = Records(database, lambda: AT + 100)
    await shelf.take("file", lambda _: Portion((TALKED,), HERE))
    await shelf.settle(0.0)
    assert await listed(database, "closed_how") == ["returned"]


async def test_the_routers_calls_are_tasks_too(database: Database, journal: Journal) -> None:
    """A lost one opens, an answered one closes, in the transaction that writes the row."""
    shipper = Shipper(journal, database)
    abandoned(journal, "0191-a")
    await shipper.drain()
    assert await listed(database, "closed_how", "number") == [(None, NUMBER)]
    later = ARRIVED.at + 600
    answered(journal, "0191-b", BORIS, at=later, arrived_at=later)
    await shipper.drain()
    assert await listed(database, "closed_how") == ["returned"]


async def test_two_people_cannot_take_one_client(database: Database) -> None:
    """Of ten at once one has him; from him he can be taken by name, and by nobody who thinks another has him."""
    await happen(database, call(100))

    async def wants(person: str) -> bool:
        async with database.writing() as connection:
            return await todo.take(connection, 1, PersonId(person), None, 200, person)

    people = [f"person{number}" for number in range(10)]
    took = await asyncio.gather(*(wants(person) for person in people))
    assert sum(took) == 1
    winner = PersonId(people[took.index(True)])
    assert await listed(database, "taken_by", "taken_at") == [(winner, 200)]
    async with database.writing() as connection:
        assert not await todo.take(connection, 1, BORIS, ANNA, 300, None)
        assert await todo.take(connection, 1, BORIS, winner, 300, None)
    assert await told(database) == [("lost", None), ("taken", winner), ("taken", "boris")]


async def test_what_is_closed_cannot_be_changed(database: Database) -> None:
    """Done is said once; a closed task is neither taken nor snoozed, and its history says no more."""
    await happen(database, call(100))
    async with database.writing() as connection:
        assert await todo.done(connection, 1, "дубль", 200, "root")
        assert not await todo.done(connection, 1, "дубль", 200, "root")
        assert not await todo.take(connection, 1, ANNA, None, 200, "root")
        assert not await todo.snooze(connection, 1, 900, "позже", 200, "root")
    assert await told(database) == [("lost", None), ("done", None)]


async def test_a_snooze_ends_when_the_client_is_lost_again(database: Database) -> None:
    """An attempt to reach him does not end it."""
    await happen(database, call(100))
    async with database.writing() as connection:
        assert await todo.snooze(connection, 1, 900, "просил завтра", 200, "root")
    await happen(database, call(300, out=True))
    assert await listed(database, "snoozed_until") == [900]
    await happen(database, call(400))
    assert await listed(database, "snoozed_until") == [None]


async def test_a_client_who_is_forgotten_leaves_nothing(database: Database) -> None:
    """With his card his tasks go, and what they say; his calls open none without one."""
    await happen(database, call(100))
    async with database.writing() as connection:
        await connection.execute(delete(clients))
        await todo.review(connection, [(call(200), 1)])
    assert (await listed(database, "id"), await told(database)) == ([], [])


async def test_who_is_dropped_in_a_transfer_is_lost_for_who_sent_him_on(database: Database) -> None:
    """Somebody talked to him, and yet he waits: his task is that person's, until a call that is not dropped."""
    dropped = call(200, by=ANNA, is_dropped=True, dropped_by=ANNA)
    await happen(database, dropped)
    assert await listed(database, "lost", "dropped_by", "closed_at") == [(1, "anna", None)]
    async with database.reading() as connection:
        (found,) = await worklist.lost_clients(connection)
        assert found.dropped_by == ANNA
        assert [one.id for one in (await worklist.lost_calls(connection, [found]))[found.task]] == [dropped.id]
        (entry,) = await worklist.history(connection, found.task)
    assert (entry.what, entry.person, entry.reason) == ("lost", ANNA, todo.DROPPED)
    await happen(database, call(300))
    assert await listed(database, "lost", "dropped_by") == [(2, None)]
    await happen(database, call(400, by=BORIS))
    assert await listed(database, "closed_how") == ["returned"]


async def test_two_workers_close_calls_of_one_client_at_once(database: Database) -> None:
    """There is one task, with both calls."""
    await happen(database, call(50, by=ANNA))
    await asyncio.gather(*(happen(database, call(100 + number)) for number in range(8)))
    assert await listed(database, "lost", "since", "last_at") == [(8, 100, 107)]


async def test_who_missed_a_lost_call_is_who_missed_it_in_the_ledger(database: Database) -> None:
    """Person by person the same as the definition says, for every end of a leg and around three seconds of ringing."""
    legs = tuple(
        LegRow(PersonId(f"{result}-{seconds}"), "x", 1, 100, 101 if seconds else None, None, 101 + seconds, result)
        for result in Result
        for seconds in (0, 2.5, 3.5)
    )
    unknown = LegRow(None, "x", 1, 100, 101, None, 109, Result.NO_ANSWER)
    await happen(database, call(100, legs=(*legs, unknown, *legs)), call(200))
    async with database.reading() as connection:
        (found,) = (await worklist.lost_calls(connection, await worklist.lost_clients(connection))).values()
    first = call(100, legs=(*legs, unknown, *legs))
    assert [(one.id, tuple(one.missed_by)) for one in found] == [(first.id, missed_by(first)), (call(200).id, ())]
    assert len(missed_by(first)) == 3
