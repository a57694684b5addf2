"""Two active workers and one phone: two calls for one person in the same instant ring him one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.lab import patience
from tests.lab.call import Call
from tests.real.rig import LINE, Rig, legs
from tests.real.test_takeover import pair

ROUNDS = 20
ANNA = '{ring = "person:anna", seconds = 20, if_busy = "wait"}'


async def _dial(rig: Rig, number: int) -> Call:
    return await rig.trunk.dial(LINE, caller=f"+7916{number:07}")


async def test_a_phone_rings_for_one_call_at_a_time(postgres_url: str) -> None:
    """Of two calls at the same instant one rings her and the other waits; both are served, whoever is first."""
    async with pair(postgres_url, ANNA) as two:
        anna = two.rig.phone("anna")
        for number in range(ROUNDS):
            callers = await asyncio.gather(_dial(two.rig, 2 * number), _dial(two.rig, 2 * number + 1))
            for _ in callers:
                ringing = await anna.incoming()
                assert len([call for call in anna.calls if not call.ended_at]) == 1
                ringing.answer()
                winner = await _answered(callers)
                await winner.hears(ringing, packets=2)
                await winner.hangup()
                await ringing.wait("ended")
        rows = await two.rig.ended(2 * ROUNDS)
        assert {row["outcome"] for row in rows} == {"answered"}
        assert all(legs(row)["anna"][-1] == "answered" for row in rows)
        gave_way = sum(legs(row)["anna"].count("busy") for row in rows)
        print(await two.holders(), "gave way:", gave_way)
        assert len(anna.invites) == 2 * ROUNDS


async def _answered(callers: Sequence[Call]) -> Call:
    """Return the one of them who is answered next."""
    async with patience(5.0):
        while not (up := [caller for caller in callers if caller.answered_at and not caller.ended_at]):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    return up[0]
