"""Ten nights, two workers, kill -9 at random moments: every export is made once and reaches everybody, or is listed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from sqlalchemy import delete, func, select

from callrouter.ledger.nightly import newest
from callrouter.store import outbox, runs, schema, schemes
from callrouter.store.database import Database
from callrouter.store.tables_outbox import edition_files, editions, outbox as messages, runs as made
from tests.jobs.test_nightly import document, rings
from tests.lab.receiver import Receiver
from tests.lab.smtp import MailServer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from callrouter.store.journal import Journal

NIGHTS = 10
KILLS = 2
"""In each night: of one worker or both, while somebody is at work, …"""
PATIENCE = 15.0
"""… or so many seconds after the last time."""
SEED = 20261120
IRINA = "irina@example.org"
"""She gets exports only; others are told of the calls that were lost last."""
NOBODY = "mail:nobody@example.org"


@dataclass
class Workers:
    """Two workers, `callrouter serve` with its commands; whoever is killed is there again at once."""

    environment: dict[str, str]
    folder: Path
    running: list[tuple[str, asyncio.subprocess.Process]] = field(default_factory=list)

    async def start(self, name: str) -> None:
        """Start one: no call comes to it, so it needs no Asterisk."""
        own = {
            "CALLROUTER_ARI_URL": "off",
            "CALLROUTER_APP": f"callrouter-{name}",
            "CALLROUTER_DATA_DIR": str(self.folder / name),
            "CALLROUTER_AGI_BIND": "127.0.0.1:0",
            "CALLROUTER_HTTP_BIND": "off",
            "CALLROUTER_CDR_FILE": str(self.folder / "cdr.csv"),
        }
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "callrouter.cli", "serve"),
                cwd=self.folder,
                env=os.environ | self.environment | own,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append((name, process))

    async def kill(self) -> str:
        """Kill the one that has lived longest, and whatever command of its is at work, as when its host loses power."""
        name, victim = self.running.pop(0)
        with suppress(ProcessLookupError):
            os.killpg(victim.pid, signal.SIGKILL)
        await victim.wait()
        return name

    async def __aenter__(self) -> Self:
        for name in ("one", "two"):
            await self.start(name)
        return self

    async def __aexit__(self, *_: object) -> None:
        while self.running:
            await self.kill()


@pytest.fixture
async def shared(postgres_url: str) -> AsyncGenerator[Database]:
    """A database for several workers."""
    there = Database(postgres_url)
    await schema.upgrade(there)
    yield there
    await there.close()


@pytest.mark.timeout(900)
async def test_ten_nights(shared: Database, postgres_url: str, tmp_path: Path, journal: Journal) -> None:
    """Receivers count what came, by its id: nobody lacks an export that is not listed, and it is the same each time."""
    chance = random.Random(SEED)
    async with MailServer(takes=1.0) as mail, Receiver(takes=1.0) as hook:
        directory = tmp_path / "out"
        to = [f"mail:{IRINA}", NOBODY, f"hook:{hook.url}", f"dir:{directory}"]
        dates = await _ten_nights_behind(shared, to, journal)
        mail.unknown = frozenset({"nobody@example.org"})
        settings = {
            "CALLROUTER_DATABASE_URL": postgres_url,
            "CALLROUTER_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
            "CALLROUTER_SMTP_FROM": "router@example.org",
            "CALLROUTER_HOOK_SECRET": "0123456789abcdef",
        }
        async with Workers(settings, tmp_path) as workers:
            known: set[str] = set()
            for one in dates:
                await _falls(shared, one)
                for _ in range(KILLS):
                    await _at_work(shared, known)
                    await asyncio.sleep(chance.uniform(0, 1.2))
                    for _ in range(chance.choice((1, 2))):
                        await workers.start(await workers.kill())
            await _settled(shared, dates)
    assert len(await _sent(shared, dates)) == 4 * NIGHTS
    _count("mail", [one.id for one in mail.received if one.to == IRINA])
    _count("hook", [one.id for one in hook.received])
    await _same_bytes(shared, directory)


async def _ten_nights_behind(database: Database, to: list[str], journal: Journal) -> list[str]:
    """Let ten dates have calls, and count as made until their nights fall; return them."""
    report = f'[report]\nto = {to}\nformats = ["html", "text", "csv", "xlsx"]\n'.replace("'", '"')
    last = newest(time.time(), "07:00", "Europe/Moscow")
    dates: list[date] = [last - timedelta(days=ago) for ago in reversed(range(NIGHTS))]
    before = dates[0] - timedelta(days=1)
    async with database.writing() as connection:
        await schemes.apply(connection, document(report), 1.0)
        for one in (before, *dates):
            await runs.begin(connection, "export", one, "before", 1.0, 2.0)
            await runs.finish(connection, "export", one, "before", 1.0)
    for number, one in enumerate(dates):
        await rings(database, journal, f"01{number:02}-a", f"{one}T12:00", lost=bool(number % 2))
    return [one.isoformat() for one in dates]


async def _falls(database: Database, night: str) -> None:
    """Let a night fall: its date is not made yet."""
    async with database.writing() as connection:
        await connection.execute(delete(made).where(made.c.date == night))


async def _at_work(database: Database, known: set[str]) -> None:
    """Return once somebody new makes or delivers something, or it has taken too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while True:
                async with database.reading() as connection:
                    claims = select(made.c.claim).union(select(messages.c.claim))
                    new = {one for one in (await connection.execute(claims)).scalars() if one} - known
                if new:
                    known |= new
                    return
                await asyncio.sleep(0.02)


