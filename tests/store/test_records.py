"""Asterisk's records in the store: kept once, and made into rows once, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from callrouter.cdr.intake import Intake
from callrouter.core import events as ev
from callrouter.core.outcome import CallRow, LegRow
from callrouter.core.recorded import Ending, Portion, Position, Record
from callrouter.core.words import LegId, LostReason, PersonId, Result
from callrouter.store import clients as book, queries, schemes
from callrouter.store.errors import DatabaseAwayError
from callrouter.store.queries import Recorded, Wanted
from callrouter.store.records import AT_ONCE, Records, lines_called, without_record
from callrouter.store.shipper import Shipper
from callrouter.store.tables import records
from tests.cdr.written import line
from tests.store.lives import ANNA, ARRIVED, BORIS, Life, abandoned, answered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

SCHEME = b"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[company]
claim_after = 5
[people]
anna = {name = "Anna", phones = ["PJSIP/101"]}
boris = {name = "Boris", phones = ["PJSIP/102", "PJSIP/79160000000@mobile"]}
gleb = {name = "Gleb", phones = ["PJSIP/110", "PJSIP/79160000001@other"]}
vera = {name = "Vera", phones = ["PJSIP/103", "PJSIP/79160000002@other"]}
[departments]
sales = {members = ["anna", "boris"], head = "gleb"}
[ladders]
default = [{ring = "responsible", seconds = 10}, {ring = "department", seconds = 10}, {add = "head"}]
[lines]
"+74951234567" = {department = "sales"}
"""
AT = 1_795_000_000.0
RUNG = Record(
    asterisk_id="1795000000.7",
    sequence=10,
    linked_id="1795000000.7",
    channel="PJSIP/trunk-00000007",
    peer="PJSIP/101-00000008",
    caller="89161234567",
    disposition="NO ANSWER",
    started_at=AT,
    answered_at=None,
    ended_at=AT + 4,
    line="84951234567",
    by="fallback",
    step=2,
    revision=1,
)
TALKED = replace(
    RUNG, sequence=13, peer="PJSIP/102-00000009", disposition="ANSWERED", answered_at=AT + 4, ended_at=AT + 60
)
END = replace(RUNG, sequence=20, peer="", step=3, started_at=AT + 24, ended_at=AT + 24.5, end="no_answer")
OUT = replace(
    RUNG, channel="PJSIP/102-00000001", caller="102", peer="PJSIP/trunk-00000002", line="", by="", dialled="89161112233"
)
HERE = Position(1, 100, b"x")


@pytest.fixture
async def shelf(database: Database) -> Records:
    """The shelf, with a scheme in force."""
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME, AT)
    return Records(database, lambda: AT + 100)


async def settled(shelf: Records, *told: Record) -> None:
    """Take these records, and make what they are due."""
    await shelf.take("file", lambda _: Portion(told, HERE))
    await shelf.settle(0.0)


async def listed(database: Database, direction: str | None = None) -> tuple[Recorded, ...]:
    """Return the ledger's ended calls."""
    async with database.reading() as connection:
        return await queries.ended_calls(connection, Wanted(direction=direction))


async def test_position_and_records_are_one_transaction(database: Database, shelf: Records) -> None:
    """Whoever reads on does so from where it was left; what fails in between leaves both as they were."""
    seen: list[Position | None] = []

    def reading(portion: Portion | None) -> Callable[[Position | None], Portion | None]:
        def read(since: Position | None) -> Portion | None:
            seen.append(since)
            return portion

        return read

    def failing(since: Position | None) -> Portion | None:
        seen.append(since)
        raise DatabaseAwayError("now")

    await shelf.take("file", reading(None))
    await shelf.take("file", reading(Portion((RUNG,), HERE)))
    with pytest.raises(DatabaseAwayError):
        await shelf.take("file", failing)
    await shelf.take("file", reading(Portion((RUNG, TALKED), replace(HERE, offset=200))))
    await shelf.take("another", reading(None))
    assert seen == [None, None, HERE, HERE, None]
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(records))).scalar_one() == 2


async def test_two_readers_take_turns(database: Database, tmp_path: Path) -> None:
    """Two workers on one database: every record is kept once, every call is one row."""
    file = tmp_path / "callrouter.csv"
    file.write_bytes(b"".join(line(uniqueid=f"1795310378.{number}") for number in range(300)))
    readers = [Intake(file, Records(database, time.time)) for _ in range(2)]
    await asyncio.gather(*(one.finish() for one in readers))
    assert sum(one.taken for one in readers) == 300
    assert len(await listed(database)) == 300
    again = Intake(file, Records(database, time.time))
    assert (await again.finish(), again.taken) == (0, 0)


