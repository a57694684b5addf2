"""callrouter beside a PBX's own dialplan: tried with one caller, switched off, behind a menu, the old way kept."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import pytest

from tests.lab import Company, answers, patience
from tests.lab.call import Call
from tests.lab.config import DIALPLAN
from tests.real.rig import LINE, Rig, scheme

LADDER = '{ring = "person:anna", seconds = 10}'
OLD = ', fallback = "queues,600,1"'
ME, OTHER = "+79160000001", "+79160000002"
PBX = f"""[menu]
exten => _[+0-9].,1,Answer()
 same => n,Wait(0.5)
 same => n,Goto(callrouter-from-pbx,{LINE},1)
[route]
exten => _[+0-9].,1,Set(__FROM_DID=${{EXTEN}})
 same => n,Goto(callrouter-from-pbx,s,1)
[queues]
exten => 600,1,Dial(PJSIP/102,20)
[phones](+)
exten => _9X.,1,Set(DIAL_NUMBER=${{EXTEN:1}})
 same => n,Gosub(callrouter-out,s,1)
 same => n,Dial(PJSIP/trunk,5)
#include callrouter-freepbx.conf
"""


def company(entry: str = "route", **variables: str) -> Company:
    """Return a PBX with a dialplan of its own, whose old way is a queue on Boris's phone."""
    files = {"callrouter-freepbx.conf": (DIALPLAN / "callrouter-freepbx.conf").read_text()}
    return Company(entry=entry, dialplan=PBX, files=files, globals=variables)


async def prepared(rig: Rig) -> Rig:
    """Write the fallback of the scheme; Anna and Boris answer."""
    await rig.run("dialplan", "render", "--out", str(rig.lab.asterisk.folder / "etc" / "callrouter-fallback.conf"))
    await rig.lab.asterisk.cli("dialplan reload")
    rig.phone("anna").behaviour = rig.phone("boris").behaviour = answers()
    return rig


async def talks_to(rig: Rig, caller: str, person: str) -> None:
    """Call the line; it is this person who is heard."""
    call = await rig.trunk.dial(LINE, caller=caller)
    await call.wait("answered")
    await call.hears(rig.phone(person))
    await call.hangup()


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return by whom each call was served, and how it ended."""
    return [(row["routed_by"], row["outcome"]) for row in rows]


async def test_one_caller_first() -> None:
    """In a pilot the router has the calls of one number; everybody else goes the old way. All are in the ledger."""
    async with Rig(scheme(LADDER, line=OLD), company=company(CALLROUTER_PILOT=ME)) as rig:
        await prepared(rig)
        await talks_to(rig, ME, "anna")
        await talks_to(rig, OTHER, "boris")
        await talks_to(rig, "anonymous", "boris")
        rows = await rig.ended(3, 15.0)
        assert told(rows) == [("router", "answered"), ("fallback", "answered"), ("fallback", "answered")]


async def test_off_and_on_again() -> None:
    """One variable takes every call away from the router, at once, and gives it back."""
    async with Rig(scheme(LADDER, line=OLD), company=company()) as rig:
        await prepared(rig)
        await rig.lab.asterisk.cli("dialplan set global CALLROUTER_OFF 1")
        await talks_to(rig, ME, "boris")
        await rig.lab.asterisk.cli("dialplan set global CALLROUTER_OFF 0")
        await talks_to(rig, ME, "anna")
        assert told(await rig.ended(2, 15.0)) == [("fallback", "answered"), ("router", "answered")]


async def test_without_the_router_the_old_way() -> None:
    """Where the scheme names it, a line's calls go on where they went before callrouter."""
    async with Rig(scheme(LADDER, line=OLD), company=company()) as rig:
        await prepared(rig)
        await rig.router.end(signal.SIGKILL)
        await talks_to(rig, ME, "boris")
        await rig.serve()
        assert told(await rig.ended(1, 15.0)) == [("fallback", "answered")]


async def test_behind_the_menu_of_the_pbx() -> None:
    """A caller whom the menu has answered hears ringing, then who answers; the line is that which the menu names."""
    async with Rig(scheme(LADDER), company=company("menu")) as rig:
        await prepared(rig)
        rig.phone("anna").behaviour = answers(after=1.0)
        call = await rig.trunk.dial("+74950000000", caller=ME)
        await call.wait("answered")
        await _rings(call)
        await call.hears(rig.phone("anna"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["line"], row["outcome"], row["answered_by"]) == (LINE, "answered", "anna")
        assert row["wait_seconds"] > 0.5


async def test_call_backs_are_marked_before_the_trunk() -> None:
    """The hook of the PBX's outbound route is enough for a call out to be in the ledger."""
    async with Rig(scheme(LADDER), company=company()) as rig:
        await prepared(rig)
        rig.trunk.behaviour = answers(hangup_after=0.3)
        call = await rig.phone("anna").dial("989160000003")
        await call.wait("ended")
        async with patience(15.0):
            while not (rows := await rig.calls("out")):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.1)
        assert [(row["answered_by"], row["line"]) for row in rows] == [("anna", "+79160000003")]
        rig.trunk.forget()  # it was called, and has called nobody


async def checked(rig: Rig, *options: str, code: int = 0) -> list[str]:
    """Run `callrouter dialplan check --json`; return what it saw of each line."""
    found = json.loads(await rig.run("dialplan", "check", "--json", *options, code=code))
    return [one["seen"] for one in found]


@pytest.mark.parametrize("entry", ["callrouter", "callrouter-broadcast"])
async def test_the_way_of_every_line_is_checked(entry: str) -> None:
    """By calls that ring nobody and leave no row: from the trunk's context to the router, and to the fallback."""
    async with Rig(scheme(LADDER), company=company(entry)) as rig:
        (unknown,) = await checked(rig, "--context", "from-trunk", code=1)
        assert unknown == "the rendered fallback does not know it: callrouter dialplan render, then `dialplan reload`"
        await prepared(rig)
        assert await checked(rig, "--context", "from-trunk") == ["reaches the router, and without it the fallback"]
        (nowhere,) = await checked(rig, "--context", "queues", code=1)
        assert nowhere == "a call to it does not reach the router; without the router it does not reach the fallback"
        await rig.router.end(signal.SIGKILL)
        assert await checked(rig, "--context", "from-trunk") == ["reaches the router, and without it the fallback"]
        await rig.serve()
        await talks_to(rig, ME, "anna")
        assert told(await rig.ended(1)) == [("router", "answered")]
        assert not rig.phone("boris").calls


async def _rings(call: Call) -> None:
    """Wait until an answered caller hears something: a tone, as nobody has picked up."""
    assert call.sound is not None
    async with patience(5.0):
        while call.sound.received < 10:  # noqa: ASYNC110 - the network's
            await asyncio.sleep(0.02)
