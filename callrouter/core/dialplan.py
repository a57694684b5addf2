"""A ladder that Asterisk's own dialplan runs in native `Dial`: what it is to dial, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from callrouter.core import events as ev, legs
from callrouter.core.call import Call, Leg, LegState, Phase, StepRun, Talk
from callrouter.core.climb import why_skipped
from callrouter.core.ladder import Person, Step
from callrouter.core.parting import reason
from callrouter.core.words import Action, Instant, LostReason, PersonId, Result, Why

MOST = 100
"""Dials of a ladder, at the most."""
_IN_VAIN = {
    "NOANSWER": Result.NO_ANSWER,
    "BUSY": Result.BUSY,
    "CANCEL": Result.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One Dial: whom it rings, for how many seconds at the most, and how long its whole step lasts.

    Without seconds (None): until `ring_at_most` seconds after the call's arrival.
    """

    step: int
    people: tuple[PersonId, ...]
    seconds: float | None
    lasts: float | None


def rungs(arrived: ev.CallArrived) -> tuple[Rung, ...]:
    """Return the Dials of a ladder in order; who is away, and a step in which nobody is left, are left out.

    `add` is a new Dial of all who ring. People who ring a few at a time are a Dial for each turn.
    """
    return tuple(_rungs(arrived))[:MOST]


def reported(call: Call, event: ev.Reported) -> Call:
    """Return the call as it ended, by what the dialplan says of it."""
    if event.recording is not None:
        call = replace(call, arrived=replace(call.arrived, recording=event.recording))
    plan = rungs(call.arrived)
    dialled = [one for one in event.dialled if 0 < one.rung <= len(plan)]
    steps = tuple(_steps(call.arrived, plan, dialled, event))
    call = replace(call, phase=Phase.OVER, steps=steps, ended_at=event.at)
    for one in dialled:
        call = _with_legs(call, plan[one.rung - 1], one)
    talks = [leg for leg in call.legs if leg.result is Result.ANSWERED]
    if talks:
        won = talks[0]
        talk = tuple(Talk(leg.person, leg.answered_at or leg.started_at, leg.ended_at) for leg in talks)
        return replace(call, answered_at=won.answered_at, answered_by=won.person, answered_step=won.step, talk=talk)
    if call.arrived.refusal is not None:
        return replace(call, lost=call.arrived.refusal)
    if event.has_run_out:
        return replace(call, lost=reason(call))
    return replace(call, lost=LostReason.ABANDONED, lost_step=plan[dialled[-1].rung - 1].step if dialled else None)


def _rungs(arrived: ev.CallArrived) -> Iterator[Rung]:
    ringing: tuple[PersonId, ...] = ()
    for number, step in enumerate(arrived.ladder, start=1):
        here = tuple(person for person in step.people if person not in dict(_away(arrived, step)))
        if not here:
            continue
        before = ringing if step.action is Action.ADD else ()
        if step.at_once is None or step.at_once >= len(here):
            ringing = tuple(dict.fromkeys((*before, *here)))
            yield Rung(number, ringing, step.seconds, step.seconds)
            continue
        for turn in range(0, len(here), step.at_once):
            people = dict.fromkeys((*before, *here[turn : turn + step.at_once]))
            yield Rung(number, tuple(people), step.each or step.seconds, step.seconds)
        ringing = before


def _away(arrived: ev.CallArrived, step: Step) -> tuple[tuple[PersonId, Why], ...]:
    known = {person.id: person.away for person in arrived.people}
    found = ((person, known.get(person, Why.UNKNOWN_PERSON)) for person in step.people)
    return tuple((person, why) for person, why in found if why is not None)


def _steps(
    arrived: ev.CallArrived, plan: tuple[Rung, ...], dialled: list[ev.Dialled], event: ev.Reported
) -> Iterator[StepRun]:
    """Yield the steps that were reached; one that has no Dial was skipped as soon as the one before had ended."""
    planned = {rung.step for rung in plan}
    last = len(arrived.ladder) if event.has_run_out else max((plan[one.rung - 1].step for one in dialled), default=0)
    at = arrived.at
    for number, step in enumerate(arrived.ladder[:last], start=1):
        own = [one for one in dialled if plan[one.rung - 1].step == number]
        passed = _away(arrived, step)
        if own:
            at = own[-1].ended_at if own[-1].answered_at is None else own[-1].answered_at
            yield StepRun(number, own[0].started_at, at, settled=True, passed=passed)
        elif number in planned:  # the dialplan did not go so far
            return
        else:
            yield StepRun(number, at, at, why_skipped(step, passed), passed=passed)


def _with_legs(call: Call, rung: Rung, one: ev.Dialled) -> Call:
    """Return the call with a leg for each phone that was dialled."""
    phones: list[tuple[PersonId | None, str]] = [
        (person.id, phone) for person in _people(call, rung) for phone in person.phones
    ]
    is_answered = one.answered_at is not None
    winner = next((who for who in phones if who[1] == one.phone), (None, one.phone)) if is_answered else None
    if winner is not None and winner not in phones:  # a colleague's pickup, or a number behind a trunk
        phones = [*phones, winner]
    for person, phone in phones:
        name = legs.name(call.id, rung.step, len(call.legs) + 1, person or PersonId(phone))
        leg = Leg(name, person, phone, rung.step, LegState.GONE, one.started_at, one.ended_at)
        call = legs.put(call, _ended(leg, one, is_alone=len(phones) == 1, has_won=(person, phone) == winner))
    return call


def _people(call: Call, rung: Rung) -> Iterable[Person]:
    return (person for person in call.arrived.people if person.id in rung.people)


def _ended(leg: Leg, one: ev.Dialled, *, is_alone: bool, has_won: bool) -> Leg:
    """Return the leg as it ended; of several phones the dialplan does not know which of them rang."""
    rang: Instant | None = one.ringing_at if is_alone else None
    if has_won:
        return replace(leg, ringing_at=rang, answered_at=one.answered_at, ended_at=one.ended_at, result=Result.ANSWERED)
    if one.answered_at is not None:
        return replace(leg, ended_at=one.answered_at, result=Result.ELSEWHERE)
    result = _IN_VAIN.get(one.status, Result.UNREACHABLE)
    if result is Result.NO_ANSWER and one.ringing_at is None:
        result = Result.UNREACHABLE
    return replace(leg, ringing_at=rang, ended_at=one.ended_at, result=result)
