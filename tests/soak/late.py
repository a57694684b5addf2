"""What Asterisk's records and the ledger say at different times: news that came late, told apart from the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tests.soak.faults import SILENT, Fault
from tests.soak.wire import Placed

TOLERANCE = 2.0
"""Seconds, as `callrouter reconcile` has it."""


def is_late(difference: Mapping[str, Any], faults: Iterable[Fault], placed: Placed | None) -> bool:
    """Whether this is the time of something that happened while the worker heard nothing, or the wire agrees with it.

    Asterisk's last record ends with the conversation, the call with the caller, who may be left alone for a while.
    """
    if difference["what"] not in {"answered_at", "ended_at"}:
        return False
    asterisk, ledger = (datetime.fromisoformat(difference[name]).timestamp() for name in ("asterisk", "ledger"))
    ended = placed and placed.ended_at
    if difference["what"] == "ended_at" and ended and abs(ended - ledger) <= TOLERANCE:
        return True
    at = min(asterisk, ledger)
    return any(one.kind in SILENT and one.began_at <= at <= (one.ended_at or at) for one in faults)
