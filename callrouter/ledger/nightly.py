"""Which business dates are due: each is made at a time of the next day's clock, whatever that clock does."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.ledger.period import date_at

if TYPE_CHECKING:
    from collections.abc import Container

    from callrouter.core.words import Instant

MOST = 31
"""Days that are caught up after a standstill."""


def due_at(of: date, at: str, timezone: str) -> Instant:
    """Return when a business date is due: the next day at this time (`07:00`).

    A time that there is twice is the first of them; one that there is not (02:30, when the clocks go from 2 to 3)
    comes as long after midnight as ever: when they show 03:30.
    """
    return datetime.combine(of + timedelta(days=1), time.fromisoformat(at), ZoneInfo(timezone)).timestamp()


def newest(now: Instant, at: str, timezone: str) -> date:
    """Return the newest business date that is due."""
    today = date_at(now, timezone)
    before = today - timedelta(days=1)
    return before if due_at(before, at, timezone) <= now else before - timedelta(days=1)


def due(now: Instant, at: str, timezone: str, first: date | None, done: Container[str]) -> tuple[date, ...]:
    """Return the dates that are due and not done, oldest first: from `first` on, else the newest only."""
    last = newest(now, at, timezone)
    begin = last if first is None else max(first, last - timedelta(days=MOST - 1))
    dates = (begin + timedelta(days=number) for number in range((last - begin).days + 1))
    return tuple(one for one in dates if one.isoformat() not in done)
