"""What is old goes in batches, and what is not stays, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text, update

from callrouter.core.recorded import Portion
from callrouter.jobs.retention import AGAIN_AFTER, JOB, TERM, Pruning, prune
from callrouter.routing.scheme import parse
from callrouter.routing.values import Retention
from callrouter.store import clients as book, outbox, retention, runs
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.outbox import Message
from callrouter.store.records import Records
from callrouter.store.retention import DAY
from callrouter.store.shipper import Shipper
from callrouter.store.tables import calls, client_phones, clients, journal as told, records
from callrouter.store.tables_outbox import edition_files, editions, outbox as messages
from tests.store.lives import ANNA, ARRIVED, Life, abandoned, answered
from tests.store.test_forgetting import NUMBER, OTHER, SECOND, figures, lived, made
from tests.store.test_records import HERE, OUT, RUNG, SCHEME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Table

    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

AT = ARRIVED.arrived_at
FOR_EVER = 36_500
ALL = Retention(calls=None, journal=FOR_EVER, records=FOR_EVER, exports=FOR_EVER, notices=FOR_EVER)


async def count(database: Database, table: Table) -> int:
    """How many rows a table has."""
    async with database.reading() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def old(database: Database, kept: Retention, now: float) -> dict[str, int]:
    """What would go."""
    async with database.reading() as connection:
        return await retention.old(connection, retention.limits(kept, now))


async def test_traces_of_ended_calls(database: Database, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of a batch, all that is old goes; a call that goes on, and a younger one, keep theirs."""
    monkeypatch.setattr(retention, "AT_ONCE", 7)
    abandoned(journal, "0191-a")
    abandoned(journal, "0191-b", asterisk_id="2")
    Life(journal, "0191-live").rings(ANNA)
    later = AT + 20 * DAY
    abandoned(journal, "0191-c", arrived_at=later, at=later, asterisk_id="3")
    await Shipper(journal, database).drain()
    kept = replace(ALL, journal=10)
    before = await count(database, told)
    found = await old(database, kept, AT + 21 * DAY)
    assert await prune(database, kept, AT + 21 * DAY) == {"journal": found["journal"]}
    assert await count(database, told) == before - found["journal"]
    async with database.reading() as connection:
        left = set((await connection.execute(select(told.c.call_id))).scalars())
    assert left == {"0191-live", "0191-c"}
    assert await prune(database, kept, AT + 21 * DAY) == {}
    assert await count(database, calls) == 4


async def test_asterisks_records(database: Database) -> None:
    """Those that are in the ledger; one that waits for its row stays."""
    shelf = Records(database, lambda: AT)
    await shelf.take("file", lambda _: Portion((OUT, replace(RUNG, asterisk_id="2"), replace(RUNG, sequence=11)), HERE))
    async with database.writing() as connection:
        await connection.execute(update(records).where(records.c.asterisk_id != "2").values(is_open=False))
    kept = replace(ALL, records=10)
    assert await prune(database, kept, AT + 9 * DAY) == {}
    assert (await old(database, kept, AT + 11 * DAY))["records"] == 2
    assert await prune(database, kept, AT + 11 * DAY) == {"records": 2}
    assert await count(database, records) == 1


async def test_exports_and_messages(database: Database) -> None:
    """An old edition keeps its digest and loses its files, unless somebody waits for them; what was sent goes."""
    first = await made(database, "2026-11-18", b"1", b"2")
    await made(database, "2026-11-19", b"3")
    async with database.writing() as connection:
        sent = {"state": outbox.DELIVERED, "settled_at": 2.0}
        await connection.execute(update(messages).where(messages.c.edition_id == first).values(sent))
    kept = replace(ALL, exports=10, notices=20)
    assert await prune(database, kept, 11 * DAY) == {"exports": 2}
    async with database.reading() as connection:
        kept_editions = (await connection.execute(select(editions).order_by(editions.c.id))).all()
    assert [(one.digest, one.erased_at is None) for one in kept_editions] == [
        ("2026-11-18", False),
        ("2026-11-19", True),
    ]
    assert await count(database, edition_files) == 1
    assert await old(database, kept, 21 * DAY) == {"journal": 0, "records": 0, "notices": 1, "exports": 0}
    assert await prune(database, kept, 21 * DAY) == {"notices": 1}
    assert await count(database, messages) == 1


