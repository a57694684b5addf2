"""A lab with a router in it: `callrouter serve` as a process of its own, used by its command line only."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from callrouter.core.call import Call
from callrouter.ledger.call import document
from callrouter.store import queries
from callrouter.store.database import Database
from tests.lab import Company, Desk, Lab, Phone, Proxy, Trunk, patience
from tests.lab.liar import Liar
from tests.real.document import LADDER, LINE, NAMES, PEOPLE, scheme

__all__ = ["LADDER", "LINE", "NAMES", "PEOPLE", "Rig", "Router", "legs", "scheme", "skipped"]

READY = 60.0
"""Seconds a router may take to be ready on a loaded machine."""
EVENTUALLY = 20.0
"""Seconds after which what did not happen will not happen any more; no promise of the product is timed by that."""


@dataclass(slots=True)
class Router:
    """A running `callrouter serve`; `log` is what it has written."""

    process: asyncio.subprocess.Process
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)
    reader: asyncio.Task[None] | None = None

    async def is_ready(self) -> None:
        """Wait until it takes calls."""
        assert self.reader is not None
        ready = asyncio.create_task(self.ready.wait())
        with suppress(TimeoutError):
            async with patience(READY):
                await asyncio.wait({ready, self.reader}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        assert self.ready.is_set(), "the router is not ready:\n" + "\n".join(self.log)

    async def read(self) -> None:
        """Read its log until it ends."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode().rstrip())
            if self.log[-1].startswith("ready"):
                self.ready.set()

    async def says(self, text: str, within: float = EVENTUALLY, times: int = 1) -> None:
        """Wait until its log has that so many times."""
        async with patience(within):
            while sum(text in line for line in self.log) < times:  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        code = await self.process.wait()
        if self.reader is not None:
            await self.reader
        return code


