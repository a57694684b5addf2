"""`callrouter serve` where something is wrong: it says what, waits where waiting helps, ends with the right code."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.lab import Asterisk, Company, Lab, answers, patience, runs
from tests.lab.config import MODULES
from tests.real.rig import LINE, Rig, scheme
from tests.real.worker import COMMAND, serving


def settings(folder: Path, ari_url: str, **changes: str) -> dict[str, str]:
    """Return an environment with these settings only."""
    own = {
        "HOME": str(folder),
        "CALLROUTER_DATABASE_URL": f"sqlite:///{folder}/callrouter.db",
        "CALLROUTER_ARI_URL": ari_url,
        "CALLROUTER_ARI_PASSWORD": Asterisk.ari_password,
        "CALLROUTER_DATA_DIR": str(folder / "var"),
        "CALLROUTER_AGI_BIND": "off",
        "CALLROUTER_HTTP_BIND": "off",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")}
    return inherited | own | {f"CALLROUTER_{name}": value for name, value in changes.items()}


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder with an empty database of the right schema in it."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "db", "upgrade", env=settings(tmp_path, "http://127.0.0.1:1/ari"), cwd=tmp_path
    )
    assert await process.wait() == 0
    return tmp_path


def elsewhere(folder: Path) -> str:
    """Return the address of a second database: SQLite is for one worker."""
    shutil.copy(folder / "callrouter.db", folder / "elsewhere.db")
    return f"sqlite:///{folder}/elsewhere.db"


def nowhere() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/ari"


@asynccontextmanager
async def asterisk_that_says(version: str, modules: list[str]) -> AsyncIterator[str]:
    """An HTTP server that says about itself what an Asterisk of that version would; yields its ARI address."""

    async def about(_: web.Request) -> web.Response:
        return web.json_response({"system": {"version": version}})

    async def loaded(_: web.Request) -> web.Response:
        return web.json_response([{"name": f"{name}.so", "status": "Running"} for name in modules])

    app = web.Application()
    app.router.add_get("/ari/asterisk/info", about)
    app.router.add_get("/ari/asterisk/modules", loaded)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address: tuple[str, int] = runner.addresses[0]
    try:
        yield f"http://127.0.0.1:{address[1]}/ari"
    finally:
        await runner.cleanup()


async def test_asterisk_is_away_and_serve_does_not_wait(folder: Path) -> None:
    """With --no-wait an Asterisk that does not answer is exit 3, and one line says where it was looked for."""
    away = nowhere()
    async with serving(settings(folder, away), "--no-wait") as worker:
        assert await worker.ends() == 3
    (line,) = worker.lines
    assert line.startswith("error: Asterisk does not answer at " + away)


async def test_serve_waits_for_an_asterisk_that_is_away_and_takes_calls_when_it_is_there(folder: Path) -> None:
    """A worker that was there first says that it waits, and is ready within 2 s of Asterisk."""
    async with Lab(["101"]) as lab:
        await lab.asterisk.kill()
        async with serving(settings(folder, lab.asterisk.ari_url)) as worker:
            await worker.says("waiting: Asterisk does not answer at " + lab.asterisk.ari_url)
            (lab.asterisk.folder / "run/asterisk.ctl").unlink(missing_ok=True)
            await lab.asterisk.start()
            await worker.says("ready app=callrouter", within=2.5)
            assert await worker.stop() == 0


async def test_systemd_hears_of_it(folder: Path) -> None:
    """A worker that waits for Asterisk is up and says so; it gives signs of life, and says that it stops."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(0.0)
        environment = settings(folder, nowhere()) | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "200000"}
        async with serving(environment) as worker:
            await _heard(systemd, "READY=1\nSTATUS=waiting: Asterisk does not answer")
            await _heard(systemd, "WATCHDOG=1")
            await _heard(systemd, "WATCHDOG=1")
            assert await worker.stop() == 0
        await _heard(systemd, "STOPPING=1")