async def test_numbers_leave_calls_when_the_last_one_is_old(database: Database, journal: Journal) -> None:
    """All calls of a number at once, and the card that only a call had made; every figure stays what it was."""
    await lived(database, journal)
    later = AT + 90 * DAY
    answered(journal, "0192-a", arrived_at=later, at=later, asterisk_id="9")
    talked: dict[str, Any] = {"caller": "+79160000001", "caller_raw": "x"}
    answered(journal, "0191-e", asterisk_id="8", **talked)
    await Shipper(journal, database).drain()
    before = await figures(database)
    kept = replace(ALL, calls=100)
    assert (await old(database, kept, AT + 150 * DAY))["calls"] == 2
    assert await prune(database, kept, AT + 150 * DAY) == {"calls": 2}
    assert await figures(database) == before
    async with database.reading() as connection:
        callers = set((await connection.execute(select(calls.c.caller))).scalars())
        phones = set((await connection.execute(select(client_phones.c.number))).scalars())
    assert talked["caller"] not in callers | phones
    assert (SECOND in callers, SECOND in phones) == (False, True)
    assert {NUMBER, OTHER} <= callers & phones
    assert await prune(database, kept, AT + 150 * DAY) == {}


async def test_who_waits_to_be_called_back_stays(database: Database, journal: Journal) -> None:
    """A lost client's number is needed as long as he is on the list; an imported client stays a client."""
    async with database.writing() as connection:
        client = await book.create(connection, book.Card("Пион"), 1.0, "imported")
        await book.add_numbers(connection, [(client, OTHER, OTHER)])
    abandoned(journal, "0191-a")
    answered(journal, "0191-b", asterisk_id="2", caller=OTHER, caller_raw=OTHER)
    await Shipper(journal, database).drain()
    assert await prune(database, replace(ALL, calls=1), AT + 9 * DAY) == {"calls": 1}
    async with database.reading() as connection:
        found = (await connection.execute(select(calls.c.caller).order_by(calls.c.id))).scalars().all()
        assert set((await connection.execute(select(client_phones.c.number))).scalars()) == {NUMBER, OTHER}
        assert await connection.scalar(select(clients.c.name).where(clients.c.id == client)) == "Пион"
    assert (found[0], found[1] == OTHER) == (NUMBER, False)


NIGHT = 1_795_046_400.0 - 3 * 3600 - 1_795_046_400.0 % 86_400
"""Midnight in Moscow."""


def pruning(database: Database, word: str, at: Sequence[float], *, is_ready: bool = True) -> Pruning:
    """A worker's, by a clock."""
    scheme = parse(SCHEME, "here") if is_ready else None
    return Pruning(database, word, lambda: scheme, lambda: at[-1])


async def test_once_a_night(database: Database, journal: Journal) -> None:
    """After three o'clock, by one worker, with what the scheme has by default; without a scheme nothing is old."""
    at = [NIGHT + 3 * 3600 - 1]
    abandoned(journal, "0191-a")
    await Shipper(journal, database).drain()
    assert not await pruning(database, "a", at, is_ready=False).tonight()
    assert not await pruning(database, "a", at).tonight()
    at.append(NIGHT + 100 * DAY + 3 * 3600)
    assert await pruning(database, "a", at).tonight()
    assert await count(database, told) == 0
    assert not await pruning(database, "b", at).tonight()
    at.append(at[-1] + DAY)
    assert await pruning(database, "b", at).tonight()


async def test_what_fails_is_tried_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away in the middle: another hour; a worker that died in it: another worker then."""
    at = [NIGHT + 4 * 3600]

    async def away(*_: object) -> dict[str, int]:
        raise DatabaseAwayError("now")

    with monkeypatch.context() as broken:
        broken.setattr("callrouter.jobs.retention.prune", away)
        with pytest.raises(DatabaseAwayError):
            await pruning(database, "a", at).tonight()
    assert not await pruning(database, "a", at).tonight()
    at.append(at[-1] + AGAIN_AFTER)
    async with database.reading() as connection:
        assert [why for _, why in await runs.failing(connection, JOB)] == ["now"]
    async with database.writing() as connection:
        of = datetime.fromtimestamp(at[-1], UTC).date()
        assert await runs.begin(connection, JOB, of, "dead", at[-1], at[-1] + TERM)
    assert not await pruning(database, "b", at).tonight()
    at.append(at[-1] + TERM)
    assert await pruning(database, "b", at).tonight()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_two_who_delete_at_once(database: Database, journal: Journal) -> None:
    """The second one leaves it to the first."""
    abandoned(journal, "0191-a")
    await Shipper(journal, database).drain()
    kept = replace(ALL, journal=1, calls=1)
    async with database.writing() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({retention._LOCK})"))
        assert await prune(database, kept, AT + 9 * DAY) == {}
    assert "journal" in await prune(database, kept, AT + 9 * DAY)


async def test_messages_that_wait_stay(database: Database) -> None:
    """What has not arrived is not old, whenever it was put."""
    async with database.writing() as connection:
        await outbox.put(connection, [Message("a", "notice", "dir:/x", "s", "t")], 1.0)
    assert await prune(database, replace(ALL, notices=1), 99 * DAY) == {}