class Rig:
    """`async with Rig(scheme()) as rig:` has phones, an Asterisk, a database and a router that takes calls.

    At the end no channel and no bridge may be left in Asterisk, and every call has exactly one outcome.
    """

    def __init__(
        self,
        document: str | None = None,
        *,
        desks: list[str | Desk] | None = None,
        company: Company | None = None,
        database_url: str | None = None,
        clients: str | None = None,
        rtp_interval: float = 0.02,
        ari: Proxy | Liar | None = None,
        is_seen: bool = False,
    ) -> None:
        self.lab = Lab(desks or list(PEOPLE.values()), company, rtp_interval=rtp_interval)
        self._document = scheme() if document is None else document
        self._clients = clients
        self._ari = ari
        """What stands between the router and ARI."""
        self._is_seen = is_seen
        """Whether the router shows its health; several routers of one rig would need a port each."""
        self._folder = tempfile.TemporaryDirectory(prefix="callrouter-")
        self.folder = Path(self._folder.name)
        self._database_url = database_url or f"sqlite:///{self.folder}/callrouter.db"
        self._database = Database(self._database_url)
        self._router: Router | None = None
        self._others: list[Router] = []

    @property
    def router(self) -> Router:
        """The router that runs."""
        assert self._router is not None, "no router runs"
        return self._router

    @property
    def trunk(self) -> Trunk:
        """The provider's side: clients call from here."""
        return self.lab.trunk

    def phone(self, person: str) -> Phone:
        """A person's phone."""
        return self.lab.phone(PEOPLE.get(person, person))

    @property
    def health(self) -> str:
        """Where the router shows its health: a port of this lab's own."""
        return f"127.0.0.1:{self.lab.asterisk.slot.sip + 2}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this rig, for every command."""
        asterisk = self.lab.asterisk
        own = {
            "CALLROUTER_DATABASE_URL": self._database_url,
            "CALLROUTER_ARI_URL": f"http://127.0.0.1:{self._ari.port}/ari" if self._ari else asterisk.ari_url,
            "CALLROUTER_ARI_USERNAME": asterisk.ari_username,
            "CALLROUTER_ARI_PASSWORD": asterisk.ari_password,
            "CALLROUTER_DATA_DIR": str(self.folder / "var"),
            "CALLROUTER_CDR_FILE": str(asterisk.cdr_file),
            "CALLROUTER_AGI_BIND": "off",
            "CALLROUTER_HTTP_BIND": self.health if self._is_seen else "off",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")}
        return inherited | own

    async def __aenter__(self) -> Self:
        await self.lab.__aenter__()
        try:
            if self._ari is not None:
                await self._ari.open(self.lab.asterisk.slot.http)
            await self._prepare()
            await self.serve()
        except BaseException as error:
            await self._close(type(error), error, error.__traceback__)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.lab.quiet()
                await self.lab.asterisk.audit()
                await self.settled()
        finally:
            await self._close(kind, error, trace)

    async def _close(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        routers = [*self._others, *([self._router] if self._router else [])]
        if kind is not None:
            for router in routers:
                print("\n".join([f"--- {router.process.pid}", *router.log[-40:]]))
        try:
            for router in routers:
                await router.end(signal.SIGKILL if kind else signal.SIGTERM)
        finally:
            if self._ari is not None:
                await self._ari.close()
            await self._database.close()
            await self.lab.__aexit__(kind, error, trace)
            self._folder.cleanup()

    async def _prepare(self) -> None:
        """Let the database have schema, scheme and clients; a file of our own is made once, and copied for the next."""
        file = self.folder / "callrouter.db"
        steps: list[tuple[str | None, Callable[[], Awaitable[object]]]] = [
            (None, lambda: self.run("db", "upgrade")),
            (self._document, lambda: self.apply(self._document)),
            *([(self._clients, self._import)] if self._clients is not None else []),
        ]
        for number, (_, make) in enumerate(steps, 1):
            if self._database_url.endswith(str(file)):
                await _once(tuple(content for content, _ in steps[:number]), file, make)
            else:
                await make()

    async def _import(self) -> None:
        (self.folder / "clients.csv").write_text(self._clients or "", "utf-8")
        await self.run("clients", "import", str(self.folder / "clients.csv"))

    async def serve(self) -> Router:
        """Start a router and wait until it takes calls."""
        self._router = router = await start(self.environment, self.folder)
        await router.is_ready()
        return router

    async def join(self, place: str, **settings: str) -> Router:
        """Start one more worker, with a DATA_DIR of its own; settings differ as given (`APP="callrouter-b"`)."""
        own = {f"CALLROUTER_{name}": value for name, value in settings.items()}
        environment = self.environment | {"CALLROUTER_DATA_DIR": str(self.folder / place)} | own
        router = await start(environment, self.folder)
        self._others.append(router)
        return router

    async def apply(self, document: str) -> None:
        """Put a scheme in force."""
        (self.folder / "scheme.toml").write_text(document, "utf-8")
        await self.run("scheme", "apply", str(self.folder / "scheme.toml"))

    async def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command; return its stdout. It must end with this exit code."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            env=self.environment,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == code, f"{arguments}: exit {process.returncode}\n{out.decode()}{err.decode()}"
        return out.decode()

    async def calls(self, direction: str | None = None) -> list[dict[str, Any]]:
        """Return what `calls list --json` prints, without a process for each look: half the tests' time was that."""
        async with self._database.reading() as connection:
            found = await queries.ended_calls(connection, queries.Wanted(direction=direction))
        return [document(one.row, one.claimed_by) for one in found]

    async def live(self) -> tuple[Call, ...]:
        """Return the calls that go on, as the ledger knows them: a tenth of a second behind the router."""
        async with self._database.reading() as connection:
            return await queries.live_calls(connection)

    async def says(self, text: str, within: float = EVENTUALLY) -> None:
        """Wait until the router's log has that."""
        await self.router.says(text, within)

    async def inbound(self) -> list[dict[str, Any]]:
        """Return the calls from outside: transfers to a line and colleagues' calls are not among them."""
        return [row for row in await self.calls() if row["direction"] in {"in", "blocked", "not_client"}]

    async def ended(self, count: int, within: float = EVENTUALLY) -> list[dict[str, Any]]:
        """Wait until that many calls have ended; return them."""
        async with patience(within):
            while len(rows := await self.inbound()) < count:  # noqa: ASYNC110 - another process's: it can only be asked
                await asyncio.sleep(0.05)
        assert len(rows) == count, [row["outcome"] for row in rows]
        return rows

    async def settled(self) -> None:
        """Every call the trunk placed to a line is a row with one outcome, or soon will be."""
        placed = len(self.trunk.calls)
        rows = await self.ended(placed) if placed else []
        assert all(row["outcome"] in {"answered", "lost"} for row in rows)


_made: dict[tuple[str | None, ...], bytes] = {}
"""SQLite's file after each step: three commands, a second each, less for every further rig that begins alike."""


async def _once(content: tuple[str | None, ...], file: Path, make: Callable[[], Awaitable[object]]) -> None:
    if content in _made:
        file.write_bytes(_made[content])
        return
    await make()
    assert not file.with_name(f"{file.name}-wal").exists(), "a part of the database is in another file"
    _made[content] = file.read_bytes()


async def start(environment: dict[str, str], folder: Path) -> Router:
    """Start `callrouter serve` with these settings."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "serve", env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    router = Router(process)
    router.reader = asyncio.create_task(router.read())
    return router


COMMAND = (sys.executable, "-c", "from callrouter.cli import main; main()")


def legs(row: dict[str, Any]) -> dict[str, list[str]]:
    """Return how everybody's legs of a call ended, in order."""
    found: dict[str, list[str]] = {}
    for leg in row["legs"]:
        found.setdefault(leg["person"], []).append(leg["result"])
    return found


def skipped(row: dict[str, Any]) -> list[str | None]:
    """Return why each step was skipped; None: it ran."""
    return [step["skipped"] for step in row["steps"]]
