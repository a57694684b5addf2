"""The database is away for a minute in the middle of fifty calls, and the router dies while it spools."""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select

from callrouter.store.tables import journal
from tests.lab import Call, Moment, answers
from tests.lab.postgres import Postgres
from tests.real.generated import Firm, Step
from tests.real.rig import Rig
from tests.real.test_volume import crowd

AWAY = 60.0
LINES = 10
TALKING = 5
"""Conversations that last through it all."""
DURING, AFTER = 30, 10
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A call, and the one of the phone that was called first."""

    caller: str
    call: Call
    phone: Call

    @property
    def set_up(self) -> float:
        """Seconds until the phone was called."""
        return self.phone.invited_at.after(self.call.invited_at)


@pytest.fixture
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, to be stopped."""
    with Postgres() as one:
        yield one


def firm() -> Firm:
    """Return a company of ten lines with two people each; a client's own is rung first."""
    company = crowd(LINES, 2, 5.0)
    ladder = (Step("ring", "responsible", 5.0), Step("ring", "department", 5.0))
    company.lines = [replace(line, ladder=ladder) for line in company.lines]
    return company


def known(line: int) -> str:
    """Return the number of the client of a line, whose responsible is the second of its two."""
    return f"+7916000{line:04}"


CLIENTS = "phone,name,responsible\n" + "".join(f"{known(line)},Клиент {line},p{line}_1\n" for line in range(LINES))


@asynccontextmanager
async def stopped(cluster: Postgres) -> AsyncIterator[None]:
    """PostgreSQL is shut down."""
    await asyncio.to_thread(cluster.stop)
    yield
    await asyncio.to_thread(cluster.start)


@asynccontextmanager
async def locked(path: Path) -> AsyncIterator[None]:
    """Another process has SQLite's file for itself."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LOCK, str(path), stdin=-1, stdout=-1)
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"locked\n"
    yield
    process.stdin.close()
    await process.wait()


@pytest.mark.timeout(240)
async def test_a_minute_without_database_in_the_middle_of_fifty_calls(cluster: Postgres, tmp_path: Path) -> None:
    """Both databases: no first phone is called 300 ms later, clients reach their own, every row is there once."""
    file = tmp_path / "callrouter.db"
    await asyncio.gather(
        _fifty_calls(cluster.create(), stopped(cluster), "PostgreSQL"),
        _fifty_calls(f"sqlite:///{file}", locked(file), "SQLite"),
    )


async def _fifty_calls(url: str, away: Any, name: str) -> None:
    company = firm()
    async with Rig(company.document(), desks=company.desks, database_url=url, clients=CLIENTS, rtp_interval=0.5) as rig:
        for desk in rig.lab.phones:
            desk.behaviour = answers(after=0.1)
        before = [await _talk(rig, company, line, known(line)) for line in range(LINES)]
        await asyncio.gather(*(placed.call.hears(placed.phone, packets=1) for placed in before))
        await asyncio.gather(*(placed.call.hangup() for placed in before[TALKING:]))
        async with away:
            begun, during = Moment.now(), []
            for number in range(DURING):
                line = TALKING + number % (LINES - TALKING)
                caller = known(line) if number % 2 else f"+7916111{number:04}"
                during.append(await _talk(rig, company, line, caller))
                await asyncio.sleep(max(0.0, begun.mono + AWAY / DURING * (number + 1) - Moment.now().mono - 0.5))
                await during[-1].call.hangup()
            await asyncio.sleep(max(0.0, begun.mono + AWAY - Moment.now().mono))
        await asyncio.gather(*(placed.call.hears(placed.phone) for placed in before[:TALKING]))
        await asyncio.gather(*(placed.call.hangup() for placed in before[:TALKING]))
        after = []
        for number in range(AFTER):
            after.append(await _talk(rig, company, number, known(number)))
            await after[-1].call.hears(after[-1].phone, packets=1)  # who leaves at the answer has abandoned the call
            await after[-1].call.hangup()
        usual, slowest = statistics.median(one.set_up for one in before), max(one.set_up for one in during)
        print(f"{name}: first phone after {usual * 1000:.0f} ms, without database {slowest * 1000:.0f} at most")
        assert slowest - usual < 0.3
        await _all_is_written(rig, [*before, *during, *after], during)


async def _all_is_written(rig: Rig, placed: list[Placed], during: list[Placed]) -> None:
    rows = await rig.ended(len(placed), within=15.0)
    assert [row["caller"] for row in rows] == [one.caller for one in placed]
    assert len({row["id"] for row in rows}) == len(placed)
    assert {row["outcome"] for row in rows} == {"answered"}
    lines = {known(line): f"p{line}_1" for line in range(LINES)}
    clients = [row for row in rows if row["caller"] in lines]
    assert [row["answered_by"] for row in clients] == [lines[row["caller"]] for row in clients]
    async with rig._database.reading() as connection:
        query = select(journal.c.segment, journal.c.offset).order_by(journal.c.id)
        shipped = [tuple(one) for one in await connection.execute(query)]
    assert shipped == sorted(set(shipped))
    if not rig._database.is_sqlite:  # its readers wait for no lock
        row = next(row for row in rows if row["caller"] == during[1].caller and len(row["legs"]) == 1)
        assert row["client"] is not None
        told = [json.loads(await rig.run("calls", "show", one["id"], "--json"))["trace"][0] for one in rows[LINES:][:4]]
        assert all("the database is away" in line for line in told), told


async def _talk(rig: Rig, company: Firm, line: int, caller: str) -> Placed:
    """Call a line; return when the two are connected, with the call of the phone that was called first."""
    call = await rig.trunk.dial(company.lines[line].number, caller=caller)
    await call.wait("answered")
    phones = [rig.phone(company.people[f"p{line}_{seat}"].desk) for seat in (0, 1)]
    rung = [one for phone in phones for one in phone.calls if one.invited_at.mono >= call.invited_at.mono]
    return Placed(caller, call, min(rung, key=lambda one: one.invited_at.mono))


async def test_killed_while_it_spools(cluster: Postgres) -> None:
    """The record that was torn is dropped, and said; everything else that was spooled is there after the restart."""
    company = firm()
    url = make_url(cluster.create()).render_as_string(hide_password=False)
    async with Rig(company.document(), desks=company.desks, database_url=url, rtp_interval=0.5) as rig:
        desks = [rig.phone(company.people[f"p{line}_1"].desk) for line in range(LINES)]
        for desk in desks:
            desk.behaviour = answers(after=0.1)
        async with stopped(cluster):
            placed = [await _talk(rig, company, line, known(line)) for line in range(LINES)]
            await asyncio.gather(*(one.call.hears(desk, 1) for one, desk in zip(placed, desks, strict=True)))
            await asyncio.gather(*(one.call.hangup() for one in placed))
            await asyncio.sleep(1.0)  # the rows are closed within a second
            await rig.router.end(signal.SIGKILL)
            (segment,) = (rig.folder / "var" / "journal").glob("*.jsonl")
            whole = segment.read_bytes()
            assert whole.endswith(b"\n")
            with segment.open("ab") as torn:
                torn.write(whole.splitlines()[-1][:100])
        router = await rig.serve()
        rows = await rig.ended(LINES)
        assert [(row["caller"], row["outcome"]) for row in rows] == [(known(line), "answered") for line in range(LINES)]
        assert any("journal: dropped a torn last record" in line for line in router.log)
