"""The connection to Asterisk: it comes back for ever, and tells its listener when it does."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import aiohttp
import structlog
from pydantic import ValidationError

from callrouter.ari.errors import AriAway, AriBroken, AriRefused
from callrouter.ari.lateness import Lateness
from callrouter.ari.messages import MESSAGE, TYPES, Message
from callrouter.ari.requests import DEADLINE, UNOBSERVED, Observer, Request
from callrouter.ari.socket import Socket, open_socket

UNWANTED = ("ChannelVarset", "ChannelDialplan", "ChannelConnectedLine", "ChannelCallerId")
"""57 -> 16 messages per bridged call. Never an `allowed` list: it would swallow the replies too."""
PATIENCE_MOST = 1.0
"""Seconds between two attempts to connect, at most."""
PATIENCE = 60.0
"""Seconds a request waits for a connection: meanwhile its call stands still, and its caller hears ringing."""
AGAIN = 0.05
"""Seconds before a request is sent again: by then everybody knows that the connection broke."""

log = structlog.get_logger()


class Listener(Protocol):
    """Who is told what Asterisk says."""

    def hear(self, message: Message) -> None:
        """A message came; this returns at once."""
        ...

    async def connected(self) -> None:
        """The socket is up: find out what happened meanwhile. Messages are held back until this returns."""
        ...

    def lost(self) -> None:
        """The socket is gone."""
        ...


class AriClient:
    """Requests and events of one Stasis application, over one web socket at a time."""

    def __init__(
        self,
        url: str,
        login: tuple[str, str],
        app: str,
        listener: Listener,
        patience: float = PATIENCE,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self.url = url
        self.app = app
        self._login = login
        self._listener = listener
        self._patience = patience
        self._observer = observer
        self._socket: Socket | None = None
        self._dropped = asyncio.Event()
        self._up = asyncio.Event()
        self.in_touch = asyncio.Event()
        """Set while Asterisk is heard, and all that was missed has been told."""
        self._held: list[Message] | None = None
        self._lateness = Lateness()
        self.reconnects = 0

    @property
    def is_connected(self) -> bool:
        """Whether requests can be sent now."""
        return self._socket is not None

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """See `Requests`; a request waits for a connection that is gone, and one whose answer broke off is repeated.

        That is right because a command sent twice means it once.
        """
        due = time.monotonic() + self._patience
        while True:
            socket = self._socket or await self._come_back(due)
            try:
                return await socket.send(request, deadline)
            except AriBroken:
                await asyncio.sleep(AGAIN)

    async def _come_back(self, due: float) -> Socket:
        try:
            async with asyncio.timeout(due - time.monotonic()):
                while self._socket is None:
                    await self._up.wait()
        except TimeoutError:
            raise AriAway(f"no connection to Asterisk at {self.url}") from None
        return self._socket

    async def run(self, waiting: Callable[[AriAway], Awaitable[None]]) -> None:
        """Stay connected until cancelled; `waiting` hears of each vain attempt. Raises AriRefused (password)."""
        async with aiohttp.ClientSession() as session:
            attempt = 0
            while True:
                try:
                    await self._converse(await open_socket(session, self.url, self._login, self.app))
                    attempt = 0
                except AriAway as away:
                    attempt += 1
                    await waiting(away)
                self.reconnects += 1
                # Full jitter, so that many workers do not come back in step.
                await asyncio.sleep(random.uniform(0.05, min(PATIENCE_MOST, 0.2 * 2 ** min(attempt, 6))))  # noqa: S311

    def reconnect(self) -> None:
        """Drop the connection with all that has come over it and was not told: Asterisk is asked for everything."""
        self.in_touch.clear()
        self._held = []
        self._dropped.set()

    async def _converse(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        socket = Socket(connection, self._hear, self._observer)
        self._held = []
        self._dropped.clear()
        reading = asyncio.create_task(socket.read())
        beginning = asyncio.create_task(self._begin(socket))
        dropping = asyncio.create_task(self._dropped.wait())
        try:
            self._socket = socket
            self._up.set()
            await asyncio.wait({reading, beginning, dropping}, return_when=asyncio.FIRST_COMPLETED)
            if beginning.done():
                beginning.result()
            await asyncio.wait({reading, dropping}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            self._socket = None
            self._up.clear()
            self.in_touch.clear()
            self._listener.lost()
            for task in (reading, beginning, dropping):
                task.cancel()
            await asyncio.gather(reading, beginning, dropping, return_exceptions=True)
            await connection.close()
        log.warning("the connection to asterisk is gone; connecting again")

    async def _begin(self, socket: Socket) -> None:
        unwanted = {"disallowed": [{"type": kind} for kind in UNWANTED]}
        try:
            await socket.send(Request("PUT", f"applications/{self.app}/eventFilter", body=unwanted))
            await self._listener.connected()
        except AriRefused as refused:
            if refused.status in {401, 403}:
                mend = "set read_only=no for ARI_USERNAME in ari.conf"
                raise AriRefused(refused.status, "to be changed", f"write access denied: {mend}") from None
            raise AriAway(f"Asterisk is not ready: {refused}") from refused
        except ValidationError as nonsense:
            faults = nonsense.error_count()
            raise AriAway(f"Asterisk is not ready: it lists what it has in an unknown form ({faults} faults)") from None
        held, self._held = self._held or [], None
        for message in held:
            self._tell(message)
        self.in_touch.set()

    def _tell(self, message: Message) -> None:
        """Whatever comes of one message, those after it are heard."""
        try:
            self._listener.hear(message)
        except Exception:
            log.exception("a defect; a message of asterisk's is passed over", type=message.type)

    def _hear(self, raw: dict[str, Any]) -> None:
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            return
        late = self._lateness.of(raw.get("timestamp", ""), time.time())
        try:
            message = MESSAGE.validate_python(raw | {"late": late})
        except ValidationError as error:
            faults = error.error_count()
            log.warning("ari sent a message of unknown form; passed over", type=kind, faults=faults)
            return
        with suppress(KeyError, TypeError, ValueError):
            self._observer.lagged(_age(raw["timestamp"]))
        if self._held is not None:
            self._held.append(message)
        else:
            self._tell(message)


def _age(timestamp: str) -> float:
    """Return the seconds since then (half a microsecond's work), none if Asterisk's clock is ahead of ours."""
    return max(0.0, time.time() - datetime.fromisoformat(timestamp).timestamp())
