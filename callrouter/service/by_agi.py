"""The way of calls without ARI: the dialplan rings by itself, and asks over FastAGI what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from typing import Any

from callrouter.agi.server import Server
from callrouter.ari.resync import Former
from callrouter.core.commands import Command
from callrouter.core.facts import Arrival
from callrouter.core.words import CallId


class ByAgi:
    """See `worker.Way`. Nothing is in our hands here: whatever becomes of the router, Asterisk goes on with a call."""

    reconnects = 0

    def __init__(self, server: Server) -> None:
        self.replaced = asyncio.Event()
        self._server = server

    def works(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """Return nothing: the worker runs the server."""
        return ()

    async def ready(self) -> None:
        """Return once calls can come."""
        await self._server.listens.wait()

    def take_up(self, left: Former, heritage: Collection[str]) -> None:
        """Leave it: only ARI could fetch such a call, and Asterisk's records tell how it ended."""

    def close(self) -> None:
        """Leave it to who decides: he sends calls to the fallback from now on."""

    async def drain(self) -> None:
        """Return when everybody who has asked by now is answered."""
        await self._server.answered()

    def let_go(self) -> None:
        """Do nothing: nothing is held."""

    async def perform(self, call: CallId, command: Command) -> None:
        """Do nothing: the dialplan does what it was told."""

    async def is_transfer(self, arrival: Arrival) -> bool:
        """Return no: the dialplan says what is the far end of one."""
        del arrival
        return False

    def __len__(self) -> int:
        """Return how many calls are in our hands."""
        return 0

    def fault(self) -> str | None:
        """Return why no call comes this way; None: they come."""
        return None if self._server.listens.is_set() else "nobody listens at AGI_BIND: is the port taken?"

    def phases(self) -> Mapping[str, int]:
        """Return no calls: how many the dialplan has is not known before they end."""
        return {}


async def nobody(app: str) -> bool:
    """Return that no worker answers at Asterisk, where nobody can be asked: a lease that is over is over."""
    del app
    return False