async def _heard(systemd: socket.socket, said: str) -> None:
    """Wait until systemd is told that."""
    async with patience(10.0):
        while not (await asyncio.get_running_loop().sock_recv(systemd, 1000)).decode().startswith(said):
            pass


async def test_a_worker_that_waits_can_be_stopped(folder: Path) -> None:
    """SIGTERM ends a worker that still waits for Asterisk, at once and with exit 0."""
    async with serving(settings(folder, nowhere())) as worker:
        await worker.says("waiting: ")
        assert await worker.stop(within=2) == 0


async def test_wrong_password_wrong_application_and_two_workers(folder: Path) -> None:
    """What only a person can mend is exit 2, in one line that says what to compare or to stop."""
    async with Lab(["101"]) as lab:
        url = lab.asterisk.ari_url
        async with serving(settings(folder, url, ARI_PASSWORD="wrong")) as worker:
            assert await worker.ends() == 2
            (line,) = worker.lines
            assert "ARI_PASSWORD" in line
            assert "wrong" not in line
        async with serving(settings(folder, url)) as first:
            await first.says("ready")
            async with serving(settings(folder, url)) as second:
                assert await second.ends() == 2
                (line,) = second.lines
                assert line.startswith(f"error: process {first.process.pid} serves callrouter already")
            async with serving(settings(folder, url, APP="callrouter-2", DATABASE_URL=elsewhere(folder))) as other:
                await other.says("ready app=callrouter-2")
                assert await other.stop() == 0
            assert await first.stop() == 0


async def test_another_host_takes_the_name(folder: Path) -> None:
    """Who is told that another worker took the name takes no more calls and exits 3; the other one serves."""
    async with Lab(["101"]) as lab:
        url = lab.asterisk.ari_url
        async with serving(settings(folder, url)) as first:
            await first.says("ready")
            there = settings(folder, url, DATA_DIR=str(folder / "elsewhere"), DATABASE_URL=elsewhere(folder))
            async with serving(there) as second:
                await second.says("ready")
                assert await first.ends(within=5) == 3
                assert "another worker took the application callrouter" in first.lines[-1]
                assert await second.stop() == 0


async def test_an_asterisk_without_a_module(folder: Path) -> None:
    """A missing module is exit 2 and named, with what to do."""
    modules = [name for name in MODULES.split() if name != "res_ari_bridges"]
    text = "[modules]\nautoload=no\n" + "".join(f"load = {name}.so\n" for name in modules)
    async with Lab(["101"], Company(files={"modules.conf": text})) as lab:
        async with serving(settings(folder, lab.asterisk.ari_url)) as worker:
            assert await worker.ends() == 2
        (line,) = worker.lines
        assert line.startswith("error: Asterisk lacks res_ari_bridges.so: load ")


async def test_an_asterisk_that_is_too_old(folder: Path) -> None:
    """An Asterisk before 22.4 is exit 2, whatever modules it has."""
    modules = MODULES.split()
    async with asterisk_that_says("20.11.1~dfsg", modules) as url, serving(settings(folder, url)) as worker:
        assert await worker.ends() == 2
    (line,) = worker.lines
    assert line == "error: Asterisk 20.11.1~dfsg is too old: callrouter needs 22.4 or later, install that"


async def test_an_asterisk_that_has_just_begun(folder: Path) -> None:
    """Its HTTP server answers before ARI is loaded: a worker waits for that, as for an Asterisk that is away."""
    async with Lab(["101"]) as lab:
        await lab.asterisk.cli("module unload res_ari_asterisk.so")
        async with serving(settings(folder, lab.asterisk.ari_url)) as worker:
            await worker.says("waiting: there is no ARI at ARI_URL")
            await lab.asterisk.cli("module load res_ari_asterisk.so")
            await worker.says("ready app=callrouter")
            assert await worker.stop() == 0


