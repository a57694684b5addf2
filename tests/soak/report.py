"""What a soak came to, in words."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.soak.audit import BARELY

if TYPE_CHECKING:
    from tests.soak.result import Result


def report(result: Result) -> str:
    """Return it, the differences last."""
    kinds = Counter(one.kind for one in result.faults)
    lines = [
        f"{result.placed} calls on the wire, {result.rows} rows",
        f"{result.answered} answered on the wire, {result.barely} of them for less than {BARELY} s",
        ", ".join(f"{count} {by}" for by, count in sorted(result.by.items())),
        "faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        *(f"  {_clock(one.began_at)} to {_clock(one.ended_at)} {one.kind} {one.whom}" for one in result.faults),
    ]
    for life in result.lives:
        if not life.samples:
            continue
        level, per_thousand = life.level(), life.per_thousand()
        told = "too short to tell" if level is None else f"{level[0]:.0f} kB warm, {level[1]:.0f} kB at its end"
        told += "" if per_thousand is None else f", {per_thousand:+.0f} kB per 1,000 calls"
        age, kilobytes, _ = life.samples[-1]
        lines.append(f"memory of {life.worker} ({life.pid}), {age:.0f} s old: {kilobytes} kB; {told}")
    lines += [
        f"{len(result.known)} callers who left before they had called a line",
        *map(str, result.known),
    ]
    lines += [
        f"{len(result.late)} times that Asterisk means otherwise than the ledger, each as the wire saw it",
        *result.late,
    ]
    lines += [f"{len(result.differences)} differences, {len(result.wrong)} other faults"]
    lines += map(str, result.differences)
    lines += result.wrong
    return "\n".join(lines)


def _clock(at: float | None) -> str:
    return "the end" if at is None else datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
