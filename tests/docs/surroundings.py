"""Where the commands of the pages are typed: folders with what the pages take for granted."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from callrouter.store import outbox
from callrouter.store.database import Database
from callrouter.store.journal import Journal
from callrouter.store.outbox import Message
from callrouter.store.shipper import Shipper
from tests.docs.pages import PAGES, ROOT
from tests.store.lives import abandoned, answered

EXAMPLE = (ROOT / "docs" / "examples" / "scheme.toml").read_text("utf-8")
DUMP = ROOT / "tests" / "cdr" / "pbx" / "freepbx.sql"
CLIENT, OTHER = "+79161234567", "+79031112233"
FRIDAY = 1795158000.0
"""2026-11-20 10:00, Europe/Moscow."""
CLIENTS = f"phone,name,responsible,priority\n{CLIENT},ООО Ромашка,anna,A\n{OTHER},ЗАО Пион,boris,B\n"


def environment() -> dict[str, str]:
    """Return the environment of somebody who has nothing set, with `callrouter` on his path."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")}
    bins = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return others | {"PATH": bins, "PYTHONUNBUFFERED": "1"}


def typed(text: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Type it into a shell in this folder; every command has to succeed, or the rest is not typed."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment() | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def example(folder: Path) -> None:
    """The example's scheme in force, with what docs/routing.md and docs/before.md show beside it."""
    (folder / "scheme.toml").write_text(EXAMPLE, "utf-8")
    without_head = EXAMPLE.replace('  {ring = "head",        seconds = 10},\n', "")
    (folder / "next.toml").write_text(without_head, "utf-8")
    (tests,) = re.findall(r"```toml\n(.*?)```", PAGES["docs/routing.md"], re.DOTALL)
    (folder / "scheme.tests.toml").write_text(tests, "utf-8")
    shutil.copy(DUMP, folder / "cdr.sql")
    done = typed("callrouter db upgrade && callrouter scheme apply --tests /dev/null scheme.toml", folder)
    assert done.returncode == 0, done.stdout


def company(folder: Path) -> None:
    """Besides: clients, calls of a Friday and of the last hour, one client who is lost, a letter that waits."""
    example(folder)
    (folder / "clients.csv").write_text(CLIENTS, "utf-8")
    done = typed("callrouter clients import clients.csv", folder)
    assert done.returncode == 0, done.stdout
    asyncio.run(ship(folder, f"sqlite:///{folder}/callrouter.db", FRIDAY, time.time() - 3600))
    asyncio.run(_letter(f"sqlite:///{folder}/callrouter.db", f"dir:{folder}/letters"))


def call_at(at: float) -> str:
    """Return the id of the call that arrived then."""
    return f"{round(at):08x}-0ac0-7f99-a100-9c8e60dd356e"


async def ship(folder: Path, url: str, *instants: float) -> None:
    """Let somebody answer a call at each of these instants, and nobody another one a minute later."""
    journal, database = Journal(folder / "var" / "journal", "callrouter"), Database(url)
    for at in instants:
        answered(journal, call_at(at), at=at, arrived_at=at, caller=OTHER, asterisk_id=f"{at:.0f}.1")
        abandoned(journal, call_at(at + 60), at=at + 60, arrived_at=at + 60, caller=CLIENT, asterisk_id=f"{at:.0f}.2")
    await Shipper(journal, database).drain()
    journal.close()
    await database.close()


async def _letter(url: str, to: str) -> None:
    database = Database(url)
    async with database.writing() as connection:
        await outbox.put(connection, [Message("1", "notice", to, "Lost", "Call him back.")], FRIDAY)
    await database.close()


STAND_INS = {
    "ssh": 'shift; exec "$@"',
    "mysqldump": 'test "$*" = "asteriskcdrdb cdr"; cat "$FREEPBX"',
}
"""Programs of other machines: what they would do there."""


def stand_ins(folder: Path) -> dict[str, str]:
    """Put programs of other machines into a folder; return what the shell has to know of it."""
    for name, does in STAND_INS.items():
        (folder / name).write_text(f"#!/bin/sh -e\n{does}\n", "utf-8")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{environment()['PATH']}", "FREEPBX": str(DUMP)}
