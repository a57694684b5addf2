"""What only a dead worker's journal knew, and what was heard late: Asterisk knows it too."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.lab import Proxy, patience
from tests.real.house import at
from tests.real.rig import LINE, Rig, scheme

LADDER = '{ring = "department", seconds = 3}'


@asynccontextmanager
async def unshipped(rig: Rig) -> AsyncIterator[None]:
    """Nothing reaches SQL meanwhile; then the router is killed, its journal is lost, and it comes back."""
    connection = sqlite3.connect(rig.folder / "callrouter.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    await rig.router.end(signal.SIGKILL)
    shutil.rmtree(rig.folder / "var" / "journal")
    connection.execute("ROLLBACK")
    connection.close()
    await rig.serve()


async def _ringing_in_sql(rig: Rig) -> None:
    """Return when SQL knows that a phone rings."""
    async with patience(5):
        while not any(leg.ringing_at for call in await rig.live() for leg in call.legs):  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)


async def test_who_has_talked_and_is_alone_is_not_called_for_again() -> None:
    """SQL knew only that phones rang: he is let go, and the call was answered, by whom and when Asterisk says."""
    async with Rig(scheme('{ring = "department", seconds = 20}')) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        await _ringing_in_sql(rig)
        async with unshipped(rig):
            incoming.answer()
            await call.wait("answered")
            await call.hears(incoming)
            rig.router.process.send_signal(signal.SIGSTOP)
            await incoming.hangup()
        await call.wait("ended")
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "anna", True)
        assert call.answered_at is not None
        assert at(row["answered_at"]).apart(call.answered_at) < 0.2


async def test_who_was_let_go_before_the_kill_has_not_abandoned_the_call() -> None:
    """SQL knew only that phones rang: Asterisk's record has the mark that the ladder had run out."""
    async with Rig(scheme(LADDER)) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await (await rig.phone("anna").incoming()).wait("ringing")
        await _ringing_in_sql(rig)
        async with unshipped(rig):
            await call.wait("ended")
        assert call.status == 480
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["recovered"]) == ("lost", "no_answer", True)


async def test_who_leaves_before_the_ladder_runs_out_has_abandoned_the_call() -> None:
    """ARI is silent while he leaves, and when his ladder ends: the news says when it happened."""
    proxy = Proxy()
    async with Rig(scheme(LADDER), ari=proxy) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await (await rig.phone("anna").incoming()).wait("ringing")
        proxy.stall()
        await asyncio.sleep(0.5)
        await call.hangup()
        await asyncio.sleep(3.5)
        proxy.resume()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "abandoned", 1)
        assert call.ended_at is not None
        assert at(row["ended_at"]).apart(call.ended_at) < 0.2
