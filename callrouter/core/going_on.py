"""The caller is together with a leg, or is to be, and no record says so: the worker that brought them there is dead."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import confirm, legs
from callrouter.core.call import Call, Leg, LegState, Phase, StepRun, Talk
from callrouter.core.closing import close_bridge, hushed
from callrouter.core.commands import Connect
from callrouter.core.connect import connected, won
from callrouter.core.recorded import PickedUp
from callrouter.core.running import Reaction, end_step
from callrouter.core.words import Instant, Result


def is_news(call: Call, up: PickedUp) -> bool:
    """Whether it changes what the call would do by its records."""
    if up.leg in {transfer.leg for transfer in call.transfers}:  # it has done its work, and is told to go
        return False
    winner = legs.find(call, call.winner) if call.winner else None
    if call.phase is Phase.TALKING:
        return up.bridge is not None and (winner is None or not legs.is_live(winner))
    if up.bridge is not None:
        return call.phase is not Phase.ENDING
    leg = _leg(call, up)
    return call.phase is Phase.CLIMBING and legs.is_live(leg) and not _is_asked(call, leg)


def with_stray(call: Call, up: PickedUp) -> Reaction:
    """A leg that no record knows, and that makes no conversation, is asked for a key again, or stops."""
    if legs.find(call, up.leg) is not None:
        return call, ()
    leg = _leg(call, up)
    if call.phase is Phase.CLIMBING:
        return legs.put(call, replace(leg, state=LegState.ASKED, ringing_at=up.started_at)), ()
    return legs.stop(legs.put(call, leg), lambda other: other.id == leg.id, Result.ELSEWHERE)


def go_on(call: Call, up: PickedUp, at: Instant) -> Reaction:
    """Go on with the two as they are: nobody else is called for, and who rings beside them stops."""
    leg = replace(_leg(call, up), state=LegState.UP, result=None)
    leg = replace(leg, answered_at=leg.answered_at or up.at)
    call = legs.put(_climbed(call, leg), leg)
    if up.bridge is None:
        return won(call, leg.id, at)
    leg = replace(leg, state=LegState.TALKING)
    call, stopped = legs.stop(call, lambda other: other.id != leg.id, Result.ELSEWHERE)
    if call.phase is Phase.TALKING:
        talk = (*hushed(call, up.at).talk, Talk(leg.person, up.at))
        call = legs.put(call, replace(leg, result=Result.ANSWERED))
        return replace(call, winner=leg.id, talk=talk, sent_at=None), stopped
    closed = () if call.bridge == up.bridge else close_bridge(call)
    call = replace(connected(call, leg), winner=leg.id, caller_joined=True, lost=None)
    call = replace(call, bridge=up.bridge, bridges=call.bridges + 1)
    # They are marked, and their time begins anew, by what makes no difference to two who are together already.
    return call, (*stopped, *closed, Connect(call.caller, leg.id, up.bridge))


def _leg(call: Call, up: PickedUp) -> Leg:
    there = legs.find(call, up.leg)
    return there or Leg(up.leg, up.person, up.phone, up.step, LegState.UP, up.started_at, up.at)


def _is_asked(call: Call, leg: Leg) -> bool:
    """Whether picking up was not enough; of a leg that no record knows Asterisk does not say which phone it is."""
    if legs.find(call, leg.id) is not None:
        return confirm.is_asked(call, leg)
    return any(person.id == leg.person and person.confirm for person in call.plan.people)


def _climbed(call: Call, leg: Leg) -> Call:
    """The step that rang it had begun, and with it those before."""
    for step in range(len(call.steps) + 1, min(leg.step, len(call.plan.ladder)) + 1):
        call = end_step(call, leg.started_at)
        call = replace(call, steps=(*call.steps, StepRun(step, leg.started_at)))
    return call
