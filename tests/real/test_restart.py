"""The router is killed in the middle of calls and comes back: nobody who called notices more than a longer ring."""

from __future__ import annotations

import signal

from tests.lab import Company, answers, rings
from tests.real.rig import LINE, Rig, legs, scheme

LADDER = """
  {ring = "responsible", seconds = 1},
  {ring = "department", seconds = 5},
  {ring = "head", seconds = 1},
"""


async def test_killed_while_phones_ring() -> None:
    """The phones ring on while the router is away, and the ladder goes on in the step that ran."""
    # Anna could ring for 23 seconds: Asterisk's own timer does not stop her, however slowly the router comes back.
    ladder = LADDER.replace('"department", seconds = 5', '"department", seconds = 20')
    async with Rig(scheme(ladder), clients="phone,name,responsible\n89161234567,ООО Ромашка,anna\n") as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await (await rig.phone("anna").incoming()).wait("ringing")
        await rig.router.end(signal.SIGKILL)
        await rig.serve()
        rig.phone("vera").behaviour = answers(after=0.2)
        await call.wait("answered", 20.0)
        await call.hears(rig.phone("vera"))
        assert (len(rig.phone("anna").invites), len(rig.phone("anna").cancels)) == (1, 1)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", "vera", 2)
        assert row["recovered"] is True
        assert legs(row) == {"anna": ["elsewhere"], "boris": ["elsewhere"], "vera": ["answered"]}


async def test_answered_while_the_router_is_away() -> None:
    """Who picks up meanwhile is connected as soon as the router is back."""
    async with Rig(scheme(LADDER)) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        incoming = await rig.phone("boris").incoming()
        await incoming.wait("ringing")
        await rig.router.end(signal.SIGKILL)
        incoming.answer()
        await rig.serve()
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["answered_by"], row["recovered"]) == ("boris", True)


async def test_a_conversation_outlives_the_router() -> None:
    """The two talk on while the router is away; when one hangs up after its return, so does the other."""
    async with Rig(scheme(LADDER)) as rig:
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await rig.router.end(signal.SIGKILL)
        await call.hears(rig.phone("boris"), packets=20)
        await rig.serve()
        await rig.phone("boris").calls[0].hangup()
        await call.wait("ended")
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "boris", True)


async def test_a_pbx_with_many_channels_survives_the_router() -> None:
    """1,400 foreign channels: their list, asked for over the web socket, would crash Asterisk 22.10.1 itself."""
    waiting = Company(dialplan="[waiting]\nexten => s,1,Answer()\n same => n,Wait(120)\n")
    async with Rig(scheme(LADDER), company=waiting) as rig:
        asterisk = rig.lab.asterisk
        await rig.router.end()
        for _ in range(700):
            await asterisk.cli("channel originate Local/s@waiting/n application Wait 120")
        assert len(await asterisk.channels()) >= 1400
        await rig.serve()
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        await asterisk.cli("channel request hangup all")
        (row,) = await rig.ended(1)
        assert row["answered_by"] == "boris"


async def test_a_caller_who_left_meanwhile() -> None:
    """His phones stop when the router is back, and the call is abandoned in the step that ran."""
    async with Rig(scheme(LADDER)) as rig:
        rig.phone("anna").behaviour = rings()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        await rig.router.end(signal.SIGKILL)
        await call.hangup()
        await rig.serve()
        await incoming.wait("ended")
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "abandoned", 2)
        assert row["recovered"] is True
