"""Does another worker live? It is asked by way of Asterisk, where the calls are: who answers keeps his."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import aiohttp

from callrouter.ari.errors import AriRefused
from callrouter.ari.requests import Request
from callrouter.ari.socket import Socket, open_socket

THERE = "callrouter.there"
"""The question …"""
HERE = "callrouter.here"
"""… and its answer, as user events."""
ROLL_CALL_REPLY = re.compile(r"roll-call-[0-9a-f]{8}")
"""The application that an answer is sent to."""
ANSWER_WITHIN = 0.7
"""Seconds a worker has to answer: it only has to read and to send."""


async def answers(url: str, login: tuple[str, str], app: str) -> bool:
    """Whether the worker of this application answers; raise AriAway or AriRefused where we cannot ask."""
    me = f"roll-call-{secrets.token_hex(4)}"
    here = asyncio.Event()

    def hear(message: dict[str, Any]) -> None:
        if message.get("type") == "ChannelUserevent" and message.get("eventname") == HERE:
            here.set()

    async with aiohttp.ClientSession() as session:
        connection = await open_socket(session, url, login, me)
        socket = Socket(connection, hear)
        reading = asyncio.create_task(socket.read())
        try:
            question = Request("POST", f"events/user/{THERE}", {"application": app}, variables={"reply": me})
            await socket.send(question)
            async with asyncio.timeout(ANSWER_WITHIN):
                return await here.wait()
        except (AriRefused, TimeoutError):  # refused: nobody is connected under that name
            return False
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await connection.close()
