"""The router is killed with a call in each phase, and comes back: after three seconds, and after a minute."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import aiohttp
import pytest

from callrouter.core.ladder import guard_of
from tests.lab import Call, Moment, answers
from tests.real.generated import Step
from tests.real.house import at
from tests.real.lanes import LANES, Lane, firm, lanes_of, spread
from tests.real.rig import Rig, legs

FIRST, SECOND = 5.0, 3.0
LADDER = (Step("ring", "person:anna", FIRST), Step("ring", "person:boris", SECOND))
BEAT = 0.5
"""Seconds before its death at which a router may have been known to live for the last time."""
BEFORE = {"border-": FIRST + 0.03, "border": FIRST, "border+": FIRST - 0.03, "late": FIRST - 0.5, "early": 1.0,
          "left": 1.0, "talk": 2.0, "alone": 2.0}  # fmt: skip
"""Seconds before the router's death at which the calls come in."""


@pytest.mark.parametrize("gap", [3.0, 60.0])
async def test_killed_with_a_call_in_each_phase(gap: float) -> None:
    """Who rings is rung on, with all that was left; who talks talks on; who is alone is let go; one row each."""
    company = firm(*LADDER)
    async with Rig(company.document(), desks=company.desks) as rig:
        lanes = dict(zip(BEFORE, lanes_of(rig, company), strict=False))
        for name in ("talk", "alone"):
            lanes[name].desks["anna"].behaviour = answers()
        dies = time.monotonic() + FIRST + 0.5
        callers = dict(await asyncio.gather(*(_call(name, lane, dies) for name, lane in lanes.items())))
        await _until(dies)
        await rig.router.end(signal.SIGKILL)
        died = Moment.now()
        await asyncio.gather(callers["left"].hangup(), callers["alone"].hangup())
        await _until(died.mono + gap)
        assert lanes["alone"].desks["anna"].talking, "nobody is there who could let her go"
        await rig.serve()
        back = Moment.now()
        assert await _guard_left(rig, callers["early"]) > guard_of_all() - 5
        await lanes["alone"].desks["anna"].calls[0].wait("ended", 2.0)
        await asyncio.gather(*(callers[name].wait("ended", 15.0) for name in BEFORE if name not in {"talk", "alone"}))
        await callers["talk"].hears(lanes["talk"].desks["anna"])
        await lanes["talk"].desks["anna"].calls[0].hangup()
        await callers["talk"].wait("ended", 2.0)
        rows = {_name(callers, row): row for row in await rig.ended(len(BEFORE))}
    assert all(row["recovered"] for row in rows.values())
    _nothing_was_missed(lanes["talk"], callers["talk"])
    for name in ("talk", "alone"):
        assert (rows[name]["outcome"], legs(rows[name])) == ("answered", {f"anna{lanes[name].index}": ["answered"]})
    ended = at(rows["alone"]["ended_at"])
    assert died.after(ended) < BEAT + 0.1
    assert ended.after(died) < 0.1
    assert (rows["left"]["lost_reason"], rows["left"]["lost_step"]) == ("abandoned", 1)
    for name, least in (("early", 0.0), ("late", 3.0)):
        first, second = ((at(step["started_at"]), at(step["ended_at"])) for step in rows[name]["steps"])
        left = max(least, FIRST - (died - first[0]))
        print(f"{name}: {first[1] - back:.2f} s more of the first step, {left:.2f} were left")
        assert first[1] - back > left - 0.7
        assert first[1].after(back) < left + BEAT + 0.2
        assert second[1].comes(SECOND, second[0], give_or_take=0.3)
    for name in ("early", "late", "border-", "border", "border+"):
        assert (rows[name]["outcome"], rows[name]["lost_reason"]) == ("lost", "no_answer")
        assert _rang(lanes[name].desks["boris"].calls) > SECOND - 0.2, name


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_killed_at_the_moment_of_an_answer(seed: int) -> None:
    """Sixteen phones are picked up within a tenth of a second around the router's death: all are connected."""
    company = firm(*LADDER)
    async with Rig(company.document(), desks=company.desks) as rig:
        lanes = lanes_of(rig, company)
        jitters = spread(-0.06, 0.04, LANES, seed)
        for lane, jitter in zip(lanes, jitters, strict=True):
            lane.desks["anna"].behaviour = answers(after=1.0 + jitter)
        callers = [await lane.call() for lane in lanes]
        annas = [await lane.desks["anna"].incoming() for lane in lanes]
        await _until(sum(anna.invited_at.mono for anna in annas) / LANES + 1.0)
        await rig.router.end(signal.SIGKILL)
        await asyncio.gather(*(anna.wait("answered") for anna in annas))
        before = sum(caller.answered_at is not None for caller in callers)
        print(f"connected before the router died: {before} of {LANES}")
        await rig.serve()
        await asyncio.gather(*(caller.wait("answered") for caller in callers))
        await asyncio.gather(*(caller.hears(anna) for caller, anna in zip(callers, annas, strict=True)))
        await asyncio.gather(*(caller.hangup() for caller in callers))
        for row in await rig.ended(LANES):
            assert (row["outcome"], row["answered_step"], row["recovered"]) == ("answered", 1, True)
            assert list(legs(row).values()) == [["answered"]]


async def _call(name: str, lane: Lane, dies: float) -> tuple[str, Call]:
    await _until(dies - BEFORE[name])
    return name, await lane.call()


async def _until(instant: float) -> None:
    await asyncio.sleep(instant - time.monotonic())  # when it happens is what is tested


def _name(callers: dict[str, Call], row: dict[str, Any]) -> str:
    return next(name for name, call in callers.items() if row["caller"] in call.dialog.local)


def _rang(calls: list[Call]) -> float:
    """Return how long a phone has been called in all: how soon it rings then is the phone's own."""
    return sum(call.ended_at - call.invited_at for call in calls if call.ended_at and call.ringing_at)


def guard_of_all() -> float:
    """The guard of a call that has just come."""
    return guard_of((), 0) + FIRST + SECOND


async def _guard_left(rig: Rig, caller: Call) -> float:
    """Return the seconds after which Asterisk would take this caller to the fallback."""
    asterisk = rig.lab.asterisk
    login = {"Authorization": aiohttp.encode_basic_auth(asterisk.ari_username, asterisk.ari_password)}
    async with aiohttp.ClientSession(f"{asterisk.ari_url}/", headers=login) as ari:
        channels = await (await ari.get("channels")).json()
        (one,) = [one["id"] for one in channels if one["caller"]["number"] in caller.dialog.local]
        asked = await ari.get(f"channels/{one}/variable", params={"variable": "TIMEOUT(absolute)"})
        return float((await asked.json())["value"])


def _nothing_was_missed(lane: Lane, caller: Call) -> None:
    """No gap of a tenth of a second in what either heard."""
    for call in (caller, lane.desks["anna"].calls[0]):
        assert call.sound is not None
        assert call.sound.missing < 5, f"{call} missed {call.sound.missing} packets in a row"
