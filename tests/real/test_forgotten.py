"""Somebody is forgotten while routers run, and while one lies dead with calls of his that SQL has never seen."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url

from callrouter.core.call import Call, Phase
from callrouter.store.codec import Record
from callrouter.store.database import Database
from callrouter.store.history import fold
from callrouter.store.lines import read
from tests.lab import patience, rings
from tests.lab.postgres import Postgres
from tests.real.rig import LINE, Rig
from tests.real.test_outage import stopped
from tests.store.test_forgetting import WRITTEN, dump

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALLER, OTHER = "89161234567", "89167654321"
CLIENTS = "phone,name,responsible\n89161234567,Ромашка,anna\n"


@pytest.fixture
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL of this test's own, to be stopped."""
    with Postgres() as one:
        yield one


async def lose(rig: Rig, caller: str) -> None:
    """Let somebody call, and hang up once a phone has rung."""
    call = await rig.trunk.dial(LINE, caller=caller)
    await (await rig.phone("anna").incoming()).wait("ringing")
    await call.hangup()


async def forget(rig: Rig) -> dict[str, Any]:
    """Run the command; return what it says."""
    said: dict[str, Any] = json.loads(await rig.run("clients", "forget", CALLER, "--json"))
    return said


def files(rig: Rig) -> list[str]:
    """The files of the routers and of SQLite that have the number, written as digits."""
    found = [one for one in rig.folder.rglob("*") if one.is_file() and one.name != "clients.csv"]
    return sorted(one.name for one in found if WRITTEN.search(one.read_bytes().decode("utf-8", "replace")))


async def everything(rig: Rig) -> str:
    """Every row of every table."""
    database = Database(rig.environment["CALLROUTER_DATABASE_URL"])
    try:
        return await dump(database)
    finally:
        await database.close()


async def test_while_a_router_runs() -> None:
    """It lets go of its journal within seconds, nothing of him is on the disk; his next call is a new client's."""
    async with Rig(clients=CLIENTS) as rig:
        rig.phone("anna").behaviour = rings()
        await lose(rig, CALLER)
        await lose(rig, OTHER)
        await rig.ended(2)
        assert any(name.endswith(".jsonl") for name in files(rig))
        done = await forget(rig)
        assert (done["already"], done["clients"], done["calls"], done["waiting_for"]) == (False, 1, 1, [])
        assert files(rig) == []
        assert "+79167654321" in await everything(rig)
        await lose(rig, CALLER)
        rows = await rig.ended(3)
        assert [(row["caller"], row["client"], row["outcome"]) for row in rows] == [
            (rows[0]["caller"], None, "lost"),
            ("+79167654321", None, "lost"),
            ("+79161234567", None, "lost"),
        ]
        assert rows[0]["caller"].startswith("forgotten-")
        known = json.loads(await rig.run("clients", "show", CALLER, "--json"))
        assert (known["name"], known["responsibles"]) == (None, [])


async def test_a_dead_routers_spool(cluster: Postgres) -> None:
    """A call that SQL had not heard of when its caller was forgotten comes without him, and counts."""
    url = make_url(cluster.create()).render_as_string(hide_password=False)
    async with Rig(clients=CLIENTS, database_url=url) as rig:
        rig.phone("anna").behaviour = rings()
        await lose(rig, CALLER)
        await rig.ended(1)
        async with stopped(cluster):
            await lose(rig, CALLER)
            await lose(rig, OTHER)
            await _over(rig, 3)
            await rig.router.end(signal.SIGKILL)
        done = await forget(rig)
        assert (done["calls"], done["waiting_for"]) == (1, ["callrouter"])
        assert files(rig) != []
        assert WRITTEN.search(await everything(rig)) is None
        await rig.serve()
        rows = await rig.ended(3)
        assert [row["outcome"] for row in rows] == ["lost"] * 3
        assert rows[0]["caller"] == rows[1]["caller"] != rows[2]["caller"]
        again = await forget(rig)
        assert (again["already"], again["waiting_for"]) == (True, [])
        assert WRITTEN.search(await everything(rig)) is None
        assert files(rig) == []


async def _over(rig: Rig, calls: int) -> None:
    """Wait until the router has written down that so many calls are over."""
    (segment,) = (rig.folder / "var" / "journal").glob("*.jsonl")
    async with patience(10):
        while sum(call.phase is Phase.OVER for call in _written(segment)) < calls:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)


def _written(segment: Path) -> list[Call]:
    told: dict[str, list[Record]] = {}
    for line in read(segment, 0, segment.stat().st_size):
        if line.record is not None:
            told.setdefault(line.record.call_id, []).append(line.record)
    return [call for records in told.values() if (call := fold(records)) is not None]
