"""compose.yaml as a whole: the commands of docs/containers.md, done without a Docker engine."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.containers.engine import Container, Place, compose, started
from tests.containers.images import ROOT, Image
from tests.lab.postgres import Postgres
from tests.lab.slots import Slot, take

ELSEWHERE = {"postgres"}
"""Services that the laboratory has in its own way."""


class Stack:
    """The services of compose.yaml in their containers, on ports of this test's own."""

    def __init__(self, folder: Path, images: Sequence[Image], slot: Slot, database: str, ends: AsyncExitStack) -> None:
        self.secrets = folder / "secrets"
        self.slot = slot
        self.running: dict[str, Container] = {}
        self.services: Mapping[str, Any] = compose()["services"]
        self._place = Place(folder)
        self._images = {image.name: image for image in images}
        self._database = database
        self._ends = ends

    def health(self, name: str) -> str:
        """Return where a worker shows its health."""
        return f"127.0.0.1:{self.slot.sip + 2 + sorted(self.services).index(name)}"

    def _changes(self, name: str) -> dict[str, str]:
        """Return what a service's environment has to say here: all share one network."""
        if name == "asterisk":
            return {"ASTERISK_HTTP_BIND": f"127.0.0.1:{self.slot.http}",
                    "ASTERISK_SIP_BIND": f"127.0.0.1:{self.slot.sip}",
                    "ASTERISK_RTP": "{}-{}".format(*self.slot.rtp)}  # fmt: skip
        ari = f"http://127.0.0.1:{self.slot.http}/ari"
        return {"CALLROUTER_ARI_URL": ari, "CALLROUTER_HTTP_BIND": self.health(name)}

    async def start(self, name: str, **changed: Any) -> Container:
        """Start a service, which may differ from what compose.yaml says of it."""
        service = self.services[name] | changed
        container = started(self._place, self._images[service["image"]], service, **self._changes(name))
        return await self._ends.enter_async_context(container)

    async def type(self, line: str) -> None:
        """Do what a line of docs/containers.md does; it has to succeed."""
        match shlex.split(line):
            case ["sh", "docker/secrets.sh"]:
                self._make_secrets()
            case ["docker", "compose", "up", *_]:
                await self._up()
            case ["docker", "compose", "exec", name, *command]:
                code, said = await self.running[name].execute(*command)
                assert code == 0, f"{line}\n{said}"
            case ["docker", "compose", "cp", source, target]:
                self._copy(source, *target.split(":"))
            case ["docker", "compose", "stop", name]:
                container = self.running.pop(name)
                assert await container.stop() == 0, container.lines
            case _:
                raise AssertionError(f"nobody can type that here: {line}")

    def _make_secrets(self) -> None:
        make = ["sh", str(ROOT / "docker/secrets.sh"), str(self.secrets)]
        subprocess.run(make, check=True, capture_output=True)
        (self.secrets / "database_url").write_text(self._database)

    def _copy(self, source: str, name: str, target: str) -> None:
        """Copy a file into a service's volume."""
        volume = next(one for one in self.services[name]["volumes"] if one.split(":")[1] == str(Path(target).parent))
        shutil.copy(ROOT / source, self._place.source(volume.split(":")[0]) / Path(target).name)

    async def _up(self) -> None:
        """Start what does not run, each when those it depends on are as far as it wants."""
        waiting = [name for name in self.services if name not in self.running and name not in ELSEWHERE]
        while waiting:
            name = next(one for one in waiting if not self._needs(one) & set(waiting))
            waiting.remove(name)
            container = await self.start(name)
            if name in self._to_complete():
                assert await container.ends() == 0, container.lines
                continue
            self.running[name] = container
            await is_healthy(container)

    def _needs(self, name: str) -> set[str]:
        return set(self.services[name].get("depends_on", {}))

    def _to_complete(self) -> set[str]:
        waits = [wait for service in self.services.values() for wait in service.get("depends_on", {}).items()]
        return {name for name, how in waits if how["condition"] == "service_completed_successfully"}

    async def calls(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many calls are in the ledger; return them."""
        async with asyncio.timeout(60):
            while len(rows := await self._listed()) < count:  # noqa: ASYNC110 - it can only be asked
                await asyncio.sleep(0.1)
        assert len(rows) == count
        return rows

    async def _listed(self) -> list[dict[str, Any]]:
        code, said = await self.running["worker-b"].execute("callrouter", "calls", "list", "--json")
        assert code == 0, said
        rows: list[dict[str, Any]] = json.loads(said)
        return rows


async def is_healthy(container: Container) -> None:
    """Wait until its health check says so, as an engine does again and again."""
    async with asyncio.timeout(60):
        while (await container.healthy())[0] != 0:
            assert container.process.returncode is None, container.lines
            await asyncio.sleep(0.2)  # it can only be asked


@asynccontextmanager
async def standing(folder: Path, images: Sequence[Image], postgres: Postgres) -> AsyncIterator[Stack]:
    """Have a machine with nothing but the images, a database and free ports; all containers end with it."""
    url, slot = postgres.create(), take()
    try:
        async with AsyncExitStack() as ends:
            yield Stack(folder, images, slot, url, ends)
    finally:
        slot.release()
        postgres.drop(url)
