"""Two events at one instant, two hundred times over: the wire and the ledger agree on one outcome."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress

from tests.lab import Behaviour, Call, Identity, Phone, answers, patience, rings
from tests.real.generated import Step
from tests.real.house import at
from tests.real.lanes import SEATS, Lane, Round, firm, run, spread

ROUNDS = 200
AWAY, STEP, LONG_STEP = 0.3, 1.5, 3.0
"""When a colleague picks up or the caller leaves, and when a step ends: far enough apart for a slow machine."""
CALLED = 0.08
"""Seconds within which phones are looked up and rung, mostly; on a slow machine a phone has to be waited for."""
NEAR = 0.1
"""Seconds the ledger may be away from the phones."""
WHY = ("colleague", "caller", "end of the step")
"""What a phone's call is taken away for."""
ALL_AT_ONCE = Step("ring", "department", 5.0)
ANNA, THEN_BORIS = Step("ring", "person:anna", STEP), Step("ring", "person:boris", 5.0)
ANNA_AT_LENGTH = Step("ring", "person:anna", 5.0)
"""Her step's end is not what is raced against."""


async def test_two_phones_are_picked_up_at_once_and_one_conversation_comes_of_it() -> None:
    """Ring-all answered by two within 50 ms: one talks, the other is released as `elsewhere`, the third stops."""

    async def race(lane: Lane, apart: float) -> Round:
        lane.desks["anna"].behaviour = answers(after=0.12 + max(apart, 0))
        lane.desks["boris"].behaviour = answers(after=0.12 - min(apart, 0))
        return await _somebody_talks(lane)

    for one in _both_sides(await run(firm(ALL_AT_ONCE), spread(-0.05, 0.05, ROUNDS, 50), race), "anna", "boris"):
        _one_talked(one)


async def test_three_phones_are_picked_up_at_once_and_one_conversation_comes_of_it() -> None:
    """Whoever of the three is first: he talks, and the two others are released as `elsewhere`."""

    async def race(lane: Lane, apart: float) -> Round:
        dice = random.Random(apart)
        for phone in lane.desks.values():
            phone.behaviour = answers(after=0.12 + dice.uniform(0, 0.03))
        return await _somebody_talks(lane)

    for one in _both_sides(await run(firm(ALL_AT_ONCE), spread(0, 1, ROUNDS, 51), race), *SEATS):
        _one_talked(one)


async def test_an_answer_at_the_very_end_of_the_step() -> None:
    """Anna is in time and talks, or she is too late: then she hears nobody, and the next step's Boris talks."""

    async def race(lane: Lane, apart: float) -> Round:
        lane.desks["anna"].behaviour = answers(after=STEP + apart)
        lane.desks["boris"].behaviour = answers()
        return await _somebody_talks(lane)

    for one in _both_sides(await run(firm(ANNA, THEN_BORIS), spread(-0.12, 0.1, ROUNDS, 52), race), "anna", "boris"):
        _in_time_or_too_late(one)


async def test_the_caller_leaves_at_the_instant_of_the_answer() -> None:
    """Whichever comes first, the ledger says answered exactly when the phones were brought together."""

    async def race(lane: Lane, apart: float) -> Round:
        lane.desks["anna"].behaviour = answers(after=0.1)
        caller = await lane.call()
        callee = await lane.desks["anna"].incoming()
        await _until(callee.invited_at.mono + 0.1 + apart)
        await caller.hangup()
        return await lane.over(caller)

    rounds = await run(firm(Step("ring", "person:anna", 5.0)), spread(-0.03, 0.06, ROUNDS, 53), race)
    for one in _both_sides(rounds, "anna", "lost"):
        _together_or_abandoned(one)


