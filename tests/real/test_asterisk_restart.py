"""Asterisk ends with live calls, in order or by a crash: each is closed with the truth, and the router is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.lab import Asterisk, Call, Moment, answers, patience
from tests.real.house import at, since
from tests.real.rig import Rig
from tests.real.test_volume import crowd

LIVE = 20
NOTICED = 0.5
"""Seconds after Asterisk's end at which the last of its calls may have ended, by the ledger."""
NEW = "+79990000000"


async def killed(asterisk: Asterisk) -> None:
    """As in a crash: nobody is told."""
    await asterisk.kill()
    (asterisk.folder / "run/asterisk.ctl").unlink(missing_ok=True)


async def stopped(asterisk: Asterisk) -> None:
    """`core stop now`: what is left is hung up."""
    await asterisk.cli("core stop now")
    await asterisk.stop()


@pytest.mark.parametrize("end", [killed, stopped])
async def test_asterisk_ends_with_twenty_live_calls(end: Callable[[Asterisk], Awaitable[None]]) -> None:
    """Each call is closed with one outcome, a new one is taken within 2 s of ARI, nothing of the old life is left."""
    firm = crowd(LIVE, 1, 30.0)
    async with Rig(firm.document(), desks=firm.desks, rtp_interval=0.5) as rig:
        desks = [rig.phone(firm.people[f"p{number}_0"].desk) for number in range(LIVE)]
        for desk in desks[1::2]:
            desk.behaviour = answers()
        callers = [await rig.trunk.dial(line.number, caller=f"+7916{n:07}") for n, line in enumerate(firm.lines)]
        await asyncio.gather(*(one.wait("answered" if n % 2 else "ringing") for n, one in enumerate(callers)))
        for desk in desks:
            await (await desk.incoming()).wait("ringing")
        await asyncio.gather(*(caller.hears(desk) for caller, desk in zip(callers[1::2], desks[1::2], strict=True)))
        await end(rig.lab.asterisk)
        ended = Moment.now()
        for call in (*callers, *(desk.calls[0] for desk in desks)):
            call.end(by_us=True)  # who has heard nothing for so long puts the receiver down
        await rig.lab.asterisk.start()
        back = Moment.now()
        desks[0].behaviour = answers()
        caller = await _taken(rig, firm.lines[0].number)
        assert caller.answered_at is not None
        await caller.hears(desks[0])
        rows = sorted(await _of_the_old_life(rig), key=lambda row: str(row["line"]))
        late = max(since(row["ended_at"]) for row in rows) - ended.wall
        print(f"away for {back - ended:.2f} s; a new caller connected {caller.answered_at - back:.2f} s after that; "
              f"the last call was over {late:.2f} s after Asterisk's end")  # fmt: skip
        assert caller.answered_at.after(back) < 2.0
        assert [row["outcome"] for row in rows] == ["lost", "answered"] * (LIVE // 2)
        # In order Asterisk may hang a phone up before its caller: then nobody answered, and he was told so.
        assert {row["lost_reason"] for row in rows[::2]} <= {
            "abandoned",
            *([] if end is killed else ["no_answer"]),
        }
        assert len({row["id"] for row in rows}) == LIVE
        assert not [desk for desk in desks[1:] if len(desk.invites) != 1]
        assert max(at(row["ended_at"]).after(ended) for row in rows) < NOTICED
        await caller.hangup()


async def _taken(rig: Rig, line: str) -> Call:
    """Call until the router is there again; whom it does not take ends in the dialplan."""
    while True:
        call = await rig.trunk.dial(line, caller=NEW)
        try:
            await call.wait("answered", 2.0)
        except AssertionError:
            assert call.status == 503, call
            await asyncio.sleep(0.1)  # he dials again
        else:
            return call


async def _of_the_old_life(rig: Rig) -> list[dict[str, Any]]:
    """Wait until all its calls are closed."""
    async with patience(5.0):
        while len(rows := [row for row in await rig.inbound() if row["caller"] != NEW]) < LIVE:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # another process's: it can only be asked
    return rows
