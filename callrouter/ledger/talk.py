"""Who talked for how long, and to whom: segments of conversations in and out, a transfer has one for each person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.ledger.figure import once, seconds, share
from callrouter.ledger.period import micro

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant, PersonId
    from callrouter.ledger.figure import Block, Calls, Value
    from callrouter.ledger.period import Period

GOAL: Mapping[str, float] = {"A": 0.80, "B": 0.19, "C": 0.01}
"""How much of the talk with clients of these priorities each should have."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of conversation with one person of ours (None: not in the scheme)."""

    call: CallRow
    person: PersonId | None
    started_at: Instant
    micro: int
    """How long, in microseconds."""


def is_conversation(row: CallRow) -> bool:
    """Return whether somebody of ours talked to somebody outside."""
    return row.direction in {"in", "out"} and row.outcome == "answered"


def conversations(rows: Iterable[CallRow], period: Period) -> Calls:
    """Return the answered calls in and out that began in the period."""
    return tuple(row for row in rows if is_conversation(row) and period.holds(row.arrived_at))


def segments(rows: Iterable[CallRow]) -> tuple[Segment, ...]:
    """Return who talked in these calls; a call that does not say it was talked by who answered it."""
    return tuple(segment for row in rows for segment in _segments(row))


def by_priority(spoken: Sequence[Segment]) -> list[Value]:
    """Return the talk with clients of each priority at the time, beside the goal for A, B and C."""
    others = {segment.call.priority for segment in spoken}.difference(GOAL)
    keys = [*GOAL, *sorted(key for key in others if key is not None), *([None] if None in others else [])]
    parts = {key: [segment for segment in spoken if segment.call.priority == key] for key in keys}
    rated = _total(segment for key in GOAL for segment in parts[key])
    return [{"key": key, **_priority(key, parts[key], rated)} for key in keys]


def block(spoken: Iterable[Segment]) -> Block:
    """Return the calls and seconds of some segments, in and out."""
    every = tuple(spoken)
    return {
        "calls": once(segment.call for segment in every),
        "seconds": _total(every),
        "seconds_in": _total(segment for segment in every if segment.call.direction == "in"),
        "seconds_out": _total(segment for segment in every if segment.call.direction == "out"),
    }


def _segments(row: CallRow) -> tuple[Segment, ...]:
    end = row.arrived_at if row.ended_at is None else row.ended_at
    told = [(talk.person, talk.started_at, talk.ended_at or end) for talk in row.talk]
    if not told:
        told = [(row.answered_by, end if row.answered_at is None else row.answered_at, end)]
    return tuple(Segment(row, person, since, micro(since, until)) for person, since, until in told)


def _priority(key: str | None, spoken: Sequence[Segment], rated: float) -> Block:
    if key is None or key not in GOAL:
        return {**block(spoken), "share": None, "goal": None}
    return {**block(spoken), "share": share(_total(spoken), rated), "goal": GOAL[key]}


def _total(spoken: Iterable[Segment]) -> float:
    return seconds(segment.micro for segment in spoken)
