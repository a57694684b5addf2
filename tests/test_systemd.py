"""Under systemd: it hears that a worker is up, that it is not stuck, that it stops; the units are what it asks for."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from callrouter import systemd
from tests.docs.test_commands import is_name

UNITS = Path(__file__).parent.parent / "docs" / "systemd"


@pytest.fixture(params=["path", "abstract"])
def listening(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """The end of the socket that is systemd's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        name = str(tmp_path / "notify") if request.param == "path" else f"@callrouter-{os.getpid()}"
        there.bind(name.replace("@", "\0", 1))
        there.settimeout(5.0)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield there


def test_it_is_told(listening: socket.socket) -> None:
    """One datagram, a line for each thing, at a path or at an abstract address."""
    systemd.tell(systemd.READY, "STATUS=ready app=callrouter")
    assert listening.recv(100) == b"READY=1\nSTATUS=ready app=callrouter"


async def test_signs_of_life(listening: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as often as systemd wants them, while the loop runs."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    awake = asyncio.create_task(systemd.stay_awake())
    listening.settimeout(0.0)
    for _ in range(3):
        assert await asyncio.get_running_loop().sock_recv(listening, 100) == b"WATCHDOG=1"
    awake.cancel()


@pytest.mark.parametrize("usec", ["", "0", "never", "-5"])
async def test_who_is_not_watched_gives_none(usec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a time, or with one that is another process's, nothing is sent."""
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    assert systemd.watched() is None
    await systemd.stay_awake()
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    assert systemd.watched() == 1.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.watched() is None


@pytest.mark.parametrize("address", ["", "/nowhere/at/all", "vsock:1:2"])
def test_nobody_listens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started by hand, or with a socket that is gone, a worker does its work."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.tell(systemd.STOPPING)


@pytest.mark.parametrize("unit", ["callrouter.service", "callrouter-export.service"])
def test_the_service_may_do_little(unit: str) -> None:
    """By systemd's own count its exposure is below 2.0 of 10."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", str(UNITS / unit)]
    analysed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert analysed.returncode == 0, analysed.stdout[-300:] + analysed.stderr


@pytest.mark.parametrize("name", ["callrouter.service", "callrouter-export.service", "callrouter-export.timer"])
def test_systemd_understands_the_units(name: str, tmp_path: Path) -> None:
    """Every line of them, but for the program, which is not installed here."""
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8").replace("/opt/callrouter/bin/callrouter", "/bin/true")
        (tmp_path / unit.name).write_text(text, "utf-8")
    command = ["systemd-analyze", "verify", "--no-pager", str(tmp_path / name)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in said.stderr.splitlines() if name in line] == []


@pytest.mark.parametrize("unit", ["callrouter.service", "callrouter-export.service"])
def test_what_a_unit_starts_is_a_command(unit: str) -> None:
    """With options that it has, and in the folder where the guide has put everything."""
    text = (UNITS / unit).read_text("utf-8")
    started = re.findall(r"^ExecStart=/opt/callrouter/bin/callrouter (.+)$", text, re.MULTILINE)
    assert started
    assert not any(is_name(shlex.split(words)) for words in started)
    assert "\nWorkingDirectory=/var/lib/callrouter\n" in text
    assert "CALLROUTER_DATA_DIR" not in text
