"""One measurement in a process of its own: `python -m bench.ledger_measured URL WHAT LAST_DATE` prints JSON."""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from bench.ledger_year import FIRST, SCHEME, ZONE
from callrouter.cli.lcr import hours_of
from callrouter.jobs.night import night
from callrouter.ledger.groups import By
from callrouter.ledger.period import Period, day, midnight
from callrouter.report.export import FORMATS, files
from callrouter.routing.document_report import ReportPart
from callrouter.routing.scheme import parse
from callrouter.routing.worklist import worklist
from callrouter.store import schemes, worklist as stored
from callrouter.store.database import Database
from callrouter.store.figures import figures, headline

TIMES, MONTH, FRIDAY = 3, 30, 5
_SCHEME = parse(SCHEME.encode())


def _period(last: date, days: int, ago: int = 0) -> Period:
    after = last + timedelta(days=1 - ago)
    return Period(midnight(after - timedelta(days=days), ZONE), midnight(after, ZONE), ZONE)


def _month(last: date, place: float) -> int:
    """Return how many days before the last one a month ends: 0 the last month of the year, 1 the first one."""
    return round(((last - FIRST).days + 1 - MONTH) * place)


async def export(database: Database, last: date, *, formats: Sequence[str] = ("csv", "json")) -> None:
    """Make the files of the last working day, as `callrouter export` does: a weekend has a third of its calls."""
    busy = last - timedelta(days=max(0, last.isoweekday() - FRIDAY))
    async with database.reading() as connection:
        found = await night(connection, busy, ZONE, day(busy, ZONE).end)
    files(found, formats, "ru", mask=False)


async def lcr(database: Database, last: date, *, days: int, place: float = 0, by: By | None = None) -> None:
    """Count the figures as `callrouter lcr` prints them."""
    period = _period(last, days, _month(last, place))
    async with database.reading() as connection:
        if by is None:
            await figures(connection, period, hours_of(_SCHEME), lists=False)
        else:
            await headline(connection, period, by)


async def lost(database: Database, last: date) -> None:
    """Read the list of lost clients, as `callrouter lost list` does."""
    async with database.reading() as connection:
        found = await stored.lost_clients(connection)
        worklist(found, _SCHEME, day(last, ZONE).end)
        await stored.lost_calls(connection, found)


MEASURED: dict[str, Callable[[Database, date], Awaitable[None]]] = {
    "export": export,
    "export_night": partial(export, formats=ReportPart().formats),
    "export_all": partial(export, formats=FORMATS),
    "month": partial(lcr, days=MONTH),
    "month_middle": partial(lcr, days=MONTH, place=0.5),
    "month_first": partial(lcr, days=MONTH, place=1),
    "month_by_day": partial(lcr, days=MONTH, place=0.5, by=By.DAY),
    "year": partial(lcr, days=365),
    "year_by_month": partial(lcr, days=365, by=By.MONTH),
    "worklist": lost,
}


async def _times(url: str, what: str, last: date) -> tuple[list[tuple[float, float]], float]:
    """Return the seconds each time took, by the clock and of this process's processor, and the first one's megabytes.

    A command does it once, so how much is left over for the next time matters to nobody.
    """
    gc.disable()  # as the commands do
    taken, peaks = [], []
    database = Database(url)
    async with database.reading() as connection:
        await schemes.current(connection)
    for _ in range(TIMES + 1):
        begun, used = time.perf_counter(), time.process_time()
        await MEASURED[what](database, last)
        taken.append((time.perf_counter() - begun, time.process_time() - used))
        peaks.append(_peak())
        gc.collect()
    await database.close()
    return taken, peaks[0]


def _peak() -> float:
    """Return the megabytes this program needed at most; `getrusage` also counts who started it (proc(5), `VmHWM`)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Print the first time, the median of the others, and the peak of the process's memory."""
    url, what, last = sys.argv[1:]
    (first, *others), peak = asyncio.run(_times(url, what, date.fromisoformat(last)))
    found = {"first": first[0], "median": statistics.median(one for one, _ in others), "megabytes": peak}
    sys.stdout.write(json.dumps(found | {"cpu": statistics.median(used for _, used in others)}))


if __name__ == "__main__":
    main()