async def test_something_that_is_not_asterisk(folder: Path) -> None:
    """An address where something else answers is exit 2, and says which setting to look at."""
    for path in ("", "/other"):
        async with asterisk_that_says("22.10.1", []) as url, serving(settings(folder, url + path)) as worker:
            assert await worker.ends() == 2
            expected = "error: Asterisk lacks app_stasis.so" if not path else "error: there is no ARI at ARI_URL"
            assert worker.lines[-1].startswith(expected)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM alembic_version", "run `callrouter db upgrade`"),
        ("UPDATE alembic_version SET version_num = '9999'", "install a newer callrouter"),
    ],
)
async def test_a_database_of_another_schema(folder: Path, statement: str, said: str) -> None:
    """A schema that is not this program's is exit 2, and says which way to go."""
    with sqlite3.connect(folder / "callrouter.db") as database:
        database.execute(statement)
    database.close()
    async with serving(settings(folder, nowhere())) as worker:
        assert await worker.ends() == 2
    (line,) = worker.lines
    assert line.startswith("error: the database ")
    assert said in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"APP": "router"}, "CALLROUTER_APP: has to begin with callrouter"),
        ({"ARI_URL": "127.0.0.1:8088"}, "CALLROUTER_ARI_URL: is not http://HOST:PORT/ari"),
        ({"ARI_PASWORD": "x"}, "CALLROUTER_ARI_PASWORD: there is no such setting (did you mean ARI_PASSWORD?)"),
        ({"ARI_PASSWORD_FILE": "/nonexistent"}, "CALLROUTER_ARI_PASSWORD_FILE: cannot read /nonexistent"),
        ({"HTTP_BIND": "everywhere"}, "CALLROUTER_HTTP_BIND: is not HOST:PORT or off"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATA_DIR": "/dev/null/x"}, "DATA_DIR"),
    ],
)
async def test_a_wrong_setting(folder: Path, changes: dict[str, str], said: str) -> None:
    """A wrong setting is exit 2 and named as it was written."""
    told = settings(folder, nowhere(), **changes)
    if "ARI_PASSWORD_FILE" in changes:
        del told["CALLROUTER_ARI_PASSWORD"]
    async with serving(told) as worker:
        assert await worker.ends() == 2
    (line,) = worker.lines
    assert said in line


async def test_no_password_is_said_before_anything_is_waited_for(folder: Path) -> None:
    """Without ARI_PASSWORD nothing can ever work: exit 2 at once."""
    told = settings(folder, nowhere())
    del told["CALLROUTER_ARI_PASSWORD"]
    async with serving(told) as worker:
        assert await worker.ends() == 2
    assert worker.lines == [
        "error: ARI_PASSWORD is not set: set CALLROUTER_ARI_PASSWORD or CALLROUTER_ARI_PASSWORD_FILE"
    ]


async def test_the_scheme_changes_while_the_router_runs() -> None:
    """A new revision is taken up within 2 s; a call that goes on keeps the one it arrived under."""
    only = '{{ring = "person:{}", seconds = 60}}'
    async with Rig(scheme(only.format("anna"))) as rig:
        before = await rig.trunk.dial(LINE, caller="89161234567")
        anna = await rig.phone("anna").incoming()
        await rig.apply(scheme(only.format("boris")))
        await runs(2.0)  # the promise is about these two seconds
        after = await rig.trunk.dial(LINE, caller="89161234568")
        boris = await rig.phone("boris").incoming()
        anna.answer()
        boris.answer()
        await asyncio.gather(before.hears(anna), after.hears(boris))
        await asyncio.gather(before.hangup(), after.hangup())
        rows = await rig.ended(2)
        found = [(row["scheme_revision"], row["answered_by"], row["outcome"]) for row in rows]
        assert found == [(1, "anna", "answered"), (2, "boris", "answered")]


