"""`callrouter doctor` on a real Asterisk: each fault, really made, is the line that it belongs to, with its mend."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from callrouter.cli.applying import fallback_file
from callrouter.cli.installing import files
from callrouter.doctor import wanted
from callrouter.doctor.examination import Case, examine
from callrouter.pbx.etc import records_line
from callrouter.settings import load
from tests.lab.postgres import Postgres
from tests.lab.root import AsteriskRoot
from tests.real.rig import LINE, Rig, scheme

DOCUMENT = f"{scheme()}\n[notices]\nkinds = []\n"
Lines = dict[str, dict[str, str]]
WRONG = {
    "http.conf": "[general](+)\nenabled=no\nbindaddr=0.0.0.0\nsessionlimit=100\nsession_keep_alive=15000\n",
    "ari.conf": "[general](+)\nenabled=no\nwebsocket_write_timeout=100\nallowed_origins=*\nchannelvars=LINE\n"
    "[callrouter](+)\nread_only=yes\npassword_format=crypt\n",
    "asterisk.conf": "[options](+)\nlive_dangerously=yes\n",
    "pjsip.conf": "[global](+)\ntaskprocessor_overload_trigger=global\n",
    "cdr.conf": "[general](+)\nenable=no\nunanswered=no\n",
    "cdr_custom.conf": "[mappings](+)\ncallrouter.csv => ${CDR(src)}\n",
    "rtp.conf": "[general](+)\nrtpend=16100\nrtpstart=16000\n",
}
"""At the end of each file: every setting that can be wrong while Asterisk still tells us its settings."""


@dataclass
class Ward:
    """A rig whose doctor is asked again and again."""

    rig: Rig
    well: Lines

    @property
    def etc(self) -> Path:
        """Asterisk's folder of settings."""
        return self.rig.lab.asterisk.folder / "etc"

    async def differs(self, etc: Path | None = None, *, code: int = 0, **settings: str) -> Lines:
        """Return the lines that are not as they were when all was well."""
        found = await examined(self.rig, etc, code=code, **settings)
        return {check: one for check, one in found.items() if self.well.get(check, {}).get("state") != one["state"]}

    @contextmanager
    def changed(self, name: str, change: Callable[[str], str]) -> Iterator[None]:
        """Change a file of Asterisk's for a while."""
        file = self.etc / name
        before = file.read_text("utf-8")
        file.write_text(change(before), "utf-8")
        try:
            yield
        finally:
            file.write_text(before, "utf-8")

    @asynccontextmanager
    async def console(self, command: str, back: str) -> AsyncIterator[None]:
        """Do something at Asterisk's console, and take it back."""
        await self.rig.lab.asterisk.cli(command)
        try:
            yield
        finally:
            await self.rig.lab.asterisk.cli(back)


async def examined(rig: Rig, etc: Path | None = None, *, code: int = 0, **settings: str) -> Lines:
    """Return the doctor's lines by name; settings differ as given (`AGI_BIND="127.0.0.1:1"`).

    It is not run as a command: starting that takes longer than what it does, and tests/real/test_doctor.py does so.
    """
    found = await anyhow(rig, etc, **settings)
    assert int(any(one["state"] == "fail" for one in found.values())) == code, found
    return found


async def anyhow(rig: Rig, etc: Path | None = None, **settings: str) -> Lines:
    """The same, whatever there is."""
    own = {f"CALLROUTER_{name}": value for name, value in settings.items()}
    told = load(rig.environment | own)
    case = Case(told, etc, fallback_file(told.data_dir), records_line(files()["cdr_custom.conf"]))
    return {one.check: asdict(one) for one in await examine(case)}


@asynccontextmanager
async def ward() -> AsyncIterator[Ward]:
    """A rig in which all is well: the fallback is rendered, and the router runs."""
    async with Rig(DOCUMENT, is_seen=True) as rig:
        file = rig.lab.asterisk.folder / "etc/callrouter-fallback.conf"
        await rig.run("dialplan", "render", "--out", str(file))
        await rig.lab.asterisk.cli("dialplan reload")
        well = await examined(rig)
        assert not [one for one in well.values() if one["state"] in ("fail", "unknown")]
        yield Ward(rig, well)
        assert await examined(rig) == {check: one | {"seen": ANY} for check, one in well.items()}


