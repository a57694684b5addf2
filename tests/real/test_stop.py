"""SIGTERM: no new calls, who waits is served or handed over, who talks talks on, and the router is gone within 30 s."""

from __future__ import annotations

import asyncio

from tests.lab import Company, Desk, Moment, Proxy, answers
from tests.real.rig import LINE, PEOPLE, Rig, legs, scheme

FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/201,20)
 same => n,Hangup(${HANGUPCAUSE})
"""
DESKS: list[str | Desk] = [*PEOPLE.values(), "201"]
EXIT = 30.0
LONG = scheme('{ring = "department", seconds = 50}')


async def test_who_still_waits_is_handed_over_and_nothing_new_is_claimed() -> None:
    """A ringing caller has 25 s more, then the fallback answers him; a new one is not claimed; two talk on."""
    company = Company(entry="callrouter-broadcast", fallback=FALLBACK)
    async with Rig(LONG, desks=DESKS, company=company) as rig:
        talking = await rig.trunk.dial(LINE, caller="89161234567")
        anna = await rig.phone("anna").incoming()
        anna.answer()
        await talking.hears(anna)
        waiting = await rig.trunk.dial(LINE, caller="89161234568")
        for _ in range(2):  # the first call rang everybody, too
            boris = await rig.phone("boris").incoming()
        await boris.wait("ringing")
        rig.router.process.terminate()
        told = Moment.now()
        await rig.says("closing: ")
        rig.phone("201").behaviour = answers()
        late = await rig.trunk.dial(LINE, caller="89161234569")
        taken = await late.wait("answered")
        print(f"a new caller was with the fallback {taken - late.invited_at:.1f} s after his INVITE")
        await late.hears(rig.phone("201"))
        await late.hangup()
        handed = await waiting.wait("answered", EXIT)
        assert await rig.router.process.wait() == 0
        gone = Moment.now()
        print(
            f"who waited was with the fallback after {handed - told:.1f} s, the router gone after {gone - told:.1f} s"
        )
        assert handed - told > 24.0
        assert gone - handed > 0
        assert gone.after(told) < EXIT
        assert boris.cancelled
        await asyncio.gather(waiting.hears(rig.phone("201")), talking.hears(anna, packets=20), anna.hears(talking))
        await asyncio.gather(waiting.hangup(), talking.hangup())
        await rig.serve()
        rows = {row["caller"]: row for row in await rig.ended(3)}
        assert (rows["+79161234567"]["outcome"], rows["+79161234567"]["answered_by"]) == ("answered", "anna")
        assert rows["+79161234568"]["lost_reason"] == "failure"
        assert {leg for results in legs(rows["+79161234568"]).values() for leg in results} <= {"failed", "busy"}


async def test_a_router_that_cannot_reach_asterisk_is_gone_in_time_too() -> None:
    """Nobody can be handed over: its callers go on to ring, and the next life takes them up."""
    proxy = Proxy()
    async with Rig(LONG, ari=proxy) as rig:
        caller = await rig.trunk.dial(LINE, caller="89161234567")
        boris = await rig.phone("boris").incoming()
        await boris.wait("ringing")
        proxy.cut()
        rig.router.process.terminate()
        told = Moment.now()
        assert await rig.router.process.wait() == 0
        gone = Moment.now()
        print(f"without Asterisk the router was gone after {gone - told:.1f} s")
        assert gone.after(told) < EXIT
        assert not caller.ended_at
        proxy.resume()
        await rig.serve()
        boris.answer()
        await caller.hears(boris)
        await caller.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["recovered"]) == ("answered", "boris", True)
