"""Busy is not away: a step holds for who talks, and whoever becomes free joins within a second."""

from __future__ import annotations

import asyncio

import pytest

from tests.lab import Call, answers
from tests.real.company import ANNAS
from tests.real.house import House, hears_something, talk
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
SALES = ("anna", "boris", "vera")
JOINS = 1.0
"""Seconds within which who becomes free is rung."""


async def test_a_freed_colleague_joins_while_others_ring(house: House) -> None:
    """Who hangs up a call that is not ours while his colleagues ring, rings too within a second; they ring on."""
    (other,) = await house.engage("anna")
    call = await house.call("hold")
    await house.rings("boris", "vera")
    assert not house.phone("anna").invites
    await other.hangup()
    anna = await house.phone("anna").incoming()
    assert other.ended_at is not None
    assert anna.invited_at.after(other.ended_at) < JOINS
    anna.answer()
    await talk(call, anna)
    assert [len(house.phone(person).invites) for person in SALES] == [1, 1, 1]
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"]) == ("anna", 1)
    assert legs(row) == {"anna": ["answered"], "boris": ["elsewhere"], "vera": ["elsewhere"]}


async def test_all_talk_on_calls_that_are_not_ours(house: House) -> None:
    """With everybody talking the department's step holds: the caller hears ringing, and who hangs up is rung."""
    talks = await house.engage(*SALES)
    call = await house.call("hold")
    await house.holds(call)
    await talks[1].hangup()
    boris = await house.phone("boris").incoming()
    assert talks[1].ended_at is not None
    assert boris.invited_at.after(talks[1].ended_at) < JOINS
    boris.answer()
    await talk(call, boris)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"], skipped(row)) == ("boris", 1, [None])
    assert legs(row) == {"boris": ["answered"]}
    assert [len(house.phone(person).invites) for person in SALES] == [0, 1, 0]


async def test_all_talk_with_clients_of_ours(house: House) -> None:
    """With everybody in conversations of ours the next caller waits, and is put through to the first who is free."""
    for person in SALES:
        house.phone(person).behaviour = answers()
    first: list[Call] = []
    for _ in SALES:
        first.append(await house.call("hold"))
        await hears_something(first[-1])
    for person in SALES:
        house.phone(person).behaviour = answers(after=0.1)
    waiting = await house.call("hold")
    await waiting.wait("ringing")
    await first[1].hangup()
    answered = await waiting.wait("answered", 2.0)
    assert first[1].ended_at is not None
    assert answered - first[1].ended_at > 0
    assert answered.after(first[1].ended_at) < JOINS + 0.3
    await hears_something(waiting)
    for call in (first[0], first[2], waiting):
        await call.hangup()
    rows = await house.rows(4)
    assert rows[3]["answered_by"] == rows[1]["answered_by"]
    assert (rows[3]["answered_step"], len(rows[3]["legs"])) == (1, 1)


async def test_a_phone_rings_for_one_call_at_a_time(house: House) -> None:
    """While all ring for the first caller the second waits; when he is answered the others ring for the second."""
    first = await house.call("hold")
    await house.rings(*SALES)
    second = await house.call("hold")
    await second.wait("ringing")
    assert [len(house.phone(person).invites) for person in SALES] == [1, 1, 1]
    house.phone("anna").ringing[0].answer()
    answered = await first.wait("answered")
    for person in ("boris", "vera"):
        again = await house.phone(person).incoming()
        assert again.invited_at - answered > 0
        assert again.invited_at.after(answered) < JOINS
    house.phone("vera").ringing[0].answer()
    await second.wait("answered")
    await asyncio.gather(talk(first, house.phone("anna")), talk(second, house.phone("vera")))
    await first.hangup()
    await second.hangup()
    one, two = await house.rows(2)
    assert (one["answered_by"], two["answered_by"]) == ("anna", "vera")
    assert legs(two) == {"boris": ["elsewhere"], "vera": ["answered"]}


async def test_a_hold_runs_out(house: House) -> None:
    """Nobody becomes free in the step's seconds: the next step begins, the busy people are not disturbed."""
    await house.engage(*SALES)
    house.phone("gleb").behaviour = answers(after=0.1)
    call = await house.call("hold-short")
    gleb = await house.phone("gleb").incoming()
    assert gleb.invited_at - call.invited_at >= 0.5
    assert gleb.invited_at.after(call.invited_at) < 0.5 + JOINS
    await talk(call, gleb)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"], skipped(row)) == ("gleb", 2, [None, None])
    assert legs(row) == {"gleb": ["answered"]}


async def test_a_responsible_who_is_waited_for(house: House) -> None:
    """`if_busy = "wait"`: the step holds for one person, and he is rung when he hangs up."""
    (other,) = await house.engage("anna")
    call = await house.call("wait", ANNAS)
    await house.holds(call)
    await other.hangup()
    anna = await house.phone("anna").incoming()
    assert other.ended_at is not None
    assert anna.invited_at.after(other.ended_at) < JOINS
    anna.answer()
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"], skipped(row)) == ("anna", 1, [None])
    assert not house.phone("gleb").invites


async def test_the_caller_leaves_while_everybody_talks(house: House) -> None:
    """Who gives up during a hold is lost as abandoned in that step, and nobody was disturbed."""
    await house.engage(*SALES)
    call = await house.call("hold")
    await house.holds(call)
    assert set(call.provisional) == {100, 180}
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"], row["legs"]) == ("lost", "abandoned", 1, [])


async def test_who_waits_longer_is_served_first(house: House) -> None:
    """Two callers wait for the same people: the first who is free is rung for the one who came first."""
    talks = await house.engage(*SALES)
    first = await house.call("hold")
    await first.wait("ringing")
    second = await house.call("hold")
    await house.holds(second)
    await talks[0].hangup()
    (anna,) = await house.rings("anna")
    anna.answer()
    await talk(first, anna)
    await talks[1].hangup()
    (boris,) = await house.rings("boris")
    boris.answer()
    await talk(second, boris)
    await first.hangup()
    await second.hangup()
    one, two = await house.rows(2)
    assert [legs(one), legs(two)] == [{"anna": ["answered"]}, {"boris": ["answered"]}]
    assert [one["caller_raw"] in first.dialog.local, two["caller_raw"] in second.dialog.local] == [True, True]


async def test_who_rings_for_another_call_is_busy(house: House) -> None:
    """A phone that rings for a call that is not ours is left alone, and joins when that call is over."""
    other = await house.phone("201").dial("101")
    await house.rings("anna")
    call = await house.call("hold")
    await house.rings("boris", "vera")
    assert len(house.phone("anna").invites) == 1
    await other.hangup()
    (anna,) = await house.rings("anna")
    assert other.ended_at is not None
    assert anna.invited_at.after(other.ended_at) < JOINS
    anna.answer()
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert legs(row) == {"anna": ["answered"], "boris": ["elsewhere"], "vera": ["elsewhere"]}
