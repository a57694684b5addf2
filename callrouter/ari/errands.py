"""Work that nobody waits for, and that can be ended all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Errands:
    """The running errands of one part."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin one; who likes may wait for it for a while."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def recall(self) -> None:
        """End them all where they are."""
        for task in self._tasks:
            task.cancel()
