"""A call to a line that rings nobody: it goes the dialplan's way, with an application of ours in the router's place."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from callrouter.ari.errors import AriRefused
from callrouter.ari.requests import Request
from callrouter.ari.socket import Socket, open_socket

DOOR = "callrouter-check"
"""The context of callrouter.conf in which such a call begins."""
WITHIN = 5.0
"""Seconds a call has to arrive; StasisBroadcast() waits 1.5 s for a router that is not there."""
_PLACED = "placed"
_OFFERED = "CallBroadcast"
_FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Where such a call came out."""

    line: str
    """As the dialplan handed it over."""
    is_released: bool
    """It was on its way to the fallback, not to the router."""
    has_fallback: bool
    """The rendered fallback knows that line."""


class Rehearsal:
    """Calls lines from a context of the dialplan, one after another."""

    def __init__(self, socket: Socket, app: str, context: str, heard: asyncio.Queue[dict[str, Any]]) -> None:
        self._socket = socket
        self._app = app
        self._context = context
        self._heard = heard

    async def call(self, line: str, *, is_router_there: bool) -> Arrived | None:
        """Call a line; None: it came out nowhere. Raises AriAway, AriRefused."""
        router = self._app if is_router_there else f"{self._app}-nobody"
        told = {
            "CALLROUTER_CHECK": self._app,
            "CALLROUTER_CHECK_FROM": self._context,
            "CALLROUTER_APP": router,
            "CALLROUTER_APPS": f"^{router}$",
            "CALLROUTER_OFF": "",
            "CALLROUTER_PILOT": "",
        }
        channel = f"{self._app}-{secrets.token_hex(4)}"
        while not self._heard.empty():
            self._heard.get_nowait()
        params: dict[str, str | int] = {
            "endpoint": f"Local/{line}@{DOOR}/n", "app": self._app, "appArgs": _PLACED, "channelId": channel,
            "otherChannelId": f"{channel}-there", "timeout": 30,
        }  # fmt: skip
        try:
            await self._socket.send(
                Request("POST", "channels", params, variables={f"__{name}": value for name, value in told.items()})
            )
        except AriRefused:  # the context, or the line in it, is not there
            return None
        try:
            async with asyncio.timeout(WITHIN):
                return _arrived(await self._args())
        except TimeoutError:
            return None
        finally:
            await self._hang_up(channel, f"{channel}-there")

    async def _args(self) -> list[str]:
        """Return what the dialplan says of the call; one that is offered to every router is claimed first."""
        while (message := await self._heard.get())["type"] == _OFFERED:
            claim: dict[str, str | int] = {"channelId": message["channel"]["id"], "application": self._app}
            await self._socket.send(Request("POST", "events/claim", claim))
        return [str(arg) for arg in message["args"]]

    async def _hang_up(self, *channels: str) -> None:
        for channel in channels:
            try:
                await self._socket.send(Request("DELETE", f"channels/{channel}"))
            except AriRefused:
                continue  # it is gone


def _arrived(args: list[str]) -> Arrived:
    if args[:1] == [_FALLBACK]:
        return Arrived(args[1], is_released=True, has_fallback=args[2:] == ["1"])
    return Arrived(args[0] if args else "", is_released=False, has_fallback=False)


@asynccontextmanager
async def rehearsal(url: str, login: tuple[str, str], context: str) -> AsyncIterator[Rehearsal]:
    """Open one that calls from this context. Raises AriAway, AriRefused."""
    app = f"check-callrouter-{secrets.token_hex(4)}"  # no broadcast to the routers asks it
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def hear(message: dict[str, Any]) -> None:
        if message.get("type") in ("StasisStart", _OFFERED) and message.get("args") != [_PLACED]:
            heard.put_nowait(message)

    async with aiohttp.ClientSession() as session:
        connection = await open_socket(session, url, login, app)
        socket = Socket(connection, hear)
        reading = asyncio.create_task(socket.read())
        try:
            yield Rehearsal(socket, app, context, heard)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await connection.close()
