"""What Asterisk's records and the ledger say at different times: news that came late, told apart from the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tests.soak.faults import Fault

SILENT = frozenset({"stalled", "frozen", "nobody"})
"""Faults in which a worker hears late what happened: it writes down when it heard of it."""


def is_late(difference: Mapping[str, Any], faults: Iterable[Fault]) -> bool:
    """Whether this is the time of something that happened while the worker heard nothing."""
    if difference["what"] not in {"answered_at", "ended_at"}:
        return False
    at = datetime.fromisoformat(min(difference["asterisk"], difference["ledger"])).timestamp()
    return any(one.kind in SILENT and one.began_at <= at <= (one.ended_at or at) for one in faults)
