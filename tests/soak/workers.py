"""The two active workers of the soak, each behind a proxy of its own to ARI."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import Proxy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.real.rig import Router

_PAGES = 4096 // 1024


class Worker:
    """One of them, in all its lives."""

    def __init__(self, name: str, start: Callable[[], Awaitable[Router]], proxy: Proxy) -> None:
        self.name = name
        self.proxy = proxy
        self.born = time.monotonic()
        self.log: list[str] = []
        """What its former lives have said."""
        self._start = start
        self._router: Router | None = None

    @property
    def router(self) -> Router:
        """The life it lives."""
        assert self._router is not None, f"{self.name} does not run"
        return self._router

    async def start(self) -> None:
        """Start it and wait until it takes calls."""
        if self._router is not None:
            self.log += [*self._router.log, "--- a new life"]
        self._router = await self._start()
        await self._router.is_ready()
        self.born = time.monotonic()

    def take_up(self, router: Router) -> None:
        """This life runs already."""
        self._router = router

    async def kill(self) -> None:
        """End it as a crash would."""
        await self.router.end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self.router.end()

    def freeze(self) -> None:
        """Let it stand still."""
        self.router.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.router.process.send_signal(signal.SIGCONT)

    @property
    def kilobytes(self) -> int:
        """Return its resident memory; 0 while it is dead."""
        try:
            return int(Path(f"/proc/{self.router.process.pid}/statm").read_text().split()[1]) * _PAGES
        except (FileNotFoundError, ProcessLookupError):
            return 0
