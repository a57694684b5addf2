"""Where the soak plays: a PBX with its fallback, a database that can be stopped, two active workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import orjson

from tests.lab import Company, Proxy
from tests.lab.postgres import Postgres
from tests.real.rig import COMMAND, Rig
from tests.soak.company import clients, company
from tests.soak.workers import Worker

if TYPE_CHECKING:
    from tests.lab import Phone
    from tests.real.generated import Firm

RTP_EVERY = 0.25
"""Seconds between two packets of audio: enough to know who heard whom."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs."""

    firm: Firm
    rig: Rig
    postgres: Postgres
    workers: tuple[Worker, Worker]

    @property
    def phones(self) -> dict[str, Phone]:
        """The phones that are there, by person."""
        desks = {key: self.rig.lab.devices[one.desk] for key, one in self.firm.people.items()}
        return {key: devices[0] for key, devices in desks.items() if devices}

    async def reconciled(self) -> dict[str, Any]:
        """Return what `callrouter reconcile` says."""
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "reconcile", "--json"),
            env=self.rig.environment,
            cwd=self.rig.folder,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        said: dict[str, Any] = orjson.loads(out)
        return said


@asynccontextmanager
async def stage(dice: Random) -> AsyncIterator[Stage]:
    """Yield it, all of it in service; at its end nothing may be left in Asterisk."""
    firm = company(dice)
    first, second = Proxy(), Proxy()
    with Postgres() as postgres:
        rig = Rig(
            firm.document(),
            desks=firm.desks,
            company=Company(entry="callrouter-broadcast"),
            database_url=postgres.create(),
            clients=clients(firm, dice),
            rtp_interval=RTP_EVERY,
            ari=first,
        )
        async with rig:
            await _render_fallback(rig)
            await second.open(rig.lab.asterisk.slot.http)
            own = {"APP": "callrouter-b", "ARI_URL": f"http://127.0.0.1:{second.port}/ari"}
            workers = Worker("first", rig.serve, first), Worker("second", lambda: rig.join("second", **own), second)
            workers[0].take_up(rig.router)
            await workers[1].start()
            try:
                yield Stage(firm, rig, postgres, workers)
            finally:
                for worker in workers:  # whatever has happened, they can be stopped
                    worker.proxy.resume()
                    worker.thaw()
        await second.close()


async def _render_fallback(rig: Rig) -> None:
    """As an operator does it."""
    text = await rig.run("dialplan", "render")
    (rig.lab.asterisk.folder / "etc/callrouter-fallback.conf").write_text(text, "utf-8")
    await rig.lab.asterisk.cli("dialplan reload")
