"""A takeover under attack: many calls, the dead one back at the worst moment, the heir dying, Asterisk refusing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from callrouter.store.tables import workers
from tests.lab import Call, Moment, Proxy, answers, patience, rings
from tests.lab.liar import Liar, Lie
from tests.real.generated import Firm
from tests.real.rig import LINE, Rig, Router
from tests.real.test_takeover import BROADCAST, CALLER, FIRST, SECOND, WITHIN, freeze, pair, talks, thaw, written
from tests.real.test_volume import crowd

FAR = 0.05
"""Seconds that Asterisk is away from the heir, either way: a takeover lasts long enough to be disturbed."""


@dataclass(slots=True)
class Ringing:
    """A first worker with a ringing call on each line, and a second one that has none."""

    rig: Rig
    callers: list[Call]
    heir: Router

    async def inherited(self) -> None:
        """Wait until the heir has the dead one's calls by the database."""
        lives = select(func.count(workers.c.run.distinct()))
        async with patience(WITHIN):
            while True:
                async with self.rig._database.reading() as connection:
                    if (await connection.execute(lives)).scalar_one() == 1:
                        return
                await asyncio.sleep(0.002)

    async def all_are_served(self) -> None:
        """Everybody picks up now: each caller hears his own, is one row, and no phone has rung twice."""
        phones = self.rig.lab.phones
        for phone in phones:
            for call in phone.ringing:
                call.answer()
        await asyncio.gather(*(caller.wait("answered", 12.0) for caller in self.callers))
        pairs = zip(self.callers, phones, strict=True)
        await asyncio.gather(*(caller.hears(phone, packets=2) for caller, phone in pairs))
        await asyncio.gather(*(caller.hangup() for caller in self.callers))
        rows = await self.rig.ended(len(self.callers), within=15.0)
        assert {row["outcome"] for row in rows} == {"answered"}
        assert {len(phone.invites) for phone in phones} == {1}


@asynccontextmanager
async def ringing(url: str, firm: Firm, between: Proxy | Liar) -> AsyncIterator[Ringing]:
    """Yield it; the second worker reaches Asterisk by what is `between`."""
    async with Rig(firm.document(), desks=firm.desks, company=BROADCAST, database_url=url, rtp_interval=0.5) as rig:
        callers = [
            await rig.trunk.dial(line.number, caller=f"+7916{number:07}") for number, line in enumerate(firm.lines)
        ]
        await asyncio.gather(*(phone.incoming(within=20.0) for phone in rig.lab.phones))
        await written(rig, *firm.people)
        await between.open(rig.lab.asterisk.slot.http)
        heir = await rig.join("second", APP=SECOND, ARI_URL=f"http://127.0.0.1:{between.port}/ari")
        await heir.is_ready()
        yield Ringing(rig, callers, heir)
        await rig.router.end()
        await heir.end()
    await between.close()


async def test_a_hundred_ringing_calls_are_taken_over(postgres_url: str) -> None:
    """Phones are picked up right after the kill: each caller hears his own within the time a takeover has."""
    async with ringing(postgres_url, crowd(100, 1, 40.0), Proxy()) as two:
        killed = Moment.now()
        await two.rig.router.end(signal.SIGKILL)
        for phone in two.rig.lab.phones:
            phone.ringing[0].answer()
        await asyncio.gather(*(caller.wait("answered", 20.0) for caller in two.callers))
        served = sorted(caller.answered_at - killed for caller in two.callers if caller.answered_at)
        print(f"served {served[0]:.2f} to {served[-1]:.2f} s after the kill")
        assert max(one.answered_at.after(killed) for one in two.callers if one.answered_at) < WITHIN
        await two.all_are_served()


async def test_the_dead_one_is_back_while_its_calls_are_moved(postgres_url: str) -> None:
    """It leaves alone what another is fetching: no phone stops ringing, nobody is called twice, one row a call."""
    far = Proxy()
    async with ringing(postgres_url, crowd(40, 1, 40.0), far) as two:
        far.delay = FAR
        await two.rig.router.end(signal.SIGKILL)
        await two.inherited()
        back = await two.rig.join("var")
        await two.heir.says("taken over", 20.0)
        far.delay = 0.0
        await back.says("standing by")
        await back.is_ready()
        await two.all_are_served()


