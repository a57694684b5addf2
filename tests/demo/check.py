"""The demo checks itself: what was expected, what the phones saw, what the ledger says, what the rate says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.demo.company import STAFF
from tests.demo.stage import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.demo.scenes import Fate, Scene
    from tests.lab import Call

Row = Mapping[str, Any]
STOPPED = frozenset({"elsewhere", "no_answer", "cancelled"})
"""Results of legs whose phone was sent a CANCEL."""


def check_phones(scene: Scene, seen: Mapping[str, Wire]) -> Iterator[str]:
    """Give a line for each phone that saw something else than the scene wants."""
    for one in STAFF:
        wanted = scene.wires.get(one.key, Wire())
        if seen[one.key] != wanted:
            yield f"{one.short}'s phone saw: {seen[one.key]}; expected: {wanted}"


def check_fates(scene: Scene, rows: Sequence[Row]) -> Iterator[str]:
    """Give a line for each difference; calls of one instant may have come in any order, those of one caller not."""
    left = list(rows)
    for fate in scene.fates:
        row = next((one for one in left if one["caller"] == fate.caller), None)
        if row is None:
            yield f"the ledger has no call of {fate.caller}"
            continue
        left.remove(row)
        yield from (f"{fate.caller}: {fault}" for fault in check_fate(fate, row))


def check_fate(fate: Fate, row: Row) -> Iterator[str]:
    """Give a line for each field of the ledger that differs from what has to come of the call."""
    lost = fate.lost_reason is not None
    wanted = {
        "caller": fate.caller,
        "outcome": "lost" if lost else "answered",
        "answered_by": fate.answered_by,
        "answered_step": None if lost else fate.step,
        "lost_reason": fate.lost_reason,
        "lost_step": fate.step if lost else None,
        "responsible": fate.responsible,
        "claimed_by": fate.claimed_by,
    }
    for name, value in wanted.items():
        if row[name] != value:
            yield f"{name} is {row[name]!r}, expected {value!r}"
    skipped = tuple(step["skipped"] for step in row["steps"])
    if skipped != fate.skipped:
        yield f"steps skipped: {skipped}, expected {fate.skipped}"


def check_legs(rows: Sequence[Row], seen: Mapping[str, Wire]) -> Iterator[str]:
    """Give a line for each person whose legs in the ledger are not the INVITEs, CANCELs and answers of his phone."""
    for one in STAFF:
        results = Counter(leg["result"] for row in rows for leg in row["legs"] if leg["person"] == one.key)
        stopped = sum(results[result] for result in STOPPED)
        told = Wire(results.total(), stopped, results["elsewhere"], results["answered"])
        if told != seen[one.key]:
            yield f"the ledger has of {one.short}: {told}; the phone saw: {seen[one.key]}"


def check_rate(figures: Row, placed: Sequence[Call]) -> Iterator[str]:
    """Give a line for each figure of the Lost Call Rate that is not what the callers' phones saw."""
    answered = sum(call.answered_at is not None for call in placed)
    lost = len(placed) - answered
    wanted = {"calls": len(placed), "answered": answered, "lost": lost, "lcr": lost / len(placed)}
    for name, value in wanted.items():
        if abs(figures[name] - value) > 1e-4:  # the precision the rate is printed with
            yield f"lcr says {name} {figures[name]}, the callers' phones say {value}"
