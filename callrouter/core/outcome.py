"""How a call ended, as the one row of the ledger."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    """How a leg ended (contract: `result`)."""

    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    BUSY = "busy"
    FORWARDED = "forwarded"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class Release(StrEnum):
    """How the caller's channel is ended, and what his operator is told."""

    NORMAL = "normal"
    """After a conversation."""
    NO_ANSWER = "no_answer"
    """SIP 480."""
    REJECTED = "rejected"
    """SIP 603."""
    FAILURE = "failure"
    """SIP 503."""
    FALLBACK = "fallback"
    """Not ended: the dialplan's fallback takes over."""
