"""One web socket to Asterisk: events come in, requests go out over the same wire (REST over the web socket, 22.4+)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
import structlog

from callrouter.ari.errors import AriAway, AriBroken, AriRefused
from callrouter.ari.requests import DEADLINE, UNOBSERVED, Observer, Request, answer

HEARTBEAT = 5.0
"""Seconds between our pings: Asterisk 22.10 sends none."""
FRAME_MOST = 1 << 20
"""Bytes of one frame from Asterisk; more closes the socket."""

NO_STATUS = 500
"""What an answer without a status is taken for."""

log = structlog.get_logger()


class Socket:
    """An open socket. The reader never waits for anybody: events go to `hear`, answers to whoever asked."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        hear: Callable[[dict[str, Any]], None],
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._socket = socket
        self._hear = hear
        self._observer = observer
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._asked = 0

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """See `Requests`."""
        begun = time.monotonic()
        try:
            response = await self._ask(request, deadline)
        except AriAway:
            self._observer.took(request.route, time.monotonic() - begun, None)
            raise
        status = response.get("status_code")
        status = status if isinstance(status, int) else NO_STATUS
        self._observer.took(request.route, time.monotonic() - begun, status)
        return answer(request, status, response.get("message_body"))

    async def _ask(self, request: Request, deadline: float) -> dict[str, Any]:
        self._asked += 1
        request_id = str(self._asked)
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        try:
            async with asyncio.timeout(deadline):
                await self._socket.send_str(_frame(request_id, request))
                return await reply
        except TimeoutError:
            raise AriAway(f"Asterisk did not answer {request} within {deadline:.1f} s") from None
        except (ConnectionError, aiohttp.ClientError) as error:
            raise AriBroken(f"the connection to Asterisk broke during {request}") from error
        finally:
            self._waiting.pop(request_id, None)

    async def read(self) -> None:
        """Read until the socket closes; then nobody who waits for an answer waits any longer."""
        try:
            async for frame in self._socket:
                if frame.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                    self._read_frame(frame.data)
        finally:
            for reply in self._waiting.values():
                if not reply.done():
                    reply.set_exception(ConnectionResetError("closed"))

    def _read_frame(self, frame: str | bytes) -> None:
        try:
            message = orjson.loads(frame)
        except orjson.JSONDecodeError:
            log.warning("ari sent something that is not JSON; passed over", size=len(frame))
            return
        if not isinstance(message, dict):
            return
        if message.get("type") != "RESTResponse":
            self._hear(message)
            return
        reply = self._waiting.get(str(message.get("request_id")))
        if reply is not None and not reply.done():
            reply.set_result(message)


def _frame(request_id: str, request: Request) -> str:
    query = f"?{urlencode(request.params)}" if request.params else ""
    frame: dict[str, Any] = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": request.method,
        "uri": quote(request.path, safe="/%") + query,
    }
    if (payload := request.payload) is not None:
        frame["content_type"] = "application/json"
        frame["message_body"] = payload.decode()
    return orjson.dumps(frame).decode()


async def open_socket(
    session: aiohttp.ClientSession, url: str, login: tuple[str, str], app: str
) -> aiohttp.ClientWebSocketResponse:
    """Connect as this application; raise AriAway, or AriRefused for a wrong password (401)."""
    address = f"{url.rstrip('/')}/events".replace("http", "ws", 1)
    try:
        return await session.ws_connect(
            address,
            params={"app": app},
            headers={"Authorization": aiohttp.encode_basic_auth(*login)},
            heartbeat=HEARTBEAT,
            max_msg_size=FRAME_MOST,
            timeout=aiohttp.ClientWSTimeout(ws_close=2),
        )
    except aiohttp.WSServerHandshakeError as error:
        if error.status in {401, 403}:
            raise AriRefused(error.status, "the web socket", "wrong ARI_USERNAME or ARI_PASSWORD") from None
        raise AriAway(f"Asterisk does not open a web socket at {url}: {error.status}") from None
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise AriAway(f"Asterisk does not answer at {url}: {str(error) or 'no answer in time'}") from error