async def test_the_caller_leaves_while_the_phones_are_being_looked_up_and_rung() -> None:
    """A caller who leaves in the first milliseconds leaves no phone ringing behind, whether or not it rang already."""
    phones: dict[str, Phone] = {}

    async def race(lane: Lane, apart: float) -> Round:
        phones.update((phone.name, phone) for phone in lane.desks.values())
        caller = await lane.call()
        await caller.wait("ringing")  # the router's first act; before it the call is not ours
        if apart < CALLED:
            await _until(time.monotonic() + apart)
        else:
            await _is_called(lane, caller)
        await caller.hangup()
        await lane.quiet(caller)
        return Round(caller, {}, "")  # a phone that is called even later is the next caller's; it has to be left alone

    rounds = await run(firm(ALL_AT_ONCE), spread(0, CALLED * 1.3, ROUNDS, 57), race)
    rang = [one for one in rounds if one.legs]
    print(f"phones called already {len(rang)}, not yet {ROUNDS - len(rang)}")
    assert 0 < len(rang) < ROUNDS
    for one in rounds:
        assert (one.row["lost_reason"], one.caller.status) == ("abandoned", 487)
        assert {result for results in one.legs.values() for result in results} <= {"cancelled", "unreachable"}
    assert {call.status for phone in phones.values() for call in phone.calls} == {487}


async def test_the_caller_leaves_while_he_is_being_connected() -> None:
    """Anna has picked up: his hang-up meets the connecting of the two, and both sides see the same outcome."""

    async def race(lane: Lane, apart: float) -> Round:
        lane.desks["anna"].behaviour = answers(after=0.08)
        caller = await lane.call()
        callee = await lane.desks["anna"].incoming()
        answered = await callee.wait("answered")
        await _until(answered.mono + apart)
        await caller.hangup()
        return await lane.over(caller)

    rounds = await run(firm(Step("ring", "person:anna", 5.0)), spread(0, 0.05, ROUNDS, 54), race)
    for one in _both_sides(rounds, "anna", "lost"):
        _together_or_abandoned(one)


async def test_the_winner_leaves_while_he_is_being_connected() -> None:
    """Anna picks up and hangs up: the two were together, or the caller goes on to the next step."""

    async def race(lane: Lane, apart: float) -> Round:
        lane.desks["anna"].behaviour = answers(after=0.08, hangup_after=apart)
        lane.desks["boris"].behaviour = answers(hangup_after=0.4)
        caller = await lane.call()
        await caller.wait("ended")
        return await lane.over(caller)

    for one in _both_sides(
        await run(firm(ANNA_AT_LENGTH, THEN_BORIS), spread(0, 0.06, ROUNDS, 55), race), "anna", "boris"
    ):
        _connected_or_next(one)


async def test_an_answer_that_crosses_our_cancel() -> None:
    """Anna picks up as her CANCEL arrives, whatever it is for: she is hung up again, and nobody has heard her."""

    async def race(lane: Lane, apart: float) -> Round:
        why = random.Random(apart).choice(WHY)
        cancelled = LONG_STEP if why == WHY[2] else AWAY
        lane.desks["anna"].behaviour = Behaviour(answer_after=cancelled + apart, crosses=True)
        lane.desks["boris"].behaviour = answers(after=cancelled) if why == "colleague" else rings()
        caller = await lane.call()
        anna = await lane.desks["anna"].incoming()
        if why == "caller":
            await _until(anna.invited_at.mono + cancelled)
            caller.let_go()
        else:
            with suppress(AssertionError):  # or he is told that nobody is there
                await _hears_somebody(caller)
        await anna.wait("answered")
        await caller.hangup()
        return await lane.over(caller, why)

    rounds = await run(firm(Step("ring", "department", LONG_STEP)), spread(-0.1, 0.15, ROUNDS, 56), race)
    fell = Counter((one.side, one.winner) for one in rounds)
    print(", ".join(f"{why} {winner or 'lost'} {count}" for (why, winner), count in sorted(fell.items(), key=str)))
    lost = [one for one in rounds if one.side == WHY[0] and one.winner is None]
    assert not [one for one in lost if _was_in_time(one, "boris")], "a colleague picked up, and nobody talked"
    assert set(fell) - {(WHY[0], None)} == {(why, "anna") for why in WHY} | {
        (WHY[0], "boris"),
        (WHY[1], None),
        (WHY[2], None),
    }
    for one in rounds:
        assert (one.calls["anna"].status, one.row["outcome"]) == (200, "answered" if one.winner else "lost")
        if one.winner != "anna":
            assert not one.heard("anna"), one
            assert one.calls["anna"].ended_by_us is False


def _both_sides(rounds: list[Round], *sides: str) -> list[Round]:
    """Print how many fell on each side of the race; all of them have to occur."""
    fell = Counter(one.winner or one.row["outcome"] for one in rounds)
    print(", ".join(f"{side} {fell[side]}" for side in sides))
    assert set(fell) == set(sides), fell
    return rounds


