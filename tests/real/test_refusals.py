"""Refused is what happened, not a code: a phone that rang and then said no, and all the others."""

from __future__ import annotations

import pytest

from tests.lab import Behaviour, answers, refuses, rejects
from tests.real.company import AT_ONCE, RING_AT_MOST
from tests.real.house import House, at, talk, told, untouched
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_who_refused_is_not_rung_again(house: House) -> None:
    """603 and 486 after ringing are both a refusal: a later step rings the third colleague only, in the same call."""
    house.phone("anna").behaviour = refuses(603)
    house.phone("boris").behaviour = refuses(486)
    call = await house.call("twice")
    ended = await call.wait("ended")
    assert (call.status, call.answered_at) == (480, None)
    assert ended - call.invited_at > 2.9
    row = await house.row()
    assert legs(row) == {"anna": ["declined"], "boris": ["declined"], "vera": ["no_answer"]}
    assert [len(house.phone(person).invites) for person in ("anna", "boris", "vera")] == [1, 1, 1]
    assert (row["lost_reason"], skipped(row)) == ("no_answer", [None, None])


async def test_a_step_ends_when_everybody_has_refused(house: House) -> None:
    """Everybody in the step has refused: the next begins at once, and those who refused are skipped as declined."""
    for person in ("anna", "boris", "vera"):
        house.phone(person).behaviour = refuses(603, after=0.2)
    call = await house.call("patient")
    ended = await call.wait("ended")
    assert ended.after(call.invited_at) < AT_ONCE
    row = await house.row()
    assert legs(row) == {person: ["declined"] for person in ("anna", "boris", "vera")}
    assert skipped(row) == ["no_responsible", None, "declined"]
    assert (row["lost_reason"], row["lost_step"], call.status) == ("no_answer", None, 480)


async def test_an_early_end_moves_the_later_steps_forward(house: House) -> None:
    """The head refuses: the department rings at once, for its whole time, and the head's second step is skipped."""
    house.phone("gleb").behaviour = refuses(486, after=0.2)
    call = await house.call("head-all-head")
    (anna,) = await house.rings("anna")
    assert anna.invited_at - call.invited_at >= 0.2
    assert anna.invited_at.after(call.invited_at) < AT_ONCE
    ended = await call.wait("ended")
    assert ended - call.invited_at >= 0.9
    row = await house.row()
    head, department, _ = ((at(step["started_at"]), at(step["ended_at"])) for step in row["steps"])
    assert head[1] - head[0] >= 0.2
    assert head[1].after(head[0]) < AT_ONCE
    assert department[1] - department[0] >= 0.699  # the ledger has milliseconds
    assert skipped(row) == [None, None, "declined"]
    assert len(house.phone("gleb").invites) == 1


async def test_who_refused_is_left_in_peace_on_his_other_phones(house: House) -> None:
    """Pavel presses the red button on one phone: his other one stops, and a later step rings only his colleague."""
    first, second = house.lab.phone("141"), house.lab.phone("142")
    first.behaviour = refuses(603, after=0.3)
    call = await house.call("pavel")
    boris = await house.phone("boris").incoming()
    assert boris.invited_at.after(call.invited_at) < AT_ONCE
    await told(second)
    assert (len(first.invites), len(second.invites), len(second.cancels)) == (1, 1, 1)
    await boris.wait("ringing")
    boris.answer()
    await talk(call, boris)
    await call.hangup()
    row = await house.row()
    assert {leg["phone"]: leg["result"] for leg in row["legs"]} == {
        "PJSIP/141": "declined",
        "PJSIP/142": "no_answer",
        "PJSIP/102": "answered",
    }
    assert (row["answered_by"], row["answered_step"]) == ("boris", 2)


@pytest.mark.parametrize("code", [486, 600])
async def test_busy_without_ringing_may_be_rung_again(house: House, code: int) -> None:
    """A phone that says busy without having rung has refused nothing: a later step rings it again."""
    house.phone("anna").then(rejects(code))
    call = await house.call("anna-then-all")
    await house.phone("anna").incoming()
    anna, boris, _ = await house.rings("anna", "boris", "vera")
    assert boris.invited_at.after(call.invited_at) < AT_ONCE
    anna.answer()
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert legs(row) == {"anna": ["busy", "answered"], "boris": ["elsewhere"], "vera": ["elsewhere"]}
    assert (len(house.phone("anna").invites), skipped(row)) == (2, [None, None])


