"""What a desk phone dials about its person: he pauses and is back, his lamp shows it, a sound confirms it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from callrouter.ari.requests import HttpRequests, Request
from callrouter.core.words import PersonId
from callrouter.store import people
from callrouter.store.people import Pause
from tests.lab import Company, patience
from tests.lab.call import Call
from tests.lab.config import DIALPLAN
from tests.real.rig import LINE, PEOPLE, Rig, scheme, skipped
from tests.real.test_takeover import SECOND

FEATURES = "callrouter-features.conf"
LADDER = '{ring = "person:anna", seconds = 5}, {ring = "person:boris", seconds = 5}'
DISGUISED = """[phones](+)
exten => _*99.,1,Set(CALLERID(all)=Anna <101>)
 same => n,Goto(callrouter-features,*${EXTEN:3},1)
"""
ANNA = PersonId("anna")
A_SOUND = 20
"""Packets of 20 ms that are more than a click."""
WITHIN = 1.5
"""Seconds within which a lamp shows what was dialled."""


def company(**others: Any) -> Company:
    """Return a company whose phones can dial the codes."""
    plan = f"[phones](+)\ninclude => callrouter-features\n#include {FEATURES}\n{DISGUISED}"
    return Company(dialplan=plan, files={FEATURES: (DIALPLAN / FEATURES).read_text()}, **others)


@asynccontextmanager
async def rigged(**others: Any) -> AsyncIterator[Rig]:
    """Yield a rig whose line rings Anna, then Boris."""
    async with Rig(scheme(LADDER), company=company(globals={"CALLROUTER_REASON_2": "совещание"}), **others) as rig:
        yield rig


async def dialled(rig: Rig, code: str, phone: str = "anna") -> Call:
    """Dial a code on somebody's phone; it is answered, and a sound is heard."""
    call = await rig.phone(phone).dial(code)
    await call.wait("answered")
    assert call.sound is not None
    async with patience(5.0):
        while call.sound.received < A_SOUND:  # noqa: ASYNC110 - the network's
            await asyncio.sleep(0.02)
    return call


async def paused(rig: Rig) -> Mapping[PersonId, Pause]:
    """Return who has paused, and how."""
    async with rig._database.reading() as connection:
        return await people.pauses(connection)


async def lamp(rig: Rig, person: str, wanted: str, within: float = WITHIN) -> None:
    """Wait until a lamp shows this."""
    asterisk, name = rig.lab.asterisk, f"Stasis:callrouter-{PEOPLE[person]}"
    async with (
        HttpRequests(asterisk.ari_url, asterisk.ari_username, asterisk.ari_password) as ari,
        patience(within),
    ):
        while (await ari.send(Request("GET", f"deviceStates/{quote(name, safe='')}")))["state"] != wanted:  # noqa: ASYNC110 - Asterisk's
            await asyncio.sleep(0.02)


async def rings_first(rig: Rig) -> tuple[str, str | None]:
    """Call the line; return who rings first, and why the first step was skipped."""
    call = await rig.trunk.dial(LINE, caller="+79990000000")
    await call.wait("ringing")
    rung = {person: asyncio.create_task(rig.phone(person).incoming()) for person in ("anna", "boris")}
    await asyncio.wait(rung.values(), return_when=asyncio.FIRST_COMPLETED)
    first = next(person for person, ringing in rung.items() if ringing.done())
    for ringing in rung.values():
        ringing.cancel()
    await call.hangup()
    return first, skipped((await rig.ended(len(rig.trunk.calls)))[-1])[0]


async def test_pause_and_back_from_the_desk_phone() -> None:
    """Who dials the code is not rung, his lamp lights; who dials the other one is rung again."""
    async with rigged() as rig:
        await lamp(rig, "anna", "NOT_INUSE")
        assert await rings_first(rig) == ("anna", None)
        call = await dialled(rig, "*222")
        await lamp(rig, "anna", "INUSE")
        await call.wait("ended", 8.0)
        assert not call.ended_by_us
        key = await rig.lab.asterisk.cli("dialplan eval function EXTENSION_STATE(*26101@phones)")
        assert "INUSE" in key
        assert "NOT_INUSE" not in key
        pause = (await paused(rig))[ANNA]
        assert (pause.reason, pause.by, pause.until) == ("совещание", "PJSIP/101", None)
        assert await rings_first(rig) == ("boris", "paused")
        await (await dialled(rig, "*230")).hangup()  # who listens is busy
        await lamp(rig, "anna", "NOT_INUSE")
        assert await paused(rig) == {}
        assert await rings_first(rig) == ("anna", None)


async def test_each_code_does_what_it_says() -> None:
    """A reason without words is its digit; a key with a lamp turns a pause on and off; to ask changes nothing."""
    async with rigged() as rig:
        for code, reason in (("*220", ""), ("*229", "9"), ("*240", "9"), ("*250", "9"), ("*220", "")):
            await dialled(rig, code)
            assert (await paused(rig))[ANNA].reason == reason
        await dialled(rig, "*26101")
        assert await paused(rig) == {}
        await dialled(rig, "*26101")
        assert list(await paused(rig)) == ["anna"]
        await dialled(rig, "*240", "boris")
        assert list(await paused(rig)) == ["anna"]


async def test_the_phone_says_who_it_is_whatever_number_it_shows() -> None:
    """Boris's phone that shows Anna's number pauses Boris; a phone that is nobody's pauses nobody."""
    async with rigged(desks=[*PEOPLE.values(), "201"]) as rig:
        await dialled(rig, "*99220", "boris")
        await dialled(rig, "*220", "201")
        assert list(await paused(rig)) == ["boris"]
        assert await rings_first(rig) == ("anna", None)


async def test_lamps_are_right_after_a_restart() -> None:
    """Of the router, while which somebody pauses and another one is back, and of Asterisk."""
    async with rigged() as rig:
        await dialled(rig, "*220")
        await lamp(rig, "anna", "INUSE")
        await rig.router.end(signal.SIGKILL)
        await rig.run("people", "resume", "anna")
        await rig.run("people", "pause", "boris", "--for", "1h")
        await rig.serve()
        await lamp(rig, "anna", "NOT_INUSE")
        await lamp(rig, "boris", "INUSE")
        await rig.lab.asterisk.kill()
        await rig.run("people", "resume", "boris")
        await rig.run("people", "pause", "vera")
        await rig.lab.asterisk.restart()
        await lamp(rig, "vera", "INUSE", 10.0)
        await lamp(rig, "boris", "NOT_INUSE")


async def test_whichever_worker_lives_does_it(postgres_url: str) -> None:
    """The worker whose application the dialplan names is dead: another one takes the code, and knows at once."""
    async with rigged(database_url=postgres_url) as rig:
        other = await rig.join("second", APP=SECOND)
        await other.is_ready()
        await rig.router.end(signal.SIGKILL)
        await dialled(rig, "*220")
        assert list(await paused(rig)) == ["anna"]
        await lamp(rig, "anna", "INUSE")
        await rig.serve()


async def test_without_a_router_the_phone_is_told_so() -> None:
    """Nobody takes the code: a sound, and the end; nobody has paused."""
    async with rigged() as rig:
        await rig.router.end()
        await dialled(rig, "*220")
        assert await paused(rig) == {}
        await rig.serve()
