"""How long the figures of a year take, on SQLite and on PostgreSQL: `python -m bench.ledger [CALLS [DAYS]]`.

Calls are made up and written in bulk; then every measurement runs in a process of its own, which says how long the
first time took, how long the median of three more, its processor time, and how much memory it needed at most.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.ledger_written import add_up, fill
from bench.ledger_year import Year
from callrouter.store.database import Database
from tests.lab.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CALLS, DAYS = 3_650_000, 365
MINUTELY = 170_000
"""Calls, at the least, that two idle cores write, add up and measure in a minute, on both databases."""
TARGETS = {
    "export": ("a working day's export (CSV, JSON)", 1.0),
    "export_night": ("what the night sends of it", 1.0),
    "export_all": ("the same in all formats", 1.0),
    "month": ("lcr, the last month", 0.15),
    "month_middle": ("lcr, a month in the middle", 0.15),
    "month_first": ("lcr, the first month", 0.15),
    "month_by_day": ("lcr --by day, a month in the middle", 0.15),
    "year": ("lcr, the year", 1.0),
    "year_by_month": ("lcr --by month, the year", 1.0),
    "worklist": ("worklist", 0.05),
}
MEGABYTES = 200
AGAINST = 36
HEAD = ("first", "median", "CPU", "target", "ratio", "memory", "ratio")


def say(line: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def progress(line: str) -> None:
    """Tell how far it is, beside the table."""
    sys.stderr.write(line + "\n")


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """Yield the address of an empty database of each kind."""
    with tempfile.TemporaryDirectory(prefix="callrouter-bench-") as folder, Postgres() as postgres:
        yield {"SQLite": f"sqlite:///{folder}/callrouter.db", "PostgreSQL": postgres.create()}


def measured(url: str, what: str, last: str) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "bench.ledger_measured", url, what, last]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def filled(url: str, year: Year, tell: Callable[[str], None]) -> int:
    """Write the year and add up its dates; return how many calls there are."""
    database = Database(url)
    written = await fill(database, year, tell)
    await add_up(database, year, tell)
    await database.close()
    return written


def main() -> None:
    """Print a table with the ratio to each target; below 1 it is met."""
    calls, days = (int(sys.argv[place]) if len(sys.argv) > place else usual for place, usual in ((1, CALLS), (2, DAYS)))
    year = Year(calls, days)
    progress(f"two databases are written, added up and measured: about {2 + calls / MINUTELY:.0f} minutes")
    with databases() as there:
        for name, url in there.items():
            begun = time.monotonic()
            written = asyncio.run(filled(url, Year(calls, days), lambda line, name=name: progress(f"{name}: {line}")))
            progress(f"{name}: written in {time.monotonic() - begun:.0f} s")
            load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
            say(f"{name}: {written:,} calls of {days} days; load of the machine {load}")
            say("".join([" " * AGAINST, *(f"{one:>10}" for one in HEAD)]))
            for what, (title, target) in TARGETS.items():
                found = measured(url, what, year.last.isoformat())
                times = (found["first"], found["median"], found["cpu"], target)
                memory = found["megabytes"]
                cells = [*(f"{one * 1000:7.0f} ms" for one in times), f"{found['median'] / target:10.2f}"]
                say("".join([f"{title:{AGAINST}}", *cells, f"{memory:7.0f} MB", f"{memory / MEGABYTES:10.2f}"]))


if __name__ == "__main__":
    main()
