"""Call rows of the ledger's tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from callrouter.core.outcome import CallRow
from callrouter.core.words import CallId, LostReason, PersonId


def at(text: str) -> float:
    """An instant, from a date and time with its offset."""
    return datetime.fromisoformat(text).timestamp()


def call(arrived: str, *, lost: LostReason | None = None, wait: float = 10.0, **fields: Any) -> CallRow:
    """An ended call to the sales line: answered by anna, unless lost."""
    start = at(arrived)
    values: dict[str, Any] = {
        "id": CallId(f"call-{arrived}"),
        "line": "+74951234567",
        "department": "sales",
        "caller": "+79161234567",
        "caller_raw": "89161234567",
        "client_id": None,
        "client": None,
        "responsible": None,
        "priority": None,
        "segment": None,
        "direction": "in",
        "arrived_at": start,
        "answered_at": None if lost else start + wait,
        "ended_at": start + wait + (0.0 if lost else 60.0),
        "outcome": "lost" if lost else "answered",
        "lost_reason": lost,
        "lost_step": 2 if lost is LostReason.ABANDONED else None,
        "answered_by": None if lost else PersonId("anna"),
        "answered_step": None if lost else 1,
        "scheme_revision": 1,
        "asterisk_id": "1.1",
        "talk": (),
        "steps": (),
        "legs": (),
    }
    return CallRow(**(values | fields))
