"""The images, built from their Dockerfiles by buildah; the bases and the wheels are kept for later runs."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.root import LabError, cache

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 15
"""The longest a step may take on a loaded machine."""
APT = ('Acquire::Check-Valid-Until "false"', 'Acquire::Retries "3"', 'Acquire::Languages "none"')
LEFT_OUT = ("/usr/share/doc", "/usr/share/locale", "/usr/share/man")
"""As in Debian's own slim image."""


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: its name, the root folder of a container made of it, and what its Dockerfile says of it."""

    name: str
    root: Path
    config: dict[str, Any]


class Store:
    """Where buildah keeps images: a folder beside the laboratory's Asterisk. Whoever uses it holds its lock."""

    def __init__(self) -> None:
        if shutil.which("buildah") is None:
            raise LabError("buildah is missing: run `make test`, which installs it, or apt-get install buildah")
        self.folder = cache() / "containers"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._driver = "overlay"
        if subprocess.run(self._command("info"), capture_output=True, check=False).returncode:
            self._driver = "vfs"  # in a container of somebody's; slower, and each layer is a whole copy

    def _command(self, *arguments: str) -> list[str]:
        kept = self.folder / self._driver
        return [
            "buildah",
            "--root",
            str(kept),
            "--runroot",
            f"{kept}.run",
            "--storage-driver",
            self._driver,
            *arguments,
        ]

    def run(self, *arguments: str) -> str:
        """Run one of buildah's commands; return what it prints."""
        return run(self._command(*arguments))

    def leave(self) -> None:
        """Take away all containers, those of a run that was killed, too."""
        self.run("rm", "--all")

    def base(self, suite: str) -> None:
        """Have `debian:SUITE-slim`, made with mmdebstrap from the mirror that it knows by itself."""
        name = f"docker.io/library/debian:{suite}-slim"
        if self.run("images", "--quiet", "--filter", f"reference={name}").strip():
            return
        print(f"containers: making {name} (about half a minute, once)", flush=True)
        archive = self.folder / f"{suite}.tar"
        options = [f"--aptopt={option}" for option in APT] + [f"--dpkgopt=path-exclude={path}/*" for path in LEFT_OUT]
        try:
            run(["mmdebstrap", "--mode=root", "--variant=essential", "--include=apt", *options, suite, str(archive)])
            container = self.run("from", "scratch").strip()
            self.run("add", "--quiet", container, str(archive), "/")
            self.run("commit", "--quiet", "--rm", container, name)
        finally:
            archive.unlink(missing_ok=True)

    def build(self, name: str, dockerfile: str, *mounts: str, stage: str = "") -> None:
        """Build an image from the checkout, or a stage of it; what is the same as last time is not done again."""
        print(f"containers: building {name}", flush=True)
        volumes = [f"--volume={mount}:ro" for mount in mounts]
        layers = ["--layers"] if self._driver == "overlay" else []
        self.run("bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet", *layers, *volumes,
                 f"--target={stage}", "--file", str(ROOT / dockerfile), "--tag", name, str(ROOT))  # fmt: skip

    def unpacked(self, name: str) -> Image:
        """Make a container of it and return where its files are; `leave()` takes it away."""
        container = self.run("from", "--pull-never", name).strip()
        told = json.loads(self.run("inspect", "--type", "container", container))
        root = Path(self.run("mount", container).strip())
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")  # an engine writes it, too
        return Image(name, root, told["Docker"]["config"])


def run(command: list[str]) -> str:
    """Run a command; return its stdout. Its last words are in the error."""
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=MINUTES * 60, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        said = "\n".join(f"{done.stdout}\n{done.stderr}".splitlines()[-25:])
        raise LabError(f"{' '.join(command)} failed ({done.returncode}):\n{said}")
    return done.stdout


def wheels(folder: Path) -> Path:
    """Have the wheels of the lock for the image's Python 3.11, fetched as `make setup` fetches its own."""
    lock = ROOT / "requirements.lock"
    there = folder / "wheels"
    mark = there / "of"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not mark.exists() or mark.read_text() != digest:
        print("containers: fetching the pinned dependencies (about half a minute, once)", flush=True)
        machine = platform.machine()
        places = [f"manylinux_2_{minor}_{machine}" for minor in range(36, 4, -1)]
        places += [f"{old}_{machine}" for old in ("manylinux2014", "manylinux2010", "manylinux1", "linux")]
        options = [f"--platform={place}" for place in places] + [f"--abi={abi}" for abi in ("cp311", "abi3", "none")]
        run([sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:",
             "--python-version=3.11", "--implementation=cp", *options, f"--dest={there}",
             f"--requirement={lock}"])  # fmt: skip
        mark.write_text(digest)
    return there


def built(store: Store, scratch: Path) -> tuple[Image, Image]:
    """Build both images and return them, callrouter's first; in the build pip sees the kept wheels and no index."""
    assert os.geteuid() == 0, "only root makes images here"
    store.leave()
    settings = scratch / "pip.conf"
    settings.write_text("[global]\nno-index = true\nfind-links = /mnt\n")
    for suite in ("bookworm", "forky"):
        store.base(suite)
    mounts = (f"{settings}:/etc/pip.conf", f"{wheels(store.folder)}:/mnt")
    store.build("callrouter-build", "docker/Dockerfile", *mounts, stage="build")  # named, its layers are kept
    store.build("callrouter", "docker/Dockerfile", *mounts)
    store.build("callrouter-asterisk", "docker/asterisk/Dockerfile")
    store.run("rmi", "--prune")  # former builds
    return store.unpacked("callrouter"), store.unpacked("callrouter-asterisk")
