"""Half-open periods of time in the scheme's zone, and instants as the contract writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from callrouter.core.words import Instant

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to just before `end`, looked at in a zone (`Europe/Moscow`)."""

    start: Instant
    end: Instant
    timezone: str

    def holds(self, at: Instant) -> bool:
        """Return whether the instant is in it."""
        return self.start <= at < self.end


def day(of: date, timezone: str) -> Period:
    """Return the day from midnight to midnight: 23 or 25 hours when the clocks change."""
    return Period(midnight(of, timezone), midnight(of + timedelta(days=1), timezone), timezone)


def midnight(of: date, timezone: str) -> Instant:
    """Return the instant at which the day begins in the zone."""
    return datetime(of.year, of.month, of.day, tzinfo=ZoneInfo(timezone)).timestamp()


def date_at(at: Instant, timezone: str) -> date:
    """Return the date in the zone at that instant."""
    return local(at, timezone).date()


def micro(since: Instant, until: Instant) -> int:
    """Return the whole microseconds between two instants: what is added up or compared is exact, as the database is."""
    return round((until - since) * MICRO)


def read(text: str, timezone: str) -> Instant:
    """Read a date (its midnight in the zone) or a date and time (in the zone unless it names its offset)."""
    said = datetime.fromisoformat(text.strip())
    return (said if said.tzinfo else said.replace(tzinfo=ZoneInfo(timezone))).timestamp()


def local(at: Instant, timezone: str) -> datetime:
    """Return the instant on the zone's clock."""
    return datetime.fromtimestamp(at, ZoneInfo(timezone))


@lru_cache(maxsize=1024)
def rfc3339(at: Instant | None) -> str | None:
    """Return the instant in UTC with milliseconds: `2026-11-20T15:55:01.250Z`; a call's parts share theirs."""
    if at is None:
        return None
    minute, rest = divmod(round(at * 1000), 60_000)
    return f"{_minute(minute)}:{rest // 1000:02}.{rest % 1000:03}Z"


@lru_cache(maxsize=4096)
def _minute(number: int) -> str:
    """Return a minute since 1970; calls of one date have few of them."""
    return datetime.fromtimestamp(number * 60, UTC).isoformat(timespec="minutes").removesuffix("+00:00")
