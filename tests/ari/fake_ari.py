"""A small ARI over real sockets, which can be as bad as one likes: late, silent, refusing, talking rubbish, gone."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web

LOGIN = ("callrouter", "right")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets, and how many seconds later; `after` None: never."""

    status: int = 200
    body: Any = None
    after: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came, over the socket or over HTTP."""

    method: str
    path: str
    params: dict[str, str]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class FakeAri:
    """Runs between `async with FakeAri() as ari:` and its end; `stop` and `start` in between are a restart.

    `answers` says what a request such as `POST channels/x/answer` gets; what it does not name gets `usual(…)`.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=lambda: {"channels": [], "bridges": []})
    asked: list[Asked] = field(default_factory=list)
    filters: list[Any] = field(default_factory=list)
    """The event filters that were set, in order."""
    creates: bool = True
    """Whether a channel that is created says so with a StasisStart."""
    _sockets: list[web.WebSocketResponse] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _port: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _seen: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _leaving: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/ari"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._leaving.clear()
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Be away."""
        self.drop()
        self._leaving.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner:
            await self._runner.cleanup()

    def drop(self) -> None:
        """Break every web socket, as a network does: without a word."""
        self._connected.clear()
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            if (request := socket._req) is not None and request.transport is not None:
                request.transport.abort()

    async def say(self, event: dict[str, Any] | str) -> None:
        """Send an event, or any text, over the newest socket."""
        await self._sockets[-1].send_str(event if isinstance(event, str) else json.dumps(event))

    async def was_asked(self, request: str, within: float = 3.0) -> None:
        """Wait until that request has come."""
        async with asyncio.timeout(within):
            await self._seen[request].wait()

    async def is_connected(self, within: float = 3.0) -> None:
        """Wait until a socket is open."""
        async with asyncio.timeout(within):
            await self._connected.wait()

    def forget(self) -> None:
        """Forget what was asked."""
        self.asked.clear()
        self._seen.clear()

    def said(self) -> list[str]:
        """Return what was asked, without what every connection asks."""
        usual = {"PUT applications/callrouter/eventFilter", "GET channels", "GET bridges"}
        return [str(one) for one in self.asked if str(one) not in usual]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if not _is_right(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        if answer := self.answers.get("GET events"):
            return web.json_response(answer.body, status=answer.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        self._connected.set()
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                task = asyncio.create_task(self._reply(socket, json.loads(frame.data)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return socket

    async def _reply(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        path, _, query = frame["uri"].partition("?")
        params = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        body = json.loads(frame["message_body"]) if "message_body" in frame else None
        answer = await self._answer(Asked(frame["method"], path, params, body))
        if answer is None or socket.closed:
            return
        text = "" if answer.body is None else json.dumps(answer.body)
        reply = {"type": "RESTResponse", "request_id": frame["request_id"], "status_code": answer.status}
        await socket.send_str(json.dumps(reply | {"message_body": text}))

    async def _http(self, request: web.Request) -> web.Response:
        if not _is_right(request):
            return web.json_response({"message": "Authentication required"}, status=401)
        body = await request.json() if request.can_read_body else None
        asked = Asked(request.method, request.match_info["path"], dict(request.query), body)
        answer = await self._answer(asked)
        if answer is None:
            await self._leaving.wait()
            return web.Response(status=500)
        return web.json_response(answer.body, status=answer.status)

    async def _answer(self, asked: Asked) -> Answer | None:
        self.asked.append(asked)
        self._seen[str(asked)].set()
        if asked.path.endswith("/eventFilter"):
            self.filters.append(asked.body)
        answer = self.answers.get(str(asked)) or Answer(body=self.state.get(asked.path, {}))
        if answer.after is None:
            return None
        await asyncio.sleep(answer.after)
        if str(asked) == "POST channels/create" and answer.status == 200 and self.creates:
            await self.say(started(asked.params["channelId"]))
        return answer


def started(channel: str, *args: str, **more: Any) -> dict[str, Any]:
    """Return the event of a channel that enters the application."""
    return {"type": "StasisStart", "channel": a_channel(channel), "args": list(args), **more}


def a_channel(channel: str, state: str = "Down", name: str = "PJSIP/101-00000001", data: str = "") -> dict[str, Any]:
    """Return a channel as ARI shows it."""
    dialplan = {"context": "c", "exten": "s", "priority": 1, "app_name": "Stasis" if data else "", "app_data": data}
    caller = {"name": "", "number": "89161234567"}
    return {"id": channel, "name": name, "state": state, "caller": caller, "dialplan": dialplan, "language": "en"}


def _is_right(request: web.Request) -> bool:
    expected = base64.b64encode(":".join(LOGIN).encode()).decode()
    return request.headers.get("Authorization") == f"Basic {expected}"
