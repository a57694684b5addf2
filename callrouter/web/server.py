"""The HTTP server: few short connections, one answer each, so that no client can disturb a call."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from aiohttp import web

from callrouter.core.errors import CallrouterError
from callrouter.web.window import Window

MOST = 16
"""Connections at a time; more are closed unheard."""
LASTS = 5.0
"""Seconds a connection may last, however slowly its client speaks or listens."""
APART = 0.01
"""Seconds between two answers: who asks without a pause gets a tenth of the processor, and the calls the rest."""
HEAD_MOST = 4096
"""Bytes of a request's line, and of one header."""

log = structlog.get_logger()


class BindError(CallrouterError):
    """Nobody can listen there; the message says why and what to do."""


class _Pace:
    """Lets one pass at a time."""

    def __init__(self) -> None:
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + APART
        await asyncio.sleep(mine - now)


class _Connection(web.RequestHandler):
    """One client's connection."""

    def __init__(self, server: web.Server) -> None:
        self._server = server
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
        """Begin; one too many ends at once."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        if len(self._server.connections) > MOST:
            transport.abort()
            return
        self._end = asyncio.get_running_loop().call_later(LASTS, transport.abort)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End."""
        if self._end is not None:
            self._end.cancel()
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
    pace = _Pace()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        await pace.turn()
        if request.method not in {"GET", "HEAD"}:
            return _response(405, {"Allow": "GET, HEAD"})
        page = window.page(request.path)
        return _response(404) if page is None else _response(page.status, {"Content-Type": page.kind}, page.body)

    server = web.Server(answer)
    try:
        listener = await asyncio.get_running_loop().create_server(lambda: _Connection(server), host, port, backlog=MOST)
    except OSError as error:
        raise BindError(_why(host, port, error)) from None
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await server.shutdown(0)


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
