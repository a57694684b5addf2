"""Each rung of the ladder, on the wire and in the ledger."""

from __future__ import annotations

from tests.lab import answers
from tests.real.rig import LINE, Rig, legs, scheme, skipped

CLIENTS = "phone,name,responsible,priority\n89161234567,ООО Ромашка,anna,A\n"


async def test_the_responsible_answers() -> None:
    """A client who has a manager is rung through to that manager, and the two hear each other."""
    async with Rig(clients=CLIENTS) as rig:
        rig.phone("anna").behaviour = answers(after=0.3)
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        await call.hears(rig.phone("anna"))
        await rig.phone("anna").calls[0].hears(call)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", "anna", 1)
        assert (row["client"], row["responsible"], row["priority"]) == ("ООО Ромашка", "anna", "A")
        assert legs(row) == {"anna": ["answered"]}
        assert [len(rig.phone(person).invites) for person in ("boris", "vera", "gleb", "irina")] == [0, 0, 0, 0]


async def test_the_responsible_rings_on_without_a_break_into_the_department() -> None:
    """When the department joins, the responsible's phone has seen one INVITE and no CANCEL."""
    async with Rig(clients=CLIENTS) as rig:
        rig.phone("boris").behaviour = answers(after=0.4)
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        assert len(rig.phone("anna").invites) == 1
        assert rig.phone("anna").calls[0].cancel_reason == "Call completed elsewhere"
        await call.hangup()
        (row,) = await rig.ended(1)
        assert legs(row) == {"anna": ["elsewhere"], "boris": ["answered"], "vera": ["elsewhere"]}
        assert (row["answered_step"], skipped(row)) == (2, [None, None])


async def test_nobody_answers_and_the_call_is_lost() -> None:
    """When the last step's time is over the caller gets 480, and the call is lost as no_answer."""
    async with Rig(scheme('{ring = "department", seconds = 0.5}')) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("ended")
        assert call.status == 480
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "no_answer", None)
