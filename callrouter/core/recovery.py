"""The router comes back: what lives goes on, what ended meanwhile ended when the router was last there."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, legs
from callrouter.core.call import Call, Leg, LegState, Phase
from callrouter.core.climb import resume
from callrouter.core.closing import caller_gone, close_bridge, hushed
from callrouter.core.commands import Guard
from callrouter.core.confirm import questions
from callrouter.core.connect import connected, not_connected, won
from callrouter.core.going_on import go_on, is_news, with_stray
from callrouter.core.ladder import guard_of
from callrouter.core.parting import farewell, let_go
from callrouter.core.recorded import Ending
from callrouter.core.running import Reaction, end_step
from callrouter.core.sound import hush, waiting_sound
from callrouter.core.words import Instant, LegId, LostReason, Release, Result

_REFUSED = {LostReason.FAILURE: Release.FALLBACK, LostReason.REJECTED: Release.REJECTED}


def recovered(call: Call, event: ev.Recovered) -> Reaction:
    """Take the call up again."""
    call = replace(call, recovered=True)
    if event.is_caller_gone:
        return _left(call, event)
    winner = _talked_to(call, event.ending) if event.ending else None
    if event.ending and winner and call.phase in {Phase.CLIMBING, Phase.CONNECTING}:
        return _talked_out(_without(connected(call, winner), event), event.at, event.ending.at)
    call, silenced = hush(_without(call, event))  # first: behind what is announced the guard waits, and the connection
    if event.picked_up is not None and is_news(call, event.picked_up):
        call, commands = go_on(call, event.picked_up, event.at)
        call, commands = (call, commands) if call.phase is Phase.TALKING else _guarded((call, commands))
        return call, (*silenced, *commands)
    call, stopped = (call, ()) if event.picked_up is None else with_stray(call, event.picked_up)
    call, commands = _taken_up(call, event)
    return call, (*silenced, *stopped, *commands)


def _taken_up(call: Call, event: ev.Recovered) -> Reaction:
    match call.phase:
        case Phase.CLIMBING:
            return _climb_on(call, event)
        case Phase.CONNECTING:
            return _guarded(_connect_again(call, event.at))
        case Phase.TALKING if not _talks(call):
            until = event.since if event.ending is None else event.ending.at
            return let_go(hushed(call, until), event.at, Release.NORMAL)
        case Phase.CLOSING:
            return farewell(call, event.at)
        case Phase.LEAVING:
            return _let_go_again(call, event.at)
    return call, ()


def _climb_on(call: Call, event: ev.Recovered) -> Reaction:
    """Nobody knows what the caller hears: after an announcement that he waits."""
    told = bool(call.announced) or call.plan.music is not None
    call, commands = resume(call, event.at, event.since, event.gone)
    sounds = (waiting_sound(call),) if told else ()
    return _guarded((call, (*sounds, *questions(call), *commands)))


def _left(call: Call, event: ev.Recovered) -> Reaction:
    """The caller is gone: when, and whether he had talked to somebody, is Asterisk's word if it has one."""
    if call.ended_at is not None:
        return _without(call, event), ()
    ending = event.ending or Ending(event.since, None)
    winner = _talked_to(call, ending)
    if call.phase in {Phase.CLIMBING, Phase.CONNECTING} and winner is not None:
        call = connected(call, winner)
    elif call.phase in {Phase.CLIMBING, Phase.CONNECTING} and ending.lost not in {None, LostReason.ABANDONED}:
        call = replace(end_step(call, ending.at), phase=Phase.LEAVING, lost=ending.lost)
    return caller_gone(_without(call, event), ev.CallerGone(ending.at))


def _talked_out(call: Call, at: Instant, until: Instant) -> Reaction:
    """His conversation, of which the last records died with the worker, is over: nobody is called for him again."""
    call, stopped = legs.stop(hushed(call, until), lambda _: True, Result.ELSEWHERE)
    call, released = let_go(replace(call, bridge=None), at, Release.NORMAL)
    return call, (*stopped, *close_bridge(call), *released)


def _talked_to(call: Call, ending: Ending) -> Leg | None:
    if ending.answered_at is None or call.transfers:  # of a conversation after the first it says nothing
        return None
    there = [leg for leg in legs.live(call) if leg.id == call.winner or leg.phone == ending.phone]
    if there:
        return replace(there[0], answered_at=there[0].answered_at or ending.answered_at)
    # His leg died with the worker's last records: whose phone it is, is known.
    whose = [person.id for person in call.plan.people if ending.phone in person.phones]
    if not whose or not call.steps:
        return None
    leg, at = LegId(f"{call.id}.recorded"), ending.answered_at
    return Leg(leg, whose[0], ending.phone, call.steps[-1].step, LegState.GONE, at, at, at, at, ending.at)


def _guarded(reaction: Reaction) -> Reaction:
    """The guard was set for a ladder that nothing interrupts: it begins anew."""
    call, commands = reaction
    line = call.plan.line if call.transfers else None
    return call, (Guard(call.caller, guard_of(call.rungs, call.plan.ring_at_most), line), *commands)


def _without(call: Call, event: ev.Recovered) -> Call:
    """Return the call without the legs that ended meanwhile: nobody knows how, so nobody has refused."""
    for leg in call.legs:
        if leg.id in event.gone and leg.state is not LegState.GONE:
            rang = Result.NO_ANSWER if leg.was_reached else Result.UNREACHABLE
            gone = replace(leg, state=LegState.GONE, ended_at=event.since, result=leg.result or rang)
            call = legs.put(call, gone)
    return call


def _talks(call: Call) -> bool:
    winner = legs.find(call, call.winner) if call.winner else None
    return winner is not None and legs.is_live(winner)


def _connect_again(call: Call, at: Instant) -> Reaction:
    """Nobody knows how far it had come: both are taken into a fresh bridge, if the winner is still there."""
    if call.winner is None or not _talks(call):
        return not_connected(call, at)
    winner = legs.find(call, call.winner)
    assert winner is not None
    call = legs.put(call, replace(winner, state=LegState.UP))
    closed = close_bridge(call)
    call, commands = won(call, winner.id, at)
    return call, (*closed, *commands)


def _let_go_again(call: Call, at: Instant) -> Reaction:
    if call.answered_at is not None and call.sent_at is None:
        return let_go(call, at, Release.NORMAL)
    refused = _REFUSED.get(call.lost) if call.lost else None
    return farewell(call, at) if refused is None else let_go(call, at, refused)