async def test_a_router_without_a_scheme_gives_its_calls_to_the_fallback(folder: Path) -> None:
    """Before the first scheme is applied the router runs, and a call is served by the dialplan."""
    fallback = "[callrouter-fallback]\nexten => _[+0-9].,1,Dial(${PJSIP_DIAL_CONTACTS(101)},10)\n same => n,Hangup()\n"
    company = Company(fallback=fallback)
    async with Lab(["101"], company) as lab, serving(settings(folder, lab.asterisk.ari_url)) as worker:
        await worker.says("ready")
        lab.phone("101").behaviour = answers()
        call = await lab.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered", 2.0)
        await call.hears(lab.phone("101"))
        await call.hangup()
        await worker.says("no scheme is applied")
        assert await worker.stop() == 0


async def test_asterisk_is_restarted_while_the_router_runs() -> None:
    """The calls of the old life are closed, and the router is back within 2 s of ARI."""
    async with Rig() as rig:
        rig.phone("anna").behaviour = answers()
        talking = await rig.trunk.dial(LINE, caller="89161234567")
        await talking.hears(await rig.phone("anna").incoming())
        rig.phone("anna").behaviour = answers(after=30)
        ringing = await rig.trunk.dial(LINE, caller="89161234568")
        for _ in range(2):  # the first call rang everybody, too
            await rig.phone("boris").incoming()
        await rig.lab.asterisk.restart()
        await _registered(rig.lab.asterisk, "callrouter", within=2.0)
        rows = await rig.ended(2)
        assert [(row["outcome"], row["answered_by"]) for row in rows] == [("answered", "anna"), ("lost", None)]
        for call in (talking, ringing, *(call for phone in rig.lab.phones for call in phone.calls)):
            call.end(by_us=False)  # nobody told the phones
        rig.phone("boris").behaviour = answers()
        again = await rig.trunk.dial(LINE, caller="89161234569")
        await again.hears(rig.phone("boris"))
        await again.hangup()
        assert (await rig.ended(3))[2]["outcome"] == "answered"
        assert not [line for line in rig.router.log if "Traceback" in line]


async def test_sigterm_lets_the_ringing_finish_and_conversations_go_on() -> None:
    """No new calls, who rings may still be answered, nobody who talks is cut off; exit 0."""
    fallback = "[callrouter-fallback]\nexten => _[+0-9].,1,Hangup(17)\n"
    async with Rig(company=Company(fallback=fallback)) as rig:
        talking = await rig.trunk.dial(LINE, caller="89161234567")
        anna = await rig.phone("anna").incoming()
        anna.answer()
        await talking.hears(anna)
        ringing = await rig.trunk.dial(LINE, caller="89161234568")
        await rig.phone("boris").incoming()  # the first call rang everybody, too
        boris = await rig.phone("boris").incoming()
        rig.router.process.terminate()
        async with patience(5):
            while not any(line.startswith("closing: ") for line in rig.router.log):
                await asyncio.sleep(0.02)  # the rig reads its log by itself
                assert rig.router.process.returncode is None
        late = await rig.trunk.dial(LINE, caller="89161234569")
        await late.wait("ended", 2.0)
        assert late.status == 486, "a new call goes on to the fallback"
        boris.answer()
        await ringing.hears(boris)
        assert await rig.router.process.wait() == 0
        await asyncio.gather(talking.hears(anna), ringing.hears(boris), anna.hears(talking), boris.hears(ringing))
        assert not [line for line in rig.router.log if "Traceback" in line]
        await rig.lab.quiet()
        await rig.serve()
        await rig.lab.asterisk.audit()  # the next worker tidies the bridges away
        rig.trunk.forget()  # conversations that outlive their router have no end in its ledger yet


async def _registered(asterisk: Asterisk, app: str, within: float) -> None:
    """Wait until Asterisk has that application."""
    async with patience(within):
        while True:
            if app in (await asterisk.cli("ari show apps")).split():
                return
            await asyncio.sleep(0.02)  # Asterisk tells nobody but its applications
