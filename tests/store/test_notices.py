"""Notices, on SQLite and PostgreSQL: each thing is told once, to whom it concerns, whatever happens in between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import delete, insert, select

from callrouter.core.outcome import CallRow, LegRow
from callrouter.core.words import CallId, LostReason, PersonId, Result
from callrouter.jobs import notices as job
from callrouter.jobs.notices import Notices
from callrouter.routing.scheme import parse
from callrouter.store import cards, clients as book, notices, rows, tasks as todo
from callrouter.store.database import Database
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.retention import prune
from callrouter.store.shipper import Shipper
from callrouter.store.tables import clients, records
from callrouter.store.tables_notices import notices as table
from callrouter.store.tables_outbox import outbox
from tests.store.lives import ANNA, ARRIVED, BORIS, GLEB, Life, abandoned
from tests.store.test_tasks import NUMBER, call

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.routing.values import Scheme
    from callrouter.store.journal import Journal

TEXT = """version = 1
timezone = "UTC"
country = "RU"
[people]
anna = {name = "Анна", phones = ["PJSIP/101"], mail = "anna@example.org"}
boris = {name = "Борис", phones = ["PJSIP/102"]}
gleb = {name = "Глеб", phones = ["PJSIP/110"], mail = "gleb@example.org"}
irina = {name = "Ирина", phones = ["PJSIP/120"], mail = "irina@example.org"}
[company]
owner = "irina"
[departments]
sales = {name = "Продажи", members = ["anna", "boris"], head = "gleb"}
[ladders]
default = [{ring = "department"}]
[lines]
"+74951234567" = {name = "Сайт", department = "sales"}
"""
SCHEME = parse(TEXT.encode())


class Teller(Notices):
    """A worker's notices, at an instant that the test sets."""

    def __init__(self, database: Database, scheme: Scheme | None = SCHEME) -> None:
        self.at = 0.0
        super().__init__(database, lambda: scheme, lambda: self.at)

    async def tells(self, at: float) -> int:
        """Return how many letters go out at this instant."""
        self.at = at
        return await self.tell()


async def letters(database: Database) -> list[tuple[str, str, str]]:
    """Return to whom each letter in the outbox goes, with its subject and text, in order."""
    async with database.reading() as connection:
        columns = (outbox.c.to, outbox.c.subject, outbox.c.text)
        found = await connection.execute(select(*columns).order_by(outbox.c.id))
        return [(one.to.removeprefix("mail:"), one.subject, one.text) for one in found]


async def became(database: Database) -> list[tuple[str, str | None, str | None]]:
    """Return what became of each notice, in order, and who was told."""
    async with database.reading() as connection:
        columns = (table.c.kind, table.c.outcome, table.c.person)
        return [tuple(one) for one in await connection.execute(select(*columns).order_by(table.c.id))]


async def happen(database: Database, *told: CallRow) -> None:
    """Let calls be closed as both ways in do, each in its own transaction; Anna and Boris get clients by talking."""
    for row in told:
        async with database.writing() as connection:
            (known,) = await cards.settle(connection, [cards.Ended(row, (ANNA, BORIS), 0.0)])
            await rows.begin(connection, [row], "a")
            await rows.finish(connection, row, known)
            await todo.review(connection, [(row, known.get("client_id", row.client_id))])
            await notices.ended(connection, [(row, known, (ANNA, BORIS))])


def lost(at: float = 100, **more: Any) -> CallRow:
    """A call that Anna did not answer."""
    leg = LegRow(ANNA, "PJSIP/101", 1, at, at + 1, None, at + 10, Result.CANCELLED)
    return replace(call(at, **more), legs=(leg,), client="ООО Ромашка")


