"""What a call's ladder did, or would do: each step, who rang in it and from when, who did not and why."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from callrouter.core.call import Call, Leg, StepRun
from callrouter.core.ladder import Step
from callrouter.core.words import Action, PersonId, Why


@dataclass(frozen=True, slots=True)
class Rung:
    """Somebody of the step whose phones ring in it, in seconds after the call's arrival (until None: still)."""

    person: PersonId
    at: float
    until: float | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step that was reached, in seconds after the call's arrival."""

    step: int
    action: Action
    target: str
    at: float
    until: float | None
    """None: it runs."""
    skipped: Why | None
    rings: tuple[Rung, ...]
    """Of the step's people; who rang before it, from the step's own beginning."""
    rings_on: tuple[PersonId, ...]
    """Who rings beside them, from the steps before."""
    not_rung: tuple[tuple[PersonId | None, Why], ...]
    """Who was considered (None: nobody is meant), and why he does not ring."""
    deputies: tuple[tuple[PersonId, PersonId], ...] = ()
    """Who stands for whom."""


def timeline(call: Call) -> tuple[Stage, ...]:
    """Return the steps that were reached, in order."""
    return tuple(_stage(call, run) for run in call.steps)


def _stage(call: Call, run: StepRun) -> Stage:
    step, since = call.plan.ladder[run.step - 1], call.arrived.arrived_at
    rings: dict[PersonId, Rung] = {}
    beside: dict[PersonId, None] = {}
    for leg in call.legs:
        if leg.person is None or not _rings_in(leg, run):
            continue
        if leg.person in step.people:
            at = max(leg.started_at, run.started_at) - since
            until = None if leg.ended_at is None else leg.ended_at - since
            first = rings.get(leg.person, Rung(leg.person, at, until))
            rings[leg.person] = Rung(leg.person, first.at, _later(first.until, until))
        elif step.action is Action.ADD and run.skipped is None:
            beside[leg.person] = None
    return Stage(
        step=run.step,
        action=step.action,
        target=step.target,
        at=run.started_at - since,
        until=None if run.ended_at is None else run.ended_at - since,
        skipped=run.skipped,
        rings=tuple(rings.values()),
        rings_on=tuple(beside),
        not_rung=tuple(_not_rung(step, run, rings.keys())),
        deputies=step.deputies,
    )


def _rings_in(leg: Leg, run: StepRun) -> bool:
    """Whether the leg rings in the step; one that ended as the step began was of the step before, or has talked."""
    earlier = leg.step < run.step and (leg.ended_at is None or leg.ended_at > run.started_at)
    talked = leg.answered_at is not None and leg.answered_at < run.started_at
    return leg.step == run.step or (earlier and not talked)


def _later(one: float | None, other: float | None) -> float | None:
    """Return when the last of two phones stops; None: still rings."""
    return None if one is None or other is None else max(one, other)


def _not_rung(step: Step, run: StepRun, rings: Container[PersonId]) -> Iterator[tuple[PersonId | None, Why]]:
    if not step.people and run.skipped is not None:
        yield None, run.skipped
    for _, absent in step.deputies:
        yield absent, Why.ABSENT
    passed = dict(run.passed)
    for person in step.people:
        if person not in rings and person in passed:
            yield person, passed[person]
        elif person not in rings and step.at_once is not None and run.ended_at is not None:
            yield person, Why.NO_TURN
