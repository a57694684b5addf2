"""The outbox, on SQLite and PostgreSQL: put once, claimed by one, tried again, given up, never forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from callrouter.store import outbox
from callrouter.store.outbox import Claimed, Failed, Message

if TYPE_CHECKING:
    from callrouter.store.database import Database

NOW = 1_795_000_000.25
HELLO = Message("export/2026-11-20/1/mail:irina@example.org", "export", "mail:irina@example.org", "LCR", "7,4 %")


async def put(database: Database, *messages: Message, at: float = NOW) -> int:
    """Put messages in a transaction of their own."""
    async with database.writing() as connection:
        return await outbox.put(connection, messages, at)


async def claim(database: Database, word: str, at: float = NOW, most: int = 9) -> tuple[Claimed, ...]:
    """Claim for a minute."""
    async with database.writing() as connection:
        return await outbox.claim(connection, word, at, at + 60, most)


async def _put_in_vain(database: Database) -> None:
    async with database.writing() as connection:
        await outbox.put(connection, [HELLO], NOW)
        raise LookupError


async def test_a_message_is_put_once(database: Database) -> None:
    """The key decides, also within one transaction, and the first content stays."""
    assert await put(database, HELLO, replace(HELLO, text="other")) == 1
    assert await put(database, HELLO) == 0
    assert [one.message for one in await claim(database, "a")] == [HELLO]


async def test_what_was_rolled_back_was_never_put(database: Database) -> None:
    """The message goes with its transaction."""
    with pytest.raises(LookupError):
        await _put_in_vain(database)
    assert await claim(database, "a") == ()


async def test_a_message_is_claimed_by_one(database: Database) -> None:
    """Of many senders at once each message has one; what is claimed is nobody else's until the claim runs out."""
    await put(database, *(replace(HELLO, key=str(number)) for number in range(20)))
    claims = await asyncio.gather(*(claim(database, str(number), most=3) for number in range(10)))
    keys = [one.message.key for part in claims for one in part]
    assert len(keys) == len(set(keys))
    rest = await claim(database, "rest", most=99)
    assert sorted(keys + [one.message.key for one in rest]) == sorted(map(str, range(20)))
    assert await claim(database, "later", NOW + 59.9) == ()
    assert {one.attempts for one in await claim(database, "heir", NOW + 60, most=99)} == {2}


async def test_a_claim_is_kept(database: Database) -> None:
    """Who lives keeps what he has; it runs out so much later."""
    await put(database, HELLO)
    await claim(database, "a")
    async with database.writing() as connection:
        await outbox.keep(connection, "a", NOW + 100)
    assert await claim(database, "b", NOW + 99) == ()
    assert len(await claim(database, "b", NOW + 100)) == 1


async def test_who_lost_his_claim_settles_nothing(database: Database) -> None:
    """A sender that slept too long cannot write down over the one who came after it."""
    await put(database, HELLO)
    (first,) = await claim(database, "a")
    (second,) = await claim(database, "b", NOW + 60)
    async with database.writing() as connection:
        assert not await outbox.give_up(connection, first.id, "a", "550 no", NOW + 61)
        assert not await outbox.again(connection, first.id, "a", "451", NOW + 61)
        assert await outbox.delivered(connection, second.id, "b", NOW + 62)
        assert not await outbox.delivered(connection, second.id, "b", NOW + 62)
    assert await claim(database, "c", NOW + 9_999) == ()


async def test_what_failed_is_tried_again_then(database: Database) -> None:
    """Not before its time, and the attempts are counted."""
    await put(database, HELLO)
    (first,) = await claim(database, "a")
    async with database.writing() as connection:
        assert await outbox.again(connection, first.id, "a", "451 later", NOW + 15)
    assert await claim(database, "b", NOW + 14) == ()
    assert [one.attempts for one in await claim(database, "b", NOW + 15)] == [2]


async def test_what_is_given_up_is_listed(database: Database) -> None:
    """With why, for the period in which it was given up; nobody tries it again by himself."""
    await put(database, HELLO)
    (first,) = await claim(database, "a")
    async with database.writing() as connection:
        assert await outbox.give_up(connection, first.id, "a", "550 unknown", NOW + 1)
    assert await claim(database, "b", NOW + 9_999) == ()
    dead = Failed(HELLO.key, "export", HELLO.to, "LCR", "dead", 1, "550 unknown", NOW + 1)
    async with database.reading() as connection:
        assert await outbox.failed(connection, NOW) == (dead,)
        assert await outbox.failed(connection, NOW + 2) == ()
        assert await outbox.failed(connection, NOW, NOW + 1) == ()
