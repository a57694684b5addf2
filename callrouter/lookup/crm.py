"""The question to the CRM: never longer than its bound, never twice within half a minute, not at all while it fails."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

import aiohttp
import structlog

from callrouter.core.errors import AwayError
from callrouter.lookup.answer import WrongAnswerError, client
from callrouter.lookup.breaker import Breaker
from callrouter.routing.caller import Client
from callrouter.routing.numbers import mask

ANSWER_AT_MOST = 0.3
"""Seconds a question may take in all, from the connection to the last byte."""
REMEMBERED = 30.0
"""Seconds for which an answer holds, …"""
MOST_REMEMBERED = 10_000
"""… and how many are kept."""
LARGEST = 64 * 1024
"""Bytes of an answer."""
UNKNOWN = (204, 404)
FOUND = 200

log = structlog.get_logger()


class CrmAwayError(AwayError):
    """The CRM does not answer, or not as one that works."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    client: Client | None
    until: float


class Crm:
    """Asks `GET URL?phone=+7…` who a caller is; without an address it knows nobody."""

    def __init__(self, url: str | None, token: str | None = None) -> None:
        self._url = url
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._session: aiohttp.ClientSession | None = None
        self._breaker = Breaker()
        self._answers: OrderedDict[str, _Remembered] = OrderedDict()

    async def look_up(self, number: str) -> Client | None:
        """Return who has this number (E.164); None: nobody whom the CRM knows, or it does not say. Never raises."""
        now = time.monotonic()
        remembered = self._answers.get(number)
        if remembered is not None and now < remembered.until:
            return remembered.client
        if self._url is None or not self._breaker.lets_through(now):
            return None
        try:
            found = await self.ask(self._url, number)
        except WrongAnswerError as error:
            self._breaker.succeeded()
            log.warning("the crm's answer is wrong, the caller counts as unknown", caller=mask(number), why=str(error))
            found = None
        except CrmAwayError as error:
            is_open = self._breaker.failed(time.monotonic())
            log.warning("the crm was not heard", caller=mask(number), why=str(error), not_asked_for_now=is_open)
            return None
        else:
            self._breaker.succeeded()
        self._remember(number, found)
        return found

    async def ask(self, address: str, number: str) -> Client | None:
        """Ask now, whatever is remembered; raise `CrmAwayError` or `WrongAnswerError`."""
        asking = asyncio.create_task(self._asked(address, number))
        done, _ = await asyncio.wait({asking}, timeout=ANSWER_AT_MOST)
        if not done:
            asking.cancel()  # and not waited for: the caller is
            raise CrmAwayError(f"it did not answer within {ANSWER_AT_MOST:g} s")
        return asking.result()

    async def __aenter__(self) -> Self:
        """Open nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def _asked(self, address: str, number: str) -> Client | None:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers, cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with self._session.get(address, params={"phone": number}, allow_redirects=False) as response:
                if response.status in UNKNOWN:
                    return None
                if response.status != FOUND:
                    raise CrmAwayError(f"it answered {response.status}")
                return client(await _body(response))
        except (aiohttp.ClientError, OSError) as error:
            raise CrmAwayError(type(error).__name__) from error  # its text may hold the address, and so the number

    def _remember(self, number: str, found: Client | None) -> None:
        self._answers[number] = _Remembered(found, time.monotonic() + REMEMBERED)
        self._answers.move_to_end(number)
        if len(self._answers) > MOST_REMEMBERED:
            self._answers.popitem(last=False)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer, but no more than one may have."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST:
            raise WrongAnswerError(f"it is longer than {LARGEST} bytes")
    return bytes(body)
