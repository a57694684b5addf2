"""What Asterisk's records tell of many calls at once is what they tell of them one by one."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from callrouter.core.recorded import Portion, Record
from callrouter.store import clients as book, schemes
from callrouter.store.records import Records
from callrouter.store.tables import calls, client_phones, clients, metadata, records, responsibles, task_history, tasks
from callrouter.store.tables_notices import notices
from callrouter.store.telling import rounds
from tests.store.test_records import AT, END, HERE, OUT, RUNG, SCHEME, TALKED, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.store.database import Database

NUMBERS = [f"8916000000{one}" for one in range(6)]
"""Few, so that everybody calls and is called again and again."""
TWO = ("+79160000004", "+79160000005")
"""Numbers of one client, whom our table knows."""
Told = tuple[Record, ...]


def day(seed: int, count: int = 60) -> Iterator[Told]:
    """Yield calls of the fallback and calls out as their records, in the order in which they are over."""
    chance = Random(seed)
    for number in range(count):
        at, unique = AT + 90 * number, f"{int(AT) + 90 * number}.{number}"
        who = chance.choice([*NUMBERS, "anonymous"])
        kind = chance.choice(("talked", "talked", "rung", "end", "out", "back"))
        if kind in {"out", "back"}:
            answered = at + 6 if kind == "back" else None
            said = replace(OUT, dialled=who, disposition="ANSWERED" if answered else "BUSY", answered_at=answered)
            yield (replace(said, asterisk_id=unique, linked_id=unique, started_at=at, ended_at=at + 30),)
            continue
        told = {"talked": (RUNG, TALKED), "rung": (RUNG,), "end": (RUNG, END)}[kind]
        yield tuple(
            replace(
                one,
                asterisk_id=unique,
                linked_id=unique,
                caller=who,
                started_at=one.started_at - AT + at,
                answered_at=one.answered_at and one.answered_at - AT + at,
                ended_at=one.ended_at - AT + at,
            )
            for one in told
        )


async def begin(database: Database) -> Records:
    """Empty everything; a scheme is in force, and one client is known with two numbers."""
    async with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())
        await schemes.apply(connection, SCHEME, AT)
        known = await book.create(connection, book.Card("Romashka", "A"), AT - 1, "imported")
        await book.add_numbers(connection, [(known, number, number) for number in TWO])
    return Records(database, lambda: AT + 100_000)


async def tell(shelf: Records, *told: Record) -> None:
    """Take these records together, and make what they are due."""
    await shelf.take("file", lambda _: Portion(told, HERE))
    await shelf.settle(0.0)


async def everything(database: Database) -> dict[str, list[Any]]:
    """Return what all tables hold, whatever the numbers of clients and tasks are."""
    async with database.reading() as connection:
        found = {name: [dict(one._mapping) for one in await connection.execute(select(table))] for name, table in ALL}
    numbers: dict[int, list[str]] = {}
    for one in found["client_phones"]:
        numbers.setdefault(one["client_id"], []).append(one["number"])
    whose = {client: tuple(sorted(those)) for client, those in numbers.items()}
    about = {one["id"]: (whose[one["client_id"]], one["since"]) for one in found["tasks"]}
    for rows in found.values():
        for one in rows:
            if "client_id" in one:
                one["client_id"] = whose.get(one["client_id"])
            if "task_id" in one:
                one["task_id"] = about.get(one["task_id"])
    for one in found["clients"]:
        one["number"] = whose[one["id"]]
    for one in found["notices"]:
        one["key"] = one["key"].partition(":")[0]  # its client's number in the table may be another
    return {name: sorted(repr(sorted(_kept(one).items())) for one in rows) for name, rows in found.items()}


def _kept(one: dict[str, Any]) -> dict[str, Any]:
    """Return what does not depend on the order in which rows got their numbers, or on when records were read."""
    has_own = isinstance(one.get("id"), int)
    return {name: value for name, value in one.items() if name != "seen_at" and not (name == "id" and has_own)}


PARTS = [(name, metadata.tables[name]) for name in ("call_steps", "call_legs", "call_talk")]
ALL = [
    *((table.name, table) for table in (calls, clients, client_phones, responsibles, tasks, task_history)),
    *((table.name, table) for table in (notices, records)),
    *PARTS,
]


@pytest.mark.parametrize("seed", [1, 2])
async def test_together_as_one_by_one(database: Database, seed: int) -> None:
    """Cards, claims, tasks with their history, notices and rows are the same, also of who calls many times."""
    shelf = await begin(database)
    for told in day(seed):
        await tell(shelf, *told)
    alone = await everything(database)
    shelf = await begin(database)
    await tell(shelf, *(one for told in day(seed) for one in told))
    assert await everything(database) == alone
    assert all(alone.values())


async def test_the_second_call_of_a_batch_sees_the_firsts_client(database: Database) -> None:
    """Who was made his manager by the first is considered in the second."""
    shelf = await begin(database)
    again = replace(TALKED, asterisk_id="1795000100.8", linked_id="1795000100.8")
    await tell(shelf, TALKED, replace(again, started_at=AT + 100, answered_at=AT + 104, ended_at=AT + 160))
    first, second = await listed(database)
    assert (first.row.responsible, first.claimed_by) == (None, "boris")
    assert (second.row.responsible, second.claimed_by) == ("boris", None)
    async with database.reading() as connection:
        assert len((await connection.execute(select(clients).where(clients.c.how == "called"))).all()) == 1


async def test_one_that_cannot_be_stored_takes_no_other_with_it(database: Database) -> None:
    """Those before and behind it, in its batch, are rows in their order; it alone is left out."""
    shelf = await begin(database)
    async with database.writing() as connection:
        await schemes.apply(connection, b"broken", AT)
    told = [replace(one, revision=2 if place == 7 else 1) for place, (one, *_) in enumerate(day(3, 20))]
    await tell(shelf, *told)
    rows = [*await listed(database), *await listed(database, "out")]
    assert {one.row.asterisk_id for one in rows} == {one.asterisk_id for one in told} - {told[7].asterisk_id}
    assert await shelf.settle(0.0) == (0, False)


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        ([], []),
        ([set(), set()], [["0", "1"]]),
        ([{"a"}, {"b"}, {"a", "b"}, {"c"}, {"b"}], [["0", "1", "3"], ["2"], ["4"]]),
    ],
)
def test_rounds(whose: list[set[str]], expected: list[list[str]]) -> None:
    """Nobody is in one round twice, and each one's calls keep their order."""
    assert rounds([str(place) for place in range(len(whose))], whose) == expected
