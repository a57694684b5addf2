"""Who hangs up before any router has taken his call has called all the same: one row."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.lab import Company
from tests.real.rig import LINE, Rig


@pytest.mark.parametrize("entry", ["callrouter", "callrouter-broadcast"])
async def test_whoever_leaves_whenever_has_one_row(entry: str) -> None:
    """After 0 to 95 ms, or at the first ring: whoever came as far as the line has his row, and Asterisk agrees."""
    async with Rig(company=Company(entry=entry)) as rig:
        for number in range(20):
            call = await rig.trunk.dial(LINE, caller=f"+7916000000{number:02}")
            if number % 2:
                await call.wait("ringing")
            else:
                await asyncio.sleep(number / 200)
            await call.hangup()
        await asyncio.sleep(1.2)  # what ended within the last second is not audited
        found = json.loads(await rig.run("reconcile", "--json"))
        assert found["differences"] == []
        assert found["calls_audited"] >= 10, "who leaves before the dialplan begins has called no line"
        rows = await rig.ended(found["calls_audited"])
        rig.trunk.forget()
        assert {row["lost_reason"] for row in rows} == {"abandoned"}
        assert rows[-1]["routed_by"] == "router"


async def test_who_leaves_while_nobody_takes_the_call() -> None:
    """No worker lives, and the caller does not wait for the fallback: the row says that no router served him."""
    async with Rig(
        company=Company(
            entry="callrouter-broadcast", globals={"CALLROUTER_APPS": "^nobody", "CALLROUTER_CLAIM": "5000"}
        )
    ) as rig:
        call = await rig.trunk.dial(LINE, caller="+79160000001")
        await asyncio.sleep(0.3)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["routed_by"]) == ("lost", "abandoned", "fallback")
