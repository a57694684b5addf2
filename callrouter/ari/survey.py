"""What a running Asterisk shows of its dialplan and phones to a channel of our own that rings nowhere."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp

from callrouter.ari.errors import AriRefused
from callrouter.ari.requests import Request
from callrouter.ari.socket import Socket, open_socket

ENTRY = ("callrouter", "callrouter-broadcast")
"""The contexts of dialplan/callrouter.conf by which calls reach the router."""

CHANNEL_AT_MOST = 60
"""Seconds that the channel for questions lasts at the most."""


class Survey:
    """Questions to Asterisk on behalf of one idle channel."""

    def __init__(self, socket: Socket, channel: str) -> None:
        self._socket = socket
        self._channel = channel

    async def read(self, expression: str) -> str:
        """Return what a dialplan function gives, such as `PJSIP_DIAL_CONTACTS(101)`; empty where it gives nothing."""
        params: dict[str, str | int] = {"variable": expression}
        try:
            answer = await self._socket.send(Request("GET", f"channels/{self._channel}/variable", params))
        except AriRefused:
            return ""
        return str(answer["value"])

    async def has_extension(self, context: str, extension: str) -> bool:
        """Whether the dialplan knows this extension."""
        return await self.read(f"DIALPLAN_EXISTS({context},{extension},1)") == "1"


@asynccontextmanager
async def survey(url: str, login: tuple[str, str]) -> AsyncGenerator[Survey]:
    """Open a socket and a channel for questions; both are gone afterwards. Raises AriAway or AriRefused."""
    app = f"doctor-{secrets.token_hex(4)}"  # not callrouter…: no call must be offered to it
    async with aiohttp.ClientSession() as session:
        connection = await open_socket(session, url, login, app)
        socket = Socket(connection, lambda _: None)
        reading = asyncio.create_task(socket.read())
        try:
            params: dict[str, str | int] = {"endpoint": f"Local/s@{app}", "app": app, "channelId": app}
            # The limit is for a doctor that is killed: Asterisk would keep its channel for ever.
            limit = {"TIMEOUT(absolute)": str(CHANNEL_AT_MOST)}
            await socket.send(Request("POST", "channels/create", params, limit))
            try:
                yield Survey(socket, app)
            finally:
                await socket.send(Request("DELETE", f"channels/{app}", {"reason": "normal"}))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await connection.close()
