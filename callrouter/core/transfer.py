"""Who talks to the caller sends him on: to a phone, or to a department, whose ladder runs in the same call."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, legs
from callrouter.core.call import Call, Leg, LegState, Phase, Talk, Transfer
from callrouter.core.climb import climb
from callrouter.core.closing import close_bridge, hushed
from callrouter.core.commands import Guard
from callrouter.core.ladder import guard_of
from callrouter.core.parting import let_go
from callrouter.core.running import Reaction
from callrouter.core.sound import waiting_sound
from callrouter.core.words import Instant, LostReason, PersonId, Release, Result


def passed_on(call: Call, new: Leg, at: Instant, *, is_up: bool) -> Call:
    """Another channel stands in the talking leg's place: until it is up the caller talks to nobody."""
    call = replace(hushed(call, at), winner=new.id)
    if is_up:
        return talks_again(call, new, at)
    waits = replace(new, answered_at=None, result=Result.NO_ANSWER)
    return replace(legs.put(call, waits), sent_at=call.sent_at or at, sent_by=_last(call))


def talks_again(call: Call, leg: Leg, at: Instant) -> Call:
    """Whoever the caller was sent to has answered."""
    call = legs.put(call, replace(leg, answered_at=at, result=Result.ANSWERED))
    return replace(call, talk=(*call.talk, Talk(leg.person, at)), sent_at=None)


def is_awaited(call: Call, leg: Leg) -> bool:
    """Whether this is the channel that leads to whoever the caller was sent to, and nobody has answered there."""
    return call.phase is Phase.TALKING and leg.id == call.winner and leg.answered_at is None


def leads_to(call: Call, event: ev.LeadsTo) -> Call:
    """Take note of whose phone it is; the conversation on it, if there is one, is his."""
    leg = legs.find(call, event.leg)
    if leg is None or leg.id != call.winner or not _is_way(call, leg):
        return call
    call = legs.put(call, replace(leg, phone=event.phone, person=event.person))
    if leg.answered_at is None:
        return call
    return replace(call, talk=(*call.talk[:-1], replace(call.talk[-1], person=event.person)))


def transferred(call: Call, event: ev.Transferred) -> Reaction:
    """Let him climb the department's ladder: the channel that led there goes, the caller waits anew."""
    leg = legs.find(call, event.leg)
    if call.phase is not Phase.TALKING or leg is None or leg.id != call.winner or leg.state is LegState.GONE:
        return call, ()
    call, stopped = legs.stop(_unsaid(hushed(call, event.at), leg), lambda one: one.id == leg.id, Result.ELSEWHERE)
    parted, to = (*stopped, *close_bridge(call)), event.to
    begun = call.plan.ladder[: len(call.steps)]
    sent = Transfer(event.at, _last(call), event.leg, len(begun), replace(to, ladder=(*begun, *to.ladder)))
    call = replace(call, transfers=(*call.transfers, sent), sent_at=event.at, sent_by=sent.by)
    call = replace(call, winner=None, bridge=None, caller_joined=False, lost=None)
    if to.refusal is LostReason.FAILURE:
        call, released = let_go(replace(call, lost=to.refusal), event.at, Release.FALLBACK)
        return call, (*parted, *released)
    guard = Guard(call.caller, guard_of(to.ladder, to.ring_at_most), to.line)
    call, commands = climb(call, event.at)
    sound = (waiting_sound(call),) if call.phase is Phase.CLIMBING else ()
    return call, (*parted, guard, *sound, *commands)


def _is_way(call: Call, leg: Leg) -> bool:
    """Whether it took the place of who talked to the caller, and is nobody's whom the scheme knows."""
    awaited = leg.answered_at is None
    return leg.person is None and (awaited or (len(call.talk) > 1 and call.talk[-1].started_at == leg.answered_at))


def _unsaid(call: Call, way: Leg) -> Call:
    """The dialplan may have answered the way to a department: nobody has talked there."""
    if not _is_way(call, way):
        return call
    talk = call.talk if way.answered_at is None else call.talk[:-1]
    return replace(legs.put(call, replace(way, result=None)), talk=talk)


def _last(call: Call) -> PersonId | None:
    """Return who talked to the caller last, of those whom the scheme knows."""
    return next((talk.person for talk in reversed(call.talk) if talk.person is not None), None)
