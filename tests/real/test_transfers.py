"""Conversations: either party ends them, hold changes nothing, and a transfer replaces a leg, not the call."""

from __future__ import annotations

import pytest

from tests.lab import Call, answers
from tests.real.company import ANNAS, LINES
from tests.real.house import House, talk
from tests.real.rig import legs

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _conversation(house: House) -> tuple[Call, Call]:
    """A client and Anna talk."""
    call = await house.call("patient", ANNAS)
    (anna,) = await house.rings("anna")
    anna.answer()
    await talk(call, anna)
    return call, anna


async def test_the_caller_hangs_up(house: House) -> None:
    """When the caller hangs up the manager's phone is free at once."""
    call, anna = await _conversation(house)
    await call.hangup()
    await anna.wait("ended", 1.0)
    assert (anna.ended_by_us, len(house.phone("anna").byes)) == (False, 1)
    row = await house.row()
    assert (row["outcome"], legs(row)) == ("answered", {"anna": ["answered"]})


async def test_the_manager_hangs_up(house: House) -> None:
    """When the manager hangs up the caller's call ends too: one conversation, answered."""
    call, anna = await _conversation(house)
    await anna.hangup()
    await call.wait("ended", 1.0)
    assert (call.ended_by_us, call.status) == (False, 200)
    row = await house.row()
    assert (row["outcome"], row["answered_by"], legs(row)) == ("answered", "anna", {"anna": ["answered"]})


async def test_hold_changes_nothing(house: House) -> None:
    """A caller on hold and taken back is in the same conversation: one leg, one stretch of talk."""
    call, anna = await _conversation(house)
    await anna.hold()
    await anna.hold(on=False)
    await talk(call, anna)
    await call.hold()
    await call.hold(on=False)
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert (legs(row), len(row["talk"]), row["outcome"]) == ({"anna": ["answered"]}, 1, "answered")


async def test_a_blind_transfer(house: House) -> None:
    """Anna sends the caller to Gleb and is free; caller and Gleb talk in the same call, which ends with them."""
    call, anna = await _conversation(house)
    house.phone("gleb").behaviour = answers(after=0.1)
    assert await anna.blind_transfer("110") == 200
    gleb = await house.phone("gleb").incoming()
    await gleb.wait("answered")
    await talk(call, gleb)
    assert anna.ended_at is not None
    await call.hangup()
    await gleb.wait("ended", 1.0)
    row = await house.row()
    assert (row["outcome"], row["answered_by"], row["direction"]) == ("answered", "anna", "in")
    assert row["talk_seconds"] > 0.1


async def test_the_new_party_of_a_blind_transfer_hangs_up(house: House) -> None:
    """After a blind transfer the caller's call ends when the new party hangs up."""
    call, anna = await _conversation(house)
    house.phone("gleb").behaviour = answers()
    await anna.blind_transfer("110")
    gleb = await house.phone("gleb").incoming()
    await gleb.wait("answered")
    await talk(call, gleb)
    await gleb.hangup()
    await call.wait("ended", 1.0)
    assert (await house.row())["outcome"] == "answered"


async def test_an_attended_transfer(house: House) -> None:
    """Anna asks Gleb and joins the two: they hear each other, she is free, and it is one call."""
    call, anna = await _conversation(house)
    house.phone("gleb").behaviour = answers()
    await anna.hold()
    asking = await house.phone("anna").dial("110")
    gleb = await house.phone("gleb").incoming()
    await asking.wait("answered")
    await talk(asking, gleb)
    assert await anna.attended_transfer(asking) == 200
    await talk(call, gleb)
    assert not house.phone("anna").talking
    await gleb.hangup()
    await call.wait("ended", 1.0)
    row = await house.row()
    assert (row["outcome"], row["answered_by"], row["direction"]) == ("answered", "anna", "in")


