"""How many of Asterisk's records a second come into the ledger: `python -m bench.intake [RECORDS]`.

The file is as `dialplan/cdr_custom.conf` has it written, and read as `callrouter reconcile` reads it: kept once, with
the position in the file, and made into rows of calls where a row is due, with client, task and history.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from bench.ledger import MEGABYTES, databases, say
from callrouter.cdr.intake import Intake
from callrouter.store import schema, schemes
from callrouter.store.database import Database
from callrouter.store.records import Records
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS = 20_000
TARGET = 5_000
"""Records a second."""
NUMBERS = 4_000
"""Clients who call and are called: most of them more than once."""
AT = 1_795_000_000.0
PEOPLE = 30
SCHEME = "\n".join(
    [
        'version = 1\ntimezone = "Europe/Moscow"\ncountry = "RU"\n[people]',
        *(f'p{one} = {{name = "P{one}", phones = ["PJSIP/{101 + one}"]}}' for one in range(PEOPLE)),
        "[departments]",
        f"sales = {{members = {[f'p{one}' for one in range(PEOPLE)]}, head = 'p0'}}",
        '[ladders]\ndefault = [{ring = "responsible", seconds = 10}, {ring = "department", seconds = 20}]',
        '[lines]\n"+74951234567" = {department = "sales"}\n',
    ]
)
KINDS = {
    "calls the router served": (1.0, 0.0, 0.0),
    "calls out": (0.0, 1.0, 0.0),
    "calls the fallback served": (0.0, 0.0, 1.0),
    "a usual day (60 : 40 : 0)": (0.60, 0.40, 0.0),
}
"""What the records are of: shares of calls. The fallback serves some only while no router runs."""


def written(count: int, shares: tuple[float, ...]) -> Iterator[tuple[str, str, float]]:
    """Yield records as lines of the file, each with the channel and when it came; a call of the fallback has three."""
    chance = random.Random(5)  # noqa: S311 - the same file each time
    lines, at, number = 0, AT, 0
    while lines < count:
        at, number = at + chance.expovariate(1 / 3), number + 3
        channel, client = f"{int(at)}.{number}", f"8916{chance.randrange(NUMBERS):07}"
        (kind,) = chance.choices(range(3), shares)
        phone, talked = 101 + chance.randrange(PEOPLE), chance.random() < 0.8  # noqa: PLR2004
        for leg in range(3 if kind == 2 else 1):  # noqa: PLR2004
            is_last = kind < 2 or leg == 2  # noqa: PLR2004
            answered = at + 6 if talked and is_last else 0.0
            cells = (
                *(f"{at:.6f}", f"{answered:.6f}", f"{at + 60:.6f}", channel, channel, str(number + leg)),
                f"PJSIP/{phone}-{number:08x}" if kind == 1 else f"PJSIP/trunk-{number:08x}",
                f"PJSIP/{101 + (phone + leg) % PEOPLE}-{number + leg:08x}",
                *(str(phone) if kind == 1 else client, "ANSWERED" if answered else "NO ANSWER"),
                *("" if kind == 1 else "84951234567", "fallback" if kind == 2 else ""),  # noqa: PLR2004
                *("", "2" if kind == 2 else "", "1" if kind == 2 else "", client if kind == 1 else ""),  # noqa: PLR2004
            )
            yield "callrouter," + ",".join(f'"{cell}"' for cell in cells) + "\n", channel if kind == 0 else "", at
            lines += 1


async def prepared(url: str, file: Path, count: int, shares: tuple[float, ...]) -> Database:
    """Write the file, and the rows of the calls that the router served."""
    database = Database(url)
    await schema.upgrade(database)
    rows: list[dict[str, Any]] = []
    with file.open("w") as out:
        for number, (line, channel, at) in enumerate(written(count, shares)):
            out.write(line)
            if channel:
                rows.append(_row(f"{number:032x}", channel, at))
    async with database.writing() as connection:
        await schemes.apply(connection, SCHEME.encode(), 1.0)
        if rows:
            await connection.execute(insert(calls), rows)
    return database


def _row(call: str, channel: str, at: float) -> dict[str, Any]:
    return {
        "id": call,
        "app": "callrouter",
        "line": "+74951234567",
        "caller": "+79161234567",
        "caller_raw": "",
        "direction": "in",
        "arrived_at": at,
        "answered_at": at + 6,
        "ended_at": at + 60,
        "outcome": "answered",
        "asterisk_id": channel,
        "routed_by": "router",
        "recovered": False,
        "is_closed": False,
    }


async def taken(url: str, shares: tuple[float, ...], count: int) -> tuple[float, float, float, int]:
    """Return the seconds of reading and of making rows, those of our processor, and how many rows were made."""
    with tempfile.TemporaryDirectory(prefix="callrouter-bench-") as folder:
        file = Path(folder) / "callrouter.csv"
        database = await prepared(url, file, count, shares)
        intake = Intake(file, Records(database, time.time))
        begun, worked = time.monotonic(), time.process_time()
        await intake.read()
        read = time.monotonic() - begun
        await asyncio.sleep(1)
        begun = time.monotonic()
        made = await intake.finish()
        took, worked = time.monotonic() - begun, time.process_time() - worked
        await database.close()
        return read, took, worked, made


def main() -> None:
    """Print a table with the ratio to the target; above 1 it is met."""
    say(f"load at the start: {os.getloadavg()[0]:.1f}")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    for kind, shares in KINDS.items():
        with databases() as there:
            for name, url in there.items():
                read, made, worked, calls_made = asyncio.run(taken(url, shares, count))
                rate = count / (read + made)
                say(
                    f"{name:10} {kind:28} {count:7,} records: read {read:6.1f} s, {calls_made:6,} rows made"
                    f" {made:6.1f} s: {rate:7,.0f} records/s, ratio {rate / TARGET:.2f};"
                    f" {worked / count * 1000:.2f} ms of the processor a record"
                )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"memory at most {peak:.0f} MB, ratio {peak / MEGABYTES:.2f}; load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
