"""A CRM on loopback: it answers, or is slow, or says nonsense, as it is told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, urlsplit

import orjson


def answer(body: object, status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole answer; bytes are sent as they are, anything else as JSON."""
    said = body if isinstance(body, bytes) else orjson.dumps(body)
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(said)}\r\n{more}\r\n".encode() + said


@dataclass
class Server:
    """A server of raw answers."""

    answers: dict[str, bytes] = field(default_factory=dict)
    """By the number that is asked for; all others are unknown."""
    always: bytes | None = None
    takes: float = 0.0
    """Seconds before it answers."""
    asked: list[str] = field(default_factory=list)
    """The requests as they came."""
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/clients?version=2"

    @property
    def numbers(self) -> list[str]:
        """The numbers that were asked for."""
        return [parse_qs(urlsplit(one.split()[1]).query)["phone"][0] for one in self.asked]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Listen no longer."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.asked.append(head)
                if self.takes:
                    await asyncio.sleep(self.takes)
                unknown = answer(b"", "404 Not Found")
                writer.write(self.always or self.answers.get(self.numbers[-1], unknown))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
