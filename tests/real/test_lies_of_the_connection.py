"""The connection itself lies: nonsense, giant frames, a gap whose lists are refused; Asterisk stands still."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from tests.lab import Company, Moment, answers
from tests.lab.liar import Liar, Lie
from tests.real.lies import FALLBACK
from tests.real.rig import LINE, Rig, legs, scheme

LADDER = '{ring = "person:anna", seconds = 2.5}, {ring = "person:boris", seconds = 5}'
CALLER = "89161234567"
MEGABYTE = 1 << 20
NONSENSE: list[str | bytes] = [
    "",
    "not json",
    "[" * 50_000,
    '{"type": []}',
    '{"type": {"a": 1}}',
    '{"type": "StasisStart"}',
    '{"type": "StasisStart", "args": 7, "channel": {"id": null}}',
    '{"type": "StasisStart", "args": ["x"], "channel": {"id": "\\u0000", "name": "", "state": ""}}',
    '{"type": "RESTResponse", "request_id": {}, "status_code": "many"}',
    '{"type": "ChannelDestroyed", "channel": {"id": "nobody", "name": "n", "state": "Up"}, "cause": 1e400}',
    b"\xff\xfe\x00",
    json.dumps({"type": "ChannelVarset", "value": "x" * (MEGABYTE - 100)}),
]
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "404": {"status": 404},
    "409": {"status": 409},
    "nonsense": {"status": 200, "body": '{"x": ['},
    "of another form": {"status": 200, "body": '[{"id": 7}]'},
    "no answer": {"late": None},
}


@asynccontextmanager
async def lied(ladder: str = LADDER, company: Company | None = None) -> AsyncIterator[tuple[Rig, Liar]]:
    """Yield a rig whose router is behind a liar."""
    liar = Liar()
    async with Rig(scheme(ladder), ari=liar, company=company, desks=["101", "102", "900"]) as rig:
        rig.lab.phone("900").behaviour = answers()
        yield rig, liar


async def test_nonsense_in_the_middle_of_a_call() -> None:
    """Frames that are no message are passed over: the ladder climbs on, and nothing is connected anew."""
    async with lied() as (rig, liar):
        rig.phone("boris").behaviour = answers(after=0.3)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await (await rig.phone("anna").incoming()).wait("ringing")
        for frame in NONSENSE:
            await liar.say(frame)
        await call.wait("answered")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        (row,) = [one for one in await rig.ended(1) if one["caller"]]
        assert (row["outcome"], row["answered_by"], liar.connections) == ("answered", "boris", 1)
        assert legs(row) == {"anna": ["no_answer"], "boris": ["answered"]}
        assert not [line for line in rig.router.log if "Traceback" in line]


@pytest.mark.parametrize("how", ["giant", "1009", "1002"])
async def test_a_frame_that_breaks_the_connection(how: str) -> None:
    """Over a MiB, or closed for it: who picks up in that instant is connected over the next socket."""
    async with lied() as (rig, liar):
        call = await rig.trunk.dial(LINE, caller=CALLER)
        incoming = await rig.phone("anna").incoming()
        await incoming.wait("ringing")
        if how == "giant":
            with suppress(ConnectionError):  # the router hangs up before it has had all of it
                await liar.say(json.dumps({"type": "x" * (MEGABYTE + 1)}))
        else:
            await liar.hang_up(int(how))
        incoming.answer()
        await call.wait("answered", 4.0)
        await call.hears(incoming)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], liar.connections) == ("answered", "anna", 2)


async def test_what_is_asked_after_a_gap_is_lied_about() -> None:
    """However the filter or a list is refused: asked again over a new socket, and who picked up in the gap is heard."""
    kinds = ("PUT applications/callrouter/eventFilter", "GET applications$", "GET bridges$", "GET channels$")
    async with lied('{ring = "person:anna", seconds = 20}') as (rig, liar):
        for kind in kinds:
            for name, fault in FAULTS.items():
                if "eventFilter" in kind and fault.get("status") == 200:
                    continue  # its answer is not read
                call = await rig.trunk.dial(LINE, caller=CALLER)
                incoming = await rig.phone("anna").incoming()
                await incoming.wait("ringing")
                lie = Lie(kind, **fault)
                liar.lies[""] = [lie]
                begun = Moment.now()
                await liar.hang_up()
                incoming.answer()
                took = (await call.wait("answered", 10.0)).after(begun)
                assert lie.told == 1, (kind, name)
                assert took < (4.0 if name == "no answer" else 2.0), (kind, name, took)
                await call.hears(incoming)
                await call.hangup()
                await incoming.wait("ended", 2.0)
        rows = await rig.ended(len(rig.trunk.calls))
        assert {(row["outcome"], row["answered_by"]) for row in rows} == {("answered", "anna")}


@pytest.mark.parametrize("fault", [name for name, fault in FAULTS.items() if fault.get("status") != 200])
async def test_a_claim_that_is_refused(fault: str) -> None:
    """A call that we could not claim is served by the fallback within two seconds, or by us; it never hears nothing."""
    company = Company(entry="callrouter-broadcast", fallback=FALLBACK)
    async with lied(company=company) as (rig, liar):
        rig.phone("anna").behaviour = answers()
        liar.lies[""] = [Lie("POST events/claim", **FAULTS[fault])]
        call = await rig.trunk.dial(LINE, caller=CALLER)
        assert (await call.wait("answered")).after(call.invited_at) < 2.0
        await call.hears(rig.lab.phone("900"))
        await call.hangup()
        rig.trunk.forget()  # the fallback's call is not ours


async def test_asterisk_stands_still_for_five_seconds() -> None:
    """SIP stands still with it; when it goes on the caller is still there, the ladder climbs, and somebody answers."""
    async with lied() as (rig, _):
        rig.phone("boris").behaviour = answers(after=0.3)
        call = await rig.trunk.dial(LINE, caller=CALLER)
        await (await rig.phone("anna").incoming()).wait("ringing")
        process = rig.lab.asterisk._process
        assert process is not None
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(5.0)
        finally:
            os.kill(process.pid, signal.SIGCONT)
        again = Moment.now()
        await call.wait("answered", 6.0)
        assert call.answered_at is not None
        print(f"answered {call.answered_at - again:.2f} s after Asterisk went on")
        await call.hears(rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"]) == ("answered", "boris")
