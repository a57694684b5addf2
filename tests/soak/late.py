"""What Asterisk's records and the ledger say at different times, because they mean different instants: the wire judges.

Asterisk's "answered" is the caller's own 200, the ledger's the pick-up, and a worker may be away in between; its last
record ends with the conversation, the call with the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.soak.wire import Placed

TOLERANCE = 1.0
"""Seconds by which the ledger may differ from the wire."""


def wire_agrees(difference: Mapping[str, Any], placed: Placed | None) -> bool:
    """Whether the phones saw what the ledger says happen then, and the caller what Asterisk says."""
    if placed is None or difference["what"] not in {"answered_at", "ended_at"}:
        return False
    asterisk, ledger = (datetime.fromisoformat(difference[name]).timestamp() for name in ("asterisk", "ledger"))
    if difference["what"] == "ended_at":
        return _near(placed.ended_at, ledger)
    return _near(placed.answered_at, asterisk) and any(_near(one.answered_at, ledger) for one in placed.talked)


def _near(seen: float | None, told: float) -> bool:
    return seen is not None and abs(seen - told) <= TOLERANCE