async def _settled(database: Database, dates: list[str]) -> None:
    """Return once every date is made and nothing waits any more."""
    left = [*dates]
    while left:
        await asyncio.sleep(0.5)
        async with database.reading() as connection:
            done = await runs.finished(connection, "export", newest(0, "07:00", "UTC"))
            waiting = (await outbox.depth(connection)).waiting
        left = [one for one in dates if one not in done] + ["a message"] * waiting


async def _sent(database: Database, dates: list[str]) -> list[str]:
    """Return the keys there are: one edition of each date, each message delivered, or listed as failed."""
    async with database.reading() as connection:
        tries = [await runs.tries(connection, "export", date.fromisoformat(one)) for one in dates]
        print(f"{sum(tries)} beginnings for {len(dates)} dates")
        found = select(editions.c.date, editions.c.number, func.count()).group_by(editions.c.date, editions.c.number)
        assert sorted(map(tuple, await connection.execute(found))) == [(one, 1, 1) for one in dates]
        attempts = await connection.scalar(select(func.sum(messages.c.attempts)).where(messages.c.kind == "export"))
        print(f"{attempts} attempts for {4 * NIGHTS} messages")
        query = select(messages.c.key, messages.c.to, messages.c.state).where(messages.c.kind == "export")
        sent = [*await connection.execute(query)]
        failed = {one.key for one in await outbox.failed(connection, 0.0)}
    assert {one.key for one in sent if one.to == NOBODY} == failed
    assert {one.state for one in sent if one.to == NOBODY} == {"dead"}
    assert {one.state for one in sent if one.to != NOBODY} == {"delivered"}
    return sorted({one.key for one in sent})


def _count(way: str, ids: list[str]) -> None:
    """Every export came, by its id; repetitions are told."""
    came = Counter(ids)
    print(f"{way}: {len(came)} exports came, {sum(came.values()) - len(came)} of them once more")
    assert len(came) == NIGHTS


async def _same_bytes(database: Database, directory: Path) -> None:
    """What lies in the directory is what was made, whole, and nothing else."""
    async with database.reading() as connection:
        kept = await connection.execute(select(edition_files.c.name, edition_files.c.content))
        whole = {one.name: one.content for one in kept}
    assert len(whole) == 4 * NIGHTS
    assert {one.name: one.read_bytes() for one in directory.iterdir() if not one.name.startswith(".")} == whole
