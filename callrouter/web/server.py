"""The HTTP server: few short connections, one answer each, so that no client can disturb a call."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web

from callrouter.core.errors import CallrouterError
from callrouter.web.window import Window

MOST = 16
"""Connections at a time; more wait in the kernel, where they cost nothing."""
LASTS = 5.0
"""Seconds a connection may last, however slowly its client speaks or listens."""
APART = 0.01
"""Seconds between two connections, one answer each: who asks without a pause leaves the processor to the calls."""
PATIENCE = 1.0
"""Seconds before accepting again where the system could not, for want of files perhaps."""
HEAD_MOST = 4096
"""Bytes of a request's line, and of one header."""

log = structlog.get_logger()


class BindError(CallrouterError):
    """Nobody can listen there; the message says why and what to do."""


class _Connection(web.RequestHandler):
    """One client's connection."""

    def __init__(self, server: web.Server, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._end: asyncio.TimerHandle | None = None
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            lingering_time=0,
            max_line_size=HEAD_MOST,
            max_field_size=HEAD_MOST,
            max_headers=50,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; its end is near."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().call_later(LASTS, transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self._end is not None:
            self._end.cancel()
            self._ended()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it repeats what the client sent
    ) -> web.StreamResponse:
        """Answer what cannot be read, or a defect of ours, without repeating anything."""
        if status == 500:  # noqa: PLR2004
            log.error("a page cannot be shown", path=request.path, exc_info=exc)
        return _response(status)


@asynccontextmanager
async def listening(host: str, port: int, window: Window) -> AsyncIterator[int]:
    """Serve the window's pages there; the value is the port. Raises BindError."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in {"GET", "HEAD"}:
            return _response(405, {"Allow": "GET, HEAD"})
        page = window.page(request.path)
        return _response(404) if page is None else _response(page.status, {"Content-Type": page.kind}, page.body)

    server = web.Server(answer)
    try:
        door = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BindError(_why(host, port, error)) from None
    with door:
        door.settimeout(0)
        accepting = asyncio.create_task(_accept(door, server))
        try:
            yield door.getsockname()[1]
        finally:
            accepting.cancel()
            await asyncio.gather(accepting, return_exceptions=True)
            await server.shutdown(0)


async def _accept(door: socket.socket, server: web.Server) -> None:
    """Let clients in one by one, for ever."""
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(MOST)
    while True:
        await room.acquire()
        try:
            client, _ = await loop.sock_accept(door)
            await loop.connect_accepted_socket(lambda: _Connection(server, room.release), client)
        except OSError as error:
            room.release()
            log.warning("nobody can look at the moment", why=str(error))
            await asyncio.sleep(PATIENCE)
        await asyncio.sleep(APART)


def _response(status: int, headers: dict[str, Any] | None = None, body: bytes = b"") -> web.Response:
    response = web.Response(status=status, headers={"Server": "callrouter", **(headers or {})}, body=body)
    response.force_close()
    return response


def _why(host: str, port: int, error: OSError) -> str:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        mend = "give each worker on this host its own HTTP_BIND, or turn it off (CALLROUTER_HTTP_BIND=off)"
        return f"HTTP_BIND {shown} is taken: {mend}"
    return f"HTTP_BIND {shown}: cannot listen there ({error.strerror}): correct it, or CALLROUTER_HTTP_BIND=off"
