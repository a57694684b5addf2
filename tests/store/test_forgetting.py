"""A person is erased and the counts stay, on SQLite and PostgreSQL: nothing in any table leads back to the number."""

from __future__ import annotations

import io
import json
import re
import zipfile
from array import array
from binascii import a2b_base64
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from callrouter.core import events as ev
from callrouter.core.recorded import Portion
from callrouter.core.words import CallId
from callrouter.ledger.clients import block
from callrouter.ledger.figure import printed
from callrouter.ledger.period import Period
from callrouter.ledger.rate import document, inbound, rate
from callrouter.routing.numbers import FORGOTTEN
from callrouter.store import (
    clients as book,
    days,
    forgetting,
    forgotten,
    history,
    leftovers,
    mentions,
    outbox,
    queries,
    schemes,
)
from callrouter.store.outbox import Message
from callrouter.store.queries import Wanted
from callrouter.store.records import Records
from callrouter.store.shipper import Shipper
from callrouter.store.tables import call_legs, calls, clients, journal as told, metadata, tasks
from callrouter.store.tables_days import days as ledger_days
from callrouter.store.tables_outbox import edition_files, editions, outbox as messages
from callrouter.store.traces import Traces
from tests.store.lives import ANNA, ARRIVED, BORIS, Life, abandoned, answered
from tests.store.test_records import HERE, OUT, RUNG, SCHEME, TALKED

if TYPE_CHECKING:
    from callrouter.store.database import Database
    from callrouter.store.forgetting import Erased
    from callrouter.store.journal import Journal

NUMBER, SECOND, OTHER = "+79161234567", "+79161234599", "+79167654321"
WRITTEN = re.compile(
    r"9[\s()-]*1[\s()-]*6[\s()-]*1[\s()-]*2[\s()-]*3[\s()-]*4[\s()-]*5[\s()-]*(?:6[\s()-]*7|9[\s()-]*9)"
)
NAME = 'ООО "Ромашка"'
RECORDING = f"/var/spool/asterisk/monitor/in-{NUMBER} {NAME}.wav"
LATER = ARRIVED.arrived_at + 86_400


async def forget(database: Database, number: str = NUMBER, at: float = LATER) -> Erased:
    """Forget whoever has this number, as the command does."""
    async with database.writing() as connection:
        await forgotten.alone(connection)
        person = await forgetting.find(connection, number)
        assert person is not None
        erased, tokens = await forgetting.forget(connection, person, at)
        await mentions.erase(connection, Traces(tokens, person.names), tokens, at)
    return erased


async def dump(database: Database) -> str:
    """Everything there is in all tables."""
    lines = []
    async with database.reading() as connection:
        for table in metadata.sorted_tables:
            lines += [" | ".join(map(_plain, one)) for one in await connection.execute(select(table))]
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, bytes) and value.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(value)) as book_:
            return "".join(book_.read(name).decode() for name in book_.namelist())
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def kept_of_dates(database: Database) -> str:
    """Every number in what is kept of dates that are added up, written out, and the rest of it."""
    columns = (
        ledger_days.c.counts,
        ledger_days.c.shared,
        ledger_days.c.clients,
        ledger_days.c.settled,
        ledger_days.c.settled_late,
    )
    async with database.reading() as connection:
        kept = (await connection.execute(select(*columns))).all()
    found: list[int | str] = [text for one in kept for text in one]
    for one in kept:
        found += array("q", a2b_base64(json.loads(one.shared)["packed"]))
    return " ".join(f"+{one}" if isinstance(one, int) else one for one in found)


