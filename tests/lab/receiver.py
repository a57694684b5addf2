"""A web hook's receiver on loopback: it takes what is posted, and fails as it is told."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it came."""

    head: str
    headers: dict[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def id(self) -> str:
        """Return its Idempotency-Key."""
        return self.headers["idempotency-key"]


@dataclass
class Receiver:
    """Runs between `async with` and its end."""

    status: str = "204 No Content"
    """What it answers; `silent`: nothing, `reset`: it takes the body and resets the connection."""
    headers: str = ""
    takes: float = 0.0
    """Seconds between the body's last byte and the answer."""
    port: int = 0
    received: list[Post] = field(default_factory=list)
    """Everything whose body came whole, whatever was answered."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/callrouter?company=1"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            post = Post(head, headers, await reader.readexactly(int(headers["content-length"])))
            async with self.changed:
                self.received.append(post)
                self.changed.notify_all()
            await asyncio.sleep(self.takes)
            if self.status == "silent":
                await reader.read()
            elif self.status == "reset":
                writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            else:
                writer.write(f"HTTP/1.1 {self.status}\r\n{self.headers}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