async def test_not_there_and_forwarded(house: House) -> None:
    """480 at once is unreachable, 302 at once is forwarded and not followed: the other colleague rings on."""
    house.phone("anna").behaviour = rejects(480)
    house.phone("boris").behaviour = Behaviour(ring_after=None, final=302, forward_to="201")
    house.phone("vera").behaviour = answers(after=0.5)
    call = await house.call("hold")
    (vera,) = await house.rings("vera")
    await talk(call, vera)
    assert not house.phone("201").invites
    await call.hangup()
    row = await house.row()
    assert legs(row) == {"anna": ["unreachable"], "boris": ["forwarded"], "vera": ["answered"]}
    assert all(leg["ringing_at"] is None for leg in row["legs"] if leg["person"] in {"anna", "boris"})


@pytest.mark.parametrize(
    ("code", "result"), [(480, "unreachable"), (302, "forwarded"), (603, "unreachable"), (486, "busy")]
)
async def test_a_step_of_one_who_is_not_there_ends_at_once(house: House, code: int, result: str) -> None:
    """Whatever a phone answers without ringing, nobody waits for it: the next step begins in no time."""
    house.phone("gleb").behaviour = rejects(code)
    call = await house.call("head-all-head")
    (vera,) = await house.rings("vera")
    assert vera.invited_at.after(call.invited_at) < AT_ONCE
    vera.answer()
    await talk(call, vera)
    await call.hangup()
    row = await house.row()
    assert (legs(row)["gleb"], row["answered_step"], skipped(row)) == ([result], 2, [None, None])


async def test_all_refuse_and_the_head_is_busy(house: House) -> None:
    """A call nobody took although somebody was there is lost as no_answer, never as unreachable."""
    house.phone("gleb").behaviour = rejects(486)
    for person in ("anna", "boris", "vera"):
        house.phone(person).behaviour = rejects(480)
    call = await house.call("head-all-head")
    ended = await call.wait("ended")
    assert (call.status, ended.after(call.invited_at) < AT_ONCE) == (480, True)
    row = await house.row()
    assert (row["lost_reason"], legs(row)["gleb"]) == ("no_answer", ["busy", "busy"])


async def test_nobody_could_be_reached(house: House) -> None:
    """Every phone answers 480 without ringing: 480 for the caller, and the call is lost as unreachable."""
    for person in ("anna", "boris", "vera"):
        house.phone(person).behaviour = rejects(480)
    call = await house.call("twice")
    await call.wait("ended")
    assert call.status == 480
    row = await house.row()
    assert (row["outcome"], row["lost_reason"]) == ("lost", "unreachable")
    assert legs(row) == {person: ["unreachable", "unreachable"] for person in ("anna", "boris", "vera")}


async def test_the_owner_is_not_there_and_the_head_rings_on(house: House) -> None:
    """An added step does not end while a phone of the call rings; it ends when the last of them refuses."""
    house.phone("irina").behaviour = rejects(480)
    call = await house.call("climb")
    (gleb,) = await house.rings("gleb")
    irina = await house.phone("irina").incoming()
    await irina.wait("ended")
    assert (gleb.state, untouched(house.phone("gleb"), irina.invited_at)) == ("ringing", True)
    gleb.reject(486)
    ended = await call.wait("ended", 1.0)
    assert (call.status, ended.after(call.invited_at) < RING_AT_MOST) == (480, True)
    row = await house.row()
    assert (legs(row)["gleb"], legs(row)["irina"], skipped(row)[3]) == (["declined"], ["unreachable"], None)
    assert (row["outcome"], row["lost_reason"]) == ("lost", "no_answer")


async def test_busy_on_one_of_two_phones(house: House) -> None:
    """One of Pavel's phones says busy without ringing: the other rings on, and he answers there."""
    house.lab.phone("141").behaviour = rejects(486)
    house.lab.phone("142").behaviour = answers(after=0.5)
    call = await house.call("pavel")
    second = await house.lab.phone("142").incoming()
    await second.wait("answered")
    await talk(call, second)
    await call.hangup()
    row = await house.row()
    assert {leg["phone"]: leg["result"] for leg in row["legs"]} == {"PJSIP/141": "busy", "PJSIP/142": "answered"}