async def test_a_blind_transfer_to_a_line(house: House) -> None:
    """A caller sent to a line climbs its ladder as an internal call, and talks to who answers there."""
    call, anna = await _conversation(house)
    house.phone("irina").behaviour = answers(after=0.1)
    await anna.blind_transfer(LINES["owner"].number)
    irina = await house.phone("irina").incoming()
    await irina.wait("answered")
    await talk(call, irina)
    await call.hangup()
    await irina.wait("ended", 1.0)
    first, second = await house.rows(2)
    assert (first["direction"], second["direction"]) == ("in", "internal")
    assert (first["answered_by"], second["answered_by"], second["line"]) == ("anna", "irina", LINES["owner"].number)


async def test_a_colleague_calls_a_line(house: House) -> None:
    """A call from a phone of the scheme to a line climbs the ladder as an internal call, and is nobody's client."""
    call = await house.phone("gleb").dial(LINES["owner"].number)
    (irina,) = await house.rings("irina")
    irina.answer()
    await talk(call, irina, packets=40)
    await call.hangup()
    row = await house.row()
    assert (row["direction"], row["caller"], row["answered_by"]) == ("internal", "110", "irina")
    assert row["claimed_by"] is None


async def test_an_attended_transfer_to_a_line(house: House) -> None:
    """Anna asks whoever answers a line and joins the two: they hear each other; the enquiry is an internal call."""
    call, anna = await _conversation(house)
    await anna.hold()
    asking = await house.phone("anna").dial(LINES["owner"].number)
    (irina,) = await house.rings("irina")
    irina.answer()
    await talk(asking, irina)
    assert await anna.attended_transfer(asking) == 200
    await talk(call, irina)
    assert not house.phone("anna").talking
    await call.hangup()
    await irina.wait("ended", 2.0)
    rows = await house.rows(2)
    assert [(row["direction"], row["outcome"], row["answered_by"]) for row in rows] == [
        ("in", "answered", "anna"),
        ("internal", "answered", "irina"),
    ]


async def test_the_caller_transfers(house: House) -> None:
    """A colleague who called a line sends his party on to a third phone: those two talk, and it ends with them."""
    call = await house.phone("gleb").dial(LINES["owner"].number)
    (irina,) = await house.rings("irina")
    irina.answer()
    await talk(call, irina)
    house.phone("vera").behaviour = answers()
    assert await call.blind_transfer("103") == 200
    vera = await house.phone("vera").incoming()
    await vera.wait("answered")
    await talk(irina, vera)
    await irina.hangup()
    await vera.wait("ended", 2.0)
    row = await house.row()
    assert (row["direction"], row["outcome"], row["answered_by"]) == ("internal", "answered", "irina")


async def test_a_blind_transfer_to_nobody(house: House) -> None:
    """A caller sent to a phone that is not there loses his call: nothing is left of it."""
    call, anna = await _conversation(house)
    await anna.blind_transfer("130")
    await call.wait("ended", 3.0)
    row = await house.row()
    assert (row["outcome"], row["answered_by"]) == ("answered", "anna")


async def test_two_transfers_after_one_another(house: House) -> None:
    """Anna sends the caller to Gleb, Gleb to Vera: caller and Vera talk, in one call of one row."""
    call, anna = await _conversation(house)
    house.phone("gleb").behaviour = house.phone("vera").behaviour = answers()
    await anna.blind_transfer("110")
    gleb = await house.phone("gleb").incoming()
    await gleb.wait("answered")
    await talk(call, gleb)
    await gleb.blind_transfer("103")
    vera = await house.phone("vera").incoming()
    await vera.wait("answered")
    await talk(call, vera)
    await vera.hangup()
    await call.wait("ended", 2.0)
    assert (await house.row())["outcome"] == "answered"


async def test_a_transfer_before_the_conversation(house: House) -> None:
    """Boris picks a call up and transfers it: who took a leg's place may be replaced as well."""
    call = await house.call("climb", ANNAS)
    await house.rings("anna")
    taken = await house.phone("boris").dial("*8")
    await talk(call, taken)
    house.phone("gleb").behaviour = answers()
    await taken.blind_transfer("110")
    gleb = await house.phone("gleb").incoming()
    await gleb.wait("answered")
    await talk(call, gleb)
    await call.hangup()
    await gleb.wait("ended", 2.0)
    assert (await house.row())["answered_by"] == "boris"
