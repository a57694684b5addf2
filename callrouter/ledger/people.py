"""Each person's calls: what he answered, what he missed, whom he talked to for how long."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

from callrouter.core.words import Result
from callrouter.ledger import talk
from callrouter.ledger.period import MICRO, micro

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from callrouter.core.outcome import CallRow, LegRow
    from callrouter.core.words import PersonId
    from callrouter.ledger.figure import Block, Calls, Value
    from callrouter.ledger.talk import Segment

T = TypeVar("T")
RANG = 3 * MICRO
"""Microseconds a phone rings before it counts as heard."""
IN_VAIN = frozenset({Result.NO_ANSWER, Result.CANCELLED, Result.DECLINED, Result.ELSEWHERE})


def missed_by(row: CallRow) -> tuple[PersonId, ...]:
    """Return who missed the call: his phone really rang, he was free, and the step he rang in passed without him.

    Only who is free is rung at all. Whom a colleague forestalled in the same step has missed nothing.
    """
    answered = {leg.person for leg in row.legs if leg.result is Result.ANSWERED} | {row.answered_by}
    silent = {leg.person: None for leg in row.legs if _rang_in_vain(leg, row)}
    return tuple(person for person in silent if person is not None and person not in answered)


def block(counted: Calls, spoken: Sequence[Segment]) -> list[Value]:
    """Return the figures of everybody who answered, missed or talked, by name; who is not in the scheme is last."""
    answered = _by_person((row.answered_by, row) for row in counted if row.outcome == "answered")
    missed = _by_person((person, row) for row in counted for person in missed_by(row))
    talked = _by_person((segment.person, segment) for segment in spoken)
    return [
        {
            "key": key,
            "answered": tuple(answered.get(key, ())),
            "missed": tuple(missed.get(key, ())),
            "talk": _talk(talked.get(key, ())),
        }
        for key in sorted({*answered, *missed, *talked}, key=lambda key: (key is None, key or ""))
    ]


def _by_person(pairs: Iterable[tuple[PersonId | None, T]]) -> Mapping[PersonId | None, Sequence[T]]:
    found: defaultdict[PersonId | None, list[T]] = defaultdict(list)
    for person, one in pairs:
        found[person].append(one)
    return found


def _talk(spoken: Sequence[Segment]) -> Block:
    return {**talk.block(spoken), "by_priority": talk.by_priority(spoken)}


def _rang_in_vain(leg: LegRow, row: CallRow) -> bool:
    if leg.ringing_at is None or leg.ended_at is None or leg.result not in IN_VAIN:
        return False
    forestalled = leg.result is Result.ELSEWHERE and (row.answered_step is None or leg.step >= row.answered_step)
    return micro(leg.ringing_at, leg.ended_at) >= RANG and not forestalled
