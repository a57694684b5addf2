"""Two workers on one PBX: one dies, or only seems to, and nobody who calls notices more than a longer ring."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import make_url, select

from callrouter.core.call import LegState
from callrouter.store.tables import calls
from tests.lab import Call, Company, Moment, Proxy, answers, patience, refuses
from tests.real.rig import LINE, Rig, Router, legs, scheme
from tests.real.test_volume import crowd

LADDER = """
  {ring = "responsible", seconds = 1},
  {ring = "department", seconds = 6},
  {ring = "head", seconds = 8},
"""
CLIENT = "phone,name,responsible\n89161234567,ООО Ромашка,anna\n"
CALLER = "89161234567"
FIRST, SECOND = "callrouter", "callrouter-b"
BROADCAST = Company(entry="callrouter-broadcast")
WITHIN = 5.0
"""Seconds within which a living worker takes over the calls of a dead one."""


@dataclass(slots=True)
class Pair:
    """A rig with two active workers."""

    rig: Rig
    workers: dict[str, Router]

    async def holders(self) -> Counter[str]:
        """Return how many calls each worker has, or had at their end."""
        async with self.rig._database.reading() as connection:
            return Counter((await connection.execute(select(calls.c.app))).scalars())

    async def share(self, count: int) -> bool:
        """Whether so many calls are in the ledger, and either worker has at least a quarter of them."""
        async with patience(5.0):
            while sum((has := await self.holders()).values()) < count:  # noqa: ASYNC110 - another process's ledger
                await asyncio.sleep(0.05)
        return min(has[FIRST], has[SECOND]) >= count / 4

    async def parted(self) -> tuple[Router, Router]:
        """Wait until a call is in the ledger; return the worker that has it, and the other one."""
        async with patience(2.0):
            while not (has := await self.holders()):  # noqa: ASYNC110 - another process's ledger
                await asyncio.sleep(0.05)
        (holder,) = has
        (other,) = set(self.workers) - {holder}
        return self.workers[holder], self.workers[other]


async def written(rig: Rig, *people: str, gone: bool = False) -> None:
    """Wait until the ledger knows that phones have rung, or are gone: what a worker knows that takes over.

    To be asked once the phones themselves show it: the time is the ledger's own, and what it knows it knows for good.
    """
    async with patience(2.0):
        while True:
            legs = [leg for call in await rig.live() for leg in call.legs]
            if set(people) <= {leg.person for leg in legs if (leg.state is LegState.GONE if gone else leg.ringing_at)}:
                return
            await asyncio.sleep(0.02)


async def talks(rig: Rig, person: str) -> None:
    """Wait until the ledger knows that somebody talks to this person."""
    async with patience(5.0):
        while person not in {talk.person for one in await rig.live() for talk in one.talk}:  # noqa: ASYNC110 - another's
            await asyncio.sleep(0.02)


@asynccontextmanager
async def pair(url: str, ladder: str = LADDER) -> AsyncIterator[Pair]:
    """Yield two active workers."""
    async with Rig(scheme(ladder), company=BROADCAST, database_url=url, clients=CLIENT) as rig:
        second = await rig.join("second", APP=SECOND)
        await second.is_ready()
        yield Pair(rig, {FIRST: rig.router, SECOND: second})


def freeze(router: Router) -> None:
    """Let the process stand still."""
    router.process.send_signal(signal.SIGSTOP)


def thaw(router: Router) -> None:
    """Let it go on."""
    router.process.send_signal(signal.SIGCONT)


async def the_row(rig: Rig) -> dict[str, Any]:
    """Return the row of the only call."""
    (row,) = await rig.ended(1)
    return row


async def test_each_call_is_claimed_once_and_load_is_shared(postgres_url: str) -> None:
    """Each call is one row; either worker has at least a quarter of 30, and of more if one of them stood still."""
    async with pair(postgres_url, '{ring = "department", seconds = 60}') as two:
        callers: list[Call] = []
        while len(callers) < 30 or (len(callers) < 90 and not await two.share(len(callers))):
            callers.append(await two.rig.trunk.dial(LINE, caller=f"+7916{len(callers):07}"))
            await callers[-1].wait("ringing")
            await asyncio.sleep(0.05)  # twenty calls a second: workers hear twice a second how many the others have
        await asyncio.gather(*(caller.hangup() for caller in callers))
        rows = await two.rig.ended(len(callers))
        assert {row["outcome"] for row in rows} == {"lost"}
        print(await two.holders())
        assert await two.share(len(callers))


async def test_the_other_takes_over_a_call_that_climbs(postgres_url: str) -> None:
    """The phones of the step ring on in the same call, the next step comes, and who answers there is heard."""
    async with pair(postgres_url) as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller=CALLER)
        for person in ("boris", "vera"):
            await (await rig.phone(person).incoming()).wait("ringing")
        await written(rig, "boris", "vera")
        holder, other = await two.parted()
        killed = Moment.now()
        await holder.end(signal.SIGKILL)
        await other.says("taken over", WITHIN)
        print(f"taken over {Moment.now() - killed:.2f} s after the kill")
        assert Moment.now().after(killed) < WITHIN
        assert (len(rig.phone("boris").invites), len(rig.phone("boris").ringing)) == (1, 1)
        head = await rig.phone("gleb").incoming(within=12.0)
        head.answer()
        await call.wait("answered")
        await call.hears(head)
        await call.hangup()
        row = await the_row(rig)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "gleb", True)
        # Whom Asterisk's timer stops before the prolonged step is over, is rung once more.
        assert {person: set(results) for person, results in legs(row).items()} == {
            "anna": {"no_answer"},
            "boris": {"no_answer"},
            "vera": {"no_answer"},
            "gleb": {"answered"},
        }


async def test_who_answers_or_refuses_after_the_takeover(postgres_url: str) -> None:
    """The other worker hears the phones that the dead one rang: who refuses has declined, who picks up talks."""
    async with pair(postgres_url, '{ring = "department", seconds = 15}') as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller="+79990000000")
        ringing = {person: await rig.phone(person).incoming() for person in ("anna", "boris", "vera")}
        await written(rig, *ringing)
        holder, other = await two.parted()
        await holder.end(signal.SIGKILL)
        await other.says("taken over", WITHIN)
        ringing["anna"].reject(486)
        await written(rig, "anna", gone=True)  # or an answer of the next millisecond may overtake it
        ringing["vera"].answer()
        await call.wait("answered")
        await call.hears(ringing["vera"])
        await ringing["vera"].hangup()
        await call.wait("ended")
        row = await the_row(rig)
        assert (row["outcome"], row["answered_by"]) == ("answered", "vera")
        assert legs(row) == {"anna": ["declined"], "boris": ["elsewhere"], "vera": ["answered"]}


async def test_the_other_takes_over_a_conversation(postgres_url: str) -> None:
    """The two hear each other all the time; when one hangs up afterwards the other one is released."""
    async with pair(postgres_url) as two:
        rig = two.rig
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await call.wait("answered")
        await call.hears(rig.phone("anna"))
        holder, other = await two.parted()
        await holder.end(signal.SIGKILL)
        await other.says("taken over", WITHIN)
        await call.hears(rig.phone("anna"), packets=20)
        await rig.phone("anna").calls[0].hangup()
        await call.wait("ended", 2.0)
        row = await the_row(rig)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "anna", True)


async def test_killed_while_calls_arrive(postgres_url: str) -> None:
    """Of 24 calls some have not reached SQL when their worker dies: each is served all the same, and is one row."""
    firm = crowd(24, 1, 30.0)
    async with Rig(
        firm.document(), desks=firm.desks, company=BROADCAST, database_url=postgres_url, rtp_interval=0.5
    ) as rig:
        second = await rig.join("second", APP=SECOND)
        await second.is_ready()
        for phone in rig.lab.phones:
            phone.behaviour = answers(after=4.0)
        callers = []
        for number, line in enumerate(firm.lines):
            callers.append(await rig.trunk.dial(line.number, caller=f"+7916{number:07}"))
            if number == 16:
                rig.router.process.send_signal(signal.SIGKILL)
        killed = Moment.now()
        await second.says("taken over", WITHIN)
        print(f"taken over {Moment.now() - killed:.2f} s after the kill")
        await asyncio.gather(*(caller.wait("answered", 12.0) for caller in callers))
        desks = [rig.phone(firm.people[f"p{number}_0"].desk) for number in range(24)]
        await asyncio.gather(*(one.hears(desk, packets=2) for one, desk in zip(callers, desks, strict=True)))
        await asyncio.gather(*(caller.hangup() for caller in callers))
        rows = await rig.ended(24)
        assert {row["outcome"] for row in rows} == {"answered"}
        assert len({row["asterisk_id"] for row in rows}) == 24


async def test_who_stops_in_order_leaves_his_conversations_to_the_other(postgres_url: str) -> None:
    """After SIGTERM the conversation goes on, and its end is recorded although its worker is gone."""
    async with pair(postgres_url) as two:
        rig = two.rig
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await call.wait("answered")
        holder, other = await two.parted()
        assert await holder.end() == 0
        await other.says("taken over", WITHIN)
        await call.hears(rig.phone("anna"), packets=20)
        await call.hangup()
        assert (await the_row(rig))["answered_by"] == "anna"


async def test_a_frozen_worker_lets_go(postgres_url: str) -> None:
    """The other takes its calls over, new calls do not wait for it; when it goes on it does and records nothing."""
    async with pair(postgres_url) as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ringing = await rig.phone("boris").incoming()
        await written(rig, "boris")
        holder, other = await two.parted()
        freeze(holder)
        fresh = [await rig.trunk.dial(LINE, caller=f"+7999000000{number}") for number in range(4)]
        assert max([(await one.wait("ringing")).after(one.invited_at) for one in fresh]) < 1.0
        await asyncio.gather(*(one.hangup() for one in fresh))
        await other.says("taken over", WITHIN)
        thaw(holder)
        await holder.says("letting go of every call")
        await ringing.wait("ringing")
        ringing.answer()
        await call.wait("answered")
        await call.hears(ringing, packets=20)
        await call.hangup()
        rows = {row["caller"]: row for row in await rig.ended(5)}
        assert rows["+79161234567"]["answered_by"] == "boris"
        assert [row["lost_reason"] for row in rows.values()].count("abandoned") == 4
        await holder.says("ready app=", WITHIN, times=2)  # its next life
        freeze(other)  # the former frozen one is a worker like any other again
        again = await rig.trunk.dial(LINE, caller=CALLER)
        await again.wait("ringing")
        await again.hangup()
        await rig.ended(6)
        thaw(other)


@asynccontextmanager
async def half_blind(url: str) -> AsyncIterator[tuple[Rig, Router, Router, Proxy]]:
    """Yield two active workers of which only the first has calls, and reaches the database through the proxy."""
    proxy = Proxy()
    patient = '{ring = "department", seconds = 40}'  # until the second has started, however slowly
    async with Rig(scheme(patient), company=BROADCAST, database_url=url, clients=CLIENT) as rig:
        await rig.router.end()
        first = await rig.join("first", APP="callrouter-a", DATABASE_URL=await behind(proxy, url))
        await first.is_ready()
        await rig.trunk.dial(LINE, caller=CALLER)
        await rig.phone("anna").incoming()
        await written(rig, "anna")
        second = await rig.join("second", APP=SECOND)
        await second.is_ready()
        yield rig, first, second, proxy
    await proxy.close()


async def behind(proxy: Proxy, url: str) -> str:
    """Open the proxy in front of a database; return the address through it."""
    real = make_url(url)
    assert real.port is not None
    await proxy.open(real.port)
    return real.set(port=proxy.port).render_as_string(hide_password=False)


async def test_a_worker_without_the_database_keeps_its_calls(postgres_url: str) -> None:
    """Its lease is over, but it answers at Asterisk: nobody takes anything from it, and all is recorded later."""
    async with half_blind(postgres_url) as (rig, _, second, proxy):
        proxy.cut()
        await second.says("does not renew its lease, but lives", 6.0)
        ringing = await rig.phone("boris").incoming()
        ringing.answer()
        (call,) = rig.trunk.calls
        await call.wait("answered")
        await call.hears(ringing, packets=20)
        await call.hangup()
        proxy.resume()
        (row,) = await rig.ended(1, within=10.0)
        assert (row["answered_by"], row["recovered"]) == ("boris", False)


async def test_a_frozen_worker_without_the_database_asks_asterisk(postgres_url: str) -> None:
    """When it goes on it cannot know that its call was taken over: Asterisk tells it, and it lets go of that call."""
    async with half_blind(postgres_url) as (rig, first, second, proxy):
        proxy.cut()
        freeze(first)
        await second.says("taken over", 8.0)
        thaw(first)
        await first.says("another worker has taken a call over")
        ringing = await rig.phone("boris").incoming()
        (call,) = rig.trunk.calls
        ringing.answer()
        await call.wait("answered")
        await call.hears(ringing, packets=20)
        proxy.resume()
        await first.says("letting go of every call", 10.0)
        await call.hears(ringing, packets=20)
        await call.hangup()
        row = await the_row(rig)
        assert (row["answered_by"], row["recovered"]) == ("boris", True)


async def test_without_the_database_nobody_takes_over(postgres_url: str) -> None:
    """The dead worker's call waits for the database, its phones ringing, and is taken over when that is back."""
    proxy = Proxy()
    async with pair(await behind(proxy, postgres_url), '{ring = "department", seconds = 30}') as two:
        rig = two.rig
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ringing = await rig.phone("boris").incoming()
        await written(rig, "boris")
        holder, other = await two.parted()
        proxy.cut()
        await holder.end(signal.SIGKILL)
        await asyncio.sleep(WITHIN)  # nothing is to happen
        assert not ringing.ended_at
        assert not [line for line in other.log if "taken over" in line]
        proxy.resume()
        await other.says("taken over", 10.0)
        ringing.answer()
        await call.wait("answered")
        await call.hears(ringing)
        await call.hangup()
        assert (await the_row(rig))["answered_by"] == "boris"
    await proxy.close()


