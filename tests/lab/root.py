"""A folder with a real Asterisk 22 in it, made once with mmdebstrap and kept for later runs."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = "forky"
WANTED = (22, 10)  # what the suite has to carry
LEAST = (22, 4)  # what an installed one has to be: REST over the web socket
BAD = ("22.11.0~rc1", "22.11.0-rc1")  # a PONG crashes it
MINUTES = 15  # the longest the folder may take


class LabError(Exception):
    """The laboratory cannot be set up on this machine; the message says what to do."""


@dataclass(frozen=True, slots=True)
class AsteriskRoot:
    """Where an Asterisk lives and how it is started.

    `prefix` is put before the program, `outside` is the folder instances may write to, and `inside` is the
    same folder as Asterisk sees it.
    """

    version: str
    prefix: tuple[str, ...]
    program: str
    outside: Path
    inside: Path
    modules: str
    share: str

    @property
    def command(self) -> tuple[str, ...]:
        """The start of every command line."""
        return (*self.prefix, self.program)


def cache() -> Path:
    """The folder outside the checkout in which large things are kept."""
    if chosen := os.environ.get("CALLROUTER_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callrouter"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file lock at `path`; other processes wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def provide() -> AsteriskRoot:
    """Give an Asterisk: the one in CALLROUTER_ASTERISK, else the kept folder's, else make the folder."""
    if installed := os.environ.get("CALLROUTER_ASTERISK"):
        return _installed(installed)
    folder = cache() / f"asterisk-{SUITE}"
    with locked(cache() / f"asterisk-{SUITE}.lock"):
        if not (folder / "usr/sbin/asterisk").exists():
            _make(folder)
        if os.geteuid() == 0:
            _name_this_host(folder)
    return _chrooted(folder) if os.geteuid() == 0 else _loaded(folder)


def _installed(program: str) -> AsteriskRoot:
    version = _version_of((program,))
    if _number(version) < LEAST or version in BAD:
        raise LabError(f"CALLROUTER_ASTERISK={program} is {version}; it has to be 22.4 or later and not {BAD[0]}")
    instances = cache() / "instances"
    modules = list(Path("/usr").glob("lib*/**/asterisk/modules/res_ari.so"))
    if not modules:
        raise LabError(
            f"CALLROUTER_ASTERISK={program}: found no res_ari.so below /usr/lib; install Asterisk's ARI modules"
        )
    share = "/usr/share/asterisk" if Path("/usr/share/asterisk/documentation").exists() else "/var/lib/asterisk"
    return AsteriskRoot(version, (), program, instances, instances, str(modules[0].parent), share)


def _chrooted(folder: Path) -> AsteriskRoot:
    modules = _modules(folder)
    prefix = (shutil.which("chroot") or "/usr/sbin/chroot", str(folder))
    return AsteriskRoot(
        version=_version_of((*prefix, "/usr/sbin/asterisk")),
        prefix=prefix,
        program="/usr/sbin/asterisk",
        outside=folder / "srv",
        inside=Path("/srv"),
        modules="/" + str(modules.relative_to(folder)),
        share="/usr/share/asterisk",
    )


def _loaded(folder: Path) -> AsteriskRoot:
    """Start it without root, by the folder's own loader, on this host's files."""
    modules = _modules(folder)
    loader = next(iter(sorted(folder.glob("usr/lib*/ld-linux*"))), None) or next(folder.glob("usr/lib/*/ld-linux*"))
    prefix = (str(loader), "--library-path", str(modules.parent.parent))
    program = str(folder / "usr/sbin/asterisk")
    instances = cache() / "instances"
    version = _version_of((*prefix, program))
    return AsteriskRoot(
        version, prefix, program, instances, instances, str(modules), str(folder / "usr/share/asterisk")
    )


def _modules(folder: Path) -> Path:
    return next(folder.glob("usr/lib/*/asterisk/modules"))


def _version_of(command: tuple[str, ...]) -> str:
    try:
        said = subprocess.run((*command, "-V"), check=True, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(f"{' '.join(command)} -V does not run: {error}") from error
    return said.removeprefix("Asterisk ").split("+")[0].strip()


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _make(folder: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        raise LabError("mmdebstrap is missing: run `make test` or `make demo`, which install it, or apt-get install it")
    making = folder.with_name(f".{folder.name}.making")
    _remove(making)
    print(f"asterisk: making {folder} from Debian {SUITE} (about 30 s and 400 MB, once)", flush=True)
    log = folder.with_name(f"{folder.name}.log")
    _run_mmdebstrap(making, log)
    version = _version_of(_chrooted(making).command if os.geteuid() == 0 else _loaded(making).command)
    if _number(version) < WANTED or version in BAD:
        raise LabError(f"Debian {SUITE} carries Asterisk {version} now; name another one in CALLROUTER_ASTERISK")
    (making / "srv").mkdir(exist_ok=True)
    making.rename(folder)


def _run_mmdebstrap(target: Path, log: Path) -> None:
    mode = "root" if os.geteuid() == 0 else "unshare"
    command = ["mmdebstrap", f"--mode={mode}", "--variant=apt", "--include=asterisk", SUITE, str(target)]
    command[1:1] = ['--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Retries "3"']
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        while time.monotonic() - began < MINUTES * 60:
            try:
                code = process.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                print(f"asterisk: {time.monotonic() - began:.0f} s, still at it", flush=True)
        else:
            process.kill()
            code = process.wait()
    if code != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise LabError(f"mmdebstrap could not make the folder (exit {code}); its last lines, all in {log}:\n{tail}")
    print(f"asterisk: made in {time.monotonic() - began:.0f} s", flush=True)


def _remove(folder: Path) -> None:
    """Remove a folder that was left half made, also one whose files belong to mapped users."""
    if not folder.exists():
        return
    shutil.rmtree(folder, ignore_errors=os.geteuid() != 0)
    if folder.exists():
        folder.rename(folder.with_name(f"{folder.name}.{time.time():.0f}"))


def _name_this_host(folder: Path) -> None:
    """Without this host's name in its hosts file each call would wait 5 s for a name server."""
    hosts = folder / "etc/hosts"
    wanted = f"127.0.0.1 localhost\n127.0.0.1 {socket.gethostname()}\n"
    if not hosts.exists() or hosts.read_text() != wanted:
        hosts.write_text(wanted)
