"""What Asterisk is told is repeated until it is done: a lost request, or a lost answer, strands nobody."""

from __future__ import annotations

import asyncio

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import QUICK, Request, Requests

SHORTLY = 0.25
"""Seconds a call waits for the answer to what it tells; then it goes on, and the telling by itself."""
GOING = 0.5
"""Seconds in which a channel that was told to go is heard to have gone."""
AGAIN = 0.2
"""Seconds before a request that was refused is repeated."""
NO_CHANNEL = 404
BELIEVED = 2
"""How often Asterisk has to say that it knows of no such channel."""

log = structlog.get_logger()


class Telling:
    """Requests that mean the same a second time. Each goes out at once, so that they keep their order."""

    def __init__(self, ari: Requests, errands: Errands) -> None:
        self._ari = ari
        self._errands = errands
        self._going: dict[str, asyncio.Event] = {}

    def hear(self, message: ms.Message) -> None:
        """Take note of a channel that is gone from us."""
        if isinstance(message, ms.ChannelDestroyed | ms.StasisEnd) and message.channel.id in self._going:
            self._going[message.channel.id].set()

    async def tell(self, request: Request) -> None:
        """Send a request, and repeat it until Asterisk takes it or knows of no such channel."""
        answered = asyncio.Event()
        self._errands.send(self._repeat(request, answered))
        await within(SHORTLY, answered)

    async def send_off(self, channel: str, request: Request) -> None:
        """Send a channel away with this request, and repeat it until it is heard to have gone."""
        answered = asyncio.Event()
        self._errands.send(self._see_off(channel, request, answered))
        await within(SHORTLY, answered)

    async def _repeat(self, request: Request, answered: asyncio.Event) -> None:
        unknown = 0
        for deadline in QUICK:
            refused = await self._ask(request, deadline)
            answered.set()
            unknown += refused == NO_CHANNEL
            if refused is None or unknown == BELIEVED:
                return
            await asyncio.sleep(AGAIN)

    async def _see_off(self, channel: str, request: Request, answered: asyncio.Event) -> None:
        gone = self._going.setdefault(channel, asyncio.Event())
        unknown = 0
        try:
            for deadline in QUICK:
                unknown += await self._ask(request, deadline) == NO_CHANNEL
                answered.set()
                if unknown == BELIEVED or await within(GOING, gone):
                    return
            log.error("a channel does not go", asterisk_id=channel, request=str(request))
        finally:
            if self._going.get(channel) is gone:
                del self._going[channel]

    async def _ask(self, request: Request, deadline: float) -> int | None:
        """Return with which status Asterisk refused; None: it did not; 0: it was silent."""
        try:
            await self._ari.send(request, deadline)
        except AriRefused as refused:
            return refused.status
        except AriAway as away:
            log.warning("asterisk did not take a request", request=str(request), error=str(away))
            return 0
        return None


async def within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event; return whether it came in time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
