"""How late a message came: Asterisk says when it happened, and the quickest of the last minutes compares the clocks."""

from __future__ import annotations

from datetime import datetime

SPAN = 60.0
"""Seconds after which a comparison of the clocks is made anew: they drift."""
NEGLIGIBLE = 0.02
"""Seconds: a message of that age is heard in time."""
AT_MOST = 10.0
"""Seconds: a connection that is silent for longer has been given up; a clock was set."""


class Lateness:
    """Of the messages of one Asterisk, whose clock may be another than ours."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._least = self._former = float("inf")

    def of(self, timestamp: str, now: float) -> float:
        """Return by how many seconds a message of then, in Asterisk's words, is late now; 0 where that is no time."""
        try:
            age = now - datetime.fromisoformat(timestamp).timestamp()
        except (TypeError, ValueError):
            return 0.0
        if now - self._since > SPAN:
            self._since, self._former, self._least = now, self._least, age
        self._least = min(self._least, age)
        late = age - min(self._least, self._former)
        return late if NEGLIGIBLE < late <= AT_MOST else 0.0
