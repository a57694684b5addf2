"""The FastAGI server: many short conversations, each with its bounds, none of which can disturb another."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from callrouter.agi.asking import PeerError
from callrouter.agi.protocol import Decoder, HungUp, Nonsense, Reply, Request, command
from callrouter.agi.session import serve

if TYPE_CHECKING:
    from callrouter.agi.office import Office

MOST = 1_000
"""Sessions at a time; to one more the door is shut, and its call goes to the fallback."""
BACKLOG = 1_024
"""Connections that wait to be accepted."""
LASTS = 5.0
"""Seconds a session may take, …"""
SPEAKS_WITHIN = 2.0
"""… and seconds in which its request, or the next reply, has to be there."""
AGAIN = 2.0
"""Seconds before listening is tried again where it is not possible: another worker may have the port."""
PIECE = 16_384

log = structlog.get_logger()


class Server:
    """Serves AGI at an address; `run` it."""

    def __init__(self, host: str, port: int, office: Office) -> None:
        """Do nothing yet."""
        self._address = host, port
        self._office = office
        self._sessions: set[asyncio.Task[None]] = set()
        self.listens = asyncio.Event()
        """It takes calls."""
        self.port = port

    async def run(self) -> None:
        """Listen for ever, until cancelled; a port that is taken is tried again, and harms nobody meanwhile."""
        said = ""
        while True:
            try:
                server = await asyncio.start_server(self._accept, *self._address, backlog=BACKLOG)
            except OSError as error:
                if str(error) != said:
                    said = str(error)
                    where = "AGI_BIND {}:{}".format(*self._address)
                    log.warning("nobody listens to AGI: give each worker its own AGI_BIND, or off", at=where, why=said)
                await asyncio.sleep(AGAIN)
                continue
            self.port = server.sockets[0].getsockname()[1]
            self.listens.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.listens.clear()
                server.close()
                for session in self._sessions:
                    session.cancel()
                await asyncio.gather(*self._sessions, return_exceptions=True)

    async def answered(self) -> None:
        """Return when those who have asked by now are answered, or given up: within `LASTS`."""
        if self._sessions:
            await asyncio.wait(self._sessions)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= MOST:
            writer.transport.abort()
            log.warning("too many AGI sessions: a call goes to the fallback", sessions=MOST)
            return
        session = asyncio.create_task(self._converse(_Connection(reader, writer)))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _converse(self, connection: _Connection) -> None:
        """Serve one connection; whatever happens, it ends, and the others do not notice."""
        script = ""
        try:
            async with asyncio.timeout(LASTS):
                script = await connection.request()
                await serve(script, connection, self._office)
        except (PeerError, TimeoutError, OSError) as error:
            if script:  # who never was an Asterisk is not worth a line
                log.warning("an AGI session was given up", script=script[:20], why=str(error) or "it took too long")
        except Exception:
            log.exception("a defect in an AGI session; its call goes to the fallback")
        finally:
            connection.close()


class _Connection:
    """One peer's lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._heard: list[Request | Reply] = []

    async def request(self) -> str:
        """Return which script is wanted; raise PeerError."""
        heard = await self._next()
        if not isinstance(heard, Request):
            raise PeerError("a reply before the request")
        return heard.script

    async def say(self, *words: str) -> None:
        """Send a command; raise PeerError."""
        self._writer.write(command(*words))
        async with asyncio.timeout(SPEAKS_WITHIN):
            await self._writer.drain()

    async def hear(self) -> Reply:
        """Return the next reply; raise PeerError."""
        heard = await self._next()
        if not isinstance(heard, Reply):
            raise PeerError("a second request")
        return heard

    def close(self) -> None:
        """End it in order; who does not read is left alone."""
        with suppress(OSError):
            self._writer.close()

    async def _next(self) -> Request | Reply:
        while not self._heard:
            async with asyncio.timeout(SPEAKS_WITHIN):
                piece = await self._reader.read(PIECE)
            if not piece:
                raise PeerError("Asterisk has left")
            for heard in self._decoder.feed(piece):
                if isinstance(heard, Nonsense):
                    raise PeerError("it speaks no AGI")
                if not isinstance(heard, HungUp):  # commands are answered after it, too
                    self._heard.append(heard)
        return self._heard.pop(0)
