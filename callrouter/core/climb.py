"""The one place that climbs: which step begins, who is asked about, who rings, who stops, what is skipped."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, Phase, StepRun
from callrouter.core.commands import Ask, Command
from callrouter.core.events import Away, Busy, Found, Free, LegDelayed
from callrouter.core.ladder import Step
from callrouter.core.parting import run_out
from callrouter.core.ringing import GRACE, person_of, ring_them
from callrouter.core.running import (
    Reaction,
    call_up,
    end_step,
    lengthen,
    line_up,
    put_back,
    room,
    running,
    step_end,
    with_run,
)
from callrouter.core.sound import announce, excuse
from callrouter.core.words import Action, IfBusy, Instant, LegId, PersonId, Result, Why

LEFT_AT_LEAST = 3.0
"""Seconds a step goes on at the least when the router comes back in it."""
_SKIPPED_FOR = (
    Why.BUSY,
    Why.WRAP_UP,
    Why.DECLINED,
    Why.PAUSED,
    Why.DO_NOT_DISTURB,
    Why.FORWARDED,
    Why.ABSENT,
    Why.OFF_SHIFT,
    Why.OFF_HOURS,
    Why.CLOSED,
    Why.UNREACHABLE,
)
"""A step is skipped for the reason that comes first here among those of its people."""


def climb(call: Call, at: Instant) -> Reaction:
    """End the running step and begin the next one that is not skipped, or close the call."""
    call = end_step(call, at)
    number = len(call.steps) + 1
    if number > len(call.plan.ladder):
        return run_out(call, at)
    before, call = call, replace(call, phase=Phase.CLIMBING, patience=None, steps=(*call.steps, StepRun(number, at)))
    step, run = running(call)
    if step.seconds is None and step_end(call) <= at:  # until `ring_at_most`, which is over: the step is never reached
        return climb(call, at) if number < len(call.plan.ladder) else run_out(before, at)
    away = {one.id: one.away for one in call.plan.people if one.away is not None}
    passed = tuple((person, away[person]) for person in step.people if person in away)
    return move_on(with_run(call, replace(run, untried=line_up(call, step.people), passed=passed)), at)


def move_on(call: Call, at: Instant) -> Reaction:
    """Ask about who is next; when nobody is left, begin or skip the step, or end it early."""
    call, people = call_up(call)
    _, run = running(call)
    if people:
        return call, (_ask(call, people),)
    if run.asked:
        return call, ()
    return _end_early(call, at) if run.settled else _settle(call, at)


def found(call: Call, event: Found) -> Reaction:
    """Ring who is free, wait for who is busy, pass over who is away."""
    run = call.steps[-1]
    if event.step != run.step:
        return call, ()
    if event.at >= step_end(call):  # asking took longer than the step: no phone rings for a moment
        return climb(call, event.at)
    free: list[Free] = []
    for presence in event.people:
        if presence.person in run.asked:
            run = _noted(run, presence)
            if isinstance(presence, Free) and presence.contacts:
                free.append(presence)
    call = with_run(call, run if run.settled else replace(run, asked=frozenset()))
    if not free:
        return move_on(call, event.at)
    call, begun = ring_them(call, event.at, tuple(free)) if run.settled else _settle(call, event.at, tuple(free))
    call, more = move_on(call, event.at)
    return call, (*begun, *more)


def changed(call: Call, person: PersonId) -> Reaction:
    """Somebody the step waits for is perhaps free: ask, or let him have his turn."""
    run = call.steps[-1]
    if person not in run.waiting or person in run.asked:
        return call, ()
    return _again(call, person) if room(call) else (put_back(call, person), ())


def rung_out(call: Call, person: PersonId | None, at: Instant) -> Reaction:
    """Asterisk's own timer stopped a phone: in a step that lasts longer than it was meant to he is asked for anew."""
    step, run = running(call)
    if person is None or person not in step.people or person in legs.people(legs.live(call)) or not run.settled:
        return move_on(call, at)
    return _again(call, person) if step.at_once is None else move_on(call, at)


def taken(call: Call, person: PersonId | None, at: Instant) -> Reaction:
    """Another worker's call was on his phone first: he is busy, on all his phones, and waited for as such."""
    call, stopped = legs.stop(call, lambda leg: leg.person == person, Result.BUSY)
    step, run = running(call)
    if person in step.people:
        call = with_run(call, _noted(run, Busy(person)))
    call, more = move_on(call, at)
    return call, (*stopped, *more)


def elapsed(call: Call, at: Instant) -> Reaction:
    """End the step, or only a turn in it: those who ring make room for the next ones once one of these is free."""
    if at >= step_end(call):
        return climb(call, at)
    return move_on(with_run(call, replace(call.steps[-1], turn_until=None, is_turning=True)), at)