async def figures(database: Database) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Lost Call Rate of everything, grouped, and its second ledger."""
    async with database.reading() as connection:
        found = await queries.ended_calls(connection, Wanted())
        out = await queries.ended_calls(connection, Wanted(direction="out"))
    known = tuple(one.row for one in (*found, *out))
    period = Period(0.0, 4e9, "Europe/Moscow")
    return document(rate(known, period)), printed(block(inbound(known, period), known, lambda _: None, "Europe/Moscow"))


async def lived(database: Database, journal: Journal) -> None:
    """A client with two numbers, who was lost, called back, talked to and told of; and another caller."""
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME, 1.0)
        card = book.Card(NAME, "A", "key", {"город": "Тверь", "второй телефон": "8 (916) 123-45-99"})
        client = await book.create(connection, card, 1.0, "imported")
        for number in (NUMBER, SECOND):
            await book.add_numbers(connection, [(client, number, number.replace("+7", "8"))])
        await book.assign(connection, client, ANNA, 2.0, "imported")
    known: dict[str, Any] = {"client": NAME, "client_id": client, "attributes": (("телефон", "89161234567"),)}
    known["recording"] = RECORDING
    abandoned(journal, "0191-a", **known)
    answered(journal, "0191-b", arrived_at=ARRIVED.arrived_at + 900, asterisk_id="1795000900.1", **known)
    abandoned(journal, "0191-c", asterisk_id="1795000000.2", caller=SECOND, caller_raw=SECOND, **known)
    abandoned(journal, "0191-d", asterisk_id="1795000000.3", caller=OTHER, caller_raw="89167654321")
    await Shipper(journal, database).drain()
    out = replace(OUT, asterisk_id="1795000100.1", dialled="89161234567", peer="Local/89161234567@out-00000001;1")
    fallback = replace(RUNG, asterisk_id="1795000200.1", caller="+7 916 123-45-67", recording=RECORDING)
    shelf = Records(database, lambda: 4e9)
    await shelf.take("file", lambda _: Portion((out, fallback), HERE))
    while (await shelf.settle(0.0))[0]:
        pass
    await add_up(database)


async def add_up(database: Database) -> None:
    """Add up every date that is over, as a worker does."""
    async with database.reading() as connection:
        missing = await days.missing(connection, "Europe/Moscow", LATER + 86_400)
    for one in missing:
        await days.add_up(database, one, "Europe/Moscow")


async def test_nothing_leads_back_and_every_figure_stays(database: Database, journal: Journal) -> None:
    """Both ledgers are as before; no table has the number in any written form, nor the name; others stay."""
    second: dict[str, Any] = {"asterisk_id": "1795000950.1", "arrived_at": ARRIVED.arrived_at + 950}
    answered(journal, "0191-e", BORIS, at=ARRIVED.at + 950, **second)
    await lived(database, journal)
    before = await figures(database)
    there = await dump(database)
    assert WRITTEN.search(there)
    assert NUMBER in await kept_of_dates(database)
    assert "Ромашка" in there
    erased = await forget(database)
    assert (erased.clients, erased.numbers, erased.calls, erased.tasks) == (1, 2, 6, 1)
    assert erased.trace > 0
    assert await figures(database) == before
    left = await dump(database)
    assert WRITTEN.search(left) is None
    assert "Ромашка" not in left
    assert "Тверь" not in left
    assert "/monitor/" not in left
    assert OTHER in left
    assert NUMBER not in await kept_of_dates(database)
    await add_up(database)
    assert "forgotten-" in await kept_of_dates(database)
    async with database.reading() as connection:
        rows = (await connection.execute(select(calls))).all()
        assert [one.number for one in await connection.execute(select(tasks))] == [OTHER]
    tokens = {text for one in rows for text in (one.caller, one.line) if text and FORGOTTEN.fullmatch(text)}
    assert len(tokens) == 2
    assert {one.responsible for one in rows if one.caller in tokens} == {"anna", None}


async def test_who_is_unknown_and_who_calls_again(database: Database, journal: Journal) -> None:
    """Nobody's number is nobody's; a call after it is a new client's, who can be forgotten too, under another token."""
    async with database.reading() as connection:
        assert await forgetting.find(connection, NUMBER) is None
    await lived(database, journal)
    await forget(database)
    async with database.reading() as connection:
        assert await forgetting.find(connection, NUMBER) is None
        known = await forgotten.since(connection)
        assert (known.when(NUMBER), known.when(OTHER)) == (LATER, None)
    again: dict[str, Any] = {"asterisk_id": "1795100000.1", "arrived_at": LATER + 1, "at": LATER + 1}
    abandoned(journal, "0192-a", **again)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        person = await forgetting.find(connection, NUMBER)
        assert person is not None
        assert len(person.calls) == len(person.cards) == 1
    await forget(database, at=LATER + 100)
    assert WRITTEN.search(await dump(database)) is None
    async with database.reading() as connection:
        found = (
            await connection.execute(select(calls.c.caller).where(calls.c.caller.startswith("forgotten")))
        ).scalars()
        assert len(set(found)) == 3


async def test_a_number_that_others_have_too(database: Database) -> None:
    """Everybody who has it is forgotten, with the numbers that nobody else has."""
    async with database.writing() as connection:
        for name, numbers in (("a", (NUMBER, SECOND)), ("b", (NUMBER,)), ("c", (SECOND, OTHER))):
            client = await book.create(connection, book.Card(name), 1.0, "imported")
            for number in numbers:
                await book.add_numbers(connection, [(client, number, number)])
    async with database.reading() as connection:
        person = await forgetting.find(connection, NUMBER)
    assert person is not None
    assert (person.names, person.numbers) == (("a", "b"), (NUMBER,))
    await forget(database)
    async with database.reading() as connection:
        assert (await connection.execute(select(clients.c.name))).scalars().all() == ["c"]


