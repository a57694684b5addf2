"""One interface for asking Asterisk, whatever carries it: the web socket (233 µs a round trip) or HTTP (585 µs)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
import orjson

from callrouter.ari.errors import AriAway, AriRefused

DEADLINE = 2.0
"""Seconds Asterisk has for one answer."""
PATIENT = (2.0,) * 5
"""Seconds Asterisk has for each attempt where it is silent: ten, within which a dead connection is noticed …"""
QUICK = (0.5, 0.5, 1.0, 2.0, 2.0, 2.0, 2.0)
"""… and so where a second attempt does no harm: what is lost costs half a second."""
OK_MOST = 299
NOT_BOOTED = 503
"""What Asterisk says until it has fully booted."""
WORDS = frozenset(
    {
        "addChannel",
        "answer",
        "applications",
        "asterisk",
        "bridges",
        "channels",
        "claim",
        "continue",
        "create",
        "deviceStates",
        "dial",
        "endpoints",
        "eventFilter",
        "events",
        "info",
        "modules",
        "moh",
        "move",
        "ping",
        "PJSIP",
        "play",
        "playbacks",
        "removeChannel",
        "ring",
        "variable",
    }
)
"""What a path of ours may consist of; everything else in it is an id."""


@dataclass(frozen=True, slots=True)
class Request:
    """A method and a path without a leading slash; `params` become the query, `variables` the body."""

    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    variables: Mapping[str, str] | None = None
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path.split('/', 1)[0]}"

    @property
    def route(self) -> str:
        """What is asked, without of whom: `POST channels/{id}/dial`. There are few routes, and none holds a number."""
        parts = (part if part in WORDS else "{id}" for part in self.path.split("/"))
        return f"{self.method} {'/'.join(parts)}"

    @property
    def payload(self) -> bytes | None:
        """The body as JSON."""
        body = {"variables": self.variables} if self.variables is not None else self.body
        return None if body is None else orjson.dumps(body)


class Observer(Protocol):
    """Who measures the conversation with Asterisk; costs next to nothing, and never raises."""

    def took(self, route: str, seconds: float, status: int | None) -> None:
        """A request was answered so after so long; None: not at all."""
        ...

    def lagged(self, seconds: float) -> None:
        """An event came so long after it had happened."""
        ...


class Unobserved:
    """Nobody measures."""

    def took(self, route: str, seconds: float, status: int | None) -> None:
        """See `Observer`."""

    def lagged(self, seconds: float) -> None:
        """See `Observer`."""


UNOBSERVED = Unobserved()


class Requests(Protocol):
    """Whatever carries requests to Asterisk."""

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """Return the decoded answer; raise AriAway (no answer within `deadline` seconds) or AriRefused."""
        ...


def answer(request: Request, status: int, body: bytes | str | None) -> Any:
    """Return what Asterisk answered; raise AriRefused for an error."""
    try:
        value = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        value = None
    if status == NOT_BOOTED:
        raise AriAway("Asterisk is there, but has not finished starting")
    if status > OK_MOST:
        message = value.get("message", "") if isinstance(value, dict) else ""
        raise AriRefused(status, str(request), str(message))
    return value


class HttpRequests:
    """HTTP keep-alive: for one-off questions, and before the socket is up."""

    def __init__(self, url: str, username: str, password: str, observer: Observer = UNOBSERVED) -> None:
        self._url = url.rstrip("/")
        self._observer = observer
        # Asterisk keeps an idle connection for 15 s by default: close first, or the two race.
        connector = aiohttp.TCPConnector(keepalive_timeout=10, limit=20)
        login = {"Authorization": aiohttp.encode_basic_auth(username, password), "Content-Type": "application/json"}
        self._session = aiohttp.ClientSession(headers=login, connector=connector)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """See `Requests`."""
        begun = time.monotonic()
        try:
            async with self._session.request(
                request.method,
                f"{self._url}/{request.path}",
                params=request.params,
                data=request.payload,
                timeout=aiohttp.ClientTimeout(total=deadline),
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._observer.took(request.route, time.monotonic() - begun, None)
            raise AriAway(f"Asterisk does not answer at {self._url}: {str(error) or 'no answer in time'}") from error
        self._observer.took(request.route, time.monotonic() - begun, response.status)
        return answer(request, response.status, body)
