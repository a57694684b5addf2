"""Steps that ring so many at once, on phones."""

from __future__ import annotations

from tests.lab import answers, refuses
from tests.real.house import at, talk
from tests.real.rig import Rig, legs, scheme


async def test_listed() -> None:
    """One after the other, a second each: the phone before stops when the next one rings, and the third answers."""
    ladder = '{ring = "department", seconds = 9, order = "listed", each = 1}'
    async with Rig(scheme(ladder)) as rig:
        rig.phone("vera").behaviour = answers(after=0.2)
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        await talk(call, rig.phone("vera"))
        anna, boris, vera = (rig.phone(one).calls[0] for one in ("anna", "boris", "vera"))
        for earlier, later in ((anna, boris), (boris, vera)):
            assert later.invited_at.long_after(earlier.invited_at) > 0.9
            assert later.invited_at.after(earlier.invited_at) < 1.6
            assert earlier.cancel is not None
            assert earlier.cancel.at.apart(later.invited_at) < 0.3
        await call.hangup()
        (row,) = await rig.ended(1)
        assert legs(row) == {"anna": ["no_answer"], "boris": ["no_answer"], "vera": ["answered"]}


async def test_two_at_once() -> None:
    """Two ring together; one refuses, and the third rings in her place."""
    ladder = '{ring = "department", seconds = 9, order = "listed", at_once = 2}'
    async with Rig(scheme(ladder)) as rig:
        rig.phone("anna").behaviour = refuses(after=0.5)
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        anna, boris = await rig.phone("anna").incoming(), await rig.phone("boris").incoming()
        assert not rig.phone("vera").invites
        vera = await rig.phone("vera").incoming()
        assert anna.ended_at is not None
        assert vera.invited_at.after(anna.ended_at) < 0.5
        assert boris.state == "ringing"
        boris.answer()
        await talk(call, rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert legs(row) == {"anna": ["declined"], "boris": ["answered"], "vera": ["elsewhere"]}


async def test_each_and_nobody() -> None:
    """Everybody had his turn: the step ends before its time, and the call is lost as not answered."""
    ladder = '{ring = "department", seconds = 30, order = "listed", each = 1}'
    async with Rig(scheme(ladder)) as rig:
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        await call.wait("ended")
        (row,) = await rig.ended(1)
        assert row["lost_reason"] == "no_answer"
        assert legs(row) == {person: ["no_answer"] for person in ("anna", "boris", "vera")}
        assert row["wait_seconds"] > 2.9
        assert at(row["ended_at"]).after(at(row["arrived_at"])) < 4.5
