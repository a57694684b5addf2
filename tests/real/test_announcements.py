"""What a caller hears who waits: announcements that delay no ring and no answer, then ringing again, or music."""

from __future__ import annotations

import signal

from tests.lab import Call, Company, Moment
from tests.real.house import talk
from tests.real.rig import Rig, scheme, skipped

MUSIC = Company(files={"musiconhold.conf": "[jazz]\nmode=files\ndirectory=sounds/en/digits\n"})
CLIENT = "phone,name,responsible\n89161234567,ООО Ромашка,anna\n"
LONG = "sound:demo-echodone"
"""It lasts for two and a half seconds."""


async def heard(call: Call, packets: int) -> None:
    """Wait until the caller has heard so much, who is not answered."""
    assert call.sound is not None
    await call.sound.hear_anybody(packets, within=8.0)
    assert call.state == "ringing"


async def test_an_announcement_delays_nobody() -> None:
    """The phone rings as soon as without one, and picking up stops it: the client is answered at once."""
    ladder = f'{{ring = "department", seconds = 8, announce = "{LONG}"}}'
    async with Rig(scheme(ladder)) as rig:
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        anna = await rig.phone("anna").incoming()
        assert anna.invited_at.after(call.invited_at) < 0.5
        await heard(call, 30)
        assert 183 in call.provisional
        picked_up = Moment.now()
        anna.answer()
        answered = await call.wait("answered")
        print(f"from the pick-up to the answer, in an announcement: {1000 * (answered - picked_up):.0f} ms")
        assert answered.after(picked_up) < 0.5
        await talk(call, rig.phone("anna"))
        await call.hangup()


async def test_ringing_is_heard_again_after_an_announcement() -> None:
    """In band, as the channel has begun to sound: a tone and its pauses come for as long as he waits."""
    ladder = f'{{ring = "department", seconds = 8, announce = "{LONG}"}}'
    async with Rig(scheme(ladder)) as rig:
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        await heard(call, 50 * 5)
        await call.hangup()


async def test_the_cause_is_said_while_the_next_phone_rings() -> None:
    """The manager talks: "busy" is said and not "away", and the department rings meanwhile."""
    ladder = f"""
      {{ring = "responsible", seconds = 5, announce_away = "sound:nonsense", announce_busy = "{LONG}"}},
      {{ring = "head", seconds = 8}},"""
    async with Rig(scheme(ladder), clients=CLIENT) as rig:
        busy = await rig.phone("anna").dial("*43")
        await busy.wait("answered")
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        gleb = await rig.phone("gleb").incoming()
        print(f"the next phone rings {1000 * (gleb.invited_at - call.invited_at):.0f} ms after the call")
        assert gleb.invited_at.after(call.invited_at) < 0.5
        await heard(call, 60)
        gleb.answer()
        await talk(call, rig.phone("gleb"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert skipped(row) == ["busy", None]


async def test_music_instead_of_ringing() -> None:
    """The client hears it before he is answered, again after an announcement, and no longer when he talks."""
    ladder = '{ring = "department", seconds = 8, announce = "sound:vm-press"}'
    async with Rig(scheme(ladder, line=', music = "jazz"'), company=MUSIC) as rig:
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        anna = await rig.phone("anna").incoming()
        await heard(call, 120)
        anna.answer()
        await talk(call, rig.phone("anna"))
        assert call.sound is not None
        others = call.sound.received - call.sound.heard[rig.phone("anna").voice]
        await call.hears(rig.phone("anna"), 25)
        assert call.sound.received - call.sound.heard[rig.phone("anna").voice] - others < 3
        await call.hangup()


async def test_the_router_is_killed_in_an_announcement() -> None:
    """Who comes back stops it, goes on ringing and connects who picks up."""
    ladder = '{ring = "department", seconds = 12, announce = "sound:silence/10"}'
    async with Rig(scheme(ladder)) as rig:
        call = await rig.trunk.dial("+74951234567", caller="89161234567")
        anna = await rig.phone("anna").incoming()
        await heard(call, 20)
        await rig.router.end(signal.SIGKILL)
        await rig.serve()
        assert (call.state, anna.state) == ("ringing", "ringing")
        anna.answer()
        await talk(call, rig.phone("anna"))
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["answered_by"], row["recovered"]) == ("anna", True)
