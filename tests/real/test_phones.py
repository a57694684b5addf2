"""Phones: all contacts of one number, all phones of one person, pickup by a colleague, and what the display shows."""

from __future__ import annotations

import pytest

from tests.lab import Identity, answers, silent
from tests.real.company import ANNAS, AT_ONCE
from tests.real.house import House, talk, told
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
ELSEWHERE = "Call completed elsewhere"


async def test_two_contacts_of_one_number_ring(house: House) -> None:
    """Desk phone and softphone on one extension both ring; one answers, the other is told so."""
    desk, soft = house.lab.devices["150"]
    call = await house.call("duo")
    one, two = await desk.incoming(), await soft.incoming()
    await one.wait("ringing")
    await two.wait("ringing")
    two.answer()
    await talk(call, two)
    assert await told(desk) == [ELSEWHERE]
    await call.hangup()
    row = await house.row()
    assert sorted((leg["phone"], leg["result"]) for leg in row["legs"]) == [
        ("PJSIP/150", "answered"),
        ("PJSIP/150", "elsewhere"),
    ]
    assert (row["answered_by"], len(row["talk"])) == ("duo", 1)


async def test_both_phones_of_a_person_ring(house: House) -> None:
    """A person with two numbers is rung on both; who answers one of them is spared a missed call on the other."""
    call = await house.call("pavel")
    one, two = await house.lab.phone("141").incoming(), await house.lab.phone("142").incoming()
    await one.wait("ringing")
    await two.wait("ringing")
    one.answer()
    await talk(call, one)
    assert await told(house.lab.phone("142")) == [ELSEWHERE]
    await call.hangup()
    row = await house.row()
    assert {leg["phone"]: leg["result"] for leg in row["legs"]} == {"PJSIP/141": "answered", "PJSIP/142": "elsewhere"}


async def test_a_person_who_talks_is_busy_on_all_his_phones(house: House) -> None:
    """Who talks on one of his phones is not rung on the other."""
    await house.engage("pavel")
    call = await house.call("pavel")
    (boris,) = await house.rings("boris")
    boris.answer()
    await talk(call, boris)
    assert not house.lab.phone("142").invites
    await call.hangup()
    row = await house.row()
    assert (skipped(row), legs(row)) == (["busy", None], {"boris": ["answered"]})


async def test_a_dead_contact_beside_a_living_one(house: House) -> None:
    """A registration whose device is gone does not keep the living device of the number from ringing."""
    call = await house.call("half")
    (half,) = await house.rings("half")
    assert half.invited_at.after(call.invited_at) < AT_ONCE
    half.answer()
    await talk(call, half)
    await call.hangup()
    row = await house.row()
    assert sorted(leg["result"] for leg in row["legs"]) == ["answered", "elsewhere"]
    assert row["answered_by"] == "half"


async def test_a_phone_without_power(house: House) -> None:
    """A registered phone that says nothing was not there: it costs the step's time, and the next step rings."""
    house.phone("gleb").behaviour = silent()
    house.phone("anna").behaviour = answers(after=0.1)
    call = await house.call("mute")
    (anna,) = await house.rings("anna")
    await talk(call, anna)
    await call.hangup()
    row = await house.row()
    assert legs(row)["gleb"] == ["unreachable"]
    assert (row["answered_by"], row["answered_step"]) == ("anna", 2)


async def test_a_colleague_picks_the_call_up(house: House) -> None:
    """Gleb takes the ringing call over with *8: he has answered it, the others stop, and he talks with the caller."""
    call = await house.call("hold")
    await house.rings("anna", "boris", "vera")
    taken = await house.phone("gleb").dial("*8")
    await talk(call, taken)
    reasons = [await told(house.phone(person)) for person in ("anna", "boris", "vera")]
    assert sorted(len(reason) for reason in reasons) == [1, 1, 1]
    assert reasons.count([ELSEWHERE]) == 2  # the third was ended by Asterisk's own pickup, which does not say so
    await call.hangup()
    await taken.wait("ended")
    row = await house.row()
    assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", "gleb", 1)
    assert legs(row) == {"gleb": ["answered"]} | {person: ["elsewhere"] for person in ("anna", "boris", "vera")}
    assert [one["person"] for one in row["talk"]] == ["gleb"]


async def test_somebody_outside_the_scheme_picks_the_call_up(house: House) -> None:
    """A phone that is nobody's in the scheme takes the call over: answered, by nobody we know, and they talk."""
    call = await house.call("climb", ANNAS)
    await house.rings("anna")
    taken = await house.phone("201").dial("*8")
    await talk(call, taken)
    await taken.hangup()
    await call.wait("ended")
    row = await house.row()
    assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", None, 1)
    assert {leg["phone"]: leg["result"] for leg in row["legs"]} == {"PJSIP/101": "elsewhere", "PJSIP/201": "answered"}


async def test_the_phone_shows_the_client_and_whose_he_is(house: House) -> None:
    """The responsible's phone shows the client, a colleague's also his manager, before the answer and after it."""
    call = await house.call("climb", ANNAS)
    anna, boris, _ = await house.rings("anna", "boris", "vera")
    assert anna.shown == Identity("ООО Ромашка", "+79161234567")
    assert boris.shown == Identity("ООО Ромашка · Анна Петрова", "+79161234567")
    boris.answer()
    await talk(call, boris)
    assert {screen.name for screen in boris.screens} == {"ООО Ромашка · Анна Петрова"}
    await call.hangup()
    assert (await house.row())["client"] == "ООО Ромашка"


async def test_the_phone_shows_a_client_whom_nobody_has(house: House) -> None:
    """A client without a responsible is shown by his name alone."""
    call = await house.call("climb", "89161230004")
    (anna,) = await house.rings("anna")
    assert anna.shown.name == "ООО Мак"
    await call.hangup()
    assert (await house.row())["client"] == "ООО Мак"


async def test_the_phone_shows_the_number_of_a_stranger(house: House) -> None:
    """A caller without a card is shown by his number, whatever name the trunk has for him."""
    call = await house.call("climb", "89031234567", name="Казино")
    (anna,) = await house.rings("anna")
    assert anna.shown == Identity("+79031234567", "+79031234567")
    anna.answer()
    await talk(call, anna)
    assert {screen.name for screen in anna.screens} == {"+79031234567"}
    await call.hangup()
    await house.row()


async def test_a_colleague_who_rings_himself_picks_up(house: House) -> None:
    """Boris, whose own phone rings, dials *8 from it all the same: he has answered, and every phone stops."""
    call = await house.call("hold")
    await house.rings("anna", "boris", "vera")
    taken = await house.phone("boris").dial("*8")
    await talk(call, taken)
    for person in ("anna", "boris", "vera"):
        assert len(await told(house.phone(person))) == 1
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["answered_by"]) == ("answered", "boris")
    assert legs(row) == {"anna": ["elsewhere"], "boris": ["elsewhere", "answered"], "vera": ["elsewhere"]}