async def test_an_answered_call_of_the_fallback(database: Database, shelf: Records) -> None:
    """Who, when, on which step, with every phone and the client, who is now the one's who talked to him."""
    await settled(shelf, RUNG, TALKED)
    ((row, claimed_by),) = [(one.row, one.claimed_by) for one in await listed(database)]
    assert (row.line, row.department, row.caller, row.direction) == ("+74951234567", "sales", "+79161234567", "in")
    assert (row.arrived_at, row.answered_at, row.ended_at) == (AT, AT + 4, AT + 60)
    assert (row.outcome, row.answered_by, row.answered_step) == ("answered", "boris", 2)
    assert (row.routed_by, row.scheme_revision, claimed_by) == ("fallback", 1, "boris")
    assert [(step.step, step.action, step.target, step.ended_at) for step in row.steps] == [
        (2, "ring", "department", AT + 4)
    ]
    assert [(leg.person, leg.phone, leg.result) for leg in row.legs] == [
        ("anna", "PJSIP/101", Result.ELSEWHERE),
        ("boris", "PJSIP/102", Result.ANSWERED),
    ]
    async with database.reading() as connection:
        known = await queries.client_by_number(connection, "+79161234567", "sales")
    assert known is not None
    assert known.responsible == "boris"


@pytest.mark.parametrize(
    ("told", "reason", "step", "result"),
    [
        ((RUNG,), LostReason.ABANDONED, 2, Result.CANCELLED),
        ((RUNG, END), LostReason.NO_ANSWER, None, Result.NO_ANSWER),
        ((replace(RUNG, disposition="BUSY"), END), LostReason.NO_ANSWER, None, Result.BUSY),
        (
            (replace(RUNG, disposition="FAILED"), replace(END, end="unreachable")),
            LostReason.UNREACHABLE,
            None,
            Result.UNREACHABLE,
        ),
    ],
)
async def test_lost_calls_of_the_fallback(
    database: Database, shelf: Records, told: tuple[Record, ...], reason: LostReason, step: int | None, result: Result
) -> None:
    """Each with its reason; who left, with the step in which he did."""
    await settled(shelf, *told)
    (one,) = await listed(database)
    assert (one.row.outcome, one.row.lost_reason, one.row.lost_step) == ("lost", reason, step)
    assert [leg.result for leg in one.row.legs] == [result]


@pytest.mark.parametrize(
    ("changes", "direction"),
    [({}, "in"), ({"channel": "PJSIP/103-00000001"}, "internal"), ({"linked_id": "1795000000.1"}, "internal")],
)
async def test_directions(database: Database, shelf: Records, changes: dict[str, Any], direction: str) -> None:
    """A colleague's call to a line, and a transfer to one, are internal."""
    await settled(shelf, replace(TALKED, **changes))
    assert [one.row.direction for one in await listed(database)] == [direction]


@pytest.mark.parametrize(
    ("peer", "person"), [("PJSIP/mobile-00000001", "boris"), ("PJSIP/other-00000001", None), ("SIP/9-00000001", None)]
)
async def test_a_number_outside_is_known_by_its_trunk(
    database: Database, shelf: Records, peer: str, person: str | None
) -> None:
    """Where one person alone is rung over it."""
    await settled(shelf, replace(TALKED, peer=peer))
    assert [one.row.answered_by for one in await listed(database)] == [person]


async def test_a_call_out(database: Database, shelf: Records) -> None:
    """Its line is the number dialled, its caller the phone; its leg says whose, also when nobody answers."""
    async with database.writing() as connection:
        client = await book.create(connection, book.Card("Romashka"), AT, "imported")
        await book.add_numbers(connection, [(client, "+79161112233", "8")])
    busy = replace(OUT, asterisk_id="1795000000.8", disposition="BUSY", started_at=AT + 1)
    failed = replace(OUT, asterisk_id="1795000000.9", disposition="FAILED", dialled="*97", started_at=AT + 9)
    await settled(shelf, replace(OUT, disposition="ANSWERED", answered_at=AT + 1), busy, failed)
    assert await listed(database) == ()
    first, second, third = [one.row for one in await listed(database, "out")]
    assert (first.line, first.caller, first.client, first.client_id) == ("+79161112233", "102", "Romashka", client)
    assert (first.outcome, first.answered_by, first.answered_at, first.talk[0].person) == (
        *("answered", "boris", AT + 1, "boris"),
    )
    assert (second.outcome, second.lost_reason, second.answered_by) == ("lost", LostReason.NO_ANSWER, None)
    assert second.legs == (LegRow(PersonId("boris"), "PJSIP/102", 0, AT + 1, None, None, AT + 4, Result.NO_ANSWER),)
    assert (third.line, third.lost_reason) == ("*97", LostReason.UNREACHABLE)


