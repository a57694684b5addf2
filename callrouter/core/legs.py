"""The legs of a call: their table of states, their names, and the one place that hangs up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum

from callrouter.core.call import Call, Leg, LegState
from callrouter.core.commands import Command, HangUp
from callrouter.core.events import End
from callrouter.core.words import CallId, Instant, LegId, PersonId, Result


class Signal(StrEnum):
    """What moves a leg from state to state."""

    RANG = "rang"
    ASKED = "asked"
    ACCEPTED = "accepted"
    PICKED_UP = "picked up"
    JOINED = "joined"
    STOPPED = "stopped"
    ENDED = "ended"


LEG: dict[tuple[LegState, Signal], LegState] = {
    (LegState.DIALLED, Signal.RANG): LegState.RINGING,
    (LegState.DIALLED, Signal.PICKED_UP): LegState.UP,
    (LegState.DIALLED, Signal.STOPPED): LegState.LEAVING,
    (LegState.DIALLED, Signal.ENDED): LegState.GONE,
    (LegState.DIALLED, Signal.ASKED): LegState.ASKED,
    (LegState.RINGING, Signal.PICKED_UP): LegState.UP,
    (LegState.RINGING, Signal.ASKED): LegState.ASKED,
    (LegState.RINGING, Signal.STOPPED): LegState.LEAVING,
    (LegState.RINGING, Signal.ENDED): LegState.GONE,
    (LegState.ASKED, Signal.ACCEPTED): LegState.UP,
    (LegState.ASKED, Signal.STOPPED): LegState.LEAVING,
    (LegState.ASKED, Signal.ENDED): LegState.GONE,
    (LegState.UP, Signal.JOINED): LegState.TALKING,
    (LegState.UP, Signal.STOPPED): LegState.LEAVING,
    (LegState.UP, Signal.ENDED): LegState.GONE,
    (LegState.TALKING, Signal.STOPPED): LegState.LEAVING,
    (LegState.TALKING, Signal.ENDED): LegState.GONE,
    (LegState.LEAVING, Signal.ENDED): LegState.GONE,
}
"""Every transition there is; a signal that is not here (an answer that crosses our hang-up) changes nothing."""


_WHATEVER_IT_DID = {End.FAILED: Result.FAILED, End.TAKEN: Result.BUSY}


def name(call: CallId, step: int, number: int, person: PersonId) -> LegId:
    """Return the channel id of a leg: another worker reads the call, the step and the person off it."""
    return LegId(f"{call}.{step}.{number}.{person}")


def person_of(leg: LegId) -> str:
    """Return whose leg this is, read off its name; a channel that we did not name is called by its id."""
    parts = leg.split(".", 3)
    return parts[3] if len(parts) == 4 else leg  # noqa: PLR2004 - the four parts of `name`


def is_live(leg: Leg) -> bool:
    """Whether the leg is neither gone nor told to go."""
    return leg.state not in {LegState.LEAVING, LegState.GONE}


def live(call: Call) -> tuple[Leg, ...]:
    """Return the legs that ring or talk."""
    return tuple(leg for leg in call.legs if is_live(leg))


def find(call: Call, leg: LegId) -> Leg | None:
    """Return a leg of the call."""
    return next((one for one in call.legs if one.id == leg), None)


def put(call: Call, leg: Leg) -> Call:
    """Return the call with this leg in its former place, or as the newest."""
    if find(call, leg.id) is None:
        return replace(call, legs=(*call.legs, leg))
    return replace(call, legs=tuple(leg if one.id == leg.id else one for one in call.legs))


def move(leg: Leg, signal: Signal) -> Leg | None:
    """Return the leg in its next state; None where the table knows no such transition."""
    state = LEG.get((leg.state, signal))
    return None if state is None else replace(leg, state=state)


def declined(call: Call, person: PersonId) -> bool:
    """Whether this person has refused this call."""
    return any(leg.person == person and leg.result is Result.DECLINED for leg in call.legs)


def stop(call: Call, which: Callable[[Leg], bool], result: Result) -> tuple[Call, tuple[Command, ...]]:
    """Hang up the live legs chosen by `which`."""
    commands: list[Command] = []
    for leg in live(call):
        if which(leg):
            meant = _stopped_as(leg, result)
            leaving = move(leg, Signal.STOPPED) or leg
            call = put(call, replace(leaving, result=meant))
            commands.append(HangUp(leg.id, meant))
    return call, tuple(commands)


def _stopped_as(leg: Leg, result: Result) -> Result:
    """A conversation stays one; who was rung in vain and never rang was not there."""
    if leg.result is Result.ANSWERED:
        return leg.result
    if result is Result.NO_ANSWER and not leg.was_reached:
        return Result.UNREACHABLE
    return result


def ended_as(leg: Leg, end: End, at: Instant) -> Result:
    """Return what the end of a leg that nobody stopped means (contract: refused is what happened, not a code)."""
    if leg.result is not None:
        return leg.result
    if end in _WHATEVER_IT_DID:
        return _WHATEVER_IT_DID[end]
    if leg.state is LegState.DIALLED:
        without_ringing = {End.BUSY: Result.BUSY, End.FORWARDED: Result.FORWARDED}
        return without_ringing.get(end, Result.UNREACHABLE)
    if leg.state is LegState.RINGING and at >= leg.until - 1:  # Asterisk's own timer counts whole seconds
        return Result.NO_ANSWER
    if leg.state is LegState.ASKED:  # a machine that had its say
        return Result.NO_ANSWER
    return Result.DECLINED


def people(legs: Iterable[Leg]) -> frozenset[PersonId]:
    """Return whose legs these are."""
    return frozenset(leg.person for leg in legs if leg.person is not None)
