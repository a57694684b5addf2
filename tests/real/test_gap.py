"""What ended while no router was there ended when Asterisk says so."""

from __future__ import annotations

import asyncio
import signal

from tests.lab import answers
from tests.real.house import at
from tests.real.rig import LINE, Rig, scheme
from tests.real.test_takeover import talks
from tests.real.test_volume import crowd

LATER = 20
"""Who picks up after the kill, whatever happens to the others."""
LADDER = '{ring = "department", seconds = 20}'


async def test_a_conversation_that_ended_in_the_gap() -> None:
    """Its end is the hang-up, not the router's death or return, and the trace says whose word that is."""
    async with Rig(scheme(LADDER)) as rig:
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        await call.hears(rig.phone("anna"))
        await talks(rig, "anna")
        await rig.router.end(signal.SIGKILL)
        await asyncio.sleep(1.5)  # dead for a while before he hangs up
        await call.hangup()
        await asyncio.sleep(1.5)  # and after it
        await rig.serve()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "anna", True)
        assert call.ended_at is not None
        assert at(row["ended_at"]).apart(call.ended_at) < 0.2
        assert at(row["talk"][0]["ended_at"]).apart(call.ended_at) < 0.2
        assert "by Asterisk's record the caller left" in await rig.run("calls", "show", row["id"])


async def test_a_caller_who_gave_up_in_the_gap() -> None:
    """He left when he hung up."""
    async with Rig(scheme(LADDER)) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await (await rig.phone("anna").incoming()).wait("ringing")
        await rig.router.end(signal.SIGKILL)
        await asyncio.sleep(1.0)
        await call.hangup()
        await asyncio.sleep(1.0)
        await rig.serve()
        (row,) = await rig.ended(1)
        assert (row["lost_reason"], row["recovered"]) == ("abandoned", True)
        assert call.ended_at is not None
        assert at(row["ended_at"]).apart(call.ended_at) < 0.2


async def test_killed_at_the_moment_of_answers() -> None:
    """Of 24 calls answered around the kill each is what its caller met: answered if he heard somebody."""
    firm = crowd(24, 1, 20.0)
    async with Rig(firm.document(), desks=firm.desks) as rig:
        desks = [rig.phone(firm.people[f"p{number}_0"].desk) for number in range(24)]
        callers = [await rig.trunk.dial(line.number, caller=f"+7916{n:07}") for n, line in enumerate(firm.lines)]
        for desk in desks:
            await (await desk.incoming()).wait("ringing")
        for number, desk in enumerate(desks[:LATER]):
            asyncio.get_running_loop().call_later(0.1 + number * 0.01, desk.calls[0].answer)
        await callers[9].wait("answered")
        await rig.router.end(signal.SIGKILL)
        for desk in desks[LATER:]:
            desk.calls[0].answer()
        await rig.lab.asterisk.channels()  # it runs, and does not stand still
        await asyncio.sleep(0.5)
        heard = [bool(caller.sound and caller.sound.heard) for caller in callers]
        print(f"{sum(heard)} of {len(heard)} talked")
        assert 0 < sum(heard) < 24
        await asyncio.gather(*(caller.hangup() for caller in callers))
        await asyncio.sleep(0.3)
        await rig.serve()
        rows = sorted(await rig.ended(24), key=lambda row: str(row["line"]))
        assert [row["outcome"] == "answered" for row in rows] == heard
        assert [row["answered_by"] for row in rows] == [f"p{n}_0" if one else None for n, one in enumerate(heard)]