async def test_a_standby_follows_under_the_same_name(postgres_url: str) -> None:
    """Below Asterisk 22.10: the second of a name waits, and takes name and calls over when the first is dead."""
    async with Rig(scheme(LADDER), database_url=postgres_url, clients=CLIENT) as rig:
        standby = await rig.join("second")
        await standby.says("standing by")
        rig.phone("anna").behaviour = refuses(after=0.1)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ringing = await rig.phone("boris").incoming()
        await written(rig, "boris")
        assert not standby.ready.is_set()
        killed = Moment.now()
        await rig.router.end(signal.SIGKILL)
        await standby.is_ready()
        print(f"the standby serves {Moment.now() - killed:.2f} s after the kill")
        assert Moment.now().after(killed) < WITHIN
        ringing.answer()
        await call.wait("answered")
        await call.hears(ringing)
        await call.hangup()
        row = await the_row(rig)
        assert (row["answered_by"], row["recovered"]) == ("boris", True)
        again = await rig.join("var")  # the first comes back: it stands by now
        await again.says("standing by")
        later = await rig.trunk.dial(LINE, caller=CALLER)
        await later.wait("ringing")
        await later.hangup()
        await rig.ended(2)


async def test_a_caller_who_comes_while_the_first_is_frozen(postgres_url: str) -> None:
    """With Stasis() a frozen router is handed calls it does not hear of: the standby takes them in."""
    async with Rig(scheme(LADDER), database_url=postgres_url, clients=CLIENT) as rig:
        standby = await rig.join("second")
        await standby.says("standing by")
        freeze(rig.router)
        rig.phone("anna").behaviour = answers(after=0.1)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await standby.is_ready()
        await call.wait("answered")
        await call.hears(rig.phone("anna"))
        thaw(rig.router)
        await rig.says("standing by")
        await call.hears(rig.phone("anna"), packets=20)
        await call.hangup()
        assert (await the_row(rig))["answered_by"] == "anna"


async def test_sqlite_is_for_one_worker() -> None:
    """A second worker on the same file is refused, with the reason and the way out."""
    async with Rig(scheme(LADDER)) as rig:
        second = await rig.join("second", APP=SECOND)
        await second.says("SQLite is for one worker: stop it, or use PostgreSQL")
        assert await second.process.wait() == 2
