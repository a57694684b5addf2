"""`callrouter serve` as an operator starts it: with any settings, read line by line."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.lab import patience

COMMAND = (sys.executable, "-c", "from callrouter.cli import main; main()")


class Worker:
    """One process; `lines` is what it has said on stderr so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._more:
                self.lines.append(line.decode().rstrip())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()

    async def says(self, text: str, within: float = 20.0) -> str:
        """Wait for a line that holds this text; return it."""
        with contextlib.suppress(TimeoutError):
            async with patience(within), self._more:
                await self._more.wait_for(lambda: self._said(text) or self.process.returncode is not None)
        said = self._said(text)
        assert said, f"nobody said {text!r} within {within} s, but:\n" + "\n".join(self.lines)
        return said[0]

    def _said(self, text: str) -> list[str]:
        return [line for line in self.lines if text in line]

    async def ends(self, within: float = 20.0) -> int:
        """Wait until it ends; return its exit code. It never ends with a traceback."""
        async with patience(within):
            code = await self.process.wait()
            await self._reading
        assert not self._said("Traceback"), "\n".join(self.lines)
        return code

    async def stop(self, within: float = 30.0) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ends(within)

    async def kill(self) -> None:
        """End it as a crash would."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading


@asynccontextmanager
async def serving(environment: Mapping[str, str], *options: str) -> AsyncIterator[Worker]:
    """Start `callrouter serve`; it is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "serve",
        *options,
        env=environment,
        cwd=environment["HOME"],
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    worker = Worker(process)
    try:
        yield worker
    finally:
        await worker.kill()
