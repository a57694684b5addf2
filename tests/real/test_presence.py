"""Who can ring, and why not: a skipped step costs no time and changes nothing."""

from __future__ import annotations

import pytest

from tests.lab import answers
from tests.real.company import ANNAS, AT_ONCE
from tests.real.house import House, talk, told, untouched
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
SALES = ("anna", "boris", "vera")
JOINS = 1.0
"""Seconds within which who becomes free is rung."""


async def test_no_responsible(house: House) -> None:
    """A new caller has no responsible: the first step is skipped in no time."""
    call = await house.call("patient")
    anna = await house.phone("anna").incoming()
    assert anna.invited_at.after(call.invited_at) < AT_ONCE
    anna.answer()
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert (row["answered_step"], skipped(row)) == (2, ["no_responsible", None])
    assert row["steps"][0]["started_at"] == row["steps"][0]["ended_at"]


async def test_the_department_rings_on_when_the_head_is_away(house: House) -> None:
    """The step of a head whose phone is not registered changes nothing: the department rings on, the owner joins."""
    house.phone("irina").behaviour = answers(after=0.3)
    call = await house.call("headless")
    await talk(call, house.phone("irina"))
    won = house.phone("irina").calls[0].answered_at
    assert won is not None
    for person in SALES:
        assert untouched(house.phone(person), won)
        assert await told(house.phone(person)) == ["Call completed elsewhere"]
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"]) == ("irina", 4)
    assert skipped(row) == ["no_responsible", None, "unreachable", None]
    assert {person: legs(row)[person] for person in SALES} == {person: ["elsewhere"] for person in SALES}


async def test_the_responsible_is_not_registered(house: House) -> None:
    """A responsible without a registered phone is skipped as unreachable; the department rings at once."""
    house.phone("boris").behaviour = answers(after=0.2)
    call = await house.call("patient", "89161230003")
    boris = await house.phone("boris").incoming()
    assert boris.invited_at.after(call.invited_at) < AT_ONCE
    await talk(call, boris)
    await call.hangup()
    row = await house.row()
    assert (row["responsible"], skipped(row)) == ("egor", ["unreachable", None])
    assert "egor" not in legs(row)


async def test_the_head_is_not_registered(house: House) -> None:
    """Who is not there costs no time: the owner, who comes after, rings at once."""
    call = await house.call("nobody")
    await house.rings("irina")
    assert house.phone("irina").calls[0].invited_at.after(call.invited_at) < AT_ONCE
    await call.hangup()
    row = await house.row()
    assert (row["lost_reason"], row["lost_step"], skipped(row)) == ("abandoned", 2, ["unreachable", None])


async def test_nobody_at_all(house: House) -> None:
    """When every person of the ladder is away, the caller gets 480 at once and the call is lost as unreachable."""
    call = await house.call("empty")
    ended = await call.wait("ended")
    assert (call.status, ended.after(call.invited_at) < AT_ONCE) == (480, True)
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "unreachable", None)
    assert (skipped(row), row["legs"]) == (["no_responsible", "unreachable", "unreachable"], [])


async def test_the_responsible_talks(house: House) -> None:
    """The ladder does not stop for a responsible who talks: he is skipped at once and not disturbed."""
    await house.engage("anna")
    call = await house.call("patient", ANNAS)
    boris = await house.phone("boris").incoming()
    assert boris.invited_at.after(call.invited_at) < AT_ONCE
    boris.answer()
    await talk(call, boris)
    await call.hangup()
    row = await house.row()
    assert (skipped(row), row["answered_step"]) == (["busy", None], 2)
    assert not house.phone("anna").invites
    assert "anna" not in legs(row)


async def test_a_department_that_is_not_waited_for(house: House) -> None:
    """`if_busy = "skip"`: a department that talks is skipped at once."""
    await house.engage(*SALES)
    call = await house.call("skip")
    gleb = await house.phone("gleb").incoming()
    assert gleb.invited_at.after(call.invited_at) < AT_ONCE
    gleb.answer()
    await talk(call, gleb)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], skipped(row)) == ("gleb", ["busy", None])
