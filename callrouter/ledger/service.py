"""How quickly callers are answered, and what each step of the ladder adds: service level, ASA, rescue."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from callrouter.core.words import Why
from callrouter.ledger.figure import once, seconds, share
from callrouter.ledger.period import MICRO, micro
from callrouter.ledger.tally import tally, waited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.core.outcome import CallRow, StepRow
    from callrouter.ledger.figure import Block, Calls, Value

LEVELS = (10, 20, 30)
"""Seconds: answered within these, of all inbound calls."""


def service_level(counted: Calls) -> list[Value]:
    """Return who was answered within so many seconds, as a share of all inbound calls."""
    return [_level(counted, within) for within in LEVELS]


def asa(answered: Calls) -> float | None:
    """Return the average speed of answer in seconds from the arrival, over answered calls; None without any."""
    return average([round((waited(row) or 0.0) * MICRO) for row in answered])


def rescue(counted: Calls) -> list[Value]:
    """Return for each step what reached it, what it answered, and how much longer those it rang for waited."""
    reached: defaultdict[int, list[tuple[CallRow, StepRow]]] = defaultdict(list)
    for row in counted:
        for step in row.steps:
            if step.skipped is not Why.NOT_MEANT:
                reached[step.step].append((row, step))
    answered: defaultdict[int | None, list[CallRow]] = defaultdict(list)
    for row in tally(counted).answered:
        answered[row.answered_step].append(row)
    keys = sorted({*reached, *answered}, key=lambda key: (key is None, key or 0))
    return [_step(key, reached.get(key or 0, ()), tuple(answered.get(key, ()))) for key in keys]


def _level(counted: Calls, within: int) -> Block:
    quick = tuple(row for row in tally(counted).answered if (waited(row) or 0.0) <= within)
    return {"key": within, "answered": quick, "share": share(len(quick), len(counted))}


def _step(key: int | None, reached: Sequence[tuple[CallRow, StepRow]], answered: Calls) -> Block:
    began = [(row, step) for row, step in reached if step.skipped is None]
    lasted = [micro(step.started_at, step.ended_at) for _, step in began if step.ended_at is not None]
    return {
        "key": key,
        "targets": ", ".join(sorted({step.target for _, step in reached})),
        "reached": once(row for row, _ in reached),
        "skipped": once(row for row, step in reached if step.skipped is not None),
        "answered": answered,
        "share": share(len(answered), len(once(row for row, _ in began))),
        "added_seconds": seconds(lasted),
        "added_on_average": average(lasted),
    }


def average(parts: Sequence[int]) -> float | None:
    """Return the average of microseconds in seconds, to the millisecond; None of nothing."""
    return round(sum(parts) / len(parts) / MICRO, 3) if parts else None
