"""What a stranger may dial and be called, and what the dialplan does where the router is not there."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from tests.lab import Company, Lab, answers, patience
from tests.real.rig import LINE, Rig, scheme

FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(${PJSIP_DIAL_CONTACTS(120)},10)
 same => n,Hangup(${HANGUPCAUSE})
"""
DIALLED = (
    "+7495${SET(GLOBAL(PWNED)=1)}",
    "+7495)+${SET(GLOBAL(PWNED)=1)}",
    "+7495,s,1)&Local/101@phones",
    "+7495&PJSIP/101",
    "+7495$[1+1]",
    "+7495${SHELL(touch /tmp/pwned)}",
    "+7495\u202e\U0001f4a9",
    "+7495" + "9" * 70,
)
NAMES = (
    'Иван "Грозный" O\'Neil',
    "\U0001f4a9 ${SET(GLOBAL(PWNED)=1)}",
    "x" * 10_000,
    "a\\\\\\b;tag=1,<sip:101@127.0.0.1>",
    "%0d%0aX-Evil: 1%00",
    "\x1b[31mred\x07",
)
NUMBERS = ("anonymous", "89161234567", "${SET(GLOBAL(PWNED)=1)}", "' OR 1=1 --", "=1+1", "7" * 200)


async def test_what_is_dialled_is_never_evaluated() -> None:
    """Dialled numbers that are expressions, lists of channels or nonsense reach nobody and change nothing."""
    async with Rig(company=Company(fallback=FALLBACK)) as rig:
        rig.phone("irina").behaviour = answers(hangup_after=0.1)
        before = await _globals(rig)
        for dialled in DIALLED:
            caller = await rig.trunk.dial(quote(dialled, safe="+"), caller="89161234567")
            await caller.wait("ended", 5.0)
        assert await _globals(rig) == before
        assert not rig.phone("anna").invites, "a dialled number rang a phone"
        rig.trunk.forget()  # not all of them have reached the router: their number is not one
        rows = await rig.inbound()
        assert {(row["outcome"], row["lost_reason"]) for row in rows} <= {("lost", "failure")}
        assert not [line for line in rig.router.log if "Traceback" in line]


async def test_callers_of_any_name_and_number_are_served() -> None:
    """Hostile names and numbers are only shown and written down, on one line, cut where they are long."""
    async with Rig(scheme('{ring = "department", seconds = 5}')) as rig:
        rig.phone("anna").behaviour = answers()
        before = await _globals(rig)
        placed = [("89161234567", name) for name in NAMES] + [(number, "x") for number in NUMBERS]
        for number, name in placed:
            caller = await rig.trunk.dial(LINE, caller=quote(number), name=name)
            await caller.wait("answered", 3.0)
            await caller.hears(rig.phone("anna"))
            await caller.hangup()
        rows = await rig.ended(len(placed))
        assert {(row["outcome"], row["answered_by"]) for row in rows} == {("answered", "anna")}
        assert [row["caller"] for row in rows[: len(NAMES)]] == ["+79161234567"] * len(NAMES)
        raw = [row["caller_raw"] for row in rows[len(NAMES) :]]
        assert [said[:40] for said in raw] == [number[:40] for number in NUMBERS]
        assert [row["caller"] for row in rows[len(NAMES) :]] == [None, "+79161234567", None, None, None, None]
        assert await _globals(rig) == before
        assert all(line.startswith(("{", "ready", "closing")) for line in rig.router.log)


@pytest.mark.parametrize("entry", ["callrouter", "callrouter-broadcast"])
async def test_both_ways_in_route_a_call(entry: str) -> None:
    """By Stasis() and by StasisBroadcast() a call rings, is answered, and is one row."""
    async with Rig(scheme('{ring = "department", seconds = 5}'), company=Company(entry=entry)) as rig:
        rig.phone("boris").behaviour = answers(after=0.2)
        caller = await rig.trunk.dial(LINE, caller="89161234567")
        await caller.wait("answered")
        await caller.hears(rig.phone("boris"))
        await caller.hangup()
        (row,) = await rig.ended(1)
        assert (row["line"], row["outcome"], row["answered_by"]) == (LINE, "answered", "boris")


@pytest.mark.parametrize("entry", ["callrouter", "callrouter-broadcast"])
async def test_without_a_router_the_fallback_rings_within_two_seconds(entry: str) -> None:
    """Nobody claims or takes the call: the dialplan serves it, and the conversation has no guard."""
    company = Company(entry=entry, fallback=FALLBACK, globals={"CALLROUTER_GUARD": "2"})
    async with Lab(["120"], company) as lab:
        caller = await lab.trunk.dial(LINE, caller="89161234567")
        call = await lab.phone("120").incoming()
        assert call.invited_at.after(caller.invited_at) < 2.0
        call.answer()
        await caller.hears(call, packets=110)  # for longer than the guard
        await caller.hangup()


async def test_the_guard_fetches_a_call_back_from_a_router_that_hangs() -> None:
    """A router that stands still loses its call to the fallback when the guard goes off, and learns how it ended."""
    document = scheme('{ring = "person:anna", seconds = 3}')
    async with Rig(document, company=Company(fallback=FALLBACK, globals={"CALLROUTER_GUARD": "2"})) as rig:
        rig.phone("irina").behaviour = answers()
        rig.router.process.send_signal(19)  # SIGSTOP: there, but of no use
        try:
            caller = await rig.trunk.dial(LINE, caller="89161234567")
            await caller.wait("answered", 4.0)
            await caller.hears(rig.phone("irina"), packets=110)  # for longer than the guard
            await caller.hangup()
        finally:
            rig.router.process.send_signal(18)  # SIGCONT
        (row,) = await rig.ended(1)
        async with patience(5.0):
            while row["outcome"] == "lost":  # by what the router saw; Asterisk's record is read a moment later
                await asyncio.sleep(0.05)
                (row,) = await rig.inbound()
        assert (row["outcome"], row["answered_by"], row["routed_by"]) == ("answered", "irina", "fallback")


async def _globals(rig: Rig) -> str:
    """Return the dialplan's global variables."""
    return await rig.lab.asterisk.cli("dialplan show globals")
