"""Asterisk's records against the ledger: every call to a line has exactly one row, and both tell the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from callrouter.core.outcome import CallRow
    from callrouter.core.recorded import Recorded
    from callrouter.core.words import CallId, Instant

TOLERANCE = 2.0
"""Seconds by which times may differ: two clocks, and what is between a hang-up and the news of it."""
BARELY = 0.5
"""Seconds: Asterisk counts an answer that crossed the caller's hang-up, nobody has talked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree: instants as seconds since 1970, None where there is nothing."""

    asterisk_id: str
    call: CallId | None
    what: str
    """no_row | several_rows | no_record | outcome | answered_at | ended_at."""
    asterisk: str | Instant | None
    ledger: str | Instant | None


def audit(recorded: Iterable[Recorded], rows: Iterable[CallRow]) -> Iterator[Difference]:
    """Yield how these calls of Asterisk's differ from these rows; who has no row is told, whatever else is there."""
    by_channel: dict[str, list[CallRow]] = {}
    for row in rows:
        by_channel.setdefault(row.asterisk_id, []).append(row)
    for one in recorded:
        yield from _one(one, by_channel.get(one.asterisk_id, []))


def without_record(row: CallRow) -> Difference:
    """Return the difference that a row is of which Asterisk recorded nothing."""
    return Difference(row.asterisk_id, row.id, "no_record", None, row.outcome)


def _one(one: Recorded, rows: Sequence[CallRow]) -> Iterator[Difference]:
    said = "answered" if one.talk else "lost"
    if not rows:
        yield Difference(one.asterisk_id, None, "no_row", said, None)
    for row in rows[1:]:
        yield Difference(one.asterisk_id, row.id, "several_rows", said, row.outcome)
    for row in rows[:1]:
        is_barely = sum(part.ended_at - (part.answered_at or part.ended_at) for part in one.talk) < BARELY
        if row.outcome != said and not (row.outcome == "lost" and is_barely):
            yield Difference(one.asterisk_id, row.id, "outcome", said, row.outcome)
            continue
        yield from _times(one, row)


def _times(one: Recorded, row: CallRow) -> Iterator[Difference]:
    for what in ("answered_at", "ended_at"):
        theirs, ours = getattr(one, what), getattr(row, what)
        if theirs is None or ours is None or abs(theirs - ours) <= TOLERANCE:
            continue
        if what != "ended_at" or not _ends_with_the_talk(one, row):
            yield Difference(one.asterisk_id, row.id, what, theirs, ours)


def _ends_with_the_talk(one: Recorded, row: CallRow) -> bool:
    """Asterisk's last record ends with the conversation, the call with the caller, who may have been alone for long."""
    until = row.talk[-1].ended_at if row.talk else None
    return until is not None and abs(one.ended_at - until) <= TOLERANCE
