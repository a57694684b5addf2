"""What people hear before they are connected: nothing waits for it, and what is told to stop has stopped first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.ari import messages as ms
from callrouter.core import commands as cm
from callrouter.core.words import Result
from tests.ari.fake_ari import Answer, FakeAri, a_channel
from tests.ari.test_phone import CALL, CONNECT, LEG, Wire, a_phone

FIRST, SECOND = "call.announcement1", "call.announcement2"
ANNOUNCE = cm.Announce("caller", FIRST, "sound:away", None)
QUESTION = f"{LEG}.question"
CONFIRM = cm.Confirm(LEG, "+79161234567", "ru", 1012.5)
PLAY = f"POST channels/{LEG}/play/{QUESTION}"


def pressed(key: str) -> ms.ChannelDtmfReceived:
    """Return what Asterisk says of a key."""
    return ms.ChannelDtmfReceived.model_validate(
        {"type": "ChannelDtmfReceived", "channel": a_channel(LEG, "Up"), "digit": key}
    )


@pytest.mark.parametrize(("music", "then"), [(None, "ring"), ("jazz", "moh")])
async def test_an_announcement_and_what_is_heard_after_it(music: str | None, then: str) -> None:
    """Asterisk queues them: ringing, or the music, begins when the announcement has ended."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, replace(ANNOUNCE, music=music)) is None
        await ari.was_asked(f"POST channels/caller/{then}")
        assert ari.said() == [f"POST channels/caller/play/{FIRST}", f"POST channels/caller/{then}"]
        assert ari.asked[0].params == {"media": "sound%3Aaway"}


async def test_music() -> None:
    """Of the class that the line has."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        await phone.perform(CALL, cm.PlayMusic("caller", "jazz"))
        await ari.was_asked("POST channels/caller/moh")
        assert ari.asked[0].params == {"mohClass": "jazz"}


async def test_hush_stops_the_latest_first_and_after_it_has_begun() -> None:
    """Told to stop in the same breath: what has not been asked for yet is asked for first."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        await phone.perform(CALL, ANNOUNCE)
        await phone.perform(CALL, replace(ANNOUNCE, announcement=SECOND))
        await phone.perform(CALL, cm.Hush((FIRST, SECOND)))
        said = ari.said()
        assert said.index(f"POST channels/caller/play/{SECOND}") < said.index(f"DELETE playbacks/{SECOND}")
        assert said.index(f"DELETE playbacks/{SECOND}") < said.index(f"DELETE playbacks/{FIRST}")


async def test_an_announcement_that_cannot_be_played() -> None:
    """The caller hears ringing all the same."""
    refused = {f"POST channels/caller/play/{FIRST}": Answer(404)}
    async with FakeAri(answers=refused) as ari, a_phone(ari) as phone:
        await phone.perform(CALL, ANNOUNCE)
        await ari.was_asked("POST channels/caller/ring")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+790", "sound%3Avm-from-phonenumber%2Csound%3Adigits%2F7%2Csound%3Adigits%2F9%2Csound%3Adigits%2F0"),
        (None, "sound%3Afrom-unknown-caller"),
    ],
)
async def test_the_question(number: str | None, said: str) -> None:
    """Who calls, and "press 1", in the language of the scheme, again and again until the phone stops."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        await phone.perform(CALL, replace(CONFIRM, number=number))
        await ari.was_asked(PLAY)
        round_ = f"{said}%2Csound%3Avm-press%2Csound%3Adigits%2F1%2Csound%3Asilence%2F2"
        assert ari.asked[-1].params == {"media": "%2C".join([round_] * 3), "lang": "ru"}


async def test_a_long_question() -> None:
    """Asterisk refuses a list of more than 127 sounds whole: in a long step the question is not repeated to its end."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        await phone.perform(CALL, replace(CONFIRM, until=2000.0))
        await ari.was_asked(PLAY)
        media = ari.asked[-1].params["media"].split("%2C")
        assert (len(media), media[-1]) == (120, "sound%3Asilence%2F2")


async def test_an_announcement_that_asterisk_does_not_take_in_time() -> None:
    """Told to stop before it has begun: the caller does not hear it, nor ringing after it, in his conversation."""
    slow = {f"POST channels/caller/play/{FIRST}": Answer(after=0.4), "POST channels/caller/answer": Answer(after=0.4)}
    async with FakeAri(answers=slow) as ari, a_phone(ari) as phone:
        await phone.perform(CALL, ANNOUNCE)
        await phone.perform(CALL, cm.Hush((FIRST,)))
        assert await phone.perform(CALL, CONNECT) is None
        assert "POST channels/caller/ring" not in ari.said()


@pytest.mark.parametrize(("state", "asks"), [("playing", False), ("done", True)])
async def test_a_question_that_plays_is_not_asked_twice(state: str, asks: bool) -> None:
    """Of two playbacks with one name Asterisk would stop only one."""
    plays = {f"GET playbacks/{QUESTION}": Answer(body={"state": state})}
    async with FakeAri(answers=plays) as ari, a_phone(ari) as phone:
        await phone.perform(CALL, CONFIRM)
        await phone.perform(CALL, CONNECT)
        assert (PLAY in ari.said()) is asks
        assert f"DELETE playbacks/{QUESTION}" in ari.said()


async def test_only_who_is_asked_is_listened_to() -> None:
    """What people press before, and in the conversation, is nobody's business; the question stops first."""
    wire = Wire()
    async with FakeAri() as ari, a_phone(ari, wire) as phone:
        assert phone.hear(pressed("7"), wire.calls)
        await phone.perform(CALL, CONFIRM)
        assert phone.sounds.is_asked(LEG)
        await ari.was_asked(PLAY)
        await phone.perform(CALL, CONNECT)
        assert not phone.sounds.is_asked(LEG)
        assert wire.calls.told.empty()
        said = ari.said()
        assert said.index(f"DELETE playbacks/{QUESTION}", said.index(PLAY)) < said.index("POST bridges/call.bridge1")


@pytest.mark.parametrize("ended", [True, False])
async def test_who_is_gone_is_asked_nothing(*, ended: bool) -> None:
    """Hung up by us, or by itself."""
    wire = Wire()
    async with FakeAri() as ari, a_phone(ari, wire) as phone:
        await phone.perform(CALL, CONFIRM)
        if ended:
            gone = {"type": "ChannelDestroyed", "channel": a_channel(LEG, "Up")}
            phone.hear(ms.ChannelDestroyed.model_validate(gone), wire.calls)
        else:
            await phone.perform(CALL, cm.HangUp(LEG, Result.NO_ANSWER))
        assert not phone.sounds.is_asked(LEG)
