"""The clerk starts a command when there is something to do, and survives whatever becomes of it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from callrouter.jobs import clerk
from callrouter.jobs.clerk import Clerk
from callrouter.routing.scheme import parse
from callrouter.store.database import Database
from callrouter.store.outbox import Depth
from tests.jobs.test_nightly import at, document
from tests.jobs.test_sending import Clock, put

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

NOTES = "import os, sys; f = open(os.environ['NOTES'], 'a'); print(os.getpid(), *sys.argv[1:], file=f, flush=True); "
SCHEME = parse(document())


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands note that they were started."""
    file = tmp_path / "notes"
    file.touch()
    monkeypatch.setenv("NOTES", str(file))
    for name in ("SEND_EVERY", "MAKE_EVERY", "AGAIN_AFTER"):
        monkeypatch.setattr(clerk, name, 0.05)
    return file


@asynccontextmanager
async def working(database: Database, clock: Clock) -> AsyncGenerator[Clerk]:
    """A clerk at work."""
    one = Clerk(database, lambda: SCHEME, clock)
    running = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def does(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Let the commands do this."""
    monkeypatch.setattr(clerk, "COMMAND", (sys.executable, "-c", NOTES + what))


async def noted(notes: Path, count: int, what: str) -> list[int]:
    """Return the processes of a command, once so many were started."""
    found: list[int] = []
    while len(found) < count:
        await asyncio.sleep(0.02)
        lines = [line.split() for line in notes.read_text().splitlines()]
        found = [int(pid) for pid, *words in lines if " ".join(words) == what]
    return found


async def test_a_command_is_started_for_what_is_due(
    database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages are sent, a date is made; until it is, again and again."""
    does(monkeypatch, "")
    await put(database, "mail:a@example.org", at=at("2026-11-21T08:00"))
    async with working(database, Clock(at("2026-11-21T08:00"))) as one:
        await noted(notes, 2, "outbox send")
        await noted(notes, 2, "export --deliver")
        assert one.depth is not None
        assert (one.depth.waiting, one.depth.dead) == (1, 0)


async def test_a_command_that_fails_is_tried_again(
    database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it dies of: the clerk goes on."""
    does(monkeypatch, "os.abort()")
    async with working(database, Clock(at("2026-11-21T08:00"))):
        await noted(notes, 3, "export --deliver")


async def test_a_command_that_cannot_be_started_is_tried_again(
    database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No program, or no process left to give: the clerk goes on, and starts it when it can."""
    monkeypatch.setattr(clerk, "COMMAND", (str(notes.parent / "nowhere"),))
    with capture_logs() as said:
        async with working(database, Clock(at("2026-11-21T08:00"))):
            while len(said) < 2:  # noqa: ASYNC110 - a list
                await asyncio.sleep(0.02)
            assert {one["event"] for one in said} == {"exports and messages wait"}
            does(monkeypatch, "")
            await noted(notes, 1, "export --deliver")


async def test_a_command_that_hangs_is_killed(database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its time is over; the clerk goes on."""
    does(monkeypatch, "import time; time.sleep(999)")
    monkeypatch.setattr(clerk, "AT_MOST", 0.3)
    async with working(database, Clock(at("2026-11-21T08:00"))):
        await noted(notes, 3, "export --deliver")


async def test_a_command_ends_with_its_clerk(database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has in hand is another's when its claim has run out."""
    does(monkeypatch, "import time; time.sleep(999)")
    async with working(database, Clock(at("2026-11-21T08:00"))):
        (process,) = await noted(notes, 1, "export --deliver")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_command_gives_way_to_the_calls(
    database: Database, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process leaves the processor to the worker's, whose own priority stays."""
    does(monkeypatch, "import time; time.sleep(999)")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    async with working(database, Clock(at("2026-11-21T08:00"))):
        (process,) = await noted(notes, 1, "export --deliver")
        while os.getpriority(os.PRIO_PROCESS, process) != min(own + clerk.NICER, 19):  # noqa: ASYNC110 - the kernel's
            await asyncio.sleep(0.02)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


async def test_without_a_database_nothing_is_known(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clerk waits for it."""
    does(monkeypatch, "")
    away = Database("postgresql://router@127.0.0.1:1/callrouter")
    async with working(away, Clock()) as one:
        one.depth = Depth(1, 1, 1.0, 1.0)
        while one.depth is not None:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.02)
    await away.close()
    assert notes.read_text() == ""