@pytest.mark.parametrize("first", ["the heir", "the one it followed"])
async def test_the_heir_dies_while_it_fetches(postgres_url: str, first: str) -> None:
    """Part of the calls is still in the dead one's application: whoever is back first has them all."""
    far = Proxy()
    async with ringing(postgres_url, crowd(40, 1, 60.0), far) as two:
        far.delay = FAR
        await two.rig.router.end(signal.SIGKILL)
        await two.inherited()
        await asyncio.sleep(0.8)  # in the middle of it
        await two.heir.end(signal.SIGKILL)
        assert not [line for line in two.heir.log if "taken over" in line]
        far.delay = 0.0
        back = {"the heir": ("second", SECOND), "the one it followed": ("var", FIRST)}
        place, app = back.pop(first)
        one = await two.rig.join(place, APP=app)
        await one.says("the calls of a dead worker are taken over", 10.0)
        ((place, app),) = back.values()
        other = await two.rig.join(place, APP=app)
        await other.is_ready()
        await two.all_are_served()


async def test_asterisk_refuses_some_of_the_moves(postgres_url: str) -> None:
    """Who does not come is fetched once more: nobody's call is given up."""
    liar = Liar()
    async with ringing(postgres_url, crowd(10, 1, 40.0), liar) as two:
        liar.lies[""] = [Lie("POST channels/.*/move", status=500, times=5)]
        await two.rig.router.end(signal.SIGKILL)
        await two.heir.says("taken over", WITHIN)
        await two.all_are_served()


async def test_a_call_that_was_picked_up_is_taken_over_and_transferred(postgres_url: str) -> None:
    """Irina has taken it with *8; after the takeover the two hear each other, and she sends the caller on to Gleb."""
    async with pair(postgres_url) as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await rig.phone("anna").incoming()
        taken = await rig.phone("irina").dial("*8")
        await call.wait("answered")
        await call.hears(rig.phone("irina"))
        holder, other = await two.parted()
        await talks(rig, "irina")
        await holder.end(signal.SIGKILL)
        await other.says("taken over", WITHIN)
        await call.hears(rig.phone("irina"), packets=20)
        rig.phone("gleb").behaviour = answers(after=0.1)
        assert await taken.blind_transfer("110") == 200
        gleb = await rig.phone("gleb").incoming()
        await call.hears(gleb)
        await gleb.hangup()
        await call.wait("ended", 2.0)
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "irina", True)


async def test_a_transfer_to_a_line_that_another_worker_claims(postgres_url: str) -> None:
    """The transfer is no inbound call there either."""
    async with pair(postgres_url, '{ring = "department", seconds = 20}') as two:
        rig = two.rig
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await call.wait("answered")
        await two.parted()
        rig.phone("anna").behaviour = rings()  # she is rung again, and must not be the quickest
        await rig.phone("anna").calls[0].blind_transfer(LINE)
        vera = [await rig.phone("vera").incoming() for _ in range(2)][-1]
        vera.answer()
        await call.hears(vera)
        await call.hangup()
        async with patience(5.0):
            while len(rows := await rig.calls()) < 2:  # noqa: ASYNC110 - another process's ledger
                await asyncio.sleep(0.05)
        assert sorted(row["direction"] for row in rows) == ["in", "internal"]


async def test_frozen_for_less_than_the_term(postgres_url: str) -> None:
    """Nothing happens: who stood still for two seconds keeps his call, and nobody notices."""
    async with pair(postgres_url) as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ring = await rig.phone("boris").incoming()
        await written(rig, "boris")
        holder, other = await two.parted()
        for seconds in (1.0, 1.9):
            freeze(holder)
            await asyncio.sleep(seconds)
            thaw(holder)
            await asyncio.sleep(0.7)
        assert not [line for line in (*other.log, *holder.log) if "taken over" in line]
        ring.answer()
        await call.wait("answered")
        await call.hears(ring)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["answered_by"], row["recovered"]) == ("boris", False)
