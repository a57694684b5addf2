"""A worker is killed within moments of its answers, and SQL has not heard of them: whoever talks goes on talking."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab import Call, Moment, Phone, Proxy
from tests.real.house import at
from tests.real.rig import Rig, Router
from tests.real.test_takeover import BROADCAST, SECOND, WITHIN, behind, written
from tests.real.test_volume import crowd

LINES = 20
FIRST = "callrouter-a"
SPREAD = 0.2
"""Seconds before the kill within which all the phones are picked up."""
INTERVAL = 0.05
CUTS = ("before the calls", "before the answers", "never")
"""When the worker that dies is cut off from the database."""


@dataclass(slots=True)
class Doomed:
    """A worker with a ringing call on each line, on the phones of two people each; and one that has none."""

    rig: Rig
    callers: list[Call]
    worker: Router
    heir: Router
    proxy: Proxy
    settings: dict[str, str]

    def seat(self, line: int, number: int = 0) -> Phone:
        """The phone of one of a line's two people; the first of them picks up."""
        return self.rig.lab.phones[2 * line + number]

    async def die(self) -> list[int]:
        """Have all answered within moments, and kill the worker; return who talked by then."""
        loop = asyncio.get_running_loop()
        for line in range(LINES):
            loop.call_later(random.uniform(0, SPREAD), self.seat(line).calls[0].answer)
        await asyncio.sleep(SPREAD)
        await self.worker.end(signal.SIGKILL)
        return [line for line, caller in enumerate(self.callers) if caller.answered_at]

    async def part(self) -> None:
        """On every other line the caller hangs up, on the others the one who picked up: the other one is released."""
        ends = [(caller, self.seat(line).calls[0]) for line, caller in enumerate(self.callers)]
        await asyncio.gather(*(pair[line % 2].hangup() for line, pair in enumerate(ends)))
        await asyncio.gather(*(call.wait("ended", 3.0) for pair in ends for call in pair))


@asynccontextmanager
async def doomed(url: str, cut: str) -> AsyncIterator[Doomed]:
    """Yield it."""
    firm, proxy = crowd(LINES, 2, 30.0), Proxy()
    async with Rig(
        firm.document(), desks=firm.desks, company=BROADCAST, database_url=url, rtp_interval=INTERVAL
    ) as rig:
        await rig.router.end()
        settings = {"APP": FIRST, "DATABASE_URL": await behind(proxy, url)}
        worker = await rig.join("first", **settings)
        await worker.is_ready()
        if cut == CUTS[0]:
            proxy.cut()
        callers = [
            await rig.trunk.dial(line.number, caller=f"+7916{number:07}") for number, line in enumerate(firm.lines)
        ]
        ringing = [await phone.incoming(within=20.0) for phone in rig.lab.phones]
        await asyncio.gather(*(call.wait("ringing") for call in ringing))
        if cut != CUTS[0]:
            await written(rig, *firm.people)
        heir = await rig.join("second", APP=SECOND)
        await heir.is_ready()
        if cut == CUTS[1]:
            proxy.cut()
        yield Doomed(rig, callers, worker, heir, proxy, settings)
    await proxy.close()


@pytest.mark.parametrize("cut", CUTS)
async def test_killed_within_moments_of_the_answers(postgres_url: str, cut: str) -> None:
    """Nobody's conversation is cut, no phone rings again, each is one row; the dead one's journal adds nothing."""
    async with doomed(postgres_url, cut) as two:
        rig = two.rig
        killed = Moment.now()
        talked = await two.die()
        await two.heir.says("taken over", WITHIN)
        await asyncio.gather(*(caller.wait("answered", WITHIN) for caller in two.callers))
        print(
            f"{len(talked)} of {LINES} talked at the kill; taken over {Moment.now() - killed - SPREAD:.2f} s after it"
        )
        two.proxy.resume()
        back = await rig.join("first", **two.settings)
        await back.is_ready()
        await asyncio.gather(*(caller.hears(two.seat(line), 10) for line, caller in enumerate(two.callers)))
        sounds = [end.sound for line in talked for end in (two.callers[line], two.seat(line).calls[0])]
        missing = max((sound.missing for sound in sounds if sound is not None), default=0)
        print(f"at the most {missing * INTERVAL * 1000:.0f} ms of sound were missing")
        assert missing <= 1
        assert {len(phone.invites) for phone in rig.lab.phones} == {1}
        await two.part()
        _are_true(two, await rig.ended(LINES, within=10.0))
        assert await rig.live() == ()


def _are_true(two: Doomed, rows: list[dict[str, Any]]) -> None:
    """The ledger has what the phones saw."""
    for row in rows:
        line = int(row["line"][-7:])
        answered_at, ended_at = two.seat(line).calls[0].answered_at, two.callers[line].ended_at
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", f"p{line}_0", True)
        assert answered_at is not None
        assert ended_at is not None
        assert at(row["answered_at"]).apart(answered_at) < 0.3
        assert at(row["ended_at"]).apart(ended_at) < 0.5
        assert len(row["talk"]) == 1
