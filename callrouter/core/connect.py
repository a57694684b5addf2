"""Caller and winner are brought together, or are not."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, legs
from callrouter.core.call import Call, Leg, LegState, Phase, Talk
from callrouter.core.climb import climb
from callrouter.core.closing import close_bridge
from callrouter.core.commands import Connect
from callrouter.core.running import Reaction, end_step
from callrouter.core.sound import hush, waiting_sound
from callrouter.core.words import Instant, LegId, Result

CONNECT_AT_MOST = 5.0
"""Seconds to bring caller and winner together before the next step begins."""


def won(call: Call, winner: LegId, at: Instant) -> Reaction:
    """Take the first; the others stop before a bridge is touched (Asterisk #1124)."""
    call, stopped = legs.stop(call, lambda leg: leg.id != winner, Result.ELSEWHERE)
    number = call.bridges + 1
    bridge = f"{call.id}.bridge{number}"
    call = replace(call, phase=Phase.CONNECTING, winner=winner, bridge=bridge, bridges=number)
    call = replace(call, patience=at + CONNECT_AT_MOST, caller_joined=False)
    call, hushed = hush(call)
    return call, (*stopped, *hushed, Connect(call.caller, winner, bridge))


def joined(call: Call, event: ev.Joined) -> Reaction:
    """Take note of who is in the bridge; with both in it the call is answered."""
    if event.leg is None:
        call = replace(call, caller_joined=True)
    else:
        leg = legs.find(call, event.leg)
        talks = leg and legs.move(leg, legs.Signal.JOINED)
        if talks is None:
            return call, ()
        call = legs.put(call, talks)
    winner = legs.find(call, call.winner) if call.winner else None
    if call.phase is not Phase.CONNECTING or not call.caller_joined or not winner:
        return call, ()
    if winner.state is not LegState.TALKING:
        return call, ()
    return connected(call, winner), ()


def connected(call: Call, winner: Leg) -> Call:
    """The caller talks to this leg, since it was picked up."""
    at = winner.answered_at or winner.started_at
    call = legs.put(end_step(call, at), replace(winner, result=Result.ANSWERED))
    talk = (*call.talk, Talk(winner.person, at))
    call = replace(call, phase=Phase.TALKING, patience=None, talk=talk, sent_at=None)
    if call.answered_at is not None:  # he was transferred: who answered the call stays
        return call
    step = call.steps[-1].step if call.steps else None
    return replace(call, answered_at=at, answered_by=winner.person, answered_step=step)


def not_connected(call: Call, at: Instant) -> Reaction:
    """The winner is not to be had: the caller hears that he waits and the next step begins."""
    call, stopped = legs.stop(call, lambda _: True, Result.FAILED)
    tidied = (*stopped, *close_bridge(call), waiting_sound(call))
    call, more = climb(replace(call, winner=None, bridge=None), at)
    return call, (*tidied, *more)