def resume(call: Call, at: Instant, since: Instant, gone: Collection[LegId] = ()) -> Reaction:
    """Go on in the step that ran `since`, with what was left of it; who no longer rings is asked for anew.

    In a step that rings only so many at once, who has had his turn has had it: not so whose phone is `gone`.
    """
    step, run = running(call)
    left = max(step_end(call) - since, LEFT_AT_LEAST)
    call = lengthen(call, at + left - step_end(call))
    stopped = (leg.person for leg in call.legs if leg.id in gone and leg.person is not None)
    again = step.people if step.at_once is None else {*run.untried, *run.waiting, *run.asked, *stopped}
    untried = line_up(call, again)
    call = with_run(call, replace(call.steps[-1], untried=untried, waiting=frozenset(), asked=frozenset()))
    return (call, ()) if run.settled and not untried else move_on(call, at)


def delayed(call: Call, event: LegDelayed) -> Call:
    """A step has not begun before its phones are called: it lasts so much longer."""
    leg, run = legs.find(call, event.leg), call.steps[-1]
    if leg is None or not legs.is_live(leg) or leg.step != run.step:
        return call
    call = lengthen(call, max(0.0, event.seconds - run.extra))
    return legs.put(call, replace(leg, until=max(leg.until, step_end(call) + GRACE)))


def _ask(call: Call, people: Iterable[PersonId]) -> Ask:
    return Ask(call.steps[-1].step, tuple(person_of(call, person) for person in people))


def _again(call: Call, person: PersonId) -> Reaction:
    run = call.steps[-1]
    call = with_run(call, replace(run, asked=run.asked | {person}))
    return call, (_ask(call, (person,)),)


def _end_early(call: Call, at: Instant) -> Reaction:
    """Climb when nobody in the step rings and nobody in it is busy; `add` only when no phone of the call rings.

    Who has had his turn, and after whom nobody comes, rings no longer for this step.
    """
    step, run = running(call)
    ringing = legs.live(call)
    if step.action is Action.RING:
        ringing = tuple(leg for leg in ringing if leg.person in step.people)
    if run.is_turning:
        ringing = tuple(leg for leg in ringing if leg.person not in step.people)
    awaited = run.waiting if step.if_busy is IfBusy.WAIT else frozenset()
    return (call, ()) if ringing or awaited else climb(call, at)


def _noted(run: StepRun, presence: Free | Busy | Away) -> StepRun:
    """Who was busy stays written down as such, though he may be rung later: somebody was there."""
    person = presence.person
    passed, waiting = run.passed, run.waiting - {person}
    match presence:
        case Busy(why=why):
            passed = (*(one for one in passed if one[0] != person), (person, why))
            waiting |= {person}
        case Away(why=why):
            passed = (*passed, (person, why))
        case Free(contacts=()):
            passed = (*passed, (person, Why.UNREACHABLE))
    return replace(run, asked=run.asked - {person}, waiting=waiting, passed=passed)


def _settle(call: Call, at: Instant, free: tuple[Free, ...] = ()) -> Reaction:
    """Begin the step in earnest, or skip it, which changes nothing."""
    step, run = running(call)
    refused = tuple((person, Why.DECLINED) for person in step.people if legs.declined(call, person))
    run = replace(run, passed=(*refused, *run.passed), asked=frozenset())
    rings_on = legs.people(legs.live(call)) & set(step.people)
    if not free and not rings_on and (not run.waiting or step.if_busy is IfBusy.SKIP):
        why = why_skipped(step, run.passed)
        skipped = replace(run, ended_at=run.started_at, skipped=why, waiting=frozenset())
        call, said = announce(with_run(call, skipped), excuse(step, why))
        call, more = climb(call, at)
        return call, (*said, *more)
    call = with_run(call, replace(run, settled=True))
    stopped: tuple[Command, ...] = ()
    if step.action is Action.RING:
        call, stopped = legs.stop(call, lambda leg: leg.person not in step.people, Result.NO_ANSWER)
    call, rung = ring_them(call, at, free)
    call, said = announce(call, step.announce)
    return call, (*stopped, *rung, *said)


def why_skipped(step: Step, passed: Iterable[tuple[PersonId, Why]]) -> Why:
    """Return why a step is skipped in which nobody can ring."""
    if not step.people:
        return step.nobody or Why.UNKNOWN_PERSON
    reasons = {why for _, why in passed}
    return next((why for why in _SKIPPED_FOR if why in reasons), Why.UNREACHABLE)
