"""What a container engine does with a service of compose.yaml, on the network of this machine.

Own mount and process namespaces, the image's user, no rights, a root that is read-only where compose.yaml says so; the
first process is the image's entrypoint, as in Docker, so that a signal it does not take is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.containers.images import ROOT, Image

DEVICES = ("null", "zero", "full", "random", "urandom")


def compose() -> dict[str, Any]:
    """Read compose.yaml, its variables replaced by their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "compose.yaml").read_text("utf-8"))
    told: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return told


@dataclass(frozen=True, slots=True)
class Place:
    """Where the containers of a test keep what they keep: volumes and secrets, each a folder or a file here."""

    folder: Path

    def source(self, name: str) -> Path:
        """Return the folder of a volume, or the file of the checkout that is mounted."""
        return ROOT / name if name.startswith(".") else self.folder / "volumes" / name

    def secret(self, name: str) -> Path:
        """Return the file of a secret, as secrets.sh has written it."""
        return self.folder / "secrets" / Path(compose()["secrets"][name]["file"]).name


@dataclass(slots=True)
class Container:
    """A running container; `lines` is what it has said."""

    image: Image
    process: asyncio.subprocess.Process
    environment: Mapping[str, str]
    lines: list[str] = field(default_factory=list)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reading: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Begin to read what it says."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._more:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._more.notify_all()
        async with self._more:
            self._more.notify_all()

    async def says(self, text: str, within: float = 60.0) -> None:
        """Wait until it has said that."""
        async with asyncio.timeout(within), self._more:
            await self._more.wait_for(lambda: self._said(text) or self.process.stdout.at_eof())  # type: ignore[union-attr]
        assert self._said(text), f"{self.image.name} did not say {text!r} but:\n" + "\n".join(self.lines)

    def _said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    @property
    def first(self) -> int:
        """The process id, on this machine, of its first process."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0])

    async def begun(self) -> None:
        """Wait until its first process is the image's user's, or is over: before that it still makes its own world."""
        user = self.image.config["User"].partition(":")[0]
        while self.process.returncode is None:
            with contextlib.suppress(OSError, IndexError):
                if f"Uid:\t{user}\t" in Path(f"/proc/{self.first}/status").read_text():
                    return
            await asyncio.sleep(0.02)  # nothing tells

    async def stop(self, within: float = 60.0) -> int:
        """Stop it as `docker stop` does; return its exit code."""
        os.kill(self.first, signal.SIGTERM)
        return await self.ends(within)

    async def ends(self, within: float = 60.0) -> int:
        """Wait until it ends; return its exit code."""
        async with asyncio.timeout(within):
            code = await self.process.wait()
        if self._reading is not None:
            await self._reading
        return code

    async def healthy(self) -> tuple[int, str]:
        """Run the image's health check in it; return its exit code and what it says."""
        kind, *command = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return await self.execute(*command)

    async def execute(self, *command: str) -> tuple[int, str]:
        """Run a command in it as `docker exec` does; return its exit code and what it says."""
        inside = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--root", "--", *_as_user(self.image.config),
                  *_with(self.image, self.environment), *command]  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *inside, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode(errors="replace")


@asynccontextmanager
async def started(place: Place, image: Image, service: Mapping[str, Any], **changed: str) -> AsyncIterator[Container]:
    """Start a service; `changed` is what differs in its environment here, where all share the machine's network."""
    environment = {name: str(value) for name, value in service.get("environment", {}).items()} | changed
    script = "\n".join(["set -eu", *_mounts(place, image, service), _entrance(image, service, environment)])
    process = await asyncio.create_subprocess_exec(
        "setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--",
        "/bin/sh", "-c", script,
        env={"PATH": os.environ["PATH"]}, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    container = Container(image, process, environment)
    container.listen()
    try:
        await container.begun()
        yield container
    finally:
        if process.returncode is None:
            process.kill()
        await container.ends()


def _entrance(image: Image, service: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the line that becomes the container's first process."""
    entrypoint = service.get("entrypoint", image.config["Entrypoint"])
    command = service.get("command", [] if "entrypoint" in service else image.config.get("Cmd") or [])
    inside = [*_as_user(image.config), *_with(image, environment), *entrypoint, *command]
    return f"exec {shlex.quote(shutil.which('chroot') or '/usr/sbin/chroot')} {image.root} {shlex.join(inside)}"


def _as_user(config: Mapping[str, Any]) -> list[str]:
    """Become the image's user, without any right, and die with this test."""
    user, _, group = config["User"].partition(":")
    return ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs",
            "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL", "--"]  # fmt: skip


def _with(image: Image, environment: Mapping[str, str]) -> list[str]:
    """Set the environment and the directory that the image and the service say."""
    pairs = dict(pair.split("=", 1) for pair in image.config["Env"]) | dict(environment)
    folder = image.config.get("WorkingDir") or "/"
    return ["/usr/bin/env", "-i", f"--chdir={folder}", *(f"{name}={value}" for name, value in pairs.items())]


def _mounts(place: Place, image: Image, service: Mapping[str, Any]) -> list[str]:
    """Return the commands that make the container's file system, seen by it alone."""
    root = image.root
    lines = [f"mount --bind {root} {root}"]
    empty = [_there(root, target) for target in service.get("tmpfs", [])]
    lines += [f"mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs {there}" for there in empty]
    for volume in service.get("volumes", []):
        name, target, *mode = volume.split(":")
        there = _there(root, target, is_file=Path(name).suffix != "")
        lines += _bound(_first_used(place.source(name), there), there, read_only=mode == ["ro"])
    for name in service.get("secrets", []):
        there = _there(root, f"/run/secrets/{name}", is_file=True)
        lines += _bound(place.secret(name), there, read_only=True)
    lines += [f"mount -t tmpfs -o mode=0755,nosuid tmpfs {_there(root, '/dev')}"]
    lines += [f"touch {root}/dev/{name} && mount --bind /dev/{name} {root}/dev/{name}" for name in DEVICES]
    if service.get("read_only"):
        lines.append(f"mount -o remount,bind,ro {root}")
    return [*lines, f"mount -t proc proc {root}/proc"]


def _there(root: Path, target: str, *, is_file: bool = False) -> Path:
    """Return the path below the image's root, made if it is not there, as an engine does."""
    path = root / target.lstrip("/")
    if is_file:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    else:
        path.mkdir(parents=True, exist_ok=True)
    return path


def _first_used(source: Path, there: Path) -> Path:
    """Return a volume's folder; the first who uses it gives it the owner that the image's folder has."""
    if not source.exists():
        source.mkdir(parents=True)
        os.chown(source, there.stat().st_uid, there.stat().st_gid)
        source.chmod(there.stat().st_mode & 0o7777)
    return source


def _bound(source: Path, there: Path, *, read_only: bool) -> list[str]:
    bind = f"mount --bind {shlex.quote(str(source))} {there}"
    return [bind, f"mount -o remount,bind,ro {there}"] if read_only else [bind]