async def _until(instant: float) -> None:
    """The jitter is what is tested."""
    await asyncio.sleep(instant - time.monotonic())


async def _is_called(lane: Lane, caller: Call) -> None:
    """Wait until a phone has been called for him; calls for those before him may come late."""
    number = Identity.of(caller.invite.get("From")).number
    async with patience(10.0):
        while not [call for phone in lane.desks.values() for call in phone.calls if call.shown.number == number]:  # noqa: ASYNC110
            await asyncio.sleep(0.002)  # three phones are looked at


async def _somebody_talks(lane: Lane) -> Round:
    """A caller hears whoever he is connected with, and hangs up."""
    caller = await lane.call()
    await _hears_somebody(caller)
    await caller.hangup()
    return await lane.over(caller)


async def _hears_somebody(caller: Call) -> None:
    await caller.wait("answered")
    assert caller.sound is not None
    await caller.sound.hear_anybody(3, 5.0)


def _talked_with(one: Round, seat: str) -> None:
    """The caller and this seat had a conversation, and nobody else had."""
    assert one.row["outcome"] == "answered"
    assert (one.caller.status, one.calls[seat].status) == (200, 200)
    for other in one.calls:
        assert bool(one.heard(other)) is (other == seat), (other, one)


def _one_talked(one: Round) -> None:
    """Of those who rang together one talked; the others were released by the PBX, who knows why."""
    assert one.winner is not None
    _talked_with(one, one.winner)
    assert one.legs == {seat: ["answered" if seat == one.winner else "elsewhere"] for seat in SEATS}
    for seat, call in one.calls.items():
        if seat != one.winner:
            assert call.ended_by_us is False
            assert call.answered_at or call.cancel_reason == "Call completed elsewhere", seat


def _in_time_or_too_late(one: Round) -> None:
    """The first step's Anna, or the second step's Boris."""
    assert one.winner is not None
    _talked_with(one, one.winner)
    if one.winner == "anna":
        assert (one.row["answered_step"], set(one.calls)) == (1, {"anna"})
        return
    assert one.row["answered_step"] == 2
    assert one.legs == {"anna": [_without_answer(one, "anna")], "boris": ["answered"]}
    assert one.calls["anna"].ended_by_us is False


def _was_in_time(one: Round, seat: str) -> bool:
    """Whether somebody picked up before his phone was told to stop: who stood still meanwhile does so after that."""
    (leg,) = (leg for leg in one.row["legs"] if leg["person"].startswith(seat))
    answered = one.calls[seat].answered_at
    return answered is not None and at(leg["ended_at"]) - answered > NEAR


def _without_answer(one: Round, seat: str) -> str:
    """Return how the leg of somebody who was too late ended: a phone that rang after that was not there."""
    (leg,) = (leg for leg in one.row["legs"] if leg["person"].startswith(seat))
    rang = one.calls[seat].ringing_at
    assert rang is not None
    silent = leg["ringing_at"] is None and at(leg["ended_at"]) - rang < NEAR
    return "unreachable" if silent else "no_answer"


def _together_or_abandoned(one: Round) -> None:
    """Answered: both sides had a conversation, be it a short one. Lost: nobody heard anybody."""
    anna = one.calls["anna"]
    if one.row["outcome"] == "answered":
        assert (one.caller.status, anna.status) == (200, 200)
        assert one.legs == {"anna": ["answered"]}
        return
    assert not one.heard("anna"), "a call that is lost, and they talked"
    assert (one.row["lost_reason"], one.row["lost_step"]) == ("abandoned", 1)
    assert one.legs == {"anna": ["cancelled"]}
    if anna.answered_at is None:
        assert anna.cancelled
        assert one.caller.status == 487


def _connected_or_next(one: Round) -> None:
    """Anna's conversation was the only one, or it never was and Boris had his."""
    if one.winner == "anna":
        assert (one.caller.status, set(one.calls)) == (200, {"anna"})
        assert one.legs == {"anna": ["answered"]}
        return
    _talked_with(one, "boris")
    assert one.legs == {"anna": ["declined"], "boris": ["answered"]}
