"""Calls that reached the head or beyond: who rang and was silent, who was away and why; overload or neglect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.core.words import Result, Why
from callrouter.ledger.people import missed_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from callrouter.core.outcome import CallRow, StepRow
    from callrouter.core.words import PersonId
    from callrouter.ledger.figure import Block, Value

BEYOND = frozenset({"head", "higher", "owner"})
"""The words of a step that is an escalation."""
TALKING = frozenset({Why.BUSY, Why.WRAP_UP})
OFF = frozenset({Why.ABSENT, Why.OFF_SHIFT, Why.OFF_HOURS})
"""By the scheme he is not at work: neither overloaded nor neglecting."""
GOAL = 0


class Kind(StrEnum):
    """Why it came so far."""

    OVERLOAD = "overload"
    """Everybody at work who was considered before was talking."""
    NEGLECT = "neglect"


@dataclass(frozen=True, slots=True)
class Escalation:
    """A call that reached the head or beyond."""

    call: CallRow
    reached: str
    """The highest step's target, as written."""
    kind: Kind
    silent: tuple[PersonId, ...]
    away: tuple[tuple[PersonId, Why], ...]
    """Declined and do not disturb among them; not who was talking."""


def escalation(row: CallRow) -> Escalation | None:
    """Return the call's escalation; a ladder that begins with the head has none there."""
    begun = [step for step in row.steps if step.skipped is not Why.NOT_MEANT]
    high = [step for step in begun[1:] if BEYOND.intersection(step.target.split(", "))]
    if not high:
        return None
    before = [step for step in begun if step.step < high[0].step]
    passed = dict.fromkeys(pair for step in begun for pair in step.passed if pair[1] not in TALKING)
    return Escalation(row, high[-1].target, _kind(row, before), missed_by(row), tuple(passed))


def escalations(rows: Iterable[CallRow]) -> tuple[Escalation, ...]:
    """Return the escalations among these calls."""
    return tuple(found for row in rows if (found := escalation(row)) is not None)


def block(found: Sequence[Escalation]) -> Block:
    """Return the escalations, by kind and by person, beside the goal."""
    return {
        "calls": tuple(one.call for one in found),
        "goal": GOAL,
        **{kind.value: tuple(one.call for one in found if one.kind is kind) for kind in Kind},
        "people": [_person(person, found) for person in _people(found)],
        "list": [_one(one) for one in found],
    }


def _kind(row: CallRow, before: Sequence[StepRow]) -> Kind:
    steps = {step.step for step in before}
    legs = [leg for leg in row.legs if leg.step in steps]
    passed = [pair for step in before for pair in step.passed]
    busy = {leg.person for leg in legs if leg.result is Result.BUSY}
    rang = {leg.person for leg in legs if leg.ringing_at is not None}
    talking = busy.union(person for person, why in passed if why in TALKING)
    considered = {leg.person for leg in legs}.union(person for person, why in passed if why not in OFF)
    return Kind.OVERLOAD if considered and considered <= talking - rang else Kind.NEGLECT


def _people(found: Iterable[Escalation]) -> list[PersonId]:
    return sorted({person for one in found for person in (*one.silent, *(who for who, _ in one.away))})


def _person(person: PersonId, found: Sequence[Escalation]) -> Block:
    return {
        "key": person,
        "silent": tuple(one.call for one in found if person in one.silent),
        "away": tuple(one.call for one in found if any(who == person for who, _ in one.away)),
    }


def _one(one: Escalation) -> Block:
    away: list[Value] = [{"key": person, "why": why.value} for person, why in one.away]
    return {
        "key": one.call.id,
        "reached": one.reached,
        "kind": one.kind.value,
        "silent": list(one.silent),
        "away": away,
    }
