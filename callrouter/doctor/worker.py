"""The workers' own state: who has the lease, what the database has not got yet, room on the disk, records."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.words import Instant
from callrouter.doctor.finding import Check, Finding, fail, unknown, warn
from callrouter.ledger.period import rfc3339
from callrouter.settings import Settings
from callrouter.store import leases, lock, spool

STILL = 10.0
"""Seconds without a sign of life after which a worker on SQLite has gone, or stands still."""
LATE = 60.0
"""Seconds after which a record that the database has not got is worth a word."""
MEGABYTE = 1_000_000
ROOM = 1000 * MEGABYTE
NO_ROOM = 100 * MEGABYTE
LEASE = Check(
    "lease {app}",
    "A worker has it who lives, or nobody; with PostgreSQL a line for each worker's, with SQLite that of APP.",
    {
        "dead": fail("callrouter serve, at the same Asterisk: it takes over name and calls"),
        "still": warn("look into its log; restart it if it does not go on"),
    },
)
SPOOL = Check(
    "spool",
    "The database has what is in DATA_DIR/journal, but for the last moment.",
    {
        "late": fail(
            "callrouter serve ships it, with APP={app} and this DATA_DIR; its log says what keeps it from that"
        ),
        "torn": warn("nothing: callrouter serve drops it and says so"),
        "unread": unknown("mend the line database first"),
    },
)
DISK = Check(
    "disk",
    "DATA_DIR can be written, and has 1 GB of room: the spool is there while the database is away.",
    {
        "little": warn("make room"),
        "full": fail("make room at once: below nothing more is written down, and records of calls are lost"),
        "closed": fail("correct DATA_DIR, or let the user who runs callrouter write there"),
    },
)
RECORDS = Check(
    "records",
    "Asterisk's records can be read at CDR_FILE: they say what became of calls that the router did not serve.",
    {
        "none": warn("callrouter dialplan install --etc DIR; CDR_FILE is where Asterisk writes callrouter.csv"),
        "closed": fail("let the user who runs callrouter read it: he joins Asterisk's group"),
    },
)
CHECKS = (LEASE, SPOOL, DISK, RECORDS)


async def look(connection: AsyncConnection, told: Settings, at: Instant, *, is_sqlite: bool) -> AsyncGenerator[Finding]:
    """Yield what the database and DATA_DIR say of the workers."""
    if is_sqlite:
        yield of_file(told.app, _holder(told), lock.last_alive(told.data_dir, told.app), at)
    else:
        for lease in await leases.held(connection):
            yield of_lease(lease)
    for one in spooled(await spool.behind(connection, told.data_dir / "journal"), at):
        yield one


def unread(told: Settings) -> Finding:
    """Return what can be said of the spool without the database."""
    size = sum(one.stat().st_size for one in spool.segments(told.data_dir / "journal"))
    return SPOOL.fault("unread", f"{_bytes(size)} in {told.data_dir / 'journal'}, shipped or not")


def of_lease(lease: leases.Held) -> Finding:
    """Say who has a lease of PostgreSQL's."""
    who = f"process {lease.pid} at {lease.place} since {rfc3339(lease.since)}, {lease.calls} calls"
    if lease.ago is None:
        return LEASE.ok(f"free: {who}, left in order", app=lease.app)
    seen = f"{who}, last heard {lease.ago:.1f} s ago"
    return LEASE.fault("dead", seen, app=lease.app) if lease.is_over else LEASE.ok(seen, app=lease.app)


def _holder(told: Settings) -> str | None:
    """Return the process that is written down as the holder, None if it does not run any more."""
    try:
        pid = (told.data_dir / f"{told.app}.lock").read_text("ascii").strip()
    except OSError:
        return None
    return pid if pid.isdecimal() and Path(f"/proc/{pid}").exists() else None


def of_file(app: str, pid: str | None, alive: Instant | None, at: Instant) -> Finding:
    """Say who has the file that stands for the lease where there is one worker."""
    if alive is None:
        return LEASE.ok("free: nobody has had it here yet", app=app)
    if pid is None:
        return LEASE.ok(f"free since {rfc3339(alive)}", app=app)
    seen = f"process {pid}, last heard {max(at - alive, 0):.1f} s ago"
    return LEASE.fault("still", seen, app=app) if at - alive > STILL else LEASE.ok(seen, app=app)


def spooled(behind: tuple[spool.Behind, ...], at: Instant) -> Iterator[Finding]:
    """Say how much the database lacks, and how old it is."""
    for one in behind:
        size = _bytes(one.size)
        if one.since is None:
            yield SPOOL.fault("torn", f"{size} of {one.app} that are no whole record")
        elif at - one.since > LATE:
            yield SPOOL.fault("late", f"{size} of {one.app}, the oldest of {rfc3339(one.since)}", app=one.app)
    if all(one.since is not None and at - one.since <= LATE for one in behind):
        yield SPOOL.ok(
            f"{_bytes(sum(one.size for one in behind))} on their way" if behind else "the database has it all"
        )


def disk(folder: Path) -> Finding:
    """Say whether there is room, and whether it is ours."""
    there = folder if folder.exists() else folder.absolute().parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return DISK.fault("closed", f"{there} cannot be written")
    return room(shutil.disk_usage(there).free, there)


def room(free: int, folder: Path) -> Finding:
    """Judge the bytes that are free."""
    seen = f"{_bytes(free)} free in {folder}"
    if free < NO_ROOM:
        return DISK.fault("full", seen)
    return DISK.fault("little", seen) if free < ROOM else DISK.ok(seen)


def records(file: Path) -> Finding:
    """Say whether Asterisk's records can be read."""
    try:
        file.open("rb").close()
    except FileNotFoundError:
        if not file.parent.is_dir():
            return RECORDS.fault("none", f"there is no folder {file.parent}")
        return RECORDS.ok(f"{file} comes with the first call")
    except OSError as error:
        return RECORDS.fault("closed", f"{file}: {error.strerror}")
    return RECORDS.ok(str(file))


def _bytes(count: int) -> str:
    for unit, size in (("GB", 1000 * MEGABYTE), ("MB", MEGABYTE), ("kB", 1000)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
