"""The guides, followed block by block with the wheel on an Asterisk that knows nothing of callrouter."""

from __future__ import annotations

import asyncio
import os
import re
import site
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Company, Lab, answers, patience
from tests.real.rig import LINE

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
BLOCK = re.compile(r"```(sh|ini)\n(.*?)```", re.DOTALL)
QUEUE = "exten => _[+0-9].,1,Dial(PJSIP/120,20)\n"
PLAIN = {
    "extensions.conf": f"[from-trunk]\n{QUEUE}[phones]\nexten => _[1-9]XX,1,Dial(PJSIP/${{EXTEN}},60)\n",
    "ari.conf": "[general]\nenabled = yes\n",
    "cdr.conf": "[general]\nenable = yes\n",
    "cdr_custom.conf": "",
}
NEXT = "[from-did]\nexten => _[+0-9].,1,Set(__FROM_DID=${EXTEN})\n same => n,Goto({},1)\n"
CUSTOM = ("extensions", "http", "ari_general", "ari_additional", "cdr_general")
FREEPBX = {
    "extensions.conf": "#include extensions_additional.conf\n#include extensions_custom.conf\n",
    "extensions_additional.conf": "[from-trunk]\ninclude => from-did\n[ext-queues]\nexten => 600,1,Dial(PJSIP/120,20)\n"
    + NEXT.replace("{}", "ext-queues,600"),
    "ari.conf": "[general]\nenabled = yes\n#include ari_general_custom.conf\n#include ari_additional_custom.conf\n",
    "cdr.conf": "[general]\nenable = yes\n#include cdr_general_custom.conf\n",
    **{f"{name}_custom.conf": "" for name in CUSTOM},
}
CONSOLE = """#!{python}
import os, socket, sys
folder = os.open({run!r}, os.O_PATH)
console = socket.socket(socket.AF_UNIX)
console.connect(f"/proc/self/fd/{{folder}}/asterisk.ctl")
said = console.makefile("rb")
said.readline()
console.sendall(f"cli quit after {{sys.argv[2]}}\\0".encode())
sys.stdout.write(said.read().decode(errors="replace"))
"""


