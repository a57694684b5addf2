"""Time that does not pass but jumps: what takes ten seconds is there at once, and who waits for ever is found out."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Instead of sleeping it moves its loop's clock."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; where nothing is, the time of the next timer has come."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("a deadlock: everybody waits, and no timer runs")
        self.loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock begins at nought and jumps from timer to timer."""

    def __init__(self) -> None:
        jumping = _Jumping()
        super().__init__(jumping)
        jumping.loop = self
        self.now = 0.0

    def time(self) -> float:
        """Return the virtual instant."""
        return self.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def clock() -> float:
    """Return the seconds since the loop's beginning."""
    return asyncio.get_running_loop().time()
