"""The router dies and does not come back, or too late: Asterisk's timers serve the callers and end what is left."""

from __future__ import annotations

import asyncio
import signal

from tests.lab import Call, Company, Desk, Moment, answers
from tests.real.rig import LINE, PEOPLE, Rig, legs, scheme
from tests.real.test_takeover import written

FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/201,20)
 same => n,Hangup(${HANGUPCAUSE})
"""
DESKS: list[str | Desk] = [*PEOPLE.values(), "201"]
LADDER = '{ring = "person:anna", seconds = 3}, {ring = "person:boris", seconds = 20}'
TALK_LIMIT = 10


def rig(ladder: str = LADDER) -> Rig:
    """Return a rig with a fallback that rings a phone of nobody's, and a short limit of conversations."""
    one = Rig(scheme(ladder), desks=DESKS, company=Company(fallback=FALLBACK))
    (one.folder / "callrouter.toml").write_text(f"talk_limit = {TALK_LIMIT}\n")
    return one


async def guard_goes_off(one: Rig, caller: Call, seconds: int) -> None:
    """Let the guard of a caller be that short: the router's own is for its longest ladder, and minutes."""
    (name,) = [name for name in await one.lab.asterisk.channels() if name.startswith("PJSIP/trunk-")]
    await one.lab.asterisk.cli(f"dialplan set chanvar {name} TIMEOUT(absolute) {seconds}")
    assert not caller.answered_at


async def test_a_router_that_does_not_come_back_leaves_its_callers_to_the_fallback() -> None:
    """Nobody comes back: phones stop by Asterisk's timer, the guard takes the caller to the fallback's Dial."""
    async with rig() as one:
        one.phone("201").behaviour = answers()
        caller = await one.trunk.dial(LINE, caller="89161234567")
        anna = await one.phone("anna").incoming()
        await anna.wait("ringing")
        await written(one, "anna")
        await one.router.end(signal.SIGKILL)
        died = Moment.now()
        await guard_goes_off(one, caller, 7)
        stopped = await anna.wait("ended")
        taken = await caller.wait("answered", 10.0)
        print(f"Anna rang for {stopped - died:.1f} s after the router's death, the fallback answered at "
              f"{taken - died:.1f} s")  # fmt: skip
        assert anna.cancelled
        assert taken - died > 6.0
        assert taken.after(died) < 8.5
        await caller.hears(one.phone("201"))
        await caller.hears(one.phone("201"), packets=100)  # the guard no longer counts
        await caller.hangup()
        await one.lab.quiet()
        await one.lab.asterisk.audit()
        assert not one.phone("boris").invites
        await one.serve()
        (row,) = await one.ended(1)
        assert (row["outcome"], row["recovered"], legs(row)) == ("lost", True, {"anna": ["no_answer"]})


async def test_a_router_that_comes_back_too_late_leaves_alone_whom_the_fallback_serves() -> None:
    """The caller is in the fallback's Dial by now, under the same channel: nobody rings him elsewhere, nor cuts him."""
    async with rig() as one:
        one.phone("201").behaviour = answers(after=3.0)
        caller = await one.trunk.dial(LINE, caller="89161234567")
        await (await one.phone("anna").incoming()).wait("ringing")
        await one.router.end(signal.SIGKILL)
        await guard_goes_off(one, caller, 1)
        await (await one.phone("201").incoming()).wait("ringing")
        await one.serve()
        await caller.wait("answered")
        await caller.hears(one.phone("201"), packets=50)
        assert not one.phone("boris").invites
        await caller.hangup()
        (row,) = await one.ended(1)
        assert (row["outcome"], row["recovered"]) == ("lost", True)


async def test_conversations_without_a_router_go_on_and_nothing_stays_up_beyond_the_limit() -> None:
    """All talk on; a caller or a colleague who is left alone is released at the limit, and so is who talks longer."""
    async with rig('{ring = "department", seconds = 20}') as one:
        talks = {person: await _talk(one, person) for person in ("anna", "boris", "vera")}
        began = Moment.now()
        await asyncio.sleep(TALK_LIMIT / 2)  # meanwhile the router, which lives, sets the limit anew
        await one.router.end(signal.SIGKILL)
        died = Moment.now()
        for caller, phone in talks.values():
            await asyncio.gather(caller.hears(phone, packets=20), phone.hears(caller, packets=20))
        await talks["anna"][1].hangup()
        await talks["boris"][0].hangup()
        alone, other, *both = talks["anna"][0], talks["boris"][1], *talks["vera"]
        released = [await call.wait("ended", TALK_LIMIT + 2.0) for call in (alone, other, *both)]
        lasted = [f"{moment - died:.1f}" for moment in released]
        print(f"a limit of {TALK_LIMIT} s: the caller alone was released {lasted[0]} s after the router's death, the "
              f"colleague alone {lasted[1]} s, two who talked on {lasted[2]} s")  # fmt: skip
        stood = died - began - died.after(began)  # it may have set the limit so much earlier for the last time
        for moment in released:
            assert moment - died > TALK_LIMIT * 3 / 4 - 0.5 - stood
            assert moment.after(died) < TALK_LIMIT + 0.5
        assert await one.lab.asterisk.channels() == []
        await one.serve()
        rows = await one.ended(len(talks))
        assert {(row["outcome"], row["answered_by"], row["recovered"]) for row in rows} == {
            ("answered", person, True) for person in talks
        }


async def _talk(one: Rig, person: str) -> tuple[Call, Call]:
    """A caller and this colleague talk; the others' phones stop."""
    caller = await one.trunk.dial(LINE, caller="89161234567")
    phone = await one.phone(person).incoming()
    while phone.ended_at:  # a former caller, whom somebody else talked to
        phone = await one.phone(person).incoming()
    await phone.wait("ringing")
    phone.answer()
    await asyncio.gather(caller.hears(phone), phone.hears(caller))
    for other in one.lab.phones:
        await asyncio.gather(*(call.wait("ended") for call in other.ringing))
    return caller, phone
