"""Whether a router answers at an address, asked as Asterisk would."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from callrouter.agi.protocol import command

ANSWER_AT_MOST = 2.0
"""Seconds."""
REQUEST = b"agi_network: yes\nagi_network_script: doctor\n\n"
ANSWER = command("NOOP", "callrouter")


async def answers(host: str, port: int) -> bool:
    """Return whether callrouter speaks there, and nobody else; OSError: nobody listens, TimeoutError: nobody speaks."""
    async with asyncio.timeout(ANSWER_AT_MOST):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(REQUEST)
            return await reader.readline() == ANSWER
        except ValueError:  # a line without an end
            return False
        finally:
            with suppress(OSError):
                writer.close()