async def test_while_he_is_talked_to(database: Database, journal: Journal) -> None:
    """A call that goes on is not torn from under whoever leads it: nothing is erased before it is over."""
    life = Life(journal, "0191-live").rings(ANNA)
    shipper = Shipper(journal, database)
    await shipper.drain()
    with pytest.raises(forgetting.StillTalkingError, match="0191-live"):
        await forget(database)
    life.ends(8.0)
    await shipper.drain()
    assert (await forget(database)).calls == 1


async def test_what_comes_late_from_a_spool(database: Database, journal: Journal) -> None:
    """Calls from before, shipped after: rows without him under one token, no card, no task; their end comes too."""
    abandoned(journal, "0191-a")
    await Shipper(journal, database).drain()
    abandoned(journal, "0191-b", asterisk_id="1795000000.2", client=NAME, client_id=7, attributes=(("т", NUMBER),),
              recording=RECORDING)  # fmt: skip
    life = Life(journal, "0191-c", replace(ARRIVED, asterisk_id="1795000000.3")).rings(ANNA)
    await forget(database)
    await Shipper(journal, database).drain()
    life.meets(ev.RouterFailed(life.start + 7, f"a defect with {NUMBER}"))
    life.ends(8.0)
    by_agi = replace(ARRIVED, asterisk_id="1795000000.4", arrived_at=ARRIVED.arrived_at + 60, routed_by="agi")
    journal.write(CallId("0191-d"), by_agi, ())
    journal.write(CallId("0191-d"), ev.Reported(by_agi.arrived_at + 9, has_run_out=True, recording=RECORDING), ())
    await Shipper(journal, database).drain()
    left = await dump(database)
    assert WRITTEN.search(left) is None
    assert "Ромашка" not in left
    async with database.reading() as connection:
        rows = (await connection.execute(select(calls).order_by(calls.c.id))).all()
        kept = await history.records(connection, CallId("0191-b"))
        assert (await connection.execute(select(clients))).all() == []
        assert (await connection.execute(select(tasks))).all() == []
    assert [(one.id, one.lost_reason) for one in rows] == [
        ("0191-a", "abandoned"),
        ("0191-b", "abandoned"),
        ("0191-c", "failure"),
        ("0191-d", "unreachable"),
    ]
    assert len({one.caller for one in rows}) == 1
    assert isinstance(kept[0].event, ev.CallArrived)
    assert {one.commands for one in kept} == {()}


async def test_the_rest_of_a_call_whose_trace_is_gone(database: Database, journal: Journal) -> None:
    """A phone that is heard to have gone after the caller was forgotten writes nothing anew; another's call does."""
    life = Life(journal, "0191-a").rings(ANNA).ends(8.0)
    shipper = Shipper(journal, database)
    await shipper.drain()
    await forget(database, at=life.start + 9)
    life.meets(ev.RouterFailed(life.start + 10, f"a defect with {NUMBER}"))
    abandoned(journal, "0191-d", asterisk_id="1795000000.3", caller=OTHER, caller_raw=OTHER)
    await shipper.drain()
    async with database.reading() as connection:
        assert set((await connection.execute(select(told.c.call_id))).scalars()) == {"0191-d"}
    assert WRITTEN.search(await dump(database)) is None


async def test_what_asterisk_recorded_and_comes_late(database: Database, journal: Journal) -> None:
    """Records of before, read after: his call is in the ledger under the same token; another's under his number."""
    await lived(database, journal)
    await forget(database)
    shelf = Records(database, lambda: 4e9)
    late = replace(
        RUNG,
        asterisk_id="1795000300.1",
        caller="8 (916) 123-45-67",
        channel="Local/89161234567@x-00000001;1",
        recording=RECORDING,
    )
    out = replace(OUT, asterisk_id="1795000400.1", dialled="+79161234567")
    another = replace(TALKED, asterisk_id="1795000500.1", caller="89167654321")
    await shelf.take("other", lambda _: Portion((late, out, another), HERE))
    while (await shelf.settle(0.0))[0]:
        pass
    assert WRITTEN.search(await dump(database)) is None
    async with database.reading() as connection:
        found = (await connection.execute(select(calls.c.asterisk_id, calls.c.caller, calls.c.line))).all()
    by_channel = {one.asterisk_id: one for one in found}
    assert by_channel["1795000300.1"].caller == by_channel["1795000400.1"].line == by_channel["1795000000.1"].caller
    assert by_channel["1795000500.1"].caller == OTHER
    assert "/monitor/" not in await dump(database)


