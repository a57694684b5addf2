"""The router's clock, and ids that are ordered by it."""

from __future__ import annotations

import secrets
import time
import uuid

from callrouter.core.words import CallId, Instant


class Clock:
    """The router's clock: UTC, read once, then carried on by the monotonic clock, so that it never jumps."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> Instant:
        """Return now, in seconds since 1970 (UTC)."""
        return self._offset + time.monotonic()


def call_id() -> CallId:
    """Return a new id: a time-ordered UUID (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return CallId(str(uuid.UUID(int=value)))
