"""ARI's messages about channels we know, as events of their call. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.ari import messages as ms
from callrouter.core import events as ev
from callrouter.core.words import CallId, Instant, LegId

_SIP_BUSY = {486, 600}
_SIP_MOVED = range(300, 400)
_Q850_BUSY = 17
_Q850_MOVED = 23


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose channel it is: a leg of this call, or its caller (None)."""

    call: CallId
    leg: LegId | None = None
    is_made_by_us: bool = False
    """Then Asterisk says how it ended (`ChannelDestroyed`), unless another channel took its place."""


def prompt_of(call: CallId) -> str:
    """Return the name under which a call's closing prompt is played."""
    return f"{call}.prompt"


def translate(message: ms.Message, whose: Whose, at: Instant) -> ev.Event | None:
    """Return the event that a message about a known channel is; None where it is no news."""
    match message:
        case ms.StasisStart(replace_channel=ms.Channel()):
            return _replaced(message.channel, whose, at)
        case ms.ChannelEnteredBridge():
            return ev.Joined(at, whose.leg)
        case ms.ChannelStateChange() if whose.leg is not None:
            return _state(message, whose.leg, at)
        case ms.Dial(dialstatus="PROGRESS") if whose.leg is not None:
            return ev.LegProgressed(at, whose.leg)
        case ms.ChannelDestroyed():
            end = end_of(message.cause, message.tech_cause)
            return _gone(whose, at, message.late, end, message.tech_cause or None)
        case ms.ChannelHangupRequest(tech_cause=487) if whose.leg is None:
            return ev.CallerGone(at, is_unanswered=True, late=message.late)
        case ms.ChannelDtmfReceived() if whose.leg is not None:
            return ev.KeyPressed(at, whose.leg, message.digit)
        case ms.PlaybackFinished(playback=ms.Playback(id=sound)):
            return ev.PromptEnded(at) if sound == prompt_of(whose.call) else ev.AnnouncementEnded(at, sound)
        case ms.StasisEnd() if not whose.is_made_by_us:
            return _gone(whose, at, message.late, ev.End.REFUSED)
    return None


def end_of(cause: int, sip: int | None) -> ev.End:
    """Return how a channel ended, from Asterisk's Q.850 cause and the SIP code, where there is one."""
    if sip in _SIP_BUSY or (not sip and cause == _Q850_BUSY):
        return ev.End.BUSY
    if sip in _SIP_MOVED or cause == _Q850_MOVED:
        return ev.End.FORWARDED
    return ev.End.REFUSED


def _replaced(channel: ms.Channel, whose: Whose, at: Instant) -> ev.Event:
    if whose.leg is None:
        return ev.CallerReplaced(at, channel.id)
    return ev.LegReplaced(at, whose.leg, LegId(channel.id), channel.phone, None, is_up=channel.state == "Up")


def _state(message: ms.ChannelStateChange, leg: LegId, at: Instant) -> ev.Event | None:
    if message.channel.state == "Ringing":
        return ev.LegRinging(at, leg)
    return ev.LegAnswered(at, leg, message.late) if message.channel.state == "Up" else None


def _gone(whose: Whose, at: Instant, late: float, end: ev.End, sip: int | None = None) -> ev.Event:
    return ev.CallerGone(at, late=late) if whose.leg is None else ev.LegEnded(at, whose.leg, end, sip, late)
