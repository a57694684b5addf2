"""Freed memory goes back to the system: else the C library's heap, full of small holes, grows for hours."""

from __future__ import annotations

import asyncio
import ctypes

EVERY = 30.0
"""Seconds between two times; each takes a millisecond or two."""


async def give_back() -> None:
    """Do it for ever, where the C library can (glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:
        await asyncio.sleep(EVERY)
        trim(0)
