"""A call ends: the caller is gone, his legs go, the row is closed."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, legs
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.commands import CloseBridge, Command
from callrouter.core.running import Reaction, end_step
from callrouter.core.words import Instant, LostReason, Result

LEGS_AT_MOST = 0.5
"""Seconds the legs have to go after the caller: the row is closed within 1 s."""
CLOCKS = 0.02
"""Seconds by which Asterisk's clock and ours may be apart."""
_RUN_OUT = {LostReason.NO_ANSWER, LostReason.UNREACHABLE, LostReason.CLOSED}


def caller_gone(call: Call, event: ev.CallerGone) -> Reaction:
    """Every phone stops; who left before anybody was connected has abandoned the call."""
    left = event.at - event.late
    if event.is_unanswered and call.phase is Phase.TALKING and not call.transfers:
        call = _never_answered(call)
    if call.phase in {Phase.CLIMBING, Phase.CONNECTING}:
        call = replace(end_step(call, event.at), lost=LostReason.ABANDONED, lost_step=_step_at(call, left))
    if call.lost in _RUN_OUT and _was_first(call, event, left):
        call = replace(call, lost=LostReason.ABANDONED, lost_step=_step_at(call, left))
    call, stopped = legs.stop(hushed(call, left), lambda _: True, Result.CANCELLED)
    closed = close_bridge(call)
    call = replace(call, phase=Phase.ENDING, ended_at=left, bridge=None, patience=event.at + LEGS_AT_MOST)
    return over(call), (*stopped, *closed)


def _was_first(call: Call, event: ev.CallerGone, left: Instant) -> bool:
    """Whether he left before he was let go: his own CANCEL was quicker, or the news of it was slow."""
    if call.phase is Phase.LEAVING and event.is_unanswered and call.plan.prompt is None:
        return True
    return call.phase in {Phase.CLOSING, Phase.LEAVING} and left < _ran_out_at(call) - CLOCKS


def _step_at(call: Call, at: Instant) -> int | None:
    """Return the last step that had begun then, if the call had any."""
    begun = [run.step for run in call.steps if run.started_at <= at] or [run.step for run in call.steps[:1]]
    return begun[-1] if begun else None


def _ran_out_at(call: Call) -> Instant:
    """The ladder ran out when its last step ended; who left before that was not let go, if it was heard later too."""
    ended = call.steps[-1].ended_at if call.steps else None
    return ended or call.plan.at


def _never_answered(call: Call) -> Call:
    """Asterisk had the two together for a moment, but his CANCEL was quicker than its 200: nobody talked."""
    taken = tuple(replace(leg, result=None) if leg.id == call.winner else leg for leg in call.legs)
    none = replace(call, legs=taken, talk=(), answered_at=None, answered_by=None, answered_step=None)
    return replace(none, phase=Phase.CONNECTING)


def over(call: Call) -> Call:
    """Return the call as over if its last leg is gone."""
    if any(leg.state is not LegState.GONE for leg in call.legs):
        return call
    return replace(call, phase=Phase.OVER, patience=None)


def hushed(call: Call, at: Instant) -> Call:
    """The running conversation ends."""
    talk = tuple(replace(one, ended_at=at) if one.ended_at is None else one for one in call.talk)
    return replace(call, talk=talk)


def close_bridge(call: Call) -> tuple[Command, ...]:
    """Return what closes the open bridge, if there is one."""
    return () if call.bridge is None else (CloseBridge(call.bridge),)
