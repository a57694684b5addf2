"""The nightly export by itself: once for each date, whatever happens to those who make it; what becomes known later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select

from callrouter.jobs.due import due_dates, is_due
from callrouter.jobs.night import night
from callrouter.jobs.nightly import TERM, Made, Nightly
from callrouter.report.edition import Edition, digest
from callrouter.report.export import files
from callrouter.routing.scheme import parse
from callrouter.store import days, editions, outbox, runs, schemes
from callrouter.store.outbox import Listed
from callrouter.store.shipper import Shipper
from callrouter.store.tables_outbox import editions as kept
from tests.jobs.test_sending import Clock
from tests.report.nights import kept as kept_calls
from tests.store.lives import abandoned, answered
from tests.store.test_records import SCHEME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.report.night import Night
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

REPORT = """[report]
to = ["anna", "gleb", "mail:irina@example.org", "hook:https://example.org/x", "dir:/var/exports"]
formats = ["text", "html", "csv"]
"""
FRIDAY = date(2026, 11, 20)


def at(local: str) -> float:
    """The instant of a time in Moscow."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Moscow")).timestamp()


def document(report: str = REPORT) -> bytes:
    """The scheme with a report, and addresses of those who get one."""
    text = SCHEME.decode().replace('phones = ["PJSIP/101"]', 'phones = ["PJSIP/101"], mail = "anna@example.org"')
    return (
        text.replace('"PJSIP/110",', '"PJSIP/111",').replace('"Gleb",', '"Gleb", mail = "g@b.ru",') + report
    ).encode()


async def apply(database: Database, report: str = REPORT) -> None:
    """Put the scheme in force."""
    async with database.writing() as connection:
        await schemes.apply(connection, document(report), 1.0)


async def rings(database: Database, journal: Journal, call: str, when: str, *, lost: bool = False) -> None:
    """Let a call arrive and end then."""
    begun = at(when)
    (abandoned if lost else answered)(journal, call, at=begun + 0.25, arrived_at=begun, asterisk_id=f"1.{call}")
    await Shipper(journal, database).drain()


async def make(database: Database, clock: Clock, word: str = "a") -> list[Made]:
    """Make what is due."""
    nightly = Nightly(database, word, clock)
    await nightly.run()
    return nightly.made


async def anything(database: Database, clock: Clock) -> bool:
    """Whether there is something to make that nobody has in hand."""
    async with database.reading() as connection:
        return await is_due(connection, parse(document()), clock.now)


async def messages(database: Database) -> list[Listed]:
    """What waits in the outbox."""
    async with database.reading() as connection:
        return list(await outbox.listed(connection))


async def names(database: Database, whose: str = "company", of: date = FRIDAY) -> dict[str, bytes]:
    """The files of somebody's newest edition of a date."""
    async with database.reading() as connection:
        newest = select(kept.c.id).where(kept.c.date == of.isoformat(), kept.c.whose == whose)
        key = await connection.scalar(newest.order_by(kept.c.number.desc()).limit(1))
        return {one.name: one.content for one in await editions.files(connection, key or 0)}


async def test_each_gets_what_is_his(database: Database, journal: Journal) -> None:
    """The company's files to the addresses, a head's and a manager's own page to them; with ids that never change."""
    await apply(database)
    await rings(database, journal, "0191-a", "2026-11-20T09:00")
    await rings(database, journal, "0191-b", "2026-11-20T10:00", lost=True)
    clock = Clock(at("2026-11-21T07:00"))
    assert await make(database, clock) == [Made(FRIDAY, 1, 5)]
    waiting = await messages(database)
    assert [(one.key, one.state) for one in waiting] == [
        (f"export/2026-11-20/1/{to}", "waiting")
        for to in (
            "mail:irina@example.org",
            "hook:https://example.org/x",
            "dir:/var/exports",
            "mail:anna@example.org",
            "mail:g@b.ru",
        )
    ]
    assert waiting[0].subject.replace("\xa0", " ") == "LCR за 20.11.2026: 50 % (1 из 2), не перезвонили 1"
    company = await names(database)
    assert list(company) == ["calls-2026-11-20.csv", "lcr-2026-11-20.html", "lcr-2026-11-20.txt"]
    assert list(await names(database, "person:anna")) == ["lcr-2026-11-20-anna.html", "lcr-2026-11-20-anna.txt"]
    assert list(await names(database, "person:gleb")) == ["lcr-2026-11-20-gleb.html", "lcr-2026-11-20-gleb.txt"]


