"""Who calls far too often: he is routed all the same, and it is seen."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from callrouter.core.words import Instant

MOST = 10
"""Calls of one number …"""
WITHIN = 10.0
"""… in so many seconds are none too many."""


@dataclass(slots=True)
class Flood:
    """The calls of the last seconds, by number."""

    _recent: deque[tuple[Instant, str]] = field(default_factory=deque)
    _counts: Counter[str] = field(default_factory=Counter)

    def heard(self, number: str, at: Instant) -> int:
        """Return how many calls of this number there were lately, this one among them; more than MOST are a flood."""
        while self._recent and self._recent[0][0] <= at - WITHIN:
            _, former = self._recent.popleft()
            self._counts[former] -= 1
            if not self._counts[former]:
                del self._counts[former]
        self._recent.append((at, number))
        self._counts[number] += 1
        return self._counts[number]
