"""The rendered fallback on a real Asterisk: the router is not there, and the calls are served."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from callrouter.routing.fallback import render
from callrouter.routing.scheme import parse
from tests.lab.behaviour import answers, refuses, rejects, rings
from tests.lab.company import Company
from tests.lab.lab import Desk, Lab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.call import Call

NEAR = 0.9
"""Seconds that Asterisk, which counts whole ones, and a phone may take."""
SCHEME = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[company]
owner = "irina"
ring_at_most = 4
[people]
anna = {name = "Анна", phones = ["PJSIP/101"]}
boris = {name = "Борис", phones = ["PJSIP/102"]}
gleb = {name = "Глеб", phones = ["PJSIP/110"]}
irina = {name = "Ирина", phones = ["PJSIP/120"]}
[departments]
sales = {members = ["anna", "boris"], head = "gleb"}
[ladders]
default = [
  {ring = "responsible", seconds = 1},
  {ring = "department", seconds = 1},
  {ring = "head", seconds = 0.5},
  {add = "owner"},
]
patient = [{ring = "department", seconds = 3}, {ring = "head", seconds = 3}]
heads = [{ring = "department", seconds = 1}, {ring = "head", seconds = 1}, {add = "person:anna", seconds = 1}]
[lines]
"+74951234567" = {department = "sales"}
"+74951230000" = {department = "sales", ladder = "patient"}
"84951234568" = {department = "sales", prompt = "digits:12"}
700 = {department = "sales", ladder = "heads"}
"""


def laboratory(desks: Sequence[str | Desk], more: str = "") -> Lab:
    """Return a PBX whose router is not there, with the fallback of the scheme."""
    return Lab(desks, Company(fallback=render(parse(f"{SCHEME}{more}".encode()), 7, "0" * 64, time.time())))


async def lost(call: Call, seconds: float) -> None:
    """Wait until the caller was sent away, after so many seconds."""
    assert (await call.wait("ended")).comes(seconds, call.invited_at, give_or_take=NEAR)


async def rang(lab: Lab, name: str, *spans: tuple[float, float]) -> None:
    """Each call to a desk's first device rang so: from, to, in seconds since the first INVITE in the lab."""
    first = min((phone.invites[0].at for phone in lab.phones if phone.invites), key=lambda at: at.mono)
    for call, (begin, end) in zip(lab.phone(name).calls, spans, strict=True):
        ended = await call.wait("ended")
        assert call.invited_at.comes(begin, first, give_or_take=NEAR), (name, begin)
        assert ended.comes(end, first, give_or_take=NEAR), (name, end)


async def test_the_ladder_climbs_without_the_router() -> None:
    """Department, head, the owner besides, each for its whole seconds; then the caller is told 480."""
    async with laboratory(["101", "102", "110", "120"]) as lab:
        call = await lab.trunk.dial("+74951234567", caller="89161234567")
        await lost(call, 4)
        assert (call.status, set(call.provisional)) == (480, {100, 180})
        for desk, expected in {"101": [(0, 1)], "102": [(0, 1)], "110": [(1, 2), (2, 4)], "120": [(2, 4)]}.items():
            await rang(lab, desk, *expected)
        assert "elsewhere" not in lab.phone("101").calls[0].cancel_reason
        assert lab.phone("101").calls[0].shown.number == "89161234567"


async def test_the_quickest_gets_the_caller() -> None:
    """The others' phones are told that the call was completed elsewhere, and the two hear each other."""
    async with laboratory(["101", "102", "110", "120"]) as lab:
        lab.phone("102").behaviour = answers(0.3)
        call = await lab.trunk.dial("84951230000", caller="89161234567")
        await call.wait("answered")
        boris = await lab.phone("102").incoming()
        anna = await lab.phone("101").incoming()
        await boris.hears(lab.trunk)
        await call.hears(boris)
        await anna.wait("ended")
        assert anna.cancel_reason == "Call completed elsewhere"
        await asyncio.sleep(3.2)  # the step's seconds are over: nobody else may be rung
        assert lab.phone("110").calls == []
        await boris.hangup()
        await call.wait("ended")


