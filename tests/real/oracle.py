"""What has to come of a call, worked out from the contract alone: a small simulation that knows nothing of the code."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.lab import Behaviour
from tests.real.generated import Firm, Line, Step

APART = 0.5
"""Seconds between two things that decide a call: nearer together, either may come first in the real world."""


class TooCloseError(Exception):
    """Two things that decide this call come at one instant: it has no one outcome."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """One call to be placed: who calls where, what everybody does, when the caller leaves if at all."""

    line: Line
    caller: str
    client: str | None
    responsible: str | None
    behaviours: dict[str, Behaviour | None]
    """By person; None: his phone is not registered."""
    leaves_at: float | None


@dataclass(slots=True)
class Foreseen:
    """What the ledger and the phones have to say of it."""

    outcome: str = "lost"
    answered_by: str | None = None
    answered_step: int | None = None
    lost_reason: str | None = None
    lost_step: int | None = None
    invites: Counter[str] = field(default_factory=Counter)
    skipped: list[bool] = field(default_factory=list)
    """Of each step that was reached."""


@dataclass(slots=True)
class _State:
    ringing: dict[str, float | None] = field(default_factory=dict)
    """Who rings, and when his phone does something by itself."""
    declined: set[str] = field(default_factory=set)
    was_there: bool = False


def foresee(firm: Firm, dialled: Dialled) -> Foreseen:
    """Climb the ladder by the contract's words."""
    told, state, now = Foreseen(), _State(), 0.0
    for number, step in enumerate(dialled.line.ladder, 1):
        end = firm.ring_at_most if step.seconds is None else now + step.seconds
        if step.seconds is None:
            _apart([now, end])
            if end <= now:
                break
        people = _people(firm, dialled, step)
        there = [one for one in people if one in state.ringing or _is_free(dialled, state, one)]
        told.skipped.append(not there)
        if not there:
            continue
        if step.action == "ring":
            state.ringing = {one: at for one, at in state.ringing.items() if one in people}
        for one in there:
            if one not in state.ringing:
                told.invites[one] += 1
                state.ringing[one] = _begin(dialled.behaviours[one], state, now)
        after = _run(dialled, told, state, (number, step, people, end))
        if after is None:
            return told
        now = after
    told.lost_reason = "no_answer" if state.was_there else "unreachable"
    return told


def _run(dialled: Dialled, told: Foreseen, state: _State, running: tuple[int, Step, list[str], float]) -> float | None:
    """Let the step's time pass; return when the next one begins, None: the call is decided."""
    number, step, people, end = running
    now = 0.0
    while True:
        if not [one for one in state.ringing if step.action == "add" or one in people]:
            return now
        acts = sorted((at, one) for one, at in state.ringing.items() if at is not None)
        leaves = [] if dialled.leaves_at is None else [dialled.leaves_at]
        now = min([end, *leaves, *(at for at, _ in acts)])
        _apart([end, *leaves, *(at for at, one in acts if not _rejects(dialled, one))])
        if now in leaves:
            told.lost_reason, told.lost_step = "abandoned", number
            return None
        if now == end:
            return now
        one = acts[0][1]
        del state.ringing[one]
        behaviour = dialled.behaviours[one]
        assert behaviour is not None
        if behaviour.answer_after is not None:
            told.outcome, told.answered_by, told.answered_step = "answered", one, number
            return None
        if behaviour.ring_after is not None:
            state.declined.add(one)
        elif behaviour.final != 480:
            state.was_there = True


def _people(firm: Firm, dialled: Dialled, step: Step) -> list[str]:
    department = firm.departments[dialled.line.department]
    word, _, key = step.target.partition(":")
    one = {"responsible": dialled.responsible, "head": department.head, "owner": firm.owner, "person": key}
    if word == "department":
        return [*department.members]
    found = one[word]
    return [] if found is None else [found]


def _is_free(dialled: Dialled, state: _State, one: str) -> bool:
    return dialled.behaviours[one] is not None and one not in state.declined


def _begin(behaviour: Behaviour | None, state: _State, now: float) -> float | None:
    """A phone gets an INVITE; return when it will do something by itself."""
    assert behaviour is not None
    if behaviour.ring_after is not None and not behaviour.silent:
        state.was_there = True
    if behaviour.answer_after is not None:
        return now + behaviour.answer_after
    return None if behaviour.final is None else now + behaviour.final_after


def _rejects(dialled: Dialled, one: str) -> bool:
    """Whether his phone says no at once: it does not matter which of two does so first."""
    behaviour = dialled.behaviours[one]
    return behaviour is not None and behaviour.ring_after is None


def _apart(instants: list[float]) -> None:
    """Of what decides, the first comes clearly first."""
    first, *others = sorted(instants)
    if others and others[0] - first < APART:
        raise TooCloseError
