"""What Asterisk says of a channel that is known, as an event of its call."""

from __future__ import annotations

from typing import Any

import pytest

from callrouter.ari.messages import MESSAGE
from callrouter.ari.translate import Whose, end_of, translate
from callrouter.core import events as ev
from callrouter.core.words import CallId, LegId
from tests.ari.fake_ari import a_channel, started

CALL, LEG = CallId("call"), LegId("call.1.1.anna")
MADE = Whose(CALL, LEG, is_made_by_us=True)
TAKEN = Whose(CALL, LEG)
CALLER = Whose(CALL)


def said(kind: str, state: str = "Up", **more: Any) -> dict[str, Any]:
    """Return a message about a channel."""
    return {"type": kind, "channel": a_channel("x", state), **more}


@pytest.mark.parametrize(
    ("message", "whose", "event"),
    [
        (said("ChannelStateChange", "Ringing"), MADE, ev.LegRinging(1.0, LEG)),
        (said("ChannelStateChange", "Up"), MADE, ev.LegAnswered(1.0, LEG)),
        (said("ChannelStateChange", "Down"), MADE, None),
        (said("ChannelStateChange", "Up"), CALLER, None),
        (said("ChannelEnteredBridge", bridge={"id": "b"}), CALLER, ev.Joined(1.0, None)),
        (said("ChannelEnteredBridge", bridge={"id": "b"}), MADE, ev.Joined(1.0, LEG)),
        (said("ChannelDestroyed", cause=17, tech_cause=486), MADE, ev.LegEnded(1.0, LEG, ev.End.BUSY, 486)),
        (said("ChannelDestroyed", cause=21, tech_cause=603), MADE, ev.LegEnded(1.0, LEG, ev.End.REFUSED, 603)),
        (said("ChannelDestroyed", cause=23, tech_cause=302), MADE, ev.LegEnded(1.0, LEG, ev.End.FORWARDED, 302)),
        (said("ChannelDestroyed", cause=16), MADE, ev.LegEnded(1.0, LEG, ev.End.REFUSED, None)),
        (said("ChannelDestroyed", cause=16), CALLER, ev.CallerGone(1.0)),
        (said("ChannelHangupRequest", tech_cause=487), CALLER, ev.CallerGone(1.0, is_unanswered=True)),
        (said("ChannelHangupRequest", cause=16), CALLER, None),
        (said("ChannelHangupRequest", tech_cause=487), MADE, None),
        (said("StasisEnd"), CALLER, ev.CallerGone(1.0)),
        (said("StasisEnd"), TAKEN, ev.LegEnded(1.0, LEG, ev.End.REFUSED, None)),
        (said("StasisEnd"), MADE, None),
        ({"type": "PlaybackFinished", "playback": {"id": "call.prompt"}}, CALLER, ev.PromptEnded(1.0)),
        (
            {"type": "PlaybackFinished", "playback": {"id": "call.announcement1"}},
            CALLER,
            ev.AnnouncementEnded(1.0, "call.announcement1"),
        ),
        (said("ChannelDtmfReceived", digit="1"), MADE, ev.KeyPressed(1.0, LEG, "1")),
        (said("ChannelDtmfReceived", digit="1"), CALLER, None),
        (started("x"), MADE, None),
        (
            started("new", replace_channel=a_channel("x")),
            MADE,
            ev.LegReplaced(1.0, LEG, LegId("new"), "PJSIP/101", None, is_up=False),
        ),
        (
            {**started("new"), "channel": a_channel("new", "Up"), "replace_channel": a_channel("x")},
            MADE,
            ev.LegReplaced(1.0, LEG, LegId("new"), "PJSIP/101", None),
        ),
        (started("new", replace_channel=a_channel("x")), CALLER, ev.CallerReplaced(1.0, "new")),
    ],
)
def test_a_message_is_an_event(message: dict[str, Any], whose: Whose, event: ev.Event | None) -> None:
    """Each message that is news becomes one event of that call, and what is no news becomes none."""
    assert translate(MESSAGE.validate_python(message), whose, 1.0) == event


@pytest.mark.parametrize(
    ("cause", "sip", "end"),
    [
        (17, 486, ev.End.BUSY),
        (17, 600, ev.End.BUSY),
        (17, None, ev.End.BUSY),
        (17, 0, ev.End.BUSY),
        (17, 603, ev.End.REFUSED),
        (23, None, ev.End.FORWARDED),
        (16, 301, ev.End.FORWARDED),
        (19, 480, ev.End.REFUSED),
        (127, 487, ev.End.REFUSED),
        (0, None, ev.End.REFUSED),
    ],
)
def test_the_end_of_a_channel(cause: int, sip: int | None, end: ev.End) -> None:
    """The SIP code says it where there is one, else Asterisk's cause."""
    assert end_of(cause, sip) is end