async def test_it_is_what_the_command_writes(database: Database, journal: Journal) -> None:
    """The same bytes at any later time, whatever has happened since the end of the date."""
    await apply(database)
    await rings(database, journal, "0191-a", "2026-11-20T09:00")
    await make(database, Clock(at("2026-11-21T07:00")))
    await rings(database, journal, "0192-a", "2026-11-21T09:00", lost=True)
    async with database.reading() as connection:
        known = await night(connection, FRIDAY, "Europe/Moscow", at("2026-11-22T12:00"))
    assert await names(database) == files(known, ("text", "html", "csv"), "ru", mask=False)


async def test_it_is_made_once(database: Database) -> None:
    """Of many workers at once one makes it; later nobody does."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    made = await asyncio.gather(*(make(database, clock, str(number)) for number in range(4)))
    assert sum(map(len, made)) == 1
    clock.now += 3_600
    assert await make(database, clock) == []
    assert len(await messages(database)) == 5


async def test_not_before_its_time_and_not_for_nobody(database: Database) -> None:
    """Without a scheme or receivers nothing is made; before seven it is the day before yesterday's turn."""
    clock = Clock(at("2026-11-21T06:59"))
    assert await make(database, clock) == []
    await apply(database, "")
    assert await make(database, clock) == []
    await apply(database)
    assert await make(database, clock) == [Made(date(2026, 11, 19), 1, 5)]


async def test_what_was_missed_is_caught_up(database: Database) -> None:
    """After a standstill of days every date is made, the oldest first."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    await make(database, clock)
    clock.now = at("2026-11-25T12:00")
    async with database.reading() as connection:
        due = await due_dates(connection, parse(document()), clock.now)
    made = await make(database, clock)
    assert [one.date.day for one in made] == [day.day for day in due] == [21, 22, 23, 24]
    assert len({one.key for one in await messages(database)}) == 25


async def test_a_killed_worker_is_followed_by_another(database: Database) -> None:
    """When the claim has run out, and only then."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    async with database.writing() as connection:
        await runs.begin(connection, "export", FRIDAY, "killed", clock.now, clock.now + TERM)
    assert await make(database, clock) == []
    assert not await anything(database, clock)
    clock.now += TERM
    assert await anything(database, clock)
    assert await make(database, clock) == [Made(FRIDAY, 1, 5)]
    assert not await anything(database, clock)


class Slow(Nightly):
    """Sleeps so long over the files that another has made them meanwhile."""

    async def _letters(self, known: Night, scheme: Scheme, number: int) -> Sequence[tuple[str, Edition]]:
        self._now.now += TERM  # type: ignore[attr-defined]  # a clock that can be set
        assert await make(self._database, self._now, "other") == [Made(known.date, number, 5)]  # type: ignore[arg-type]
        return await super()._letters(known, scheme, number)


async def test_who_has_lost_his_claim_keeps_nothing(database: Database) -> None:
    """What he has made is rolled back: each receiver has one message."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    slow = Slow(database, "slow", clock)
    await slow.run()
    assert slow.made == []
    assert len(await messages(database)) == 5


class Failing(Nightly):
    """Cannot make one of the dates."""

    async def _letters(self, known: Night, scheme: Scheme, number: int) -> Sequence[tuple[str, Edition]]:
        if known.date == date(2026, 11, 22):
            raise ZeroDivisionError
        return await super()._letters(known, scheme, number)


async def test_a_date_that_cannot_be_made_holds_up_no_other(database: Database) -> None:
    """It is tried again, later and later; why is known meanwhile."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    await make(database, clock)
    clock.now = at("2026-11-24T07:00")
    failing = Failing(database, "a", clock)
    await failing.run()
    assert [one.date.day for one in failing.made] == [21, 23]
    async with database.reading() as connection:
        assert await runs.failing(connection, "export") == (("2026-11-22", "ZeroDivisionError"),)
    assert await make(database, clock) == []
    clock.now += 30
    assert [one.date.day for one in await make(database, clock)] == [22]