async def test_calls_before_the_first_scheme(database: Database) -> None:
    """They are rows as they were dialled."""
    await settled(Records(database, lambda: AT), TALKED, replace(OUT, asterisk_id="1795000000.8"))
    (one,) = await listed(database)
    assert (one.row.line, one.row.caller, one.row.caller_raw) == ("84951234567", None, "89161234567")
    assert (one.row.department, one.row.answered_by, one.row.scheme_revision) == (None, None, None)


async def test_a_straggler_makes_no_second_row(database: Database, shelf: Records) -> None:
    """A record that comes after its call was made into a row corrects that row; who got the client stays."""
    await settled(shelf, TALKED)
    await settled(shelf, RUNG)
    (one,) = await listed(database)
    assert (len(one.row.legs), one.claimed_by) == (2, "boris")


async def test_records_wait_until_they_are_all_there(database: Database, shelf: Records) -> None:
    """A call is made of them a moment after the last has come, many calls at a time."""
    many = [replace(TALKED, asterisk_id=f"1795000000.{number}") for number in range(AT_ONCE + 10)]
    await shelf.take("file", lambda _: Portion(tuple(many), HERE))
    assert await shelf.settle(0.5) == (0, True)
    assert await shelf.settle(0.0) == (AT_ONCE, True)
    assert await shelf.settle(0.0) == (10, False)
    assert len(await listed(database)) == AT_ONCE + 10