async def test_a_withheld_number_that_was_written_otherwise(database: Database, journal: Journal) -> None:
    """Who is known by his characters only, and a leg that was dialled to him, are found too; he stays withheld."""
    abandoned(journal, "0191-a")
    abandoned(journal, "0191-b", asterisk_id="1795000000.2", caller=None, caller_raw="x89161234567")
    await Shipper(journal, database).drain()
    async with database.writing() as connection:
        await connection.execute(update(call_legs).values(phone="PJSIP/79161234567@trunk"))
    await forget(database)
    assert WRITTEN.search(await dump(database)) is None
    async with database.reading() as connection:
        found = (await connection.execute(select(calls.c.caller).order_by(calls.c.id))).scalars().all()
    assert found[1] is None


def workbook(text: str) -> bytes:
    """A workbook, as far as it matters here."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("xl/sharedStrings.xml", text)
    return file.getvalue()


async def made(database: Database, date: str, *files: bytes) -> int:
    """An edition of a date, and a message that brings it."""
    values = {
        "date": date,
        "whose": "company",
        "number": 1,
        "language": "ru",
        "made_at": 1.0,
        "as_of": 1.0,
        "digest": date,
    }
    async with database.writing() as connection:
        key = (await connection.execute(insert(editions).values(values).returning(editions.c.id))).scalar_one()
        for position, content in enumerate(files):
            file = {"edition_id": key, "position": position, "name": "x", "media_type": "x", "content": content}
            await connection.execute(insert(edition_files).values(file))
        message = Message(f"{date}-x", "export", "dir:/x", f"LCR {date}", "7,4 %", None, int(key))
        await outbox.put(connection, [message], 1.0)
    return int(key)


async def test_messages_and_editions_that_name_him(database: Database, journal: Journal) -> None:
    """A message is kept without him; an edition's files go and its digest stays, and who waits for it never gets it."""
    await lived(database, journal)
    await made(database, "2026-11-18", b"+7 916 765-43-21", workbook("nobody"))
    await made(database, "2026-11-19", "<td>ООО &quot;Ромашка&quot;</td>".encode())
    await made(database, "2026-11-20", b"other", workbook("<t>8 (916) 123-45-67</t>"))
    async with database.writing() as connection:
        said = Message(
            "n1", "notice", "mail:a@b", f"{NAME}", "Позвоните: +7&nbsp;916 123-45-67 до 12", "<b>89161234599</b>"
        )
        await outbox.put(connection, [said, replace(said, key="n2", subject="x", text="y", html=None)], 1.0)
    await forget(database)
    left = await dump(database)
    assert WRITTEN.search(left.replace("&nbsp;", " ")) is None
    assert "Ромашка" not in left
    async with database.reading() as connection:
        kept = (await connection.execute(select(editions).order_by(editions.c.date))).all()
        files = (await connection.execute(select(edition_files.c.edition_id))).scalars().all()
        sent = {one.key: one for one in await connection.execute(select(messages))}
    assert [(one.digest, one.erased_at) for one in kept] == [
        ("2026-11-18", None),
        ("2026-11-19", LATER),
        ("2026-11-20", LATER),
    ]
    assert files == [kept[0].id, kept[0].id]
    assert [sent[f"{one.date}-x"].state for one in kept] == ["waiting", "dead", "dead"]
    assert "forgotten" in sent["2026-11-20-x"].error
    assert re.fullmatch(r"Позвоните: forgotten-\w{12} до 12", sent["n1"].text)
    assert (sent["n1"].state, sent["n2"].text) == ("waiting", "y")


async def test_a_journal_is_left_to_the_shipper(database: Database, journal: Journal, tmp_path: Path) -> None:
    """Once somebody is forgotten a worker begins a new file, and the one that holds him goes when it is shipped."""
    abandoned(journal, "0191-a")
    shipper = Shipper(journal, database)
    await shipper.drain()
    at = journal_time(journal) + 1
    await forget(database, at=at)
    async with database.reading() as connection:
        assert await leftovers.holding(connection, at) == ("callrouter",)
    journal.leave_segment()
    await shipper.drain()
    async with database.reading() as connection:
        assert await leftovers.holding(connection, at) == ()
    assert [one.read_bytes() for one in (tmp_path / "journal").iterdir()] == [b""]
    current = journal.current
    journal.leave_segment()
    assert journal.current == current


def journal_time(journal: Journal) -> float:
    """When the segment in use was begun."""
    return int(journal.current.stem.rpartition("@")[2]) / 1e9
