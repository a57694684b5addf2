"""The workers' memory: it may grow while they warm up, and then stays level."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WARM_AFTER = 300.0
"""Seconds of a life after which its memory is level."""
GROWTH = 0.05
"""By this share of it memory may differ between the warm beginning and the end: what Python keeps for itself."""
SPAN = 120.0
"""Seconds over which the median is taken at either end."""


@dataclass(slots=True)
class Life:
    """One life of a worker: resident kilobytes by the second of its life, and the calls placed so far."""

    worker: str
    pid: int
    samples: list[tuple[float, int, int]] = field(default_factory=list)

    def level(self) -> tuple[float, float] | None:
        """Return the kilobytes when it was warm and at the end; None: it did not live long enough."""
        warm = [sample for sample in self.samples if sample[0] >= WARM_AFTER]
        if not warm or warm[-1][0] - warm[0][0] < 2 * SPAN:
            return None
        begin, end = warm[0][0] + SPAN, warm[-1][0] - SPAN
        return median(kb for at, kb, _ in warm if at <= begin), median(kb for at, kb, _ in warm if at >= end)

    def per_thousand(self) -> float | None:
        """Return by how many kilobytes it grew per thousand calls placed, from warm to the end."""
        warm = [sample for sample in self.samples if sample[0] >= WARM_AFTER]
        level = self.level()
        return None if level is None else (level[1] - level[0]) * 1000 / max(1, warm[-1][2] - warm[0][2])


def grown(lives: Sequence[Life]) -> list[str]:
    """Return which lives did not stay level."""
    found = []
    for life in lives:
        level = life.level()
        if level is not None and level[1] > level[0] * (1 + GROWTH):
            found.append(f"{life.worker} ({life.pid}) grew from {level[0]:.0f} to {level[1]:.0f} kB")
    return found
