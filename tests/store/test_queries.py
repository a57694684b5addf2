"""Named questions, and the scheme's revisions."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from callrouter.core.words import PersonId
from callrouter.store import clients as book, queries, schemes
from callrouter.store.errors import UnknownCallError
from callrouter.store.journal import Journal
from callrouter.store.queries import Wanted
from callrouter.store.roster import Roster
from callrouter.store.shipper import Shipper
from callrouter.store.tables import client_phones, clients
from tests.store.lives import ANNA, ARRIVED, BORIS, abandoned, answered

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.database import Database


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["call-1", "call-2", "talk-3"]),
        (Wanted(start=ARRIVED.arrived_at + 100), ["call-2", "talk-3"]),
        (Wanted(end=ARRIVED.arrived_at + 100), ["call-1"]),
        (Wanted(outcome="lost"), ["call-2"]),
        (Wanted(line="+7499"), ["talk-3"]),
        (Wanted(caller="+79161234567"), ["call-1", "call-2"]),
        (Wanted(caller="Аноним"), ["talk-3"]),
        (Wanted(direction="out"), []),
    ],
)
async def test_calls_are_filtered(database: Database, journal: Journal, wanted: Wanted, expected: list[str]) -> None:
    """All conditions hold together; a period is half-open by arrival; the oldest comes first."""
    at = ARRIVED.arrived_at
    answered(journal, "talk-3", arrived_at=at + 200, line="+7499", caller=None, caller_raw="Аноним")
    answered(journal, "call-1")
    abandoned(journal, "call-2", arrived_at=at + 100)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        found = await queries.ended_calls(connection, wanted)
        assert [one.row.id for one in found] == expected
        assert await queries.line_was_called(connection, "+7499")
        assert not await queries.line_was_called(connection, "+7000")
        assert len(await queries.ledger_rows(connection, at, at + 200)) == 2


@pytest.mark.parametrize("prefix", ["call-", "nobody", "", "%", "call_1"])
async def test_an_id_that_is_not_one_call(database: Database, journal: Journal, prefix: str) -> None:
    """No call, several, or a pattern instead of a prefix: refused with where the ids are."""
    abandoned(journal, "call-1")
    abandoned(journal, "call-2")
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        with pytest.raises(UnknownCallError, match="`callrouter calls list` has the ids"):
            await queries.call_by_id(connection, prefix)
        assert (await queries.call_by_id(connection, "call-1")).row.id == "call-1"


async def test_a_client_is_found_by_any_part_of_his_name(database: Database) -> None:
    """Case does not matter, in Russian neither, and % is a character like any other."""
    async with database.writing() as connection:
        for name in ("ООО Ромашка", "Василёк 100%"):
            await book.create(connection, book.Card(name, "A", "key", {"город": "Тверь"}), 5.0, "imported")
    async with database.reading() as connection:
        for part, names in (("РОМАШ", ["ООО Ромашка"]), ("0%", ["Василёк 100%"]), ("%", ["Василёк 100%"]), ("x", [])):
            assert [known.name for known in await queries.known_by_name(connection, part)] == names
        found = (await queries.known_by_name(connection, "ромашка"))[0]
    assert (found.priority, found.segment, found.attributes, found.numbers) == ("A", "key", {"город": "Тверь"}, ())


async def test_a_card_is_changed_where_it_differs(database: Database) -> None:
    """What is None stays, attributes are added to, and an unchanged card is no change."""
    number = "+79161234567"
    async with database.writing() as connection:
        client = await book.create(connection, book.Card("Ромашка", "A", None, {"a": "1"}), 5.0, "imported")
        assert await book.add_numbers(connection, [(client, number, "8 916 123-45-67")])
        assert not await book.add_numbers(connection, [(client, number, "again")])
        await book.assign(connection, client, ANNA, 5.0, "assigned")
        roster = await Roster.read(connection, [number])
        (draft,) = roster.by_number[number]
        assert not draft.change(book.Card("Ромашка", None, None, {"a": "1"}))
        assert draft.change(book.Card("ЛЮТИК", "B", "key", {"b": "2"}))
        assert not roster.give(draft, number, "again")
        assert not draft.assign(ANNA, 6.0)
        assert draft.assign(PersonId("boris"), 6.0)
        await roster.write(connection, 6.0)
        known = (await queries.known_by_name(connection, "лютик"))[0]
    assert (known.name, known.priority, known.segment) == ("ЛЮТИК", "B", "key")
    assert known.attributes == {"a": "1", "b": "2"}
    assert [(one.person, one.since, one.until) for one in known.responsibles] == [
        ("anna", 5.0, 6.0),
        ("boris", 6.0, None),
    ]


async def test_thousands_of_new_clients(database: Database) -> None:
    """Each has his own number and whose he is, however many statements that takes; who is assigned twice is so once."""
    async with database.writing() as connection:
        roster = await Roster.read(connection, [])
        for number in range(1_234):
            draft = roster.new()
            draft.change(book.Card(f"Клиент {number}"))
            roster.give(draft, f"+7916{number:07}", f"8916{number:07}")
            draft.assign(ANNA, 5.0)
            draft.assign(PersonId(f"p{number}"), 5.0)
        await roster.write(connection, 5.0)
    async with database.reading() as connection:
        for number in (0, 499, 500, 1_233):
            known = await queries.known_by_number(connection, f"+7916{number:07}")
            assert known is not None
            still = [one.person for one in known.responsibles if one.until is None]
            assert (known.name, still) == (f"Клиент {number}", [f"p{number}"])
        found = await connection.execute(select(func.count()).select_from(clients))
        assert found.scalar_one() == 1_234


async def test_revisions_of_the_scheme(database: Database) -> None:
    """Documents are kept byte for byte; the same bytes make no new revision; a former document makes one."""
    first, second = b"version = 1\r\n\xd0\x9f", b"version = 1\n"
    async with database.reading() as connection:
        assert await schemes.current(connection) is None
        assert await schemes.current_number(connection) is None
    async with database.writing() as connection:
        assert (await schemes.apply(connection, first, 10.5, by="root"))[1]
        assert not (await schemes.apply(connection, first, 11.5))[1]
        assert (await schemes.apply(connection, second, 12.5, comment="second"))[0].revision == 2
        assert (await schemes.apply(connection, first, 13.5))[0].revision == 3
    async with database.reading() as connection:
        history = await schemes.history(connection)
        assert [(one.revision, one.document, one.applied_at, one.applied_by) for one in history] == [
            (1, first, 10.5, "root"),
            (2, second, 12.5, None),
            (3, first, 13.5, None),
        ]
        assert history[0].sha256 == history[2].sha256
        assert await schemes.current(connection) == history[2]
        assert await schemes.current_number(connection) == 3
        assert await schemes.get(connection, 2) == history[1]
        assert await schemes.get(connection, 9) is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_writers_at_once_lose_nothing(database: Database) -> None:
    """Fifty tasks that read and then write on SQLite: every write counts, none is refused as locked."""
    async with database.writing() as connection:
        client = await book.create(connection, book.Card(attributes={"n": "0"}), 5.0, "imported")

    async def numbers(connection: AsyncConnection) -> int:
        return int((await connection.execute(select(func.count()).select_from(client_phones))).scalar_one())

    async def add() -> None:
        async with database.writing() as connection:
            await book.assign(connection, client, None, 6.0, "assigned")
            number = f"+7916{await numbers(connection):07}"
            await book.add_numbers(connection, [(client, number, number)])

    await asyncio.gather(*(add() for _ in range(50)))
    async with database.reading() as connection:
        assert await numbers(connection) == 50


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    """While a transaction writes, another reads what was there before."""
    async with database.writing() as writing:
        await book.create(writing, book.Card("Ромашка"), 5.0, "imported")
        async with database.reading() as reading:
            assert await queries.known_by_name(reading, "ромашка") == ()


async def test_two_workers_make_one_card(database: Database, journal: Journal, tmp_path: Path) -> None:
    """Calls of one new number that two workers close at once: one card, one responsible."""
    other = Journal(tmp_path / "journal", "callrouter-2")
    for number in range(10):
        answered(journal, f"call-{number}", BORIS)
        answered(other, f"call-{number}-2", BORIS)
    await asyncio.gather(Shipper(journal, database).drain(), Shipper(other, database).drain())
    other.close()
    async with database.reading() as connection:
        known = await queries.known_by_number(connection, "+79161234567")
        assert len(await queries.ended_calls(connection, Wanted())) == 20
    assert known is not None
    assert len(known.responsibles) == 1