async def test_a_lost_call_is_told_to_the_responsible(database: Database) -> None:
    """His number in full, who rang, what to do; once, however often and by how many it is looked at."""
    await happen(database, lost(responsible=ANNA, priority="A"))
    tellers = Teller(database), Teller(database)
    for one in tellers:
        one.at = 110.5
    assert sorted(await asyncio.gather(*(one.tell() for one in tellers))) == [0, 1]
    assert await tellers[0].tells(1_000) == 0
    ((to, subject, text),) = await letters(database)
    assert (to, subject) == ("anna@example.org", "Клиент не дозвонился: ООО Ромашка")
    assert text == (
        "Клиенту никто не ответил. Перезвоните ему.\n\n"
        "ООО Ромашка · A\n"
        f"Номер: {NUMBER}\n"
        "Линия: Сайт (+74951234567)\n"
        "Звонил: 1 янв. 00:01, ждал 10\xa0с, не дождался\n"
        "Звонили и не ответили: Анна\n"
        "Потеряно звонков: 1. Попыток перезвонить: 0.\n"
        "Чей: Анна\n"
        f"Беру на себя: callrouter lost take {NUMBER} anna\n\n"
        'Подробно: callrouter lost show НОМЕР. Перезванивать не нужно: callrouter lost done НОМЕР --reason "почему". '
        "С кем поговорили, тот уходит из списка сам.\n"
    )
    async with database.reading() as connection:
        (told,) = await notices.of_call(connection, lost().id)
        by_task = await notices.of_tasks(connection, [1, 2])
    assert (told.kind, told.person, told.outcome, told.state, told.settled_at) == (
        "lost",
        ANNA,
        "told",
        "waiting",
        110.5,
    )
    assert by_task == {1: [told], 2: []}


async def test_the_subject_has_no_whole_number(database: Database) -> None:
    """Subjects stand in lists and logs; a client without a name has his number's ends there. English if wanted."""
    await happen(database, call(100))
    await Teller(database, parse(f'{TEXT}[report]\nlanguage = "en"\n'.encode())).tells(110)
    ((to, subject, text),) = await letters(database)
    assert (to, subject) == ("gleb@example.org", "A client did not get through: +7916*****67")
    assert NUMBER in text


async def test_whoever_has_no_mail_is_named_to_the_next(database: Database) -> None:
    """Boris has none: the head gets it and reads so; of three who have none nobody is told, and that can be seen."""
    await happen(database, lost(responsible=BORIS))
    await Teller(database).tells(110)
    ((to, _, text),) = await letters(database)
    assert to == "gleb@example.org"
    assert text.endswith("Письмо предназначалось не вам: Борис. В схеме нет адреса (mail).\n")
    await happen(database, lost(200, number="+79160000000"))
    nobody = parse(TEXT.replace(', mail = "gleb@example.org"', "").replace(', mail = "irina@example.org"', "").encode())
    assert await Teller(database, nobody).tells(300) == 0
    assert await became(database) == [("lost", "told", "gleb"), ("lost", "nobody", None)]
    async with database.reading() as connection:
        assert [await notices.unreached(connection, since) for since in (300, 301)] == [1, 0]
        (told,) = await notices.of_call(connection, CallId("in-+79160000000-200"))
    assert (told.outcome, told.passed) == ("nobody", ((GLEB, "no_mail"), (PersonId("irina"), "no_mail")))


async def test_many_are_told_in_one_letter(database: Database) -> None:
    """Two hundred are lost at once: one letter to the head; who is lost a moment later is in the next, 30 s after."""
    teller = Teller(database)
    await happen(database, *(call(100 + at, number=f"+7916{at:07}") for at in range(200)))
    assert await teller.tells(400) == 1
    await happen(database, call(401, number="+79170000001"), call(402, number="+79170000001"))
    assert [await teller.tells(at) for at in (412, 429, 430, 500)] == [0, 0, 1, 0]
    first, second = await letters(database)
    assert (first[0], first[1]) == ("gleb@example.org", "Не дозвонились: 200 клиентов")
    assert (first[2].count("Номер:"), "И ещё 150 клиентов: callrouter lost list" in first[2]) == (50, True)
    assert (second[1], "Потеряно звонков: 2." in second[2]) == ("Клиент не дозвонился: +7917*****01", True)


async def test_nobody_calls_back_for_twenty_minutes(database: Database) -> None:
    """The head is told, once; also if nobody looked for days; with whose the client is and who did not answer."""
    await happen(database, lost(responsible=ANNA))
    async with database.writing() as connection:
        await book.assign(connection, 1, ANNA, 0, "assigned")
    teller = Teller(database)
    assert [await teller.tells(at) for at in (120, 1_290, 1_300, 1_400)] == [1, 0, 1, 0]
    assert await Teller(database).tells(1_000_000) == 0
    to, subject, text = (await letters(database))[1]
    assert (to, subject) == ("gleb@example.org", "Не перезвонили: ООО Ромашка")
    for said in (
        "за 20 мин. рабочего времени",
        "Звонили и не ответили: Анна",
        "Чей: Анна",
        "Поручить: callrouter lost",
    ):
        assert said in text


