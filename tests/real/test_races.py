"""Two events at one instant, fifty times over: the wire and the ledger agree on one outcome."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.lab import Call, answers
from tests.real.rig import LINE, Rig, legs, scheme

ROUNDS = 50
ALL_AT_ONCE = '{ring = "department", seconds = 5}'


async def test_two_phones_are_picked_up_at_once_and_one_conversation_comes_of_it() -> None:
    """Ring-all answered by two within 50 ms: one talks, the other is released as `elsewhere`, the third stops."""
    dice = random.Random(50)
    winners = []
    async with Rig(scheme(ALL_AT_ONCE)) as rig:
        for _ in range(ROUNDS):
            apart = dice.uniform(-0.05, 0.05)
            rig.phone("anna").behaviour = answers(after=0.12 + max(apart, 0))
            rig.phone("boris").behaviour = answers(after=0.12 - min(apart, 0))
            caller = await rig.trunk.dial(LINE, caller="89161234567")
            await caller.wait("answered")
            winners.append(await _the_one_who_talks(rig, caller))
            await caller.hangup()
            await _all_is_over(rig)
        rows = await rig.ended(ROUNDS)
        for row, winner in zip(rows, winners, strict=True):
            (loser,) = {"anna", "boris"} - {winner}
            assert (row["outcome"], row["answered_by"]) == ("answered", winner)
            assert legs(row) == {winner: ["answered"], loser: ["elsewhere"], "vera": ["elsewhere"]}
    assert set(winners) == {"anna", "boris"}, "the jitter let one of them win every time: no race was run"


async def test_the_caller_leaves_at_the_instant_of_the_answer() -> None:
    """Whichever comes first, the ledger says answered exactly when the phones were brought together."""
    dice = random.Random(51)
    seen = []
    async with Rig(scheme(ALL_AT_ONCE), desks=["101"]) as rig:
        phone = rig.phone("anna")
        for _ in range(ROUNDS):
            picked_up = 0.08
            phone.behaviour = answers(after=picked_up)
            caller = await rig.trunk.dial(LINE, caller="89161234567")
            callee = await phone.incoming()
            await asyncio.sleep(picked_up + dice.uniform(-0.015, 0.015))  # the jitter is what is tested
            await caller.hangup()
            await _all_is_over(rig)
            seen.append((caller, callee))
        rows = await rig.ended(ROUNDS)
        for row, (caller, callee) in zip(rows, seen, strict=True):
            _as_the_phones_saw_it(row, caller, callee)
    assert {row["outcome"] for row in rows} == {"answered", "lost"}, "the jitter never reached both sides of the race"


async def test_the_caller_leaves_while_the_phones_are_being_looked_up_and_rung() -> None:
    """A caller who leaves in the first milliseconds leaves no phone ringing behind, and one row each time."""
    dice = random.Random(52)
    async with Rig(scheme(ALL_AT_ONCE)) as rig:
        for _ in range(ROUNDS // 2):
            caller = await rig.trunk.dial(LINE, caller="89161234567")
            await caller.wait("ringing")  # the router's first act; before it the call is not ours
            await asyncio.sleep(dice.uniform(0, 0.02))  # the jitter is what is tested
            await caller.hangup()
            await _all_is_over(rig)
        rows = await rig.ended(ROUNDS // 2)
        assert {(row["outcome"], row["lost_reason"]) for row in rows} == {("lost", "abandoned")}
        assert {leg["result"] for row in rows for leg in row["legs"]} <= {"cancelled", "unreachable"}


async def _the_one_who_talks(rig: Rig, caller: Call) -> str:
    """Return the person the caller hears; nobody else's phone rings or is up any more."""
    calls = {person: await rig.phone(person).incoming() for person in ("anna", "boris", "vera")}
    winner = await _whom_he_hears(caller, calls)
    await calls[winner].hears(caller)
    for person, call in calls.items():
        if person != winner:
            await call.wait("ended", 2.0)
            assert call.ended_by_us is False, f"{person} was not released by the PBX"
            if not call.answered_at:
                assert call.cancel_reason == "Call completed elsewhere", person
    assert calls[winner].ended_at is None
    return winner


async def _whom_he_hears(caller: Call, calls: dict[str, Call]) -> str:
    """Wait until the caller hears somebody, who has to be the only one."""
    hears = {person: asyncio.create_task(caller.hears(call)) for person, call in calls.items()}
    await asyncio.wait(hears.values(), return_when=asyncio.FIRST_COMPLETED)
    (winner,) = [person for person, task in hears.items() if task.done()]
    for task in hears.values():
        task.cancel()
    await asyncio.gather(*hears.values(), return_exceptions=True)
    assert caller.sound is not None
    assert set(caller.sound.heard) == {calls[winner].phone.voice}
    return winner


async def _all_is_over(rig: Rig) -> None:
    """Nothing rings, nothing talks, nothing is left in Asterisk; then the phones forget."""
    phones = rig.lab.phones
    await asyncio.gather(*(call.wait("ended", 2.0) for phone in phones for call in phone.calls if not call.ended_at))
    await rig.lab.asterisk.audit()
    for phone in phones:
        phone.forget()


def _as_the_phones_saw_it(row: dict[str, Any], caller: Call, callee: Call) -> None:
    """Answered: both sides had a conversation. Lost: nobody heard anybody."""
    assert caller.sound is not None
    assert callee.sound is not None
    heard = caller.sound.heard[callee.phone.voice] + callee.sound.heard[caller.phone.voice]
    if row["outcome"] == "answered":
        assert (caller.status, callee.status) == (200, 200)
        assert legs(row) == {"anna": ["answered"]}
        return
    assert not heard, f"{heard} packets of voice in a call that is lost"
    assert (row["lost_reason"], row["lost_step"]) == ("abandoned", 1)
    assert legs(row) == {"anna": ["cancelled"]}
    if callee.answered_at is None:
        assert callee.cancelled
        assert caller.status == 487
