"""The one place that climbs: which step begins, who is asked about, who rings, who stops, what is skipped."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, Leg, LegState, Phase, StepRun
from callrouter.core.commands import Ask, Command, LetGo, Play, Ring
from callrouter.core.events import Away, Busy, Found, Free, LegDelayed
from callrouter.core.ladder import PROMPT_AT_MOST, Person, Step
from callrouter.core.words import Action, IfBusy, Instant, LostReason, PersonId, Release, Result, Why

GOING_AT_MOST = 5.0
"""Seconds Asterisk has to end a channel that was told to go."""
LEFT_AT_LEAST = 3.0
"""Seconds a step goes on at the least when the router comes back in it."""
GRACE = 2.0
"""Seconds Asterisk's own timer is later than ours."""

Reaction = tuple[Call, tuple[Command, ...]]

_SKIPPED_FOR = (Why.BUSY, Why.DECLINED, Why.PAUSED, Why.ABSENT, Why.CLOSED, Why.UNREACHABLE)
"""A step is skipped for the reason that comes first here among those of its people."""


def running(call: Call) -> tuple[Step, StepRun]:
    """Return the step that runs."""
    run = call.steps[-1]
    return call.arrived.ladder[run.step - 1], run


def step_end(call: Call) -> Instant:
    """Return when the running step ends at the latest."""
    step, run = running(call)
    if step.seconds is None:
        return call.arrived.arrived_at + call.arrived.ring_at_most + run.extra
    return run.started_at + step.seconds + run.extra


def climb(call: Call, at: Instant) -> Reaction:
    """End the running step and begin the next one that is not skipped, or close the call."""
    call = end_step(call, at)
    number = len(call.steps) + 1
    if number > len(call.arrived.ladder):
        return _run_out(call, at)
    before, call = call, replace(call, phase=Phase.CLIMBING, patience=None, steps=(*call.steps, StepRun(number, at)))
    step, run = running(call)
    if step.seconds is None and step_end(call) <= at:  # until `ring_at_most`, which is over: the step is never reached
        return _run_out(before, at)
    ringing = legs.people(legs.live(call))
    unknown = [p for p in step.people if p not in ringing and not legs.declined(call, p)]
    call = _with_run(call, replace(run, asked=frozenset(unknown)))
    if unknown:
        return call, (Ask(number, tuple(_person(call, person) for person in unknown)),)
    return _settle(call, at)


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
    call = _with_run(call, run)
    if not run.settled:
        return _settle(call, event.at, tuple(free))
    call, commands = _ring(call, event.at, tuple(free))
    call, more = end_early(call, event.at)
    return call, (*commands, *more)


def changed(call: Call, person: PersonId) -> Reaction:
    """Somebody the step waits for is perhaps free: ask."""
    run = call.steps[-1]
    if person not in run.waiting or person in run.asked:
        return call, ()
    return _again(call, person)


def rung_out(call: Call, person: PersonId | None, at: Instant) -> Reaction:
    """Asterisk's own timer stopped a phone: in a step that lasts longer than it was meant to he is asked for anew."""
    step, run = running(call)
    if person is None or person not in step.people or person in legs.people(legs.live(call)) or not run.settled:
        return end_early(call, at)
    return _again(call, person)


def _again(call: Call, person: PersonId) -> Reaction:
    run = call.steps[-1]
    call = _with_run(call, replace(run, asked=run.asked | {person}))
    return call, (Ask(run.step, (_person(call, person),)),)


def resume(call: Call, at: Instant, since: Instant) -> Reaction:
    """Go on in the step that ran `since`, with what was left of it; who no longer rings is asked for anew."""
    step, run = running(call)
    left = max(step_end(call) - since, LEFT_AT_LEAST)
    ringing = legs.people(legs.live(call))
    asked = [p for p in step.people if p not in ringing and not legs.declined(call, p)]
    run = replace(run, extra=run.extra + at + left - step_end(call), waiting=frozenset(), asked=frozenset(asked))
    call = _with_run(call, run)
    if asked:
        return call, (Ask(run.step, tuple(_person(call, person) for person in asked)),)
    return (call, ()) if run.settled else _settle(call, at)


def delayed(call: Call, event: LegDelayed) -> Call:
    """A step has not begun before its phones are called: it lasts so much longer."""
    leg, run = legs.find(call, event.leg), call.steps[-1]
    if leg is None or not legs.is_live(leg) or leg.step != run.step:
        return call
    call = _with_run(call, replace(run, extra=max(run.extra, event.seconds)))
    return legs.put(call, replace(leg, until=max(leg.until, step_end(call) + GRACE)))


def end_early(call: Call, at: Instant) -> Reaction:
    """Climb when nobody in the step rings and nobody in it is busy; `add` only when no phone of the call rings."""
    step, run = running(call)
    ringing = legs.live(call)
    if step.action is Action.RING:
        ringing = tuple(leg for leg in ringing if leg.person in step.people)
    awaited = run.waiting if step.if_busy is IfBusy.WAIT else frozenset()
    if not run.settled or ringing or awaited or run.asked:
        return call, ()
    return climb(call, at)


