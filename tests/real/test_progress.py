"""A mobile behind a trunk that says 183 and never 180, on the wire."""

from __future__ import annotations

from tests.lab import Behaviour
from tests.real.rig import LINE, Rig, legs, scheme


async def test_who_is_rung_with_early_media_is_not_unreachable() -> None:
    """The phone was there and nobody picked up: the leg and the lost call are no_answer."""
    async with Rig(scheme('{ring = "person:anna", seconds = 3}')) as rig:
        rig.phone("anna").behaviour = Behaviour(ring_after=None)
        call = await rig.trunk.dial(LINE, caller="89161234567")
        incoming = await rig.phone("anna").incoming()
        incoming._provision(183)
        await call.wait("ended")
        await incoming.wait("ended")
        assert (call.status, len(rig.phone("anna").cancels)) == (480, 1)
        (row,) = await rig.ended(1)
        assert legs(row) == {"anna": ["no_answer"]}
        assert (row["lost_reason"], row["legs"][0]["ringing_at"]) == ("no_answer", None)
