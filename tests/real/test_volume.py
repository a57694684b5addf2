"""Many calls at once: apart they do not disturb one another, together they wait their turn."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise

from tests.lab import Call, Phone, answers, patience
from tests.real.generated import Department, Firm, Line, Step
from tests.real.rig import Rig, legs

CALLS = 100


def crowd(lines: int, members: int, seconds: float) -> Firm:
    """Return a company whose lines have that many people each, and nobody twice."""
    firm = Firm(ring_at_most=30)
    for number in range(lines):
        team = tuple(firm.hire(f"p{number}_{seat}", f"Сотрудник {number}.{seat}").key for seat in range(members))
        firm.departments[f"d{number}"] = Department(f"d{number}", f"Отдел {number}", team, None)
        firm.lines.append(Line(f"+7495{number:07}", f"d{number}", (Step("ring", "department", seconds),)))
    return firm


async def test_a_hundred_calls_at_once_each_to_people_of_its_own() -> None:
    """Every caller hears the one who answered on his line, and nobody else; the ledger says the same."""
    firm = crowd(CALLS, 2, 15.0)
    async with Rig(firm.document(), desks=firm.desks, rtp_interval=0.5) as rig:
        for number in range(CALLS):
            rig.phone(firm.people[f"p{number}_{number % 2}"].desk).behaviour = answers(after=0.5 + number % 7 / 10)
        callers = await asyncio.gather(
            *(rig.trunk.dial(line.number, caller=f"+7916{number:07}") for number, line in enumerate(firm.lines))
        )
        await asyncio.gather(*(caller.wait("answered", 15.0) for caller in callers))
        winners = [rig.phone(firm.people[f"p{number}_{number % 2}"].desk) for number in range(CALLS)]
        await asyncio.gather(*(_hear_each_other(*pair) for pair in zip(callers, winners, strict=True)))
        await asyncio.gather(*(caller.hangup() for caller in callers))
        rows = {row["line"]: row for row in await rig.ended(CALLS, within=15.0)}
        for number, (line, winner) in enumerate(zip(firm.lines, winners, strict=True)):
            one, other = f"p{number}_{number % 2}", f"p{number}_{1 - number % 2}"
            row = rows[line.number]
            assert (row["outcome"], row["answered_by"], row["caller"]) == ("answered", one, f"+7916{number:07}")
            assert legs(row) == {one: ["answered"], other: ["elsewhere"]}
            assert (len(winner.invites), len(rig.phone(firm.people[other].desk).invites)) == (1, 1)


async def test_twelve_calls_for_three_people_wait_their_turn() -> None:
    """Nobody rings for two calls at a time, and who has waited longest is served first."""
    firm = crowd(1, 3, 25.0)
    async with Rig(firm.document(), desks=firm.desks) as rig:
        phones = rig.lab.phones
        callers = []
        for number in range(12):
            callers.append(await rig.trunk.dial(firm.lines[0].number, caller=f"+7916{number:07}"))
            await _in_the_queue(rig, f"+7916{number:07}")
        for phone in phones:
            phone.behaviour = answers(after=0.2, hangup_after=0.6)
        phones[0].ringing[0].answer()
        await callers[0].wait("answered")
        await callers[0].hears(phones[0])
        await callers[0].hangup()
        await asyncio.gather(*(caller.wait("ended", 25.0) for caller in callers))
        assert [caller.status for caller in callers] == [200] * 12
        for phone in phones:
            _one_at_a_time(phone)
        rows = await rig.ended(12)
        assert [row["caller"] for row in rows] == [f"+7916{number:07}" for number in range(12)]
        turns = [datetime.fromisoformat(row["answered_at"]) for row in rows]
        assert turns == sorted(turns), "somebody was served before one who had waited longer"
        assert {row["outcome"] for row in rows} == {"answered"}


async def _in_the_queue(rig: Rig, caller: str) -> None:
    """Wait until his call rings everybody or waits for them: while he is looked up, others may overtake him."""
    async with patience(5.0):
        while True:
            mine = [call for call in await rig.live() if call.arrived.caller == caller]
            if any(call.legs or any(step.waiting for step in call.steps) for call in mine):
                return
            await asyncio.sleep(0.02)


async def _hear_each_other(caller: Call, winner: Phone) -> None:
    (call,) = winner.talking
    await asyncio.gather(caller.hears(call, packets=2), call.hears(caller, packets=2))
    assert caller.sound is not None
    assert set(caller.sound.heard) == {winner.voice}


def _one_at_a_time(phone: Phone) -> None:
    """No call came before the one before it was over."""
    for before, after in pairwise(phone.calls):
        assert before.ended_at is not None
        assert after.invited_at.mono >= before.ended_at.mono, f"{phone} rang for two calls at a time"