async def test_whoever_was_called_back_in_time_is_nobodys_concern(database: Database) -> None:
    """An attempt gives another twenty minutes, a conversation ends the matter."""
    await happen(database, lost(responsible=ANNA), call(900, out=True))
    teller = Teller(database)
    assert [await teller.tells(at) for at in (950, 1_300, 2_099)] == [1, 0, 0]
    await happen(database, call(2_090, out=True, by=BORIS))
    assert await teller.tells(100_000) == 0
    assert await became(database) == [("lost", "told", "anna")]


async def test_who_dropped_a_caller_in_a_transfer_is_told(database: Database) -> None:
    """Boris talked to him and sent him on to nobody: it is his, before the responsible's; he has no mail here."""
    row = replace(call(100, by=BORIS, responsible=GLEB), is_dropped=True, dropped_by=BORIS)
    await happen(database, row)
    await Teller(database).tells(120)
    answered, dropped = sorted(await letters(database), key=lambda one: "переводе" in one[2])
    assert (answered[0], dropped[0]) == ("gleb@example.org", "gleb@example.org")
    assert "ждал 5\xa0с, потерян при переводе\n" in dropped[2]
    assert "не вам: Борис" in dropped[2]


async def test_what_is_over_is_not_told(database: Database) -> None:
    """Somebody talked to the client before anybody was told; he was forgotten; the notice is not wanted."""
    await happen(database, call(100), call(120, by=GLEB), call(300, number="+79170000001"))
    async with database.writing() as connection:
        await book.assign(connection, 1, ANNA, 1.0, "assigned")
        await connection.execute(delete(clients).where(clients.c.id == 2))
    assert await Teller(database).tells(400) == 0
    await happen(database, call(500))
    assert await Teller(database, parse(f"{TEXT}[notices]\nkinds = []\n".encode())).tells(5_000) == 0
    assert [one[:2] for one in await became(database)] == [
        ("lost", "over"),
        ("undistributed", "over"),
        ("lost", "over"),
        ("lost", "off"),
    ]


async def test_another_person_answers_a_client(database: Database) -> None:
    """His responsible reads who it was; two such calls are two things to tell, gathered if they are close."""
    teller = Teller(database)
    sent = []
    for row in (call(at, by=BORIS, responsible=ANNA, client="ООО Ромашка") for at in (100, 105, 200)):
        await happen(database, row)
        sent.append(await teller.tells(row.arrived_at + 10))
    assert sent == [1, 0, 1]
    first, second = await letters(database)
    assert first[:2] == ("anna@example.org", "Вашему клиенту ответил другой сотрудник: ООО Ромашка")
    assert "Ответил: Борис, 1 янв. 00:01, говорили 5\xa0с" in first[2]
    assert "00:03" in second[2]
    assert await became(database) == [("answered", "told", "anna")] * 3


async def listed(database: Database) -> list[tuple[str | None, tuple[str, ...], str | None, PersonId | None]]:
    """Return who is to be given to somebody."""
    async with database.reading() as connection:
        found = await notices.undistributed(connection)
        return [(one.name, one.numbers, one.department, one.answered_by) for one in found]


async def test_a_client_is_to_be_distributed(database: Database, journal: Journal) -> None:
    """The head talks to a new client: nobody gets him; he is told of once, and listed until he is somebody's."""
    for number, by in (("+79161234567", GLEB), ("+79161234568", ANNA), ("+79161234567", GLEB)):
        step = replace(ARRIVED.ladder[0], people=(ANNA, BORIS, GLEB))
        arrived = replace(ARRIVED, caller=number, client="Ромашка", ladder=(step,))
        life = Life(journal, f"{by}-{len(journal.current.read_bytes())}", arrived).rings(ANNA, BORIS, GLEB)
        life.answers(by).ends(63.0)
    await Shipper(journal, database).drain()
    teller = Teller(database)
    assert [await teller.tells(ARRIVED.at + 100), await teller.tells(ARRIVED.at + 200)] == [1, 0]
    ((to, subject, text),) = await letters(database)
    assert (to, subject) == ("gleb@example.org", "Новый клиент без менеджера: Ромашка")
    assert "Назначить: callrouter clients assign +79161234567 СОТРУДНИК" in text
    assert await listed(database) == [("Ромашка", ("+79161234567",), "sales", GLEB)]
    async with database.writing() as connection:
        await book.assign(connection, 1, BORIS, 1.0, "assigned")
    assert await listed(database) == []


