"""A ladder has run out, or is not to be climbed: the caller is told, and let go."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, Phase
from callrouter.core.commands import LetGo, Play
from callrouter.core.ladder import PROMPT_AT_MOST
from callrouter.core.running import Reaction
from callrouter.core.sound import hush
from callrouter.core.words import Instant, LostReason, Release, Result, Why

GOING_AT_MOST = 5.0
"""Seconds Asterisk has to end a channel that was told to go."""


def run_out(call: Call, at: Instant) -> Reaction:
    """Nobody is left to ring: the prompt, if the line has one, and the end."""
    call, stopped = legs.stop(call, lambda _: True, Result.NO_ANSWER)
    call = replace(call, lost=reason(call))
    prompt = call.plan.prompt
    if prompt is not None:  # after what is being announced
        call = replace(call, phase=Phase.CLOSING, patience=at + PROMPT_AT_MOST)
        return call, (*stopped, Play(call.caller, prompt))
    call, released = farewell(call, at)
    return call, (*stopped, *released)


def farewell(call: Call, at: Instant) -> Reaction:
    """The caller has heard all that the ladder has for him: the dialplan goes on, or he is let go."""
    return let_go(call, at, Release.NO_ANSWER if call.plan.goes_on is None else Release.GOES_ON)


def let_go(call: Call, at: Instant, release: Release) -> Reaction:
    """End the caller's channel, or give it back to the dialplan."""
    call, hushed = hush(call)
    place = call.plan.goes_on if release is Release.GOES_ON else None
    released = LetGo(call.caller, release, call.plan.line, call.lost, place)
    return replace(call, phase=Phase.LEAVING, patience=at + GOING_AT_MOST), (*hushed, released)


def reason(call: Call) -> LostReason:
    """Return why a call is lost whose ladder has run out."""
    if call.plan.is_closed:
        return LostReason.CLOSED
    there = {Result.DECLINED, Result.BUSY, Result.FORWARDED, Result.NO_ANSWER}
    rung = any(leg.ringing_at is not None or leg.answered_at is not None or leg.result in there for leg in call.legs)
    busy = any(why in {Why.BUSY, Why.WRAP_UP} for run in call.steps for _, why in run.passed)
    return LostReason.NO_ANSWER if rung or busy else LostReason.UNREACHABLE