class _Any(str):
    """Equals every text: how long ago something was differs."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    __hash__ = str.__hash__


ANY = _Any()


async def test_each_setting_that_is_wrong_is_its_own_line() -> None:
    """Read by Asterisk itself, and from the files; with what stands there, and what has to."""
    async with ward() as one:
        for name, text in WRONG.items():
            (one.etc / name).write_text(f"{(one.etc / name).read_text('utf-8')}\n{text}", "utf-8")
        told = await one.differs(code=1)
        read = await one.differs(one.etc, code=1)
        always = {"ari.conf type", "asterisk.conf maxfiles", "pjsip.conf taskprocessor_overload_trigger"}
        assert told.keys() == read.keys() == {check.name for check in wanted.CHECKS} - always
        assert {check: found["seen"] for check, found in told.items()} == {
            check: found["seen"] for check, found in read.items()
        }
        assert told["http.conf sessionlimit"]["seen"] == "100"
        assert told["http.conf sessionlimit"]["mend"].startswith("sessionlimit=500 in [general] of http.conf; then ")
        await one.rig.lab.asterisk.cli("module reload res_pjsip.so")
        assert (await one.differs(code=1))["pjsip.conf taskprocessor_overload_trigger"]["seen"] == "global"
        for name, text in WRONG.items():
            file = one.etc / name
            file.write_text(file.read_text("utf-8").removesuffix(f"\n{text}"), "utf-8")
        await one.rig.lab.asterisk.cli("module reload res_pjsip.so")


async def test_what_is_wrong_in_asterisk_is_its_own_line() -> None:
    """A module, the user's rights, the switches, the way of a line, the fallback; each alone, and mended again."""
    async with ward() as one:
        async with one.console("module unload res_pjsip_rfc3326.so", "module load res_pjsip_rfc3326.so"):
            (found,) = (await one.differs()).values()
            assert (found["check"], found["state"]) == ("module res_pjsip_rfc3326", "warn")
        async with one.console("module unload func_config.so", "module load func_config.so"):
            assert (await one.differs()).keys() == {"module func_config", "settings"}
            assert (await one.differs(one.etc)).keys() == {"module func_config"}
        async with one.console("dialplan set global CALLROUTER_OFF 1", "dialplan set global CALLROUTER_OFF 0"):
            (found,) = (await one.differs()).values()
            assert found["check"] == "switch CALLROUTER_OFF"
            assert "dialplan set global CALLROUTER_OFF 0" in found["mend"]
        with one.changed("ari.conf", lambda text: f"{text}read_only=yes\n"):
            async with one.console("module reload res_ari.so", "core show version"):
                found_all = await one.differs(one.etc, code=1)
                assert found_all.keys() == {"ari rights", "ari.conf read_only", "company in Asterisk"}
                assert found_all["ari rights"]["mend"].startswith("read_only=no")
        await one.rig.lab.asterisk.cli("module reload res_ari.so")


async def test_what_is_wrong_in_the_dialplan_is_the_lines_line() -> None:
    """Our contexts gone, a way that ends before the router, one without the fallback."""
    ways = (
        ("extensions.conf", lambda text: text.replace("#include callrouter.conf", ""), "unknown", "not know it", 0),
        ("callrouter.conf", lambda text: re.sub(r"TryExec\(Stasis\(.*", "Hangup()", text), "fail", "not reach the", 1),
        ("callrouter.conf", lambda text: text.replace("[callrouter-check]", "[was]"), "unknown", "no way to try", 0),
        ("callrouter.conf", lambda text: text.replace("#tryinclude", ";"), "warn", "does not know it", 0),
    )
    async with ward() as one:
        for name, change, state, seen, code in ways:
            with one.changed(name, change):
                await one.rig.lab.asterisk.cli("dialplan reload")
                (found,) = (await one.differs(code=code)).values()
                assert (found["check"], found["state"]) == (f"line {LINE}", state)
                assert seen in found["seen"]
        await one.rig.lab.asterisk.cli("dialplan reload")