async def test_every_spelling_of_a_line_is_served() -> None:
    """The trunk may write the line as it likes."""
    async with laboratory(["101", "102"]) as lab:
        lab.phone("101").behaviour = answers()
        for dialled in ("+74951230000", "74951230000", "84951230000", "4951230000", "0074951230000", "74951234568"):
            call = await lab.trunk.dial(dialled)
            await call.wait("answered")
            assert call.status == 200
            await call.hangup()


async def test_a_number_that_is_not_listed() -> None:
    """Without a default line the caller is told 503; with one he is served."""
    async with laboratory(["101", "102"]) as lab:
        call = await lab.trunk.dial("84959999999")
        await call.wait("ended")
        assert call.status == 503
    async with laboratory(["101", "102"], 'default = {department = "sales", ladder = "patient"}\n') as lab:
        lab.phone("101").behaviour = answers()
        await (await lab.trunk.dial("84959999999")).wait("answered")


async def test_phones_that_are_not_registered_break_nothing() -> None:
    """Nobody of the department is there: the head rings at once, on both his devices; a dead contact harms nobody."""
    desks = [Desk("101", devices=0), Desk("102", devices=0), Desk("110", devices=2, dead=True), Desk("120", devices=0)]
    async with laboratory(desks) as lab:
        call = await lab.trunk.dial("+74951234567")
        await lost(call, 1)
        assert call.status == 480
        assert [len(phone.invites) for phone in lab.devices["110"]] == [1, 1]


async def test_one_of_a_department_is_enough() -> None:
    """Who is registered rings, whatever the others are, even when Asterisk does not know them at all."""
    async with laboratory([Desk("101", devices=0), "102"]) as lab:
        lab.phone("102").behaviour = answers(0.5)
        await (await lab.trunk.dial("+74951230000")).wait("answered")
        assert [len(lab.phone("102").invites), len(lab.phone("102").cancels)] == [1, 0]


async def test_nobody_is_there_at_all() -> None:
    """The caller is told 480 at once."""
    async with laboratory([Desk("101", devices=0), Desk("102", devices=0)]) as lab:
        call = await lab.trunk.dial("+74951234567")
        await lost(call, 0)
        assert call.status == 480


async def test_refusals_end_a_step_early() -> None:
    """Busy, refused and forwarded phones: the next step begins at once, and the forwarding is not followed."""
    async with laboratory(["101", "102", "110", "120", "199"]) as lab:
        lab.phone("101").behaviour = rejects(486)
        lab.phone("102").behaviour = refuses(603, 0.2)
        lab.phone("110").behaviour = rejects(302)
        lab.phone("120").behaviour = answers(0.1)
        call = await lab.trunk.dial("+74951234567")
        assert (await call.wait("answered")).after(call.invited_at) < 1
        assert lab.phone("199").calls == []


async def test_the_caller_leaves_and_the_phones_stop() -> None:
    """Who hangs up in the second step leaves no phone ringing, and the phones show a missed call."""
    async with laboratory(["101", "102", "110", "120"]) as lab:
        call = await lab.trunk.dial("+74951234567")
        gleb = await lab.phone("110").incoming()
        await call.hangup()
        await gleb.wait("ended")
        assert call.status == 487
        assert gleb.cancelled
        assert "elsewhere" not in gleb.cancel_reason


async def test_the_prompt_is_heard_by_a_caller_who_is_not_answered() -> None:
    """It plays as early media (183), then the caller is told 480."""
    async with laboratory(["101", Desk("102", devices=0), Desk("110", devices=0), Desk("120", devices=0)]) as lab:
        lab.phone("101").behaviour = rings()
        call = await lab.trunk.dial("84951234568")
        await call.wait("ended")
        assert (call.status, call.provisional[-1]) == (480, 183)
        assert call.answered_at is None
        assert call.sound is not None
        assert call.sound.received > 25, "half a second of it"


async def test_nobody_is_dialled_twice_at_once() -> None:
    """An added person who rings still, because the step between was skipped, rings once."""
    async with laboratory(["101", "102", Desk("110", devices=0)]) as lab:
        call = await lab.trunk.dial("700")
        await lost(call, 2)
        assert [len(lab.phone(name).invites) for name in ("101", "102")] == [2, 2]
    async with laboratory(["101", "102", "110"]) as lab:
        call = await lab.trunk.dial("700")
        await lost(call, 3)
        assert [len(lab.phone(name).invites) for name in ("101", "102", "110")] == [2, 1, 2]
