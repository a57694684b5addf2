"""What a caller hears who waits: ringing or music, and announcements, none of which a phone waits for."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core.call import Call
from callrouter.core.commands import Announce, Command, Hush, PlayMusic, SendRinging
from callrouter.core.events import AnnouncementEnded
from callrouter.core.ladder import Step
from callrouter.core.words import Why

_BUSY = {Why.BUSY, Why.WRAP_UP}
_AWAY = {
    Why.UNREACHABLE,
    Why.PAUSED,
    Why.ABSENT,
    Why.CLOSED,
    Why.OFF_HOURS,
    Why.OFF_SHIFT,
    Why.DO_NOT_DISTURB,
    Why.FORWARDED,
}


def waiting_sound(call: Call) -> Command:
    """Return what makes the caller hear that he waits."""
    music = call.plan.music
    return SendRinging(call.caller) if music is None else PlayMusic(call.caller, music)


def announce(call: Call, media: str | None) -> tuple[Call, tuple[Command, ...]]:
    """Say something to the caller, if there is something to say."""
    if media is None:
        return call, ()
    number = call.announced + 1
    name = f"{call.id}.announcement{number}"
    call = replace(call, announced=number, playing=(*call.playing, name))
    return call, (Announce(call.caller, name, media, call.plan.music),)


def excuse(step: Step, why: Why) -> str | None:
    """Return what is said when the step is skipped."""
    if why in _BUSY:
        return step.announce_busy
    return step.announce_away if why in _AWAY else None


def heard(call: Call, event: AnnouncementEnded) -> Call:
    """Return the call after an announcement."""
    return replace(call, playing=tuple(name for name in call.playing if name != event.announcement))


def hush(call: Call) -> tuple[Call, tuple[Command, ...]]:
    """Stop whatever is announced."""
    return replace(call, playing=()), (Hush(call.playing),) if call.playing else ()
