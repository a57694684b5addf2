"""A TCP proxy on loopback that does to a connection what networks do: cuts it, stalls it, delays it."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Self

from tests.lab.standstill import patience

_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Stands in front of a server between `open(port)` and `close()`; give its `port` to the client.

    `cut()`: every connection is reset and new ones are refused. `stall()`: half open, nothing comes through in either
    direction and nobody is told. `resume()` ends both: what was held back by a stall goes on. `delay`: seconds that
    each piece is late.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.port = 0
        self.accepted = 0
        """Connections that were let through."""
        self._target = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, target: int) -> Self:
        """Listen on a free port of loopback, in front of the port `target`."""
        self._target = target
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """End everything; `open` may follow."""
        if self._server is not None:
            self._server.close()
        self._reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, and refuse new ones until `resume()`."""
        self._is_cut = True
        self._reset()

    def stall(self) -> None:
        """Let nothing through, and tell nobody."""
        self._flows.clear()

    def resume(self) -> None:
        """Let everything through again."""
        self._is_cut = False
        self._flows.set()

    async def connected(self, count: int, within: float = 5.0) -> None:
        """Wait until that many connections have been let through since the beginning."""
        async with patience(within), self._news:
            await self._news.wait_for(lambda: self.accepted >= count)

    def _reset(self) -> None:
        for writer in self._writers:
            if (wire := writer.get_extra_info("socket")) is not None:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._flows.wait()
            if self._is_cut:
                self._reset()
                return
            their_reader, their_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:  # nobody is behind us: the client learns it at once
            writer.transport.abort()
            return
        finally:
            self._writers.discard(writer)
        pair = {writer, their_writer}
        self._writers |= pair
        self.accepted += 1
        async with self._news:
            self._news.notify_all()
        try:
            await asyncio.gather(self._pump(reader, their_writer), self._pump(their_reader, writer))
        finally:
            self._writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(_CHUNK):
                await asyncio.sleep(self.delay)
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
        except OSError:
            writer.transport.abort()
