"""The database goes away in the middle of live calls, or the disk is full: callers and ledger do not suffer."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.lab import Call, Proxy, answers
from tests.real.rig import Rig
from tests.real.test_volume import crowd

LIVE = 20


@asynccontextmanager
async def without(how: str, proxy: Proxy | None, url: str) -> AsyncIterator[None]:
    """Take the database away for the time of the block."""
    if proxy is None:
        with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            yield
            other.execute("ROLLBACK")
        return
    (proxy.cut if how == "cut" else proxy.stall)()
    yield
    proxy.resume()


@pytest.mark.parametrize("how", ["locked", "cut", "stalled"])
async def test_the_database_is_away_in_the_middle_of_calls(
    how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """No caller waits 300 ms more for his first phone; every row is there afterwards, in order and once."""
    proxy, url = None, f"sqlite:///{tmp_path}/callrouter.db"
    if how != "locked":
        proxy, real = Proxy(), make_url(request.getfixturevalue("postgres_url"))
        assert real.port is not None
        await proxy.open(real.port)
        url = real.set(port=proxy.port).render_as_string(hide_password=False)
    firm = crowd(LIVE, 1, 30.0)
    async with Rig(firm.document(), desks=firm.desks, database_url=url, rtp_interval=0.5) as rig:
        for desk in rig.lab.phones:
            desk.behaviour = answers(after=0.1)
        lines = [(line.number, f"+7916{n:07}", f"p{n}_0") for n, line in enumerate(firm.lines)]
        before = [await _talk(rig, firm.people[who].desk, line, caller) for line, caller, who in lines[: LIVE // 2]]
        async with without(how, proxy, url):
            during = [await _talk(rig, firm.people[who].desk, line, caller) for line, caller, who in lines[LIVE // 2 :]]
            talks = [*before, *during]
            await asyncio.gather(*(talk.caller.hangup() for talk in talks[::2]))
            await asyncio.gather(*(talk.phone.wait("ended") for talk in talks[::2]))
            # for three seconds of it conversations go on
            await asyncio.gather(*(talk.caller.hears(talk.phone, packets=6) for talk in talks[1::2]))
        usual, slowest = statistics.median(one.set_up for one in before), max(one.set_up for one in during)
        print(f"{how}: first phone called after {usual * 1000:.0f} ms, without database {slowest * 1000:.0f} at most")
        assert slowest - usual < 0.3
        await asyncio.gather(*(talk.caller.hangup() for talk in talks[1::2]))
        rows = await rig.ended(LIVE, within=10.0)
        assert [row["caller"] for row in rows] == [caller for _, caller, _ in lines]
        assert {row["outcome"] for row in rows} == {"answered"}
    if proxy is not None:
        await proxy.close()


async def test_the_disk_of_the_journal_is_full(postgres_url: str) -> None:
    """Calls go on while no record can be written, the log says so, and every row is there once there is room."""
    firm = crowd(LIVE // 2, 1, 30.0)
    async with Rig(firm.document(), desks=firm.desks, database_url=postgres_url, rtp_interval=0.5) as rig:
        for desk in rig.lab.phones:
            desk.behaviour = answers(after=0.1)
        lines = [(line.number, f"+7916{n:07}", f"p{n}_0") for n, line in enumerate(firm.lines)]
        talks = [await _talk(rig, firm.people[who].desk, line, caller) for line, caller, who in lines[:5]]
        (journal,) = (rig.folder / "var" / "journal").glob("*.jsonl")
        router, free = rig.router.process.pid, resource.RLIM_INFINITY
        resource.prlimit(router, resource.RLIMIT_FSIZE, (journal.stat().st_size + 100, free))
        talks += [await _talk(rig, firm.people[who].desk, line, caller) for line, caller, who in lines[5:]]
        await asyncio.gather(*(talk.caller.hangup() for talk in talks[:8]))
        await asyncio.gather(*(talk.phone.wait("ended") for talk in talks[:8]))
        assert any("journal: cannot write" in line and '"critical"' in line for line in rig.router.log)
        assert await rig.inbound() == []
        resource.prlimit(router, resource.RLIMIT_FSIZE, (free, free))
        await asyncio.gather(*(talk.caller.hangup() for talk in talks[8:]))
        rows = await rig.ended(len(talks))
        assert [(row["caller"], row["outcome"]) for row in rows] == [(caller, "answered") for _, caller, _ in lines]


@dataclass(frozen=True, slots=True)
class Talk:
    """Two who are connected."""

    caller: Call
    phone: Call

    @property
    def set_up(self) -> float:
        """Seconds until the phone was called."""
        return self.phone.invited_at.after(self.caller.invited_at)


async def _talk(rig: Rig, desk: str, line: str, caller: str) -> Talk:
    call = await rig.trunk.dial(line, caller=caller)
    incoming = await rig.phone(desk).incoming()
    await call.wait("answered")
    return Talk(call, incoming)
