"""Time in which this machine stood still: it delays whoever it meets, and says nothing about who was slow."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache

BEAT = 0.02
NOTICED = 0.1
"""Seconds from which on a beat that is late was a standstill, and not the scheduler's turn."""
REMEMBERED = 1_000
ATTEMPTS = 3


class _Pulse:
    """A thread that beats on one processor; a host that takes a processor away takes away who runs on it."""

    def __init__(self, processor: int) -> None:
        self._processor = processor
        self._last = time.monotonic()
        self._stood: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        threading.Thread(target=self._beat, name=f"pulse of processor {processor}", daemon=True).start()

    def _beat(self) -> None:
        with suppress(OSError):  # where that is not allowed, it beats for the process alone
            os.sched_setaffinity(0, {self._processor})  # of this thread only
        while True:
            time.sleep(BEAT)
            now = time.monotonic()
            if now - self._last > NOTICED:
                self._stood.append((self._last + BEAT, now))
            self._last = now

    def stood(self) -> list[tuple[float, float]]:
        """Return from when until when it stood still, in order; the last one may not be over."""
        last, now = self._last, time.monotonic()  # the beat comes after whom it is asked by, at times
        return [*list(self._stood), *([(last + BEAT, now)] if now - last > NOTICED else [])]


@cache
def _pulses() -> list[_Pulse]:
    return [_Pulse(processor) for processor in os.sched_getaffinity(0)]


def watch() -> None:
    """Begin to notice, in this process."""
    _pulses()


def between(begin: float, end: float) -> float:
    """Return for how many seconds some processor, or this process, stood still between two `time.monotonic()`."""
    total, reached = 0.0, begin
    for since, until in sorted(span for pulse in _pulses() for span in pulse.stood()):
        total += max(0.0, min(until, end) - max(since, reached))
        reached = max(reached, min(until, end))
    return total


def delay(instant: float) -> float:
    """Return how late a `time.monotonic()` may be: for how long all stood still right before it."""
    spans = (span for pulse in _pulses() for span in pulse.stood())
    return max((instant - since for since, until in spans if abs(instant - until) < NOTICED), default=0.0)


async def runs(seconds: float) -> None:
    """Wait until this machine has run for so long."""
    with suppress(TimeoutError):
        async with patience(seconds):
            await asyncio.Event().wait()


async def undisturbed(attempt: Callable[[], Awaitable[None]]) -> None:
    """Attempt something whose outcome hangs on what comes first; if it fails in a standstill, it is attempted again.

    Two things that are nearer to one another than a standstill is long have no order that could be foreseen.
    """
    for _ in range(ATTEMPTS - 1):
        begin = time.monotonic()
        try:
            await attempt()
        except AssertionError:
            if between(begin, time.monotonic()) == 0.0:
                raise
        else:
            return
    await attempt()


@asynccontextmanager
async def patience(seconds: float) -> AsyncIterator[None]:
    """Raise TimeoutError when the block takes longer than that; a standstill does not count."""
    loop, begin = asyncio.get_running_loop(), time.monotonic()
    timer: asyncio.TimerHandle
    async with asyncio.timeout(None) as limit:

        def look() -> None:
            nonlocal timer
            now = time.monotonic()
            left = seconds - (now - begin - between(begin, now))
            if left <= 0:
                limit.reschedule(loop.time())
            else:
                timer = loop.call_later(max(left, BEAT), look)

        timer = loop.call_later(seconds, look)
        try:
            yield
        finally:
            timer.cancel()
