"""The connection to Asterisk breaks, falls silent, or Asterisk dies: nobody who calls pays for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.lab import Moment, Proxy, answers, rings
from tests.real.rig import LINE, Rig, legs, scheme

LADDER = """
  {ring = "responsible", seconds = 1},
  {ring = "department", seconds = 1.5},
  {ring = "head", seconds = 1.5},
  {add = "owner"},
"""
CLIENT = "phone,name,responsible\n89161234567,ООО Ромашка,anna\n"
CALLER = "89161234567"


@asynccontextmanager
async def faulty(ladder: str = LADDER) -> AsyncIterator[tuple[Rig, Proxy]]:
    """Yield a rig whose ARI is behind a proxy; anna is the caller's own."""
    proxy = Proxy()
    document = scheme(ladder).replace("ring_at_most = 6", "ring_at_most = 12")  # a slow machine is given its time
    async with Rig(document, clients=CLIENT, ari=proxy) as rig:
        yield rig, proxy


async def until(moment: Moment, seconds: float) -> None:
    """Wait until so many seconds after a moment."""
    await asyncio.sleep(moment.mono + seconds - Moment.now().mono)


async def test_cut_in_the_middle_of_a_step() -> None:
    """Phones ring on while the connection is gone, and who picks up just then is connected when it is back."""
    async with faulty('{ring = "responsible", seconds = 5}') as (rig, proxy):
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        proxy.cut()
        incoming.answer()
        await until(incoming.invited_at, 0.7)
        assert not incoming.ended_at
        proxy.resume()
        await call.wait("answered")
        await call.hears(incoming)
        await incoming.hears(call)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["answered_step"], row["recovered"]) == (
            "answered",
            "anna",
            1,
            False,
        )
        assert legs(row) == {"anna": ["answered"]}


async def test_cut_right_before_a_step_begins() -> None:
    """The step that begins meanwhile rings its people when the connection is back, and the ladder goes on in order."""
    async with faulty() as (rig, proxy):
        rig.phone("gleb").behaviour = answers(after=0.2)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await until(incoming.invited_at, 0.9)
        proxy.cut()
        await until(incoming.invited_at, 1.6)
        assert not incoming.ended_at
        proxy.resume()
        for person in ("boris", "vera"):  # they ring for the whole of their step
            await (await rig.phone(person).incoming()).wait("ringing")
        await call.wait("answered")
        await call.hears(rig.phone("gleb"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", "gleb", 3)
        assert legs(row) == {"anna": ["no_answer"], "boris": ["no_answer"], "vera": ["no_answer"], "gleb": ["answered"]}


async def test_cut_for_longer_than_the_whole_ladder() -> None:
    """A call stands still while Asterisk cannot be reached: its ladder is not climbed in vain, somebody answers."""
    async with faulty('{ring = "responsible", seconds = 1}, {ring = "department", seconds = 1}') as (rig, proxy):
        rig.phone("boris").behaviour = answers(after=0.2)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        proxy.cut()
        await until(incoming.invited_at, 6.0)
        assert not call.ended_at
        proxy.resume()
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"]) == ("answered", "boris")


async def test_silent_while_phones_ring() -> None:
    """Three seconds of silence from ARI: the phones of the steps ring, in order, and who answers is heard."""
    async with faulty() as (rig, proxy):
        rig.phone("irina").behaviour = answers(after=0.2)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        proxy.stall()
        await until(incoming.invited_at, 3.0)
        assert not call.ended_at
        proxy.resume()
        await call.wait("answered")
        await call.hears(rig.phone("irina"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", "irina", 4)
        assert "failed" not in {result for results in legs(row).values() for result in results}


async def test_who_answers_while_ari_is_silent_is_heard() -> None:
    """He is connected as soon as ARI speaks again; the others stop ringing, and nobody is rung twice."""
    async with faulty('{ring = "department", seconds = 20}') as (rig, proxy):
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ringing = [await rig.phone(person).incoming() for person in ("anna", "boris", "vera")]
        for one in ringing:
            await one.wait("ringing")
        proxy.stall()
        ringing[1].answer()
        await until(ringing[1].invited_at, 3.0)
        proxy.resume()
        resumed = Moment.now()
        assert (await call.wait("answered")).after(resumed) < 1.0
        await call.hears(ringing[1])
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"]) == ("answered", "boris")
        assert legs(row) == {"anna": ["elsewhere"], "boris": ["answered"], "vera": ["elsewhere"]}
        assert [len(rig.phone(person).invites) for person in ("anna", "boris", "vera")] == [1, 1, 1]


async def test_half_open_until_the_router_notices() -> None:
    """A connection over which nothing comes is given up within 8 s; the one after it serves who still waits."""
    # The department's step begins in the silence, and is still there when the connection is back.
    async with faulty('{ring = "responsible", seconds = 4}, {ring = "department", seconds = 10}') as (rig, proxy):
        rig.phone("boris").behaviour = answers(after=0.2)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await (await rig.phone("anna").incoming()).wait("ringing")
        begun = Moment.now()
        proxy.stall()
        await rig.says("the connection to asterisk is gone", within=9.0)
        print(f"noticed after {Moment.now() - begun:.1f} s")
        proxy.cut()
        proxy.resume()
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"]) == ("answered", "boris")


async def test_the_caller_leaves_while_ari_is_silent() -> None:
    """His phones stop as soon as ARI speaks again, and the call is abandoned."""
    async with faulty('{ring = "department", seconds = 20}') as (rig, proxy):
        call = await rig.trunk.dial(LINE, caller=CALLER)
        ringing = [await rig.phone(person).incoming() for person in ("anna", "boris", "vera")]
        for one in ringing:
            await one.wait("ringing")
        proxy.stall()
        await call.hangup()
        await until(ringing[0].invited_at, 3.0)
        proxy.resume()
        resumed = Moment.now()
        assert [(await one.wait("ended")).after(resumed) < 1.0 for one in ringing] == [True] * 3
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "abandoned", 1)
        assert legs(row) == {person: ["cancelled"] for person in ("anna", "boris", "vera")}


async def test_the_caller_leaves_while_the_connection_is_gone() -> None:
    """So it is after a cut: nobody rings for a caller who is not there."""
    async with faulty() as (rig, proxy):
        rig.phone("anna").behaviour = rings()
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        proxy.cut()
        await call.hangup()
        await until(incoming.invited_at, 1.5)
        proxy.resume()
        await incoming.wait("ended")
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"]) == ("lost", "abandoned")
