"""A PostgreSQL cluster to throw away: temp folder, free port, loopback only, no passwords, nothing synced to disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Self

from tests.lab.root import LabError

SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "listen_addresses": "127.0.0.1",
    "max_connections": "300", "shared_buffers": "64MB", "autovacuum": "off", "timezone": "UTC",
}  # fmt: skip
BOOT = 60.0  # seconds it may take to start on a loaded machine


class Postgres:
    """A cluster, running between `with Postgres() as postgres:` and its end."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="callrouter-postgres-"))
        self._owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        try:
            self._run("initdb", "-D", str(self._folder / "data"), "-U", self._owner, "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")  # fmt: skip
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end(signal.SIGQUIT)  # at once: nothing in it is kept
        shutil.rmtree(self._folder, ignore_errors=True)

    def stop(self) -> None:
        """Stop it as an administrator does who does not wait: everybody is thrown out, what is committed is kept."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(timeout=30)

    def start(self) -> None:
        """Start it, on the port it had, and wait until it takes connections."""
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        options = {**SETTINGS, "port": str(self.port), "unix_socket_directories": str(self._folder)}
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data")]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        become = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        command = ["setpriv", *become, "--pdeathsig", "QUIT", *command]  # it does not outlive a killed test process
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder
            )
        end = time.monotonic() + BOOT
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > end:
                raise LabError(f"PostgreSQL did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
        except LabError:
            return False
        return True

    def url(self, database: str = "postgres") -> str:
        """The address of a database in it, without a driver's name."""
        return f"postgresql://{self._owner}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """Make a fresh database, a copy of `template`, and give its address; takes about 30 ms."""
        name = f"test_{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.sql(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def sql(self, statement: str) -> str:
        """Run one statement in the database postgres."""
        return self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", self._owner, "-d", "postgres", "-X",
                         "-v", "ON_ERROR_STOP=1", "-A", "-t", "-q", "-c", statement)  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        with tempfile.TemporaryFile() as output:  # a pipe would be kept open by the server pg_ctl leaves behind
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                timeout=120,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        if done.returncode:
            raise LabError(f"{program} failed: {said.strip()[-2000:]}")
        return said


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    raise LabError(
        "PostgreSQL's programs are missing: run `make test`, which installs them, or apt-get install postgresql"
    )