def end_step(call: Call, at: Instant) -> Call:
    """Write down when the running step ended."""
    if not call.steps or call.steps[-1].ended_at is not None:
        return call
    return _with_run(call, replace(call.steps[-1], ended_at=at, waiting=frozenset(), asked=frozenset()))


def _noted(run: StepRun, presence: Free | Busy | Away) -> StepRun:
    """Who was busy stays written down as such, though he may be rung later: somebody was there."""
    person = presence.person
    passed, waiting = run.passed, run.waiting - {person}
    match presence:
        case Busy():
            passed = (*(one for one in passed if one[0] != person), (person, Why.BUSY))
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
    run = replace(run, passed=(*refused, *run.passed))
    rings_on = legs.people(legs.live(call)) & set(step.people)
    if not free and not rings_on and (not run.waiting or step.if_busy is IfBusy.SKIP):
        skipped = replace(run, ended_at=run.started_at, skipped=_why_skipped(step, run), waiting=frozenset())
        return climb(_with_run(call, replace(skipped, asked=frozenset())), at)
    call = _with_run(call, replace(run, settled=True, asked=frozenset()))
    stopped: tuple[Command, ...] = ()
    if step.action is Action.RING:
        call, stopped = legs.stop(call, lambda leg: leg.person not in step.people, Result.NO_ANSWER)
    call, rung = _ring(call, at, free)
    return call, (*stopped, *rung)


def _why_skipped(step: Step, run: StepRun) -> Why:
    if not step.people:
        return step.nobody or Why.UNKNOWN_PERSON
    reasons = {why for _, why in run.passed}
    return next((why for why in _SKIPPED_FOR if why in reasons), Why.UNREACHABLE)


def _ring(call: Call, at: Instant, free: tuple[Free, ...]) -> Reaction:
    commands: list[Command] = []
    number, caller = call.steps[-1].step, call.arrived.caller
    for someone in free:
        until, shows = _until(call, someone.person), _shows(call, someone.person)
        for contact in someone.contacts:
            leg = legs.name(call.id, number, len(call.legs) + 1, someone.person)
            call = legs.put(call, Leg(leg, someone.person, contact.phone, number, LegState.DIALLED, at, until))
            ring = Ring(call.caller, leg, someone.person, contact.phone, contact.dial, number, until, shows, caller)
            commands.append(ring)
    return call, tuple(commands)


def _until(call: Call, person: PersonId) -> Instant:
    """The latest end of the last step in which this phone could still ring, and a little."""
    end = step_end(call)
    for step in call.arrived.ladder[len(call.steps) :]:
        if step.action is Action.ADD or person in step.people:
            last = call.arrived.arrived_at + call.arrived.ring_at_most
            end = max(end, last) if step.seconds is None else end + step.seconds
    return end + GRACE


def _shows(call: Call, person: PersonId) -> str:
    """`client · responsible`; only the client on the responsible's own phone; the number without a client."""
    arrived = call.arrived
    who = arrived.client or arrived.caller or arrived.caller_raw
    if arrived.responsible is None or arrived.responsible == person:
        return who
    return f"{who} · {_person(call, arrived.responsible).name}"


def _person(call: Call, person: PersonId) -> Person:
    known = next((one for one in call.arrived.people if one.id == person), None)
    return known or Person(person, person, ())


def _run_out(call: Call, at: Instant) -> Reaction:
    """Nobody is left to ring: the prompt, if the line has one, and the end."""
    call, stopped = legs.stop(call, lambda _: True, Result.NO_ANSWER)
    call = replace(call, lost=_reason(call))
    prompt = call.arrived.prompt
    if prompt is not None:
        call = replace(call, phase=Phase.CLOSING, patience=at + PROMPT_AT_MOST)
        return call, (*stopped, Play(call.caller, prompt))
    call, released = let_go(call, at, Release.NO_ANSWER)
    return call, (*stopped, *released)


def let_go(call: Call, at: Instant, release: Release) -> Reaction:
    """End the caller's channel."""
    return replace(call, phase=Phase.LEAVING, patience=at + GOING_AT_MOST), (
        LetGo(call.caller, release, call.arrived.line, call.lost),
    )


def _reason(call: Call) -> LostReason:
    there = {Result.DECLINED, Result.BUSY, Result.FORWARDED, Result.NO_ANSWER}
    rung = any(leg.ringing_at is not None or leg.answered_at is not None or leg.result in there for leg in call.legs)
    busy = any(why is Why.BUSY for run in call.steps for _, why in run.passed)
    return LostReason.NO_ANSWER if rung or busy else LostReason.UNREACHABLE


def _with_run(call: Call, run: StepRun) -> Call:
    return replace(call, steps=(*call.steps[:-1], run))
