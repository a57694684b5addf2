"""Each person's calls: what he answered, what he missed, whom he talked to for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.words import Result
from callrouter.ledger import talk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.core.outcome import CallRow, LegRow
    from callrouter.core.words import PersonId
    from callrouter.ledger.figure import Block, Calls, Value
    from callrouter.ledger.talk import Segment

RANG = 3.0
"""Seconds a phone rings before it counts as heard."""
_IN_VAIN = frozenset({Result.NO_ANSWER, Result.CANCELLED, Result.DECLINED, Result.ELSEWHERE})


def missed_by(row: CallRow) -> tuple[PersonId, ...]:
    """Return who missed the call: his phone really rang, he was free, and the step he rang in passed without him.

    Only who is free is rung at all. Whom a colleague forestalled in the same step has missed nothing.
    """
    answered = {leg.person for leg in row.legs if leg.result is Result.ANSWERED} | {row.answered_by}
    silent = {leg.person: None for leg in row.legs if _rang_in_vain(leg, row)}
    return tuple(person for person in silent if person is not None and person not in answered)


def block(counted: Calls, spoken: Sequence[Segment]) -> list[Value]:
    """Return the figures of everybody who answered, missed or talked, by name; who is not in the scheme is last."""
    answered = [row for row in counted if row.outcome == "answered"]
    missed = [(person, row) for row in counted for person in missed_by(row)]
    keys = {row.answered_by for row in answered} | {person for person, _ in missed} | {one.person for one in spoken}
    ordered = sorted(keys, key=lambda key: (key is None, key or ""))
    return [
        {
            "key": key,
            "answered": tuple(row for row in answered if row.answered_by == key),
            "missed": tuple(row for person, row in missed if person == key),
            "talk": _talk([segment for segment in spoken if segment.person == key]),
        }
        for key in ordered
    ]


def _talk(spoken: Sequence[Segment]) -> Block:
    return {**talk.block(spoken), "by_priority": talk.by_priority(spoken)}


def _rang_in_vain(leg: LegRow, row: CallRow) -> bool:
    if leg.ringing_at is None or leg.ended_at is None or leg.result not in _IN_VAIN:
        return False
    forestalled = leg.result is Result.ELSEWHERE and (row.answered_step is None or leg.step >= row.answered_step)
    return leg.ended_at - leg.ringing_at >= RANG and not forestalled
