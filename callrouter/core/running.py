"""The step that runs: when it ends, and whose turn it is in a step that rings only so many at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, StepRun
from callrouter.core.commands import Command
from callrouter.core.ladder import Step
from callrouter.core.words import Instant, PersonId

Reaction = tuple[Call, tuple[Command, ...]]


def running(call: Call) -> tuple[Step, StepRun]:
    """Return the step that runs."""
    run = call.steps[-1]
    return call.plan.ladder[run.step - 1], run


def with_run(call: Call, run: StepRun) -> Call:
    """Return the call with its latest step in this state."""
    return replace(call, steps=(*call.steps[:-1], run))


def step_end(call: Call) -> Instant:
    """Return when the running step ends at the latest."""
    step, run = running(call)
    if step.seconds is None:
        return call.plan.arrived_at + call.plan.ring_at_most + run.extra
    return run.started_at + step.seconds + run.extra


def due(call: Call) -> Instant:
    """Return when the running step, or a turn in it, ends."""
    turn = call.steps[-1].turn_until
    return step_end(call) if turn is None else min(turn, step_end(call))


def end_step(call: Call, at: Instant) -> Call:
    """Write down when the running step ended."""
    if not call.steps or call.steps[-1].ended_at is not None:
        return call
    ended = replace(call.steps[-1], ended_at=at, waiting=frozenset(), asked=frozenset(), untried=(), turn_until=None)
    return with_run(call, ended)


def line_up(call: Call, people: Iterable[PersonId]) -> tuple[PersonId, ...]:
    """Return those of the running step who can be asked about, in their order."""
    step, _ = running(call)
    among, ringing = set(people), legs.people(legs.live(call))
    away = {person.id for person in call.plan.people if person.away is not None}
    return tuple(p for p in step.people if p in among - ringing - away and not legs.declined(call, p))


def room(call: Call) -> int:
    """Return how many more may be asked about; who rings on from an earlier step takes nobody's place."""
    step, run = running(call)
    if step.at_once is None:
        return len(step.people)
    ringing = legs.people(leg for leg in legs.live(call) if leg.step == run.step and not run.is_turning)
    return max(0, step.at_once - len(ringing | run.asked))


def call_up(call: Call) -> tuple[Call, tuple[PersonId, ...]]:
    """Take the next ones for whom there is room."""
    run, free = call.steps[-1], room(call)
    up, untried = run.untried[:free], run.untried[free:]
    return with_run(call, replace(run, untried=untried, asked=run.asked | set(up))), up


def put_back(call: Call, person: PersonId) -> Call:
    """Somebody who became free while there is no room for him has his turn later, in his order."""
    run = call.steps[-1]
    untried = line_up(call, {person, *run.untried})
    return with_run(call, replace(run, waiting=run.waiting - {person}, untried=untried))


def turn_end(call: Call, at: Instant) -> Instant | None:
    """Return until when those have their turn who ring from now on; with others who ring already: until theirs ends."""
    step, run = running(call)
    if step.each is None or step.at_once is None:
        return None
    others = any(leg.step == run.step for leg in legs.live(call)) and not run.is_turning
    return run.turn_until if others else at + step.each


def lengthen(call: Call, seconds: float) -> Call:
    """Let the step, and the turn in it, last so much longer."""
    run = call.steps[-1]
    turn = run.turn_until
    return with_run(call, replace(run, extra=run.extra + seconds, turn_until=None if turn is None else turn + seconds))