class Reader:
    """Somebody at the machine of a PBX, with a guide and the wheel."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.etc = lab.asterisk.folder / "etc"
        self._folder = folder
        self._typed: list[str] = []
        """What a shell remembers: the directory, the environment."""
        self._places = {
            "/etc/asterisk": self.etc,
            "/var/lib/callrouter": folder / "lib",
            "/opt/callrouter": folder / "opt",
            "/usr/local/bin": folder / "bin",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")}
        self._environment = others | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "CALLROUTER_ARI_URL": lab.asterisk.ari_url,
            "CALLROUTER_CDR_FILE": str(lab.asterisk.cdr_file),
            "CALLROUTER_AGI_BIND": "off",
            "CALLROUTER_HTTP_BIND": "off",
            "PYTHONPATH": os.pathsep.join(site.getsitepackages()),  # the pinned dependencies: no second download
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    async def prepare(self) -> None:
        """Put the wheel where the guide is read, and Asterisk's command and Python on the path."""
        bins = self._folder / "bin"
        bins.mkdir()
        programs = {
            "asterisk": CONSOLE.format(python=sys.executable, run=str(self.lab.asterisk.folder / "run")),
            "python3": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
        }
        for name, text in programs.items():
            (bins / name).write_text(text, "utf-8")
            (bins / name).chmod(0o755)
        await self.type(f"{sys.executable} -m pip wheel -q --no-build-isolation -w . {ROOT}")

    async def type(self, block: str) -> str:
        """Type a block into a shell; every command of it has to succeed. Return what was printed."""
        process = await self._shell(block, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        printed, _ = await process.communicate()
        assert process.returncode == 0, f"{block}\n{printed.decode()}"
        self._typed += [line for line in block.splitlines() if re.search(r"^export |(^|&& )cd ", line)]
        return printed.decode()

    @asynccontextmanager
    async def typed(self, block: str, until: str) -> AsyncIterator[None]:
        """Type what goes on; wait until it says that; end it with Ctrl-C."""
        process = await self._shell(f"exec {block}", stderr=asyncio.subprocess.PIPE)
        assert process.stderr is not None
        try:
            said: list[str] = []
            async with patience(30.0):
                while not (said and said[-1].startswith(until)):
                    line = await process.stderr.readline()
                    assert line, "\n".join(said)
                    said.append(line.decode())
            yield
        finally:
            process.terminate()
            await process.communicate()

    async def sees(self, block: str) -> None:
        """Type it until the call is in the list: only then it has wholly ended."""
        async with patience(30.0):
            while "answered" not in await self.type(block):
                pass

    async def _shell(self, block: str, **pipes: Any) -> asyncio.subprocess.Process:
        text = "\n".join([*self._typed, block])
        for place, mine in self._places.items():
            text = text.replace(place, str(mine))
        return await asyncio.create_subprocess_exec(
            "bash", "-euc", text, env=self._environment, cwd=self._folder, stdin=asyncio.subprocess.DEVNULL, **pipes
        )

    def files(self) -> dict[str, bytes]:
        """Return Asterisk's settings."""
        return {file.name: file.read_bytes() for file in self.etc.iterdir()}

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file by hand."""
        text = (self.etc / name).read_text("utf-8")
        assert text.count(old) == 1
        (self.etc / name).write_text(text.replace(old, new), "utf-8")


@asynccontextmanager
async def reader(folder: Path, files: dict[str, str]) -> AsyncIterator[Reader]:
    """Yield a reader at a PBX with these files; Anna and Irina pick up."""
    async with Lab(["101", "102", "120"], Company(files=files)) as lab:
        (lab.asterisk.folder / "etc" / "callrouter.conf").unlink()
        there = f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={lab.asterisk.slot.http}\n"
        more = "#include http_custom.conf\n" if "http_custom.conf" in files else ""
        (lab.asterisk.folder / "etc" / "http.conf").write_text(there + more, "utf-8")
        await lab.asterisk.cli("core reload")
        for name in ("101", "120"):
            lab.phone(name).behaviour = answers()
        one = Reader(lab, folder)
        await one.prepare()
        yield one


def blocks(name: str) -> list[tuple[str, str]]:
    """Return a guide's blocks, each with its language."""
    return BLOCK.findall((DOCS / name).read_text("utf-8"))


async def answered_by(lab: Lab, phone: str) -> None:
    """Call the line; it is this phone that is heard."""
    call = await lab.trunk.dial(LINE, caller="+79161234567")
    await call.wait("answered")
    await call.hears(lab.phone(phone))
    await call.hangup()


@pytest.mark.parametrize("guide", ["guide.md", "guide.ru.md"])
async def test_the_guide_for_a_plain_asterisk(guide: str, tmp_path: Path) -> None:
    """With it and the wheel alone a call is routed, one without the router is served, and nothing is left of it."""
    install, scheme, into, line, reload, look, serve, see, back = (text for _, text in blocks(guide))
    async with reader(tmp_path, PLAIN) as one:
        before = one.files()
        await answered_by(one.lab, "120")
        for block in (install, scheme, into):
            await one.type(block)
        one.edit("extensions.conf", "[from-trunk]\n", f"[from-trunk]\n{line}")
        await one.type(reload)
        assert "reaches the router, and without it the fallback" in await one.type(look)
        async with one.typed(serve, "ready app=callrouter"):
            await answered_by(one.lab, "101")
            await one.sees(see)
        await answered_by(one.lab, "101")
        one.edit("extensions.conf", line, "")
        await one.type(back)
        assert one.files() == before
        await answered_by(one.lab, "120")


@pytest.mark.parametrize("guide", ["guide-freepbx.md", "guide-freepbx.ru.md"])
async def test_the_guide_for_freepbx(guide: str, tmp_path: Path) -> None:
    """The same where a PBX writes its own files: with the old destination behind the router."""
    install, scheme, *_ = (text for _, text in blocks("guide.md"))
    into, look, hook, back = (text for _, text in blocks(guide))
    async with reader(tmp_path, FREEPBX) as one:
        before = one.files()
        await one.type(install)
        await one.type(scheme.replace('ladder = "default"}', 'ladder = "default", fallback = "ext-queues,600,1"}'))
        await one.type(into)
        one.edit("extensions_additional.conf", "Goto(ext-queues,600,1)", "Goto(callrouter-from-pbx,s,1)")
        one.edit("extensions_custom.conf", "; <<< callrouter\n", f"; <<< callrouter\n{hook}")
        await one.type('asterisk -rx "core reload"')
        assert "reaches the router, and without it the fallback" in await one.type(look)
        async with one.typed("callrouter serve", "ready app=callrouter"):
            await answered_by(one.lab, "101")
            await one.sees("callrouter calls list")
        await answered_by(one.lab, "120")
        one.edit("extensions_additional.conf", "Goto(callrouter-from-pbx,s,1)", "Goto(ext-queues,600,1)")
        one.edit("extensions_custom.conf", hook, "")
        await one.type(back)
        assert one.files() == before
        await answered_by(one.lab, "120")
