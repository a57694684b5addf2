"""A PBX without ARI: the router runs with FastAGI alone, and everything that does not need ARI is as ever."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path

from tests.lab import answers, rejects
from tests.real.document import LINE
from tests.real.rig import Router, legs, skipped
from tests.real.test_agi import CLIENTS, AgiRig, audited, until
from tests.real.test_health import looking

ONLY = "ready app=callrouter (FastAGI only: ARI_URL is off)"


class Without(AgiRig):
    """A rig whose Asterisk has no HTTP server at all, and whose router was told so."""

    def __init__(self, **more: object) -> None:
        super().__init__(files={"http.conf": "[general]\nenabled=no\n", "ari.conf": ""}, **more)  # type: ignore[arg-type]
        self.notified: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The settings, without ARI's."""
        ours = {name: value for name, value in super().environment.items() if not name.startswith("CALLROUTER_ARI")}
        notified = {"NOTIFY_SOCKET": self.notified} if self.notified else {}
        return ours | {"CALLROUTER_ARI_URL": "off"} | notified


async def told(there: socket.socket, line: str) -> None:
    """Wait until systemd has been told that."""
    async with asyncio.timeout(20.0):
        while line not in (await asyncio.get_running_loop().sock_recv(there, 4096)).decode().splitlines():
            pass


async def test_calls_are_routed_and_rows_are_written() -> None:
    """Responsible, department, head; who refused, who was answered; healthy, and systemd knows that it is up."""
    async with Without(clients=CLIENTS, is_seen=True) as rig, looking(rig.health) as look:
        with socket.socket() as door:
            assert door.connect_ex(("127.0.0.1", rig.lab.asterisk.slot.http)) != 0, "there is an HTTP server"
        assert ONLY in rig.router.log
        assert (await look.health())[1]["why"] == []
        rig.phone("gleb").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered", 30.0)
        await call.hears(rig.phone("gleb"), 20)
        await call.hangup()
        rig.phone("gleb").behaviour = rejects(480)
        await (await rig.trunk.dial(LINE, caller="89161110002")).wait("ended", 30.0)
        rows = await rig.ended(2)
        assert [(row["outcome"], row["answered_by"], row["routed_by"]) for row in rows] == [
            ("answered", "gleb", "agi"),
            ("lost", None, "agi"),
        ]
        assert rows[0]["answered_step"] == 3
        assert legs(rows[0])["gleb"] == ["answered"]
        assert skipped(rows[1])[0] == "no_responsible"
        assert (await look.metrics())["callrouter_calls_total::answered:agi"] == 1
        await audited(rig)
        etc = ["--etc", str(rig.lab.asterisk.folder / "etc")]
        found = {one["check"]: one["state"] for one in json.loads(await rig.run("doctor", "--json", *etc))}
        assert (found["ari"], found["agi"], found["health"]) == ("ok", "ok", "ok")
        assert not [name for name, state in found.items() if state == "fail" or name.startswith(("ari.conf", "ari r"))]


async def test_it_stops_in_order_and_comes_back() -> None:
    """SIGTERM in a ladder: the dialplan goes on, the next life is told; who comes meanwhile is the fallback's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        rig = Without(clients=CLIENTS)
        rig.notified = str(Path(rig.folder) / "notify")
        systemd.bind(rig.notified)
        systemd.setblocking(False)
        async with rig:
            await told(systemd, f"STATUS={ONLY}")
            rig.phone("gleb").behaviour = answers()  # the head: in the third step
            call = await rig.trunk.dial(LINE, caller="89161234567")
            await rig.phone("anna").incoming()
            assert await rig.router.end() == 0
            await told(systemd, "STOPPING=1")
            await call.wait("answered", 20.0)
            other = await rig.trunk.dial(LINE, caller="89161110002")
            await other.wait("answered", 20.0)
            await rig.serve()
            await call.hangup()
            await other.hangup()
            await until(rig, lambda rows: [row["outcome"] for row in rows] == ["answered"] * 2)
            rows = await rig.inbound()
            assert [row["routed_by"] for row in rows] == ["agi", "fallback"]
            await audited(rig)


async def test_a_router_that_is_killed_in_a_ladder_costs_nobody_anything() -> None:
    """The two talk, the call is one row, as ever; the router that is back routes the next call."""
    async with Without(clients=CLIENTS) as rig:
        rig.phone("gleb").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await rig.phone("anna").incoming()
        await rig.router.end(signal.SIGKILL)
        await call.wait("answered", 20.0)
        await call.hears(rig.phone("gleb"), 20)
        await call.hangup()
        await rig.serve()
        await until(rig, lambda rows: [row["outcome"] for row in rows] == ["answered"])
        rig.phone("anna").behaviour = answers()
        following = await rig.trunk.dial(LINE, caller="89161234567")
        await following.wait("answered", 20.0)
        await following.hangup()
        rows = await rig.ended(2, 30.0)
        assert [(row["answered_by"], row["routed_by"]) for row in rows] == [("gleb", "agi"), ("anna", "agi")]
        await audited(rig)


async def test_a_second_worker_waits_for_the_port_and_goes_on(postgres_url: str) -> None:
    """It has an APP of its own; the first one is killed in a ladder: the second is told how that call ended."""
    async with Without(clients=CLIENTS, database_url=postgres_url) as rig:
        second = await rig.join("second", APP="callrouter-b")
        await second.says("waiting: nobody listens at AGI_BIND", 40.0)
        assert not second.ready.is_set()
        rig.phone("gleb").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await rig.phone("anna").incoming()
        await rig.router.end(signal.SIGKILL)
        await second.is_ready()
        await call.wait("answered", 20.0)
        await call.hangup()
        (row,) = await rig.ended(1, 30.0)
        assert (row["answered_by"], row["routed_by"]) == ("gleb", "agi")
        rig.phone("anna").behaviour = answers()
        following = await rig.trunk.dial(LINE, caller="89161234567")
        await following.wait("answered", 20.0)
        await following.hangup()
        rows = await rig.ended(2, 30.0)
        assert (rows[1]["answered_by"], rows[1]["routed_by"]) == ("anna", "agi")
        await audited(rig)


async def test_a_second_worker_of_the_same_name_stands_by(postgres_url: str) -> None:
    """It takes over once the lease of the dead one is over, without anybody to ask whether that lives."""
    async with Without(clients=CLIENTS, database_url=postgres_url) as rig:
        second = await rig.join("second")
        await second.says("standing by", 20.0)
        await rig.router.end(signal.SIGKILL)
        await second.is_ready()
        await _calls(rig, second)


async def _calls(rig: Without, router: Router) -> None:
    rig.phone("anna").behaviour = answers()
    call = await rig.trunk.dial(LINE, caller="89161234567")
    await call.wait("answered", 20.0)
    await call.hangup()
    (row,) = await rig.ended(1, 30.0)
    assert (row["answered_by"], row["routed_by"]) == ("anna", "agi")
    assert any('"event": "call"' in line for line in router.log)
