"""Phones outside the exchange: only "1" accepts, whoever or whatever picks up."""

from __future__ import annotations

import signal

from tests.lab import Call, Moment, answers
from tests.real.house import at, talk
from tests.real.rig import Rig, legs, scheme

MOBILE = "PJSIP/79161112233@trunk"
LADDER = '{ring = "department", seconds = 5}, {ring = "head", seconds = 5}'
IN_THE_NUMBER = 130
SPOKEN = 25
"""Packets of sound, half a second, after which a question has been heard."""


def document(ladder: str = LADDER, phone: str = "PJSIP/102") -> str:
    """Return a scheme in which Boris is called on a phone outside, and Vera's phone does not exist."""
    mobile = f'phones = [{{phone = "{phone}", confirm = true}}]'
    return (
        scheme(ladder)
        .replace('phones = ["PJSIP/102"]', mobile)
        .replace('members = ["anna", "boris", "vera"]', 'members = ["anna", "boris"]')
    )


async def asked(rig: Rig, packets: int = SPOKEN) -> tuple[Call, Call]:
    """A client calls; Boris's mobile has been picked up and hears the question, and the client still hears ringing."""
    boris = rig.phone("boris")
    boris.behaviour = answers(after=0.2)
    call = await rig.trunk.dial("+74951234567", caller="89161234567")
    mobile = await boris.incoming()
    await mobile.wait("answered")
    assert mobile.sound is not None
    await mobile.sound.hear_anybody(packets, within=10.0)
    assert call.state == "ringing"
    return call, mobile


async def test_one_accepts() -> None:
    """The client is answered when "1" is pressed, in the middle of the number too, and both hear each other at once."""
    async with Rig(document('{ring = "department", seconds = 9}')) as rig:
        call, mobile = await asked(rig, IN_THE_NUMBER)
        pressed = Moment.now()
        await mobile.press("1")
        await talk(call, rig.phone("boris"))
        assert call.answered_at is not None
        print(f'from "1" to the answer: {1000 * (call.answered_at - pressed):.0f} ms')
        assert call.answered_at.after(pressed) < 0.5
        assert mobile.answered_at is not None
        assert call.answered_at.long_after(mobile.answered_at) > 0.4
        assert call.sound is not None
        assert mobile.sound is not None
        heard, before = mobile.sound.heard[rig.trunk.voice], mobile.sound.received
        await mobile.hears(call, 20)
        assert (
            mobile.sound.received - before - (mobile.sound.heard[rig.trunk.voice] - heard) < 3
        )  # no question any more
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["answered_by"], legs(row)["boris"]) == ("answered", "boris", ["answered"])
        assert row["wait_seconds"] > 0.7


async def test_a_mobile_through_the_trunk() -> None:
    """The same on a number that the trunk carries; its display shows the client's number."""
    async with Rig(document('{ring = "person:boris", seconds = 6}', MOBILE)) as rig:
        rig.trunk.behaviour = answers(after=0.2)
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        mobile = await rig.trunk.incoming()
        await mobile.wait("answered")
        assert mobile.sound is not None
        await mobile.sound.hear_anybody(SPOKEN, within=5.0)
        await mobile.press("1")
        await call.wait("answered")
        await mobile.hears(call)
        await call.hangup()
        rig.trunk.calls.remove(mobile)  # it is a leg, and no call to a line
        (row,) = await rig.ended(1)
        assert (row["answered_by"], row["legs"][0]["phone"]) == ("boris", MOBILE)


async def test_a_voicemail_picks_up_and_goes_on() -> None:
    """Nobody presses anything: the colleagues ring on, the next step begins in time, and the head is connected."""
    async with Rig(document('{ring = "department", seconds = 2}, {ring = "head", seconds = 5}')) as rig:
        call, mobile = await asked(rig)
        anna, gleb = await rig.phone("anna").incoming(), await rig.phone("gleb").incoming()
        await gleb.wait("ringing")
        gleb.answer()
        await talk(call, gleb)
        await mobile.wait("ended")
        assert call.ringing_at is not None
        assert gleb.invited_at.comes(2.0, call.ringing_at, give_or_take=0.6)
        assert anna.cancelled
        await call.hangup()
        (row,) = await rig.ended(1)
        assert row["answered_by"] == "gleb"
        assert legs(row) == {"anna": ["no_answer"], "boris": ["no_answer"], "gleb": ["answered"]}


async def test_a_voicemail_that_hangs_up() -> None:
    """It had its say: the call was not answered, he is not called again in this step, and the call is lost."""
    async with Rig(document('{ring = "person:boris", seconds = 4}')) as rig:
        rig.phone("boris").behaviour = answers(after=0.2, hangup_after=1.0)
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        await call.wait("ended")
        assert call.status == 480
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], legs(row)) == ("lost", "no_answer", {"boris": ["no_answer"]})
        assert at(row["ended_at"]).after(at(row["arrived_at"])) < 2.5
        assert len(rig.phone("boris").invites) == 1


async def test_two_declines() -> None:
    """Declined: he is left in peace for the rest of the call."""
    async with Rig(document(f'{{ring = "person:boris", seconds = 5}}, {LADDER}')) as rig:
        rig.phone("anna").behaviour = answers(after=0.2)
        call, mobile = await asked(rig)
        await mobile.press("2")
        await mobile.wait("ended")
        await talk(call, rig.phone("anna"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert legs(row) == {"boris": ["declined"], "anna": ["answered"]}


async def test_a_colleague_is_quicker() -> None:
    """While the mobile is being asked a colleague picks up: the mobile is hung up, and "1" comes too late."""
    async with Rig(document()) as rig:
        call, mobile = await asked(rig)
        anna = await rig.phone("anna").incoming()
        anna.answer()
        await talk(call, rig.phone("anna"))
        await mobile.press("1")
        await mobile.wait("ended")
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["answered_by"], legs(row)) == ("anna", {"anna": ["answered"], "boris": ["elsewhere"]})


async def test_the_caller_leaves_while_a_mobile_is_asked() -> None:
    """He has abandoned the call, and the mobile is hung up."""
    async with Rig(document()) as rig:
        call, mobile = await asked(rig)
        await call.hangup()
        await mobile.wait("ended")
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], legs(row)["boris"]) == ("lost", "abandoned", ["cancelled"])


async def test_the_router_is_killed_while_a_mobile_is_asked() -> None:
    """Who comes back asks again, and "1" accepts."""
    async with Rig(document()) as rig:
        call, mobile = await asked(rig)
        await rig.router.end(signal.SIGKILL)
        await rig.serve()
        assert mobile.sound is not None
        await mobile.sound.hear_anybody(mobile.sound.received + SPOKEN, within=5.0)
        assert (call.state, mobile.state) == ("ringing", "answered")
        await mobile.press("1")
        await talk(call, rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["answered_by"], row["recovered"]) == ("boris", True)


async def test_a_long_step() -> None:
    """However long the phone may ring: the question is heard, and the key accepts."""
    async with Rig(document('{ring = "department", seconds = 600}')) as rig:
        call, mobile = await asked(rig)
        await mobile.press("1")
        await talk(call, rig.phone("boris"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert row["answered_by"] == "boris"
