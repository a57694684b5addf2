"""An Asterisk that others have set up: callrouter is put into it, routes, and is taken out again without a trace."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.lab import Company, Lab, patience
from tests.lab.behaviour import answers
from tests.real.rig import COMMAND, LINE, scheme, start

FOREIGN = """[general]
static=yes
[from-trunk]
exten => _[+0-9].,1,Dial(PJSIP/120,20)
[phones]
exten => _[1-9]XX,1,Dial(PJSIP/${EXTEN},60)
; the last line has no end"""
LED = "exten => _[+0-9].,1,Dial(PJSIP/120,20)", "exten => _[+0-9].,1,Goto(callrouter,${EXTEN},1)"
"""What the administrator changes himself: which calls go to callrouter."""
LADDER = '{ring = "person:anna", seconds = 20}'
FILES = {
    "extensions.conf": FOREIGN,
    "ari.conf": "[general]\nenabled = yes\npretty = no\n",
    "cdr.conf": "[general]\nenable = yes\n",
    "cdr_custom.conf": "",
    "callrouter.conf": "",
}


class Pbx:
    """A lab whose Asterisk knows nothing of callrouter, and callrouter's command beside it."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.etc = lab.asterisk.folder / "etc"
        own = {
            "DATABASE_URL": f"sqlite:///{folder}/callrouter.db",
            "ARI_URL": lab.asterisk.ari_url,
            "ARI_PASSWORD_FILE": str(folder / "var" / "ari-password"),
            "DATA_DIR": str(folder / "var"),
            "CDR_FILE": str(lab.asterisk.cdr_file),
            "AGI_BIND": "off",
            "HTTP_BIND": "off",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")}
        self.environment = others | {f"CALLROUTER_{name}": value for name, value in own.items()}

    async def run(self, *words: str, code: int = 0) -> str:
        """Run a command; return what it printed."""
        environment = dict(self.environment)
        if not (self.folder / "var" / "ari-password").exists():
            del environment["CALLROUTER_ARI_PASSWORD_FILE"]
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *words, env=environment, cwd=self.folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = (text.decode() for text in await process.communicate())
        assert process.returncode == code, f"{words}: {process.returncode}\n{out}{err}"
        return out

    def files(self) -> dict[str, bytes]:
        """Return Asterisk's settings."""
        return {file.name: file.read_bytes() for file in self.etc.iterdir()}

    def lead(self, *, to_us: bool) -> None:
        """Lead the trunk's calls to callrouter, or where they went before."""
        file = self.etc / "extensions.conf"
        file.write_text(file.read_text("utf-8").replace(*(LED if to_us else LED[::-1])), "utf-8")

    async def has(self, *answered_by: str) -> None:
        """Wait until the ledger's calls were answered by these people."""
        found: list[str] = []
        async with patience(10.0):
            while found != list(answered_by):
                found = [row["answered_by"] for row in json.loads(await self.run("calls", "list", "--json"))]


@asynccontextmanager
async def pbx(folder: Path, **files: str) -> AsyncIterator[Pbx]:
    """Yield a PBX with a scheme in callrouter's database, and nothing of callrouter in its settings."""
    async with Lab(["101", "120"], Company(files={**FILES, **files})) as lab:
        one = Pbx(lab, folder)
        (one.etc / "callrouter.conf").unlink()
        http = f"[general]\nenabled=no\nbindaddr=127.0.0.1\nbindport={lab.asterisk.slot.http}\n"
        (one.etc / "http.conf").write_text(http, "utf-8")
        await lab.asterisk.cli("core reload")
        (folder / "scheme.toml").write_text(scheme(LADDER), "utf-8")
        await one.run("db", "upgrade")
        await one.run("scheme", "apply", "scheme.toml")
        yield one


async def answered_by(lab: Lab, phone: str) -> None:
    """Call the line; this phone, and no other, rings and is heard."""
    before = {one.name: len(one.calls) for one in lab.phones}
    call = await lab.trunk.dial(LINE, caller="+79161234567")
    await call.wait("answered")
    await call.hears(lab.phone(phone))
    await call.hangup()
    assert [one.name for one in lab.phones if len(one.calls) > before[one.name]] == [phone]


async def test_put_in_and_taken_out(tmp_path: Path) -> None:
    """It routes a call, its fallback serves one without it, and in the end every file is as it was."""
    async with pbx(tmp_path) as one:
        lab = one.lab
        for phone in lab.phones:
            phone.behaviour = answers()
        before = one.files()
        await answered_by(lab, "120")
        await one.run("dialplan", "install", "--etc", str(one.etc), "--yes")
        one.lead(to_us=True)
        await lab.asterisk.cli("core reload")
        router = await start(one.environment, tmp_path)
        await router.is_ready()
        await answered_by(lab, "101")
        await one.has("anna")
        await router.end(signal.SIGKILL)
        await answered_by(lab, "101")  # the fallback
        one.lead(to_us=False)
        await one.run("dialplan", "install", "--etc", str(one.etc), "--remove", "--yes")
        assert one.files() == before
        await lab.asterisk.cli("core reload")
        await answered_by(lab, "120")
