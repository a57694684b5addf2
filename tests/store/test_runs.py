"""Runs of a job and the editions it makes, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from callrouter.store import editions, outbox, runs
from callrouter.store.editions import Edition, EditionFile
from callrouter.store.errors import RowRefusedError
from tests.store.test_outbox import HELLO, NOW, claim, put

if TYPE_CHECKING:
    from callrouter.store.database import Database

FRIDAY = date(2026, 11, 20)
EDITION = Edition("2026-11-20", "company", 1, "ru", NOW, NOW - 9, "abc")


async def begin(database: Database, word: str, at: float = NOW, of: date = FRIDAY) -> bool:
    """Claim a run for a minute."""
    async with database.writing() as connection:
        return await runs.begin(connection, "export", of, word, at, at + 60)


async def test_a_run_is_ones(database: Database) -> None:
    """Of many who begin at once one does; the others may when the claim runs out, unless it is kept."""
    assert sum(await asyncio.gather(*(begin(database, str(number)) for number in range(6)))) == 1
    async with database.writing() as connection:
        mine = [await runs.keep(connection, "export", FRIDAY, str(number), NOW + 100) for number in range(6)]
    assert sum(mine) == 1
    assert not await begin(database, "heir", NOW + 99)
    assert await begin(database, "heir", NOW + 100)
    async with database.writing() as connection:
        assert not await runs.finish(connection, "export", FRIDAY, str(mine.index(True)), NOW + 101)
        assert await runs.tries(connection, "export", FRIDAY) == 2


async def test_a_finished_run_is_not_begun_again(database: Database) -> None:
    """Neither by others nor later; other dates are."""
    assert await begin(database, "a")
    async with database.writing() as connection:
        assert await runs.finish(connection, "export", FRIDAY, "a", NOW + 1)
    assert not await begin(database, "b", NOW + 9_999)
    assert await begin(database, "b", of=date(2026, 11, 18))
    async with database.reading() as connection:
        assert await runs.finished(connection, "export", date(2026, 11, 1)) == {"2026-11-20"}
        assert await runs.finished(connection, "export", date(2026, 11, 21)) == frozenset()
        assert await runs.first(connection, "export") == "2026-11-18"
        assert await runs.first(connection, "review") is None


async def test_a_run_that_failed_is_given_back(database: Database) -> None:
    """With why, and not before its time."""
    assert await begin(database, "a")
    async with database.writing() as connection:
        await runs.fail(connection, "export", FRIDAY, "a", "ZeroDivisionError", NOW + 30)
    async with database.reading() as connection:
        assert await runs.failing(connection, "export") == (("2026-11-20", "ZeroDivisionError"),)
    assert not await begin(database, "b", NOW + 29)
    assert await begin(database, "b", NOW + 30)


async def test_an_edition_is_kept_with_its_files(database: Database) -> None:
    """The newest of somebody's; the same number twice is refused."""
    files = (EditionFile("b.csv", "text/csv", bytes(range(256))), EditionFile("a.html", "text/html", b""))
    async with database.writing() as connection:
        key = await editions.add(connection, EDITION, files)
        await editions.add(connection, replace(EDITION, number=2, digest="def"), ())
        await editions.add(connection, replace(EDITION, whose="own:anna"), ())
    async with database.reading() as connection:
        assert await editions.files(connection, key) == files
        assert await editions.latest(connection, FRIDAY, "company") == replace(EDITION, number=2, digest="def")
        assert await editions.latest(connection, FRIDAY, "own:boris") is None
    with pytest.raises(RowRefusedError):
        await _add(database, EDITION)


async def _add(database: Database, edition: Edition) -> None:
    async with database.writing() as connection:
        await editions.add(connection, edition, ())


async def test_the_outbox_is_listed_and_mended(database: Database) -> None:
    """What waits and what was given up; both can be tried anew or dropped, what arrived cannot."""
    await put(database, *(replace(HELLO, key=str(number)) for number in range(4)))
    first, second, third, _ = await claim(database, "a")
    async with database.writing() as connection:
        await outbox.delivered(connection, first.id, "a", NOW + 1)
        await outbox.give_up(connection, second.id, "a", "550 no", NOW + 1)
        listed = await outbox.listed(connection)
        assert [(one.id, one.state, one.error) for one in listed][:2] == [
            (second.id, "dead", "550 no"),
            (third.id, "waiting", None),
        ]
        assert [one.id for one in await outbox.listed(connection, ("dead",))] == [second.id]
        assert await outbox.depth(connection) == outbox.Depth(2, 1, NOW, NOW + 60)
        assert not await outbox.retry(connection, first.id, NOW + 2)
        assert not await outbox.drop(connection, 999, NOW + 2)
        assert await outbox.retry(connection, second.id, NOW + 2)
        assert await outbox.drop(connection, third.id, NOW + 2)
        assert [one.key for one in await outbox.failed(connection, NOW)] == [second.message.key]
        again = await outbox.claim(connection, "b", NOW + 2, NOW + 62, 9)
        assert [(one.id, one.attempts) for one in again] == [(second.id, 1)]
