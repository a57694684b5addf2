"""The rows of a file in order of time, whatever order they came in: on disk, so that memory does not grow with them."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from callrouter.cdr.pbx import PbxRow, born
from callrouter.cdr.sides import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from callrouter.core.words import Instant

BATCH = 5_000
LONGEST = 2 * 86_400
"""Seconds a call lasts at the most, and by which a clock may be off UTC."""
QUARTER = 900
"""Seconds: every zone's clock is so many of these off UTC."""
AT_ONCE = 60
"""Seconds between a channel's birth and its first row, at the most."""
_MARKS = ",".join("?" * len(PbxRow._fields))
_TABLE = "CREATE TABLE pile ({})".format(", ".join(f'"{name}"' for name in PbxRow._fields))


@dataclass(slots=True)
class Clocks:
    """By how many seconds the PBX's clock was ahead of UTC, as the ids of the channels tell."""

    ahead: Counter[int] = field(default_factory=Counter)
    fits: int = 0
    """Rows whose time fits the zone that is meant."""

    def see(self, row: PbxRow, zone: ZoneInfo) -> None:
        """Take note of a row."""
        at = born(row)
        if at is None:
            return
        quarters = round((row.start - at) / QUARTER)
        if abs(row.start - at - quarters * QUARTER) <= AT_ONCE:
            self.ahead[quarters * QUARTER] += 1
            self.fits += abs(_local(row.start, zone) - at) <= AT_ONCE

    @property
    def other(self) -> int | None:
        """Return by how much the clock was ahead where it was not the zone's; None: it was, or nothing tells."""
        if not self.ahead:
            return None
        ((ahead, count),) = self.ahead.most_common(1)
        return ahead if count > self.fits else None


class Pile:
    """All rows of a file; `close` it."""

    def __init__(self, timezone: str) -> None:
        """Begin with none; `timezone` is the zone on whose clock the times are, unless the rows tell otherwise."""
        self._database = sqlite3.connect("")  # a file of its own that goes with it
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", _TABLE):
            self._database.execute(statement)
        self._zone = ZoneInfo(timezone)
        self.clocks = Clocks()
        self.seen = Seen()
        self.count = 0

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let it go."""
        self._database.close()

    def take(self, rows: Iterable[PbxRow], told: Callable[[int], None]) -> None:
        """Take rows; `told` hears from time to time how many they are."""
        source = iter(rows)
        while some := list(itertools.islice(source, BATCH)):
            for row in some:
                self.clocks.see(row, self._zone)
                self.seen.see(row)
            self._database.executemany(f"INSERT INTO pile VALUES ({_MARKS})", some)  # noqa: S608 - question marks
            self.count += len(some)
            told(self.count)

    @property
    def instant(self) -> Callable[[Instant], Instant]:
        """Return what makes an instant of a time on the PBX's clock."""
        ahead, zone = self.clocks.other, self._zone
        return (lambda at: _local(at, zone)) if ahead is None else (lambda at: at - ahead)

    @property
    def last(self) -> Instant | None:
        """Return when the last row began; None: there is none."""
        (found,) = self._database.execute("SELECT max(start) FROM pile").fetchone()
        return None if found is None else self.instant(found)

    def rows(self, since: Instant = 0.0) -> Iterator[PbxRow]:
        """Yield the rows in order of time, which is in UTC now; those of calls that were over by `since` may lack."""
        instant = self.instant
        with closing(self._database.cursor()) as cursor:
            query = "SELECT * FROM pile WHERE start >= ? ORDER BY start, rowid"
            for shown, answer, end, *texts in cursor.execute(query, (since - LONGEST,)):
                start = instant(shown)
                yield PbxRow(start, None if answer is None else start + answer - shown, start + end - shown, *texts)


def _local(shown: Instant, zone: ZoneInfo) -> Instant:
    """Return the instant at which the zone's clock shows this; of two in autumn the first."""
    return datetime.fromtimestamp(shown, UTC).replace(tzinfo=zone).timestamp()