async def test_a_call_that_the_fallback_serves_still_is_not_lost_yet(database: Database) -> None:
    """The router gave it away: it is told when Asterisk's record says how it went, else ten minutes later."""
    await happen(database, call(100, lost_reason=LostReason.FAILURE))
    teller = Teller(database)
    assert await teller.tells(200) == 0
    names = {column.name: "" for column in records.c if not column.nullable}
    moments = {"started_at": 100, "ended_at": 200, "seen_at": 200, "sequence": 1, "asterisk_id": "100"}
    async with database.writing() as connection:
        await connection.execute(insert(records).values(names | moments | {"is_open": True}))
    assert await teller.tells(201) == 0
    async with database.writing() as connection:
        await connection.execute(records.update().values(is_open=False))
    assert await teller.tells(202) == 1
    await happen(database, call(300, lost_reason=LostReason.FAILURE, number="+79170000001"))
    assert [await teller.tells(at) for at in (909, 910)] == [0, 1]


class Killed(Database):
    """A database whose writer dies before the commit."""

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """Write, and undo it."""
        async with super().writing() as connection:
            yield connection
            raise KeyboardInterrupt


async def test_a_kill_in_between_loses_none_and_makes_none_twice(
    url: str, database: Database, journal: Journal
) -> None:
    """Before the row is written, before the letter is put, and when nobody knows whether it was: it is told once."""
    abandoned(journal, "call-1")
    dying = Killed(url)
    with pytest.raises(KeyboardInterrupt):
        await Shipper(journal, dying).drain()
    assert await became(database) == []
    await Shipper(journal, database).drain()
    teller = Teller(dying)
    with pytest.raises(KeyboardInterrupt):
        await teller.tells(ARRIVED.at + 10)
    assert (await became(database), await letters(database)) == ([("lost", None, None)], [])
    assert [await Teller(database).tells(ARRIVED.at + after) for after in (11, 100)] == [1, 0]
    assert len(await letters(database)) == 1
    await dying.close()


async def test_what_is_still_needed_is_kept(database: Database) -> None:
    """Old notices go, but not of who is on a list still: he would leave it, or the head would hear of him again."""
    await happen(database, call(100), call(200, by=GLEB, number="+79170000001"))
    teller = Teller(database)
    await teller.tells(2_000)
    kinds = ["lost", "undistributed", "waiting"]

    async def pruned() -> list[str]:
        async for _ in prune(database, "notices", 1e9):
            pass
        return [one[0] for one in await became(database)]

    assert await pruned() == kinds
    assert await teller.tells(3_000) == 0
    await happen(database, call(4_000, by=ANNA))
    async with database.writing() as connection:
        await book.assign(connection, 2, ANNA, 4_000, "assigned")
    assert await pruned() == []


async def test_faults_end_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is away, or there is a defect: it is said once, and told as soon as it can be."""
    monkeypatch.setattr(job, "RETRY", 0.01)
    monkeypatch.setattr(job, "EVERY", 0.01)
    await happen(database, call(100))
    faults: list[Exception] = [DatabaseAwayError("away"), DatabaseAwayError("away"), ValueError("a defect")]

    def scheme() -> Scheme:
        if faults:
            raise faults.pop(0)
        return SCHEME

    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(Notices(database, scheme, lambda: 110.0).run())
        while not await letters(database):  # noqa: ASYNC110 - SQL can only be asked
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [(one["log_level"], one.get("why")) for one in logged] == [("warning", "away"), ("error", None)]


async def test_without_a_scheme_nothing_is_told_and_nothing_lost(database: Database) -> None:
    """It is told as soon as there is one."""
    await happen(database, call(100))
    assert await Teller(database, None).tells(110) == 0
    async with database.reading() as connection:
        assert [await notices.overdue(connection, at) for at in (109, 110)] == [0, 1]
    assert await Teller(database).tells(200) == 1
