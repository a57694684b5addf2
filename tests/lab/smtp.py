"""A mail server on loopback: it speaks SMTP with STARTTLS and a certificate of its own, and fails as it is told."""

from __future__ import annotations

import asyncio
import base64
import email
import ssl
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self

FAULTS = ("refuses", "silent", "drops", "451", "550", "garbage", "")
"""At the beginning it says 554, nothing, or nonsense; it takes the content and is gone; it says no to the receiver."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What was handed in."""

    sender: str
    to: str
    content: bytes
    is_tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """Return it as a mail program reads it."""
        made = email.message_from_bytes(self.content, policy=default)
        assert isinstance(made, EmailMessage)
        return made

    @property
    def id(self) -> str:
        """Return its Message-ID."""
        return str(self.message["Message-ID"])


def certificate(folder: Path, *names: str) -> Path:
    """Make a key and a certificate for these names (`DNS:localhost`, `IP:0.0.0.0`), both in one file."""
    made = folder / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=lab", "-addext", f"subjectAltName={','.join(names)}"]
    subprocess.run([*command, "-keyout", str(made), "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    made.write_text(made.read_text() + (folder / "cert.pem").read_text())
    return made


@dataclass
class MailServer:
    """Runs between `async with` and its end; `received` has what it has said 250 to, `taken` what it has seen whole."""

    pem: Path | None = None
    """A key with its certificate; None: it does not offer STARTTLS."""
    is_implicit: bool = False
    """TLS from the first byte."""
    login: tuple[str, str] | None = None
    fault: str = ""
    takes: float = 0.0
    """Seconds between the content's last byte and its answer: who dies in them does not know that it has come."""
    unknown: frozenset[str] = frozenset()
    """Receivers whom it does not know, whatever else is well."""
    port: int = 0
    received: list[Mail] = field(default_factory=list)
    taken: list[Mail] = field(default_factory=list)
    greeted: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port it had."""
        context = self._context() if self.is_implicit else None
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", self.port, ssl=context, limit=2**26)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer, and drop who is there."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    async def arrived(self, count: int) -> list[Mail]:
        """Return what was received, once it is so many."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.received) >= count)
        return self.received

    def _context(self) -> ssl.SSLContext:
        assert self.pem is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        return context

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await _Conversation(self, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()


class _Conversation:
    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.is_tls = server.is_implicit
        self.user: str | None = None
        self.sender = self.to = ""

    async def run(self) -> None:
        async with self.server.changed:
            self.server.greeted += 1
            self.server.changed.notify_all()
        if self.server.fault == "silent":
            await self.reader.read()
            return
        if self.server.fault == "garbage":
            await self.say("\x00\xff nonsense" * 99)
            return
        await self.say("554 not today" if self.server.fault == "refuses" else "220 lab ESMTP")
        while line := (await self.reader.readuntil(b"\n")).decode().strip():
            verb, _, rest = line.partition(" ")
            if not await self.obey(verb.upper(), rest):
                return

    async def say(self, *lines: str) -> None:
        *before, last = lines
        said = "".join(f"{line[:3]}-{line[4:]}\r\n" for line in before) + f"{last}\r\n"
        self.writer.write(said.encode("latin-1"))
        await self.writer.drain()

    async def obey(self, verb: str, rest: str) -> bool:
        if verb in {"EHLO", "HELO"}:
            offered = ["250 lab", "250 SIZE 50000000"]
            offered += ["250 STARTTLS"] if self.server.pem is not None and not self.is_tls else []
            await self.say(*offered, "250 AUTH PLAIN")
        elif verb == "STARTTLS":
            await self.say("220 go on")
            await self.writer.start_tls(self.server._context())
            self.is_tls = True
        elif verb == "AUTH":
            user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
            is_right = (user, password) == self.server.login
            self.user = user if is_right else None
            await self.say("235 welcome" if is_right else "535 who?")
        elif verb == "MAIL":
            self.sender = rest.partition("<")[2].partition(">")[0]
            await self.say("250 ok")
        elif verb == "RCPT":
            self.to = rest.partition("<")[2].partition(">")[0]
            fault = "550" if self.to in self.server.unknown else self.server.fault
            await self.say({"451": "451 try later", "550": "550 no such user"}.get(fault, "250 ok"))
        elif verb == "DATA":
            return await self.take()
        elif verb == "QUIT":
            with suppress(ConnectionError):
                await self.say("221 bye")
            return False
        else:
            await self.say("250 ok" if verb in {"NOOP", "RSET"} else "502 what?")
        return True

    async def take(self) -> bool:
        await self.say("354 go on")
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        content = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        mail = Mail(self.sender, self.to, content, self.is_tls, self.user)
        self.server.taken.append(mail)
        if self.server.fault == "drops":
            return False
        async with self.server.changed:
            self.server.received.append(mail)
            self.server.changed.notify_all()
        await asyncio.sleep(self.server.takes)
        await self.say("250 taken")
        return True
