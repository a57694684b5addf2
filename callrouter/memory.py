"""Who a caller is: asked from the database within a bound; while it does not answer, what was last known."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import Instant
from callrouter.routing.caller import Client
from callrouter.routing.numbers import mask
from callrouter.routing.order import Asks, Lately

T = TypeVar("T")

LOOK_UP_AT_MOST = 0.25
"""Seconds the look-up of a client may delay the first ring."""
ANSWER_AT_MOST = 2.0
"""Seconds a database that was late has to answer when nobody waits for it …"""
AGAIN = 0.5
"""… and seconds until it is asked the next time. Until it has answered no call waits for it."""
REMEMBERED = 20_000
"""Callers who are remembered, about 10 MB; who has not called for the longest time is forgotten first."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a caller (client None: nobody whom we know); remembered: the database did not answer."""

    client: Client | None
    is_remembered: bool = False


class Memory:
    """Looks clients up and remembers them; it is used only when the look-up fails or is late."""

    def __init__(
        self,
        find_client: Callable[[str, str | None], Awaitable[Client | None]],
        find_lately: Callable[[Asks, str | None, Instant], Awaitable[Lately]],
    ) -> None:
        self._find_client = find_client
        self._find_lately = find_lately
        self._last: OrderedDict[tuple[str, str | None], Client | None] = OrderedDict()
        self._waiting_for_it: asyncio.Task[None] | None = None
        """Runs while the database does not answer."""
        self._looking: set[asyncio.Future[Any]] = set()

    async def look_up(self, number: str, department: str | None) -> Known:
        """Return who has this number (E.164), and whose he is for the department; takes 0.25 s at most."""
        if self._waiting_for_it is not None:
            return self._recall(number, department)
        try:
            return Known(await self._within(LOOK_UP_AT_MOST, self._ask(number, department)))
        except CallrouterError as error:
            log.warning("the client was not looked up", caller=mask(number), why=str(error))
            if isinstance(error, AwayError) and self._waiting_for_it is None:
                self._waiting_for_it = asyncio.create_task(self._wait_for_it(number, department))
        return self._recall(number, department)

    def forget(self) -> None:
        """Remember nobody: somebody has asked to be forgotten."""
        self._last.clear()

    async def lately(self, asks: Asks, number: str | None, at: Instant, within: float) -> Lately:
        """Return what a ladder asks of the last days; nothing, if the database does not say so in time."""
        if within <= 0 or self._waiting_for_it is not None:
            return Lately()
        try:
            return await self._within(within, self._find_lately(asks, number, at))
        except CallrouterError as error:
            log.warning("people are rung as they are listed", caller=mask(number), why=str(error))
            return Lately()

    async def _within(self, seconds: float, asked: Awaitable[T]) -> T:
        looking = asyncio.ensure_future(asked)
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)
        done, _ = await asyncio.wait({looking}, timeout=seconds)
        if done:
            return looking.result()
        looking.cancel()  # and not waited for: to leave a silent database takes its driver two seconds
        raise AwayError("the database did not answer in time")

    async def _ask(self, number: str, department: str | None) -> Client | None:
        client = self._last[number, department] = await self._find_client(number, department)
        self._last.move_to_end((number, department))
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        return client

    def _recall(self, number: str, department: str | None) -> Known:
        client = self._last.get((number, department))
        log.info("a client from memory", caller=mask(number), client=None if client is None else client.id)
        return Known(None if client is None else replace(client, known_from="memory"), is_remembered=True)

    async def _wait_for_it(self, number: str, department: str | None) -> None:
        """Ask until the database answers, whatever it says."""
        try:
            while True:
                try:
                    async with asyncio.timeout(ANSWER_AT_MOST):
                        await self._ask(number, department)
                    break
                except (AwayError, TimeoutError):
                    await asyncio.sleep(AGAIN)
        except CallrouterError as error:
            log.warning("the database answers again, but refuses", why=str(error))
        finally:
            self._waiting_for_it = None
        log.info("clients are looked up again")
