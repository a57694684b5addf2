"""The stage: a lab, a router, the live view; what a scene can do on it."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.demo.company import CLIENTS, LINE, SCHEME, STAFF, ZONE
from tests.lab import Behaviour, Desk, rings
from tests.real.rig import Rig, Router

if TYPE_CHECKING:
    from types import TracebackType

    from tests.demo.view import View
    from tests.lab import Call, Phone

PATIENCE = 20.0
"""Seconds anything here may take on a loaded machine before the demo says that it hangs."""
COMMAND = (sys.executable, "-m", "callrouter.cli")
TALK = 0.7
"""Seconds of a conversation."""


class StageError(Exception):
    """Something did not happen at all; the message says what."""


@dataclass(frozen=True, slots=True)
class Wire:
    """What one phone saw during a scene."""

    invites: int = 0
    cancels: int = 0
    elsewhere: int = 0
    """CANCELs that say: completed elsewhere."""
    answered: int = 0

    def __str__(self) -> str:
        counted = {
            "INVITE": self.invites,
            "CANCEL": self.cancels - self.elsewhere,
            "CANCEL (elsewhere)": self.elsewhere,
            "answered": self.answered,
        }
        parts = [name if count == 1 else f"{count} {name}" for name, count in counted.items() if count]
        return " + ".join(parts) or "nothing"


class Stage(Rig):
    """A rig that says what it does while it is set up, and shows the calls."""

    def __init__(self, view: View) -> None:
        desks: list[str | Desk] = [Desk(one.number, devices=one.devices) for one in STAFF]
        super().__init__(SCHEME, desks=desks, clients=CLIENTS)
        self.view = view
        self.announces = True
        self.began = datetime.now(ZONE).strftime("%Y-%m-%dT%H:%M")
        self.placed: list[Call] = []
        self._watch: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            await self._stop_watching()

    async def _close(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        quiet = contextlib.redirect_stdout(None) if kind is asyncio.CancelledError else contextlib.nullcontext()
        with quiet:  # who presses Ctrl-C does not ask for the router's log
            await super()._close(kind, error, trace)

    async def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command, saying so; return its stdout."""
        if self.announces:
            shown = [part.removeprefix(f"{self.folder}/") for part in arguments]
            self.view.say(f"$ callrouter {shlex.join(shown)}", "dim")
        printed = await super().run(*arguments, code=code)
        if self.announces and printed:
            self.view.say(printed.rstrip(), "dim")
        return printed

    async def show(self, *arguments: str) -> None:
        """Run a command that prints for itself, on the terminal."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *arguments, env=self.environment, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL
        )
        if await process.wait():
            raise StageError(f"callrouter {shlex.join(arguments)} ended with {process.returncode}")

    async def serve(self) -> Router:
        """Start the view, then the router."""
        await self._start_watching()
        self.view.say("$ callrouter serve &", "dim")
        router = await super().serve()
        self.announces = False
        return router

    async def _start_watching(self) -> None:
        self.view.say("$ callrouter calls watch &", "dim")
        self._watch = await asyncio.create_subprocess_exec(
            *COMMAND,
            "calls",
            "watch",
            env=self.environment,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._watch.stderr is not None
        async with asyncio.timeout(PATIENCE):
            said = (await self._watch.stderr.readline()).decode()
        if not said.startswith("watching"):
            raise StageError(f"callrouter calls watch does not watch: {said}")
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._watch is not None
        assert self._watch.stdout is not None
        async for line in self._watch.stdout:
            self.view.told(line.decode())

    async def _stop_watching(self) -> None:
        if self._watch is not None:
            if self._watch.returncode is None:
                self._watch.terminate()
            await self._watch.wait()
        if self._reader is not None:
            await self._reader

    # What a scene does.

    def behave(self, **people: Behaviour) -> None:
        """Behave so from now on; who is not named rings until he is stopped."""
        for one in STAFF:
            if one.devices:
                self.lab.phone(one.number).behaviour = people.get(one.key, rings())

    def desk(self, person: str) -> Phone:
        """A person's phone."""
        return self.lab.phone(next(one.number for one in STAFF if one.key == person))

    async def dial(self, caller: str, line: str = LINE) -> Call:
        """A client calls."""
        call = await self.trunk.dial(line, caller=caller)
        self.placed.append(call)
        return call

    async def talk(self, caller: str, line: str = LINE, *, seconds: float = TALK) -> None:
        """A client calls, talks and hangs up."""
        call = await self.dial(caller, line)
        await call.wait("answered", PATIENCE)
        await asyncio.sleep(seconds)
        await call.hangup()

    async def lull(self) -> None:
        """Wait until the scene is over: on the phones, in Asterisk and on the screen."""
        here = (*self.lab.phones, self.trunk)
        await asyncio.gather(*(call.wait("ended", PATIENCE) for phone in here for call in phone.calls))
        await self.lab.asterisk.audit(PATIENCE)
        try:
            async with asyncio.timeout(PATIENCE):
                await self.view.over(len(self.placed))
        except TimeoutError:
            raise StageError(f"callrouter calls watch showed no end of one of {len(self.placed)} calls") from None

    # What the phones saw.

    def wires(self) -> dict[str, Wire]:
        """What each phone has seen since `forget`."""
        return {one.key: _wire(self.lab.devices[one.number]) for one in STAFF}

    def forget(self) -> None:
        """Begin to count anew."""
        for phone in self.lab.phones:
            phone.forget()

    async def ledger(self) -> list[dict[str, Any]]:
        """The rows of all calls placed, in the order in which they came."""
        return await self.ended(len(self.placed), PATIENCE)


def _wire(devices: list[Phone]) -> Wire:
    counted: Counter[str] = Counter()
    for phone in devices:
        counted["invites"] += len(phone.invites)
        counted["cancels"] += len(phone.cancels)
        counted["elsewhere"] += sum(seen.reason == "Call completed elsewhere" for seen in phone.cancels)
        counted["answered"] += sum(call.answered_at is not None for call in phone.calls)
    return Wire(**counted)
