"""Calls out made of Asterisk's records many at a time: the same rows as one by one, in a handful of statements."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from callrouter.core.recorded import Portion
from callrouter.core.words import PersonId
from callrouter.store import clients as book, schemes
from callrouter.store.records import AT_ONCE, Records
from callrouter.store.tables import calls, records, tasks
from tests.store.test_records import AT, HERE, OUT, RUNG, SCHEME, TALKED, listed, settled

if TYPE_CHECKING:
    from callrouter.store.database import Database

HOURS = b"""
[calendars.office]
hours = ["Mon-Fri 09:00-18:00"]
[lines."+74957654321"]
department = "sales"
hours = "office"
source = "Yandex"
"""
SUNDAY = 1_795_294_800.0
"""2026-11-22 00:00 in Moscow."""


@pytest.fixture
async def shelf(database: Database) -> Records:
    """The shelf, with a scheme in force."""
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME + HOURS, AT)
    return Records(database, lambda: AT)


async def test_whose_the_clients_are(database: Database, shelf: Records) -> None:
    """A number with one client is his, with whose he is in general; of several it is the one who was talked to."""
    async with database.writing() as connection:
        alone = await book.create(connection, book.Card("Alone", "A", "trade", {"stage": "won"}), AT, "imported")
        await book.add_numbers(connection, [(alone, "+79161112233", "8")])
        await book.assign(connection, alone, PersonId("anna"), AT, "imported")
        for name in ("First", "Second"):
            one = await book.create(connection, book.Card(name), AT, "imported")
            await book.add_numbers(connection, [(one, "+79161112244", "8")])
    other = replace(OUT, asterisk_id="1795000000.8", dialled="89161112244", started_at=AT + 1)
    await settled(shelf, OUT, other, replace(OUT, asterisk_id="1795000000.9", dialled="100", started_at=AT + 2))
    rows = [one.row for one in await listed(database, "out")]
    assert [(one.client, one.responsible, one.priority, one.segment) for one in rows] == [
        ("Alone", "anna", "A", "trade"),
        (rows[1].client, None, None, None),
        (None, None, None, None),
    ]
    assert rows[1].client in {"First", "Second"}


async def test_a_client_who_waits_is_called_back(database: Database, shelf: Records) -> None:
    """Calls out in vain are attempts, the conversation closes his task; calls to others change nothing of it."""
    await settled(shelf, RUNG)
    back = replace(OUT, dialled=RUNG.caller, started_at=AT + 60, ended_at=AT + 90, asterisk_id="1795000060.1")
    await settled(shelf, back, replace(OUT, started_at=AT + 70, asterisk_id="1795000070.1"))
    talked = replace(back, asterisk_id="1795000100.1", started_at=AT + 100, disposition="ANSWERED")
    talked = replace(talked, answered_at=AT + 105, ended_at=AT + 130)
    async with database.reading() as connection:
        assert (await connection.execute(select(tasks.c.attempts, tasks.c.closed_how))).all() == [(1, None)]
    await settled(shelf, talked)
    async with database.reading() as connection:
        assert (await connection.execute(select(tasks.c.closed_how))).scalars().all() == ["rescued"]


async def test_many_take_a_handful_of_statements(database: Database, shelf: Records) -> None:
    """However many there are, the statements are the same few; more than `AT_ONCE` wait for their turn."""
    seen: list[str] = []

    def heard(*context: Any) -> None:
        seen.append(context[2])

    event.listen(database._engine.sync_engine, "before_cursor_execute", heard)
    count = AT_ONCE + 1
    many = [replace(OUT, asterisk_id=f"1795000000.{number}", dialled=f"8916{number:07}") for number in range(count)]
    many[7] = replace(many[7], revision=1)
    await shelf.take("file", lambda _: Portion(tuple(many), HERE))
    seen.clear()
    assert await shelf.settle(0.0) == (AT_ONCE, True)
    assert len(seen) < 25
    assert await shelf.settle(0.0) == (1, False)
    assert len(await listed(database, "out")) == count


async def test_nothing_is_told_twice(database: Database, shelf: Records) -> None:
    """A record that comes late, and is the first of its channel, corrects the row there is."""
    for late, first in ((OUT, replace(OUT, sequence=1)), (TALKED, replace(RUNG, sequence=1))):
        await settled(shelf, late)
        await settled(shelf, replace(first, started_at=AT - 30, ended_at=AT - 20, disposition="NO ANSWER"))
        async with database.reading() as connection:
            rows = (await connection.execute(select(calls.c.arrived_at))).scalars().all()
        assert rows == [AT - 30]
        async with database.writing() as connection:
            await connection.execute(calls.delete())
            await connection.execute(records.delete())


@pytest.mark.parametrize(("at", "is_closed"), [(SUNDAY, True), (SUNDAY + 34 * 3600, False)])
async def test_the_fallbacks_calls_say_whether_the_line_was_closed(
    database: Database, shelf: Records, at: float, is_closed: bool
) -> None:
    """As those of the router do; and where callers have the number from."""
    call = replace(TALKED, line="84957654321", started_at=at, answered_at=at + 4, ended_at=at + 60)
    await settled(shelf, call)
    (one,) = await listed(database)
    assert (one.row.is_closed, one.row.source, one.row.outcome) == (is_closed, "Yandex", "answered")
