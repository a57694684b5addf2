"""Each part of the examination has a bound: what is dead costs its own lines, not the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from callrouter.core.errors import CallrouterError
from callrouter.doctor.finding import Check, Finding, fail

PART = Check(
    "part {part}",
    "Every part of the examination comes to its end within its bound; a line only where one does not.",
    {
        "late": fail(
            "what it asks answers too slowly, or not at all: look at that server; once more: callrouter doctor"
        ),
        "broken": fail("do what it says; once more: callrouter doctor"),
    },
)
CHECKS = (PART,)


async def within(seconds: float, part: str, looking: AsyncGenerator[Finding]) -> list[Finding]:
    """Return what is found in so many seconds, and that it was not all."""
    found: list[Finding] = []
    try:
        async with asyncio.timeout(seconds), aclosing(looking):
            async for one in looking:
                found.append(one)  # noqa: PERF401 - what came before it was late counts
    except TimeoutError:
        found.append(PART.fault("late", f"not done within {seconds:g} s", part=part))
    except CallrouterError as error:
        found.append(PART.fault("broken", str(error), part=part))
    return found