async def test_what_becomes_known_later_makes_another_edition(database: Database, journal: Journal) -> None:
    """The next night, under its own names and ids; the first one stays as it was sent."""
    await apply(database)
    await rings(database, journal, "0191-a", "2026-11-20T09:00")
    clock = Clock(at("2026-11-21T07:00"))
    await make(database, clock)
    first = await names(database)
    await rings(database, journal, "0191-b", "2026-11-20T10:00", lost=True)
    clock.now = at("2026-11-22T07:00")
    assert await make(database, clock) == [Made(date(2026, 11, 21), 1, 5), Made(FRIDAY, 2, 5)]
    second = await names(database)
    assert list(second) == [f"{name.rpartition('.')[0]}.edition-2.{name.rpartition('.')[2]}" for name in first]
    again = [one for one in await messages(database) if "/2026-11-20/2/" in one.key]
    assert {one.to for one in again} >= {"mail:irina@example.org", "dir:/var/exports", "mail:g@b.ru"}
    assert again[0].subject.replace("\xa0", " ").endswith("50 % (1 из 2), не перезвонили 1 — редакция 2")
    clock.now = at("2026-11-23T07:00")
    assert await make(database, clock) == [Made(date(2026, 11, 22), 1, 5)]
    async with database.reading() as connection:
        newest = await editions.latest(connection, FRIDAY, "company")
    assert newest is not None
    assert newest.number == 2


async def test_another_edition_is_for_those_whom_it_tells_something(database: Database, journal: Journal) -> None:
    """A manager whose own page is as it was gets none."""
    await apply(database)
    await rings(database, journal, "0191-a", "2026-11-20T09:00")
    clock = Clock(at("2026-11-21T07:00"))
    await make(database, clock)
    at_night = at("2026-11-20T22:00")
    answered(journal, "0191-b", at=at_night + 0.25, arrived_at=at_night, asterisk_id="1.b", direction="internal")
    await Shipper(journal, database).drain()
    clock.now = at("2026-11-22T07:00")
    await make(database, clock)
    again = [one.to for one in await messages(database) if "/2026-11-20/2/" in one.key]
    assert again == ["mail:irina@example.org", "hook:https://example.org/x", "dir:/var/exports"]


async def test_what_is_older_than_a_week_is_not_looked_at_again(database: Database, journal: Journal) -> None:
    """Nobody waits for the second edition of a date of last month."""
    await apply(database)
    clock = Clock(at("2026-11-21T07:00"))
    await make(database, clock)
    await rings(database, journal, "0191-b", "2026-11-20T10:00", lost=True)
    clock.now = at("2026-11-29T07:00")
    assert {one.number for one in await make(database, clock)} == {1}


async def test_somebodys_name_is_no_news(database: Database, journal: Journal) -> None:
    """What is known of a date does not change when a caller's number or name does."""
    await apply(database)
    await rings(database, journal, "0191-a", "2026-11-20T09:00")
    async with database.reading() as connection:
        known = await night(connection, FRIDAY, "Europe/Moscow", at("2026-11-21T07:00"))
    (one,) = known.calls
    other = replace(one, row=replace(one.row, caller=None, caller_raw="", client=None))
    assert digest(replace(known, calls=kept_calls([other]))) == digest(known)
    late = replace(one, row=replace(one.row, outcome="lost"))
    assert digest(replace(known, calls=kept_calls([late]))) != digest(known)
    assert digest(replace(known, records=known.records + 1)) != digest(known)


async def test_when_a_line_was_called_last(database: Database, journal: Journal) -> None:
    """On the date, else in the week before, whether its dates are added up or not; of no line longer ago."""
    lines = "".join(f'"+7499100000{number}" = {{department = "sales"}}\n' for number in range(4))
    async with database.writing() as connection:
        await schemes.apply(connection, document().replace(b"[lines]\n", b"[lines]\n" + lines.encode()), 1.0)
    came = ((0, "20T09:00"), (0, "18T09:00"), (1, "17T10:00"), (1, "17T09:00"), (2, "13T00:00"), (3, "12T23:59"))
    for number, (line, when) in enumerate(came):
        begun = at(f"2026-11-{when}")
        answered(journal, f"019{number}-a", at=begun + 0.25, arrived_at=begun, line=f"+7499100000{line}")
    await Shipper(journal, database).drain()
    last = {f"+7499100000{line}": at(f"2026-11-{when}") for line, when in (came[0], came[2], came[4])}
    for one in (None, FRIDAY - timedelta(days=3), FRIDAY - timedelta(days=7)):
        assert one is None or await days.add_up(database, one, "Europe/Moscow")
        async with database.reading() as connection:
            known = await night(connection, FRIDAY, "Europe/Moscow", at("2026-11-21T07:00"))
        assert known.heard.last == last
        assert known.heard.dates[9] == {FRIDAY, FRIDAY - timedelta(days=2), FRIDAY - timedelta(days=3)}
