"""A proxy that understands ARI, and lies: it refuses, loses, delays and garbles what it is told to."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote

import aiohttp
from aiohttp import web

FRAME_MOST = 1 << 24


@dataclass(slots=True)
class Lie:
    """What happens to the first `times` requests that match `request`, such as `POST channels/.*/dial`.

    `status`: they are answered with it; None: with Asterisk's own answer. `passes`: Asterisk hears them. `late`:
    seconds until the answer; None: it never comes. `body`: the text of the answer.
    """

    request: str
    status: int | None = None
    passes: bool = False
    late: float | None = 0.0
    body: str = '{"message": "a lie"}'
    times: int = 1
    told: int = 0

    def meets(self, request: str) -> bool:
        """Whether it is this request's turn."""
        if self.told >= self.times or not re.search(self.request, request):
            return False
        self.told += 1
        return True


@dataclass(slots=True)
class Liar:
    """Stands in front of ARI between `open(port)` and `close()`, for the web socket and for HTTP."""

    lies: dict[str, list[Lie]] = field(default_factory=lambda: defaultdict(list))
    """By the line of the call that a request is about; those of "" hold for all."""
    whose: dict[str, str] = field(default_factory=dict)
    """The line that a channel, a call, or (as the test says) a phone belongs to."""
    port: int = 0
    connections: int = 0
    _target: str = ""
    _runner: web.AppRunner | None = None
    _client: aiohttp.ClientSession | None = None
    _wire: web.WebSocketResponse | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, target: int) -> Self:
        """Listen on a free port of loopback, in front of the port `target`."""
        self._target = f"127.0.0.1:{target}"
        self._client = aiohttp.ClientSession(auto_decompress=False)
        app = web.Application(client_max_size=FRAME_MOST)
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/{path:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def close(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def say(self, frame: str | bytes) -> None:
        """Send the router a frame that Asterisk never sent."""
        assert self._wire is not None
        await (self._wire.send_str(frame) if isinstance(frame, str) else self._wire.send_bytes(frame))

    async def hang_up(self, code: int = 1011) -> None:
        """Close the web socket."""
        assert self._wire is not None
        await self._wire.close(code=code)

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What requests are about.

    def _lie(self, method: str, uri: str) -> Lie | None:
        path, _, query = uri.partition("?")
        said = f"{method} {unquote(uri)}"
        told = (*self.lies[self._line(unquote(path), query)], *self.lies[""])
        return next((lie for lie in told if lie.meets(said)), None)

    def _line(self, path: str, query: str) -> str:
        about = path.split("/")[1] if "/" in path else ""
        if path == "channels/create":
            created = parse_qs(query)
            line = self.whose.get(created["originator"][0], "")
            self.whose[created["channelId"][0].split(".", 1)[0]] = line
            return line
        if path.startswith("endpoints/"):
            about = path.rpartition("/")[2]
        return self.whose.get(about) or self.whose.get(about.split(".", 1)[0], "")

    # HTTP.

    async def _http(self, request: web.Request) -> web.StreamResponse:
        assert self._client is not None
        lie = self._lie(request.method, request.path_qs.removeprefix("/ari/"))
        if lie is not None and lie.late is None:
            await asyncio.sleep(3600)
        if lie is not None and lie.status is not None:
            return web.Response(status=lie.status, text=lie.body, content_type="application/json")
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        url = f"http://{self._target}{request.path_qs}"
        async with self._client.request(request.method, url, headers=headers, data=await request.read()) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")

    # The web socket.

    async def _events(self, request: web.Request) -> web.StreamResponse:
        assert self._client is not None
        wire = web.WebSocketResponse(max_msg_size=FRAME_MOST)
        headers = {"Authorization": request.headers["Authorization"]}
        url = f"http://{self._target}{request.path_qs}"
        async with self._client.ws_connect(url, headers=headers, max_msg_size=FRAME_MOST) as theirs:
            await wire.prepare(request)
            self._wire = wire
            self.connections += 1
            met: dict[str, Lie] = {}
            ways = (self._ask(wire, theirs, met), self._tell(wire, theirs, met))
            pumps = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await wire.close()
        return wire

    async def _ask(
        self, wire: web.WebSocketResponse, theirs: aiohttp.ClientWebSocketResponse, met: dict[str, Lie]
    ) -> None:
        async for frame in wire:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            asked = json.loads(frame.data)
            lie = self._lie(asked["method"], asked["uri"])
            if lie is not None and lie.passes:
                met[asked["request_id"]] = lie
            if lie is None or lie.passes:
                await theirs.send_str(frame.data)
            else:
                self._go_on(_answer(wire, lie, {"request_id": asked["request_id"]}))

    async def _tell(
        self, wire: web.WebSocketResponse, theirs: aiohttp.ClientWebSocketResponse, met: dict[str, Lie]
    ) -> None:
        async for frame in theirs:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            said = json.loads(frame.data)
            if said["type"] == "StasisStart" and len(said["args"]) <= 2:  # a leg has more
                self.whose[said["channel"]["id"]] = said["args"][0].partition(":")[0]
            if said["type"] == "RESTResponse" and (lie := met.pop(said["request_id"], None)) is not None:
                self._go_on(_answer(wire, lie, said))
            else:
                await wire.send_str(frame.data)


async def _answer(wire: web.WebSocketResponse, lie: Lie, true: dict[str, Any]) -> None:
    if lie.late is None:
        return
    await asyncio.sleep(lie.late)
    own = {"type": "RESTResponse", "status_code": lie.status, "message_body": lie.body}
    await wire.send_str(json.dumps(true if lie.status is None else true | own))
