"""Whether a server that failed is asked at all."""

from __future__ import annotations

FAILURES = 3
"""In a row, after which nobody is asked …"""
PAUSE = 10.0
"""… for so many seconds; then one question finds out."""


class Breaker:
    """Open after three failures; after ten seconds one is let through, whose success closes it."""

    def __init__(self) -> None:
        self._failures = 0
        self._closed_at = 0.0

    def lets_through(self, now: float) -> bool:
        """Return whether the server is to be asked now; while one finds out the others are not let through."""
        if self._failures < FAILURES:
            return True
        if now < self._closed_at:
            return False
        self._closed_at = now + PAUSE
        return True

    def succeeded(self) -> None:
        """Take note that the server answered."""
        self._failures = 0

    def failed(self, now: float) -> bool:
        """Take note that it did not; return whether the server is not asked from now on."""
        self._failures += 1
        self._closed_at = now + PAUSE
        return self._failures == FAILURES
