"""One worker of a name on one host: the name is a locked file in DATA_DIR, beside the journal that it guards."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from callrouter.core.errors import CallrouterError


class AppTakenError(CallrouterError):
    """Another worker has this application's name, or this SQLite database."""


class UnwritableError(CallrouterError):
    """Nothing can be written in DATA_DIR."""


def last_alive(directory: Path, app: str) -> float | None:
    """Return when the worker that had this name last was known to live, in seconds since 1970; None: never."""
    try:
        return (directory / f"{app}.lock").stat().st_mtime
    except OSError:
        return None


def beat(file: IO[str]) -> None:
    """Note that this worker lives."""
    with suppress(OSError):  # a disk that takes nothing must not end the worker
        os.utime(file.fileno())


def lock(directory: Path, app: str) -> IO[str]:
    """Take the application's name on this host, until the file is closed; raise AppTakenError naming who has it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / f"{app}.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise UnwritableError(f"DATA_DIR: cannot write in {directory} ({error.strerror}): correct DATA_DIR") from None
    holder = _hold(file)
    if holder is not None:
        raise AppTakenError(
            f"process {holder} serves {app} already ({directory}): stop it, or give this one another APP"
        )
    return file


def sole(database: Path) -> IO[str]:
    """Be the only worker on a SQLite database, until the file beside it is closed; raise AppTakenError."""
    beside = database.with_name(f"{database.name}.worker")
    try:
        file = beside.open("a+", encoding="ascii")
    except OSError as error:
        raise UnwritableError(f"DATABASE_URL: cannot write {beside} ({error.strerror})") from None
    holder = _hold(file)
    if holder is not None:
        raise AppTakenError(
            f"process {holder} works on {database} already, and SQLite is for one worker: "
            "stop it, or use PostgreSQL (DATABASE_URL=postgresql://…) for several"
        )
    return file


def _hold(file: IO[str]) -> str | None:
    """Lock a file and write down who has it; return who has it already, then it is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        return holder
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return None
