"""The machine: a call and an event give the next call and what is to be done. Pure, total, without a clock."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import confirm, events as ev, legs
from callrouter.core.call import Call, Leg, LegState, Phase
from callrouter.core.climb import changed, climb, delayed, elapsed, found, move_on, rung_out, taken
from callrouter.core.closing import caller_gone, close_bridge, hushed, over
from callrouter.core.commands import Command
from callrouter.core.connect import joined, not_connected, won
from callrouter.core.dialplan import reported
from callrouter.core.parting import farewell, let_go
from callrouter.core.recorded import AGI
from callrouter.core.recovery import recovered
from callrouter.core.running import Reaction, due, end_step
from callrouter.core.sound import heard, waiting_sound
from callrouter.core.transfer import is_awaited, leads_to, passed_on, talks_again, transferred
from callrouter.core.words import CallId, Instant, LostReason, Release, Result


def arrive(call_id: CallId, event: ev.CallArrived) -> Reaction:
    """Begin a call."""
    call = Call(call_id, event, caller=event.asterisk_id)
    if event.routed_by == AGI:
        return replace(call, phase=Phase.DIALPLAN), ()
    if event.left_at is not None:
        return caller_gone(call, ev.CallerGone(event.left_at))
    if event.refusal is not None:
        release = Release.REJECTED if event.refusal is LostReason.REJECTED else Release.NO_ANSWER
        failed = event.refusal is LostReason.FAILURE
        return let_go(replace(call, lost=event.refusal), event.at, Release.FALLBACK if failed else release)
    call, commands = climb(call, event.at)
    music = () if event.music is None or call.phase is not Phase.CLIMBING else (waiting_sound(call),)
    return call, (*commands, *music)


def deadline(call: Call) -> Instant | None:
    """Return when the call wants an `Elapsed`, whatever else happens; None: never."""
    return due(call) if call.phase is Phase.CLIMBING else call.patience


def advance(call: Call, event: ev.Event) -> Reaction:  # noqa: C901, PLR0912 - the table of events, one line each
    """Return the call after the event, and the commands that follow from it. Never raises, on any event."""
    if call.phase is Phase.OVER:
        return call, ()
    if call.phase is Phase.DIALPLAN:
        return (reported(call, event) if isinstance(event, ev.Reported) else call), ()
    match event:
        case ev.LegRinging():
            return _leg_ringing(call, event)
        case ev.LegProgressed():
            return _leg_progressed(call, event), ()
        case ev.LegDelayed() if call.phase is Phase.CLIMBING:
            return delayed(call, event), ()
        case ev.LegAnswered():
            return _leg_answered(call, event)
        case ev.KeyPressed():
            return _key_pressed(call, event)
        case ev.LegEnded():
            return _leg_ended(call, event)
        case ev.LegReplaced():
            return _leg_replaced(call, event)
        case ev.LeadsTo():
            return leads_to(call, event), ()
        case ev.Transferred():
            return transferred(call, event)
        case ev.Joined():
            return joined(call, event)
        case ev.ConnectFailed() if call.phase is Phase.CONNECTING and event.leg == call.winner:
            return not_connected(call, event.at)
        case ev.Found() if call.phase is Phase.CLIMBING:
            return found(call, event)
        case ev.PersonChanged() if call.phase is Phase.CLIMBING:
            return changed(call, event.person)
        case ev.PromptEnded() if call.phase is Phase.CLOSING:
            return farewell(call, event.at)
        case ev.AnnouncementEnded():
            return heard(call, event), ()
        case ev.CallerReplaced():
            return replace(call, caller=event.by), ()
        case ev.CallerGone() if call.ended_at is None:
            return caller_gone(call, event)
        case ev.RouterFailed():
            return _router_failed(call, event)
        case ev.Elapsed():
            return _elapsed(call, event)
        case ev.Recovered():
            return recovered(call, event)
    return call, ()


def _leg_ringing(call: Call, event: ev.LegRinging) -> Reaction:
    leg = legs.find(call, event.leg)
    rings = leg and legs.move(leg, legs.Signal.RANG)
    if rings is None:
        return call, ()
    return legs.put(call, replace(rings, ringing_at=event.at)), ()


def _leg_progressed(call: Call, event: ev.LegProgressed) -> Call:
    leg = legs.find(call, event.leg)
    if leg is None or leg.state is not LegState.DIALLED:
        return call
    return legs.put(call, replace(leg, progressed=True))


def _leg_answered(call: Call, event: ev.LegAnswered) -> Reaction:
    leg = legs.find(call, event.leg)
    if leg is not None and is_awaited(call, leg):
        return talks_again(call, leg, event.at - event.late), ()
    if leg is not None and confirm.is_asked(call, leg):
        return confirm.ask(call, leg, event.at)
    up = leg and legs.move(leg, legs.Signal.PICKED_UP)
    if up is None:
        return call, ()
    return won(legs.put(call, replace(up, answered_at=event.at - event.late)), event.leg, event.at)


def _key_pressed(call: Call, event: ev.KeyPressed) -> Reaction:
    leg = legs.find(call, event.leg)
    up = leg and legs.move(leg, legs.Signal.ACCEPTED)
    if up is None:
        return call, ()
    if event.key == confirm.ACCEPTS:
        return won(legs.put(call, replace(up, answered_at=event.at)), event.leg, event.at)
    if event.key != confirm.DECLINES:
        return call, ()
    call, stopped = legs.stop(call, lambda other: other.id == event.leg, Result.DECLINED)
    call, more = _lost_a_phone(call, replace(up, result=Result.DECLINED), event.at)
    return call, (*stopped, *more)


def _leg_ended(call: Call, event: ev.LegEnded) -> Reaction:
    leg = legs.find(call, event.leg)
    gone = leg and legs.move(leg, legs.Signal.ENDED)
    if leg is None or gone is None:
        return call, ()
    then = event.at - event.late
    result = legs.ended_as(leg, event.end, then)
    call = legs.put(call, replace(gone, ended_at=then, result=result))
    if leg.id == call.winner and call.phase is Phase.CONNECTING:
        return not_connected(call, event.at)
    if leg.id == call.winner and call.phase is Phase.TALKING:
        return let_go(hushed(call, then), event.at, Release.NORMAL)
    if call.phase is Phase.ENDING:
        return over(call), ()
    if call.phase is not Phase.CLIMBING or not legs.is_live(leg):
        return call, ()
    if leg.state is LegState.ASKED:  # a voicemail's turn is over: it is not called twice in a step
        return move_on(call, event.at)
    if event.end is ev.End.TAKEN:
        return taken(call, leg.person, event.at)
    return _lost_a_phone(call, replace(gone, result=result), event.at)


def _lost_a_phone(call: Call, leg: Leg, at: Instant) -> Reaction:
    """A phone stopped ringing by itself; who refused is left in peace on his other phones too."""
    stopped: tuple[Command, ...] = ()
    if leg.result is Result.NO_ANSWER:
        return rung_out(call, leg.person, at)
    if leg.result is Result.DECLINED:
        call, stopped = legs.stop(call, lambda other: other.person == leg.person, Result.NO_ANSWER)
    call, more = move_on(call, at)
    return call, (*stopped, *more)


def _leg_replaced(call: Call, event: ev.LegReplaced) -> Reaction:
    """A colleague took the ringing call over, or a transfer put somebody else in the talking leg's place."""
    old = legs.find(call, event.leg)
    if old is None or legs.find(call, event.by) is not None:
        return call, ()
    taken = legs.is_live(old) and call.phase in {Phase.CLIMBING, Phase.CONNECTING, Phase.TALKING}
    step = call.steps[-1].step if call.steps else old.step  # a conversation of which no record tells
    new = Leg(event.by, event.person, event.phone, step, LegState.UP, event.at, event.at, answered_at=event.at)
    if not taken:
        call, stopped = legs.stop(legs.put(call, new), lambda leg: leg.id == event.by, Result.ELSEWHERE)
        return call, stopped
    call, _ = legs.stop(call, lambda leg: leg.id == event.leg, Result.ELSEWHERE)  # Asterisk ends that one itself
    call = legs.put(call, new)
    if call.phase is Phase.TALKING:
        return passed_on(call, new, event.at, is_up=event.is_up), ()
    closed = close_bridge(call)
    call, commands = won(call, event.by, event.at)
    return call, (*closed, *commands)


def _router_failed(call: Call, event: ev.RouterFailed) -> Reaction:
    """A conversation stays up; a caller who waits goes to the fallback."""
    if call.phase not in {Phase.CLIMBING, Phase.CONNECTING, Phase.CLOSING}:
        return call, ()
    call, stopped = legs.stop(end_step(call, event.at), lambda _: True, Result.FAILED)
    call, released = let_go(replace(call, lost=LostReason.FAILURE), event.at, Release.FALLBACK)
    return call, (*stopped, *released)


def _elapsed(call: Call, event: ev.Elapsed) -> Reaction:
    when = deadline(call)
    if when is None or event.at < when:
        return call, ()
    match call.phase:
        case Phase.CLIMBING:
            return elapsed(call, event.at)
        case Phase.CONNECTING:
            return not_connected(call, event.at)
        case Phase.CLOSING:
            return farewell(call, event.at)
        case Phase.LEAVING:
            return caller_gone(call, ev.CallerGone(event.at))
    gone = (replace(leg, state=LegState.GONE, ended_at=leg.ended_at or event.at) for leg in call.legs)
    return over(replace(call, legs=tuple(gone))), ()