async def test_where_ari_does_not_let_us_in_the_console_is_asked(
    asterisk_root: AsteriskRoot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same settings, phones and zones, and whether the dialplan has the line; without it they are unknown."""
    async with ward() as one:
        found = await one.differs(ARI_PASSWORD="wrong", code=1)
        assert {check: line["state"] for check, line in found.items()} == {
            "ari": "fail",
            **dict.fromkeys(("ari rights", "asterisk", "modules", "clock"), "unknown"),
            **dict.fromkeys(("settings", "company in Asterisk"), "unknown"),
        }
        program = tmp_path / "asterisk"
        own = asterisk_root.inside / one.etc.parent.name / "etc/asterisk.conf"
        program.write_text(f'#!/bin/sh\nexec {" ".join(asterisk_root.command)} -C {own} "$@"\n', "utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        found = await one.differs(ARI_PASSWORD="wrong", code=1)
        assert {check: line["state"] for check, line in found.items()} == {
            "ari": "fail",
            **dict.fromkeys(("ari rights", "modules", "clock"), "unknown"),
        }


async def test_phones_that_are_not_there() -> None:
    """A phone that Asterisk does not know is a fail; a trunk, a number of the dialplan are looked at too."""
    async with ward() as one:
        await one.rig.apply(
            DOCUMENT.replace(
                '["PJSIP/103"]', '["PJSIP/999", "PJSIP/+79161234567@trunk", "PJSIP/79160000000@other"]'
            ).replace('["PJSIP/110"]', '["Local/110@phones/n", "Local/5@phones", "SIP/110"]')
        )
        found = await one.differs(code=1)
        assert {name: found[f"phone {name}"]["state"] for name in NEW} == NEW
        assert {check for check in found if not check.startswith("phone ")} == {"fallback"}
        await one.rig.apply(DOCUMENT)  # the very bytes that the fallback was rendered from


NEW = {
    "PJSIP/999 (vera)": "fail",
    "PJSIP/+79161234567@trunk (vera)": "ok",
    "PJSIP/79160000000@other (vera)": "fail",
    "Local/110@phones/n (gleb)": "ok",
    "Local/5@phones (gleb)": "fail",
    "SIP/110 (gleb)": "unknown",
}


async def test_what_is_wrong_around_the_router() -> None:
    """Ports that nobody or another program has, records that do not come, a journal that nobody ships."""
    async with ward() as one:
        with socket.create_server(("127.0.0.1", 0)) as free:
            nobody = f"127.0.0.1:{free.getsockname()[1]}"
        found = await one.differs(AGI_BIND=nobody, HTTP_BIND=nobody, CDR_FILE="/nowhere/callrouter.csv")
        assert {check: line["state"] for check, line in found.items()} == dict.fromkeys(
            ("agi", "health", "records"), "warn"
        )
        async with _other_program() as port:
            there = f"127.0.0.1:{port}"
            found = await one.differs(AGI_BIND=there, HTTP_BIND=there, code=1)
            assert {check: line["state"] for check, line in found.items()} == dict.fromkeys(("agi", "health"), "fail")
        call = await one.rig.trunk.dial(LINE, caller="+79161234567")
        await one.rig.phone("anna").incoming()
        (segment,) = (one.rig.folder / "var/journal").glob("callrouter@*.jsonl")
        record = segment.read_bytes().splitlines(keepends=True)[0]
        await call.hangup()
        await one.rig.ended(1)
        left = segment.with_name("callrouter-b@00000000000000000001.jsonl")
        left.write_bytes(re.sub(rb'"at":\d+(\.\d+)?', b'"at":1000.0', record))
        (found_spool,) = (await one.differs(code=1)).values()
        assert (found_spool["check"], found_spool["state"]) == ("spool", "fail")
        assert "with APP=callrouter-b and this DATA_DIR" in found_spool["mend"]
        left.unlink()


@asynccontextmanager
async def _other_program() -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"SSH-2.0-nothing\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_database_that_is_away_costs_its_own_lines_only() -> None:
    """Away, or silent: the line says so within its bound, and what Asterisk and the router say still comes."""
    async with ward() as one, await asyncio.start_server(_say_nothing, "127.0.0.1", 0) as silent:
        for port in (9, silent.sockets[0].getsockname()[1]):
            found = await one.differs(DATABASE_URL=f"postgresql://somebody@127.0.0.1:{port}/x", code=1)
            assert {check: line["state"] for check, line in found.items()} == {
                "database": "fail",
                "scheme": "unknown",
                "spool": "unknown",
                "company in Asterisk": "unknown",
            }


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_the_lease_of_a_dead_worker(postgres: Postgres) -> None:
    """Its line is a fail until somebody takes it over."""
    async with Rig(database_url=postgres.create()) as rig:
        lease = (await examined(rig))["lease callrouter"]
        assert lease["state"] == "ok"
        assert f"process {rig.router.process.pid} at " in lease["seen"]
        await rig.router.end(signal.SIGKILL)
        async with asyncio.timeout(30.0):
            while (lease := (await anyhow(rig))["lease callrouter"])["state"] == "ok":
                pass
        assert (lease["state"], lease["mend"].split(",")[0]) == ("fail", "callrouter serve")
        await rig.serve()
        assert (await examined(rig))["lease callrouter"]["state"] == "ok"