async def test_what_was_looked_for_waits_while_the_database_is_away(
    database: Database, shelf: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the next thing that is settled, and nothing is passed over."""
    many = [replace(TALKED, asterisk_id=f"1795000000.{number}") for number in range(AT_ONCE + 10)]
    await shelf.take("file", lambda _: Portion(tuple(many), HERE))

    async def away(*_: object) -> None:
        raise DatabaseAwayError("now")

    with monkeypatch.context() as patched:
        patched.setattr("callrouter.store.records._close", away)
        with pytest.raises(DatabaseAwayError):
            await shelf.settle(0.0)
    assert await shelf.settle(0.0) == (AT_ONCE, True)
    assert await shelf.settle(0.0) == (10, False)
    assert len(await listed(database)) == AT_ONCE + 10


async def test_a_call_that_cannot_be_stored_holds_up_nobody(database: Database, shelf: Records) -> None:
    """It is logged and left out: the audit will say that it has no row."""
    async with database.writing() as connection:
        await schemes.apply(connection, b"broken", AT)
    await settled(shelf, TALKED, replace(OUT, asterisk_id="1795000000.8", revision=2))
    assert await shelf.settle(0.0) == (0, False)
    assert [one.row.outcome for one in await listed(database)] == ["answered"]
    assert await listed(database, "out") == ()


async def test_whoever_counts_hears_of_each_new_row_once(database: Database) -> None:
    """A call of the fallback is news once, however often it is looked at."""
    news: list[CallRow] = []
    counted = Records(database, lambda: AT + 100, news.append)
    await settled(counted, RUNG, TALKED)
    await settled(counted)
    assert [(row.outcome, row.routed_by, row.direction) for row in news] == [("answered", "fallback", "in")]


async def test_the_routers_own_calls_get_no_row(database: Database, shelf: Records) -> None:
    """The router writes them; what Asterisk says of them is there to be asked for."""
    await settled(shelf, replace(TALKED, by=""))
    assert await listed(database) == ()
    assert await shelf.ending(TALKED.asterisk_id) == Ending(AT + 60, AT + 4, "PJSIP/102")
    assert await shelf.ending("1795000000.8") is None


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_call_that_the_router_gave_to_the_fallback(
    database: Database, shelf: Records, journal: Journal, *, is_first: bool
) -> None:
    """It stays one row with what the router tried, and the end is Asterisk's, whichever of the two came first."""
    shipper = Shipper(journal, database)
    abandoned(journal, "0191-a", asterisk_id=TALKED.asterisk_id)
    if is_first:
        await shipper.drain()
    await settled(shelf, TALKED)
    await shipper.drain()
    await shelf.settle(0.0)
    (one,) = await listed(database)
    assert (one.row.id, one.row.outcome, one.row.answered_by, one.row.lost_reason) == (
        "0191-a",
        "answered",
        "boris",
        None,
    )
    assert (one.row.routed_by, one.row.ended_at) == ("fallback", AT + 60)
    assert [leg.person for leg in one.row.legs] == ["anna", "boris", "boris"]
    assert [step.step for step in one.row.steps] == [1, 2]


async def test_a_row_that_a_dead_router_left_open_is_ended(
    database: Database, shelf: Records, journal: Journal
) -> None:
    """The guard gave the caller to the fallback, and the router never came back; if it does, there is one row still."""
    shipper = Shipper(journal, database)
    life = Life(journal, "0191-a", replace(ARRIVED, asterisk_id=TALKED.asterisk_id))
    await shipper.drain()
    await settled(shelf, TALKED)
    assert [one.row.outcome for one in await listed(database)] == ["answered"]
    life.ends(3.0)
    await shipper.drain()
    await shelf.settle(0.0)
    assert [(one.row.id, one.row.outcome) for one in await listed(database)] == [("0191-a", "answered")]


async def test_what_the_router_answered_stays(database: Database, shelf: Records, journal: Journal) -> None:
    """The router knows better who talked."""
    answered(journal, "0191-a", asterisk_id=TALKED.asterisk_id)
    await Shipper(journal, database).drain()
    await settled(shelf, TALKED)
    assert [(one.row.answered_by, one.row.routed_by) for one in await listed(database)] == [("anna", "router")]


@pytest.mark.parametrize(
    ("talked", "with_whom", "is_dropped"), [("PJSIP/102-00000009", "boris", False), ("", None, True)]
)
async def test_a_call_that_was_transferred_and_then_served_by_the_fallback(
    database: Database, shelf: Records, journal: Journal, talked: str, with_whom: str | None, *, is_dropped: bool
) -> None:
    """What the router knows of it stays; whether somebody talked to him after the transfer is Asterisk's word."""
    life = Life(journal, "0191-a", replace(ARRIVED, asterisk_id=TALKED.asterisk_id)).rings(ANNA, BORIS).answers(ANNA)
    at = life.start
    way = LegId("the way")
    first = next(leg.id for leg in life.call.legs if leg.person == ANNA)
    life.meets(
        ev.LegReplaced(at + 10, first, way, "Local/600@phones", None, is_up=False),
        ev.Transferred(at + 10, way, replace(ARRIVED, at=at + 10, arrived_at=at + 10, line="600")),
        ev.RouterFailed(at + 15, "a defect"),
    ).ends(15.0)
    await Shipper(journal, database).drain()
    talk = replace(TALKED, sequence=9, peer="PJSIP/101-00000008", ended_at=at + 10)
    later = replace(TALKED, peer=talked, started_at=at + 15, answered_at=at + 16, ended_at=at + 60)
    await settled(shelf, talk, later)
    (one,) = await listed(database)
    assert (one.row.answered_by, one.row.ended_with, one.row.is_dropped) == (ANNA, with_whom, is_dropped)
    assert one.row.dropped_by == (ANNA if is_dropped else None)
    assert [part.person for part in one.row.talk] == ([ANNA] if is_dropped else [ANNA, BORIS])


async def test_what_is_audited(database: Database, shelf: Records, journal: Journal) -> None:
    """Asterisk's calls to a line with their rows, and rows since the first record without one of their own."""
    await settled(shelf, TALKED, replace(OUT, asterisk_id="1795000000.8"))
    abandoned(journal, "0191-a", asterisk_id="1795000000.99")
    abandoned(journal, "0190-a", at=AT - 9, arrived_at=AT - 10, asterisk_id="1794000000.1")
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        ((found, rows),) = [one async for one in lines_called(connection)]
        assert [one.asterisk_id for one in found] == [row.asterisk_id for row in rows] == [TALKED.asterisk_id]
        assert [row.id for row in await without_record(connection, AT + 100)] == ["0191-a"]
        assert await without_record(connection, AT) == ()


async def test_what_another_worker_left_is_made(database: Database, shelf: Records) -> None:
    """What one worker read and did not live to make, another makes."""
    await shelf.take("file", lambda _: Portion((TALKED,), HERE))
    async with database.writing() as connection:
        await connection.execute(update(records).values(seen_at=AT - 1000))
    assert await Records(database, lambda: AT).settle(0.5) == (1, False)
    assert len(await listed(database)) == 1
