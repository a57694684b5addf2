"""What breaks: one thing at a time, each kind once before any comes again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

    from tests.lab.postgres import Postgres
    from tests.soak.workers import Worker

DATABASE_AWAY = 10.0
STILL = 4.0
"""Seconds a worker stands still, or its connection."""
VETERAN_AFTER = 240.0
"""Seconds after which the first worker is not killed any more: memory is measured on one long life."""
KINDS = frozenset({"killed", "frozen", "cut", "stalled", "database", "nobody", "upgraded"})


@dataclass(slots=True)
class Fault:
    """One, with its time by the wall clock."""

    kind: str
    whom: str
    began_at: float
    ended_at: float | None = None


class Faults:
    """Breaks something every so many seconds, for as long as it is told."""

    def __init__(self, workers: Sequence[Worker], postgres: Postgres, dice: Random) -> None:
        self.done: list[Fault] = []
        self._workers = workers
        self._postgres = postgres
        self._dice = dice
        self._deck: list[str] = []

    async def run(self, every: float, seconds: float) -> None:
        """Break, mend, and wait for the next, the first a little after the beginning."""
        clock = asyncio.get_running_loop().time
        began = clock()
        due = began + every / 2
        while due + every < began + seconds:
            await asyncio.sleep(due - clock())
            await self._break()
            due = max(due + every, clock() + every / 4)

    async def _break(self) -> None:
        if not self._deck:
            self._deck = self._dice.sample(sorted(KINDS), len(KINDS))
        kind = self._deck.pop()
        worker = self._dice.choice(self._workers)
        if kind in {"killed", "upgraded"} and time.monotonic() - self._workers[0].born > VETERAN_AFTER:
            worker = self._workers[1]
        fault = Fault(kind, "" if kind in {"database", "nobody"} else worker.name, time.time())
        self.done.append(fault)
        await self._way(kind)(worker)
        fault.ended_at = time.time()

    def _way(self, kind: str) -> Callable[[Worker], Awaitable[None]]:
        way: Callable[[Worker], Awaitable[None]] = getattr(self, f"_{kind}")
        return way

    async def _killed(self, worker: Worker) -> None:
        """`kill -9`, and back after some seconds."""
        await worker.kill()
        await asyncio.sleep(self._dice.uniform(1.0, 5.0))
        await worker.start()

    async def _frozen(self, worker: Worker) -> None:
        worker.freeze()
        await asyncio.sleep(STILL)
        worker.thaw()

    async def _cut(self, worker: Worker) -> None:
        worker.proxy.cut()
        await asyncio.sleep(self._dice.uniform(0.2, 2.0))
        worker.proxy.resume()

    async def _stalled(self, worker: Worker) -> None:
        worker.proxy.stall()
        await asyncio.sleep(STILL)
        worker.proxy.resume()

    async def _database(self, _: Worker) -> None:
        await asyncio.to_thread(self._postgres.stop)
        await asyncio.sleep(DATABASE_AWAY)
        await asyncio.to_thread(self._postgres.start)

    async def _nobody(self, _: Worker) -> None:
        """Nobody lives for some seconds: one is killed while the other stands still, and callers go to the fallback."""
        veteran, other = self._workers
        veteran.freeze()
        await other.kill()
        await asyncio.sleep(STILL)
        veteran.thaw()
        await other.start()

    async def _upgraded(self, worker: Worker) -> None:
        """Stopped in order, as for an upgrade, and started again."""
        await worker.stop()
        await worker.start()
