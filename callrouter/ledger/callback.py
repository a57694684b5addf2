"""How soon a client was called back: the clock starts when he was lost, out of hours when the line opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.ledger.period import date_at, midnight
from callrouter.routing.calendar import Hours, next_opening

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.figure import Calls

HoursOf = Callable[["CallRow"], "Hours | None"]
"""The hours of the line that a call came to; None: always open."""


class Delay(StrEnum):
    """How soon."""

    MINUTES_5 = "within_5_minutes"
    MINUTES_20 = "within_20_minutes"
    MINUTES_60 = "within_60_minutes"
    SAME_DAY = "same_day"
    NEXT_WORKING_DAY = "next_working_day"
    LATER = "later"
    NEVER = "never"


WITHIN = ((300, Delay.MINUTES_5), (1200, Delay.MINUTES_20), (3600, Delay.MINUTES_60))


def delay(lost: CallRow, attempts: Calls, hours_of: HoursOf, timezone: str) -> Delay:
    """Return how soon the first of these attempts was, after a lost call."""
    if not attempts:
        return Delay.NEVER
    hours = hours_of(lost)
    start = clock_start(lost, hours)
    return passed(start, attempts[0].arrived_at, lambda after: next_working_day(after, hours, timezone), timezone)


def passed(start: Instant, at: Instant, next_day: Callable[[date], date], timezone: str) -> Delay:
    """Return how soon after the clock's start an attempt was, where `next_day` tells the working day after a date."""
    for seconds, one in WITHIN:
        if at - start <= seconds:
            return one
    tried, lost = date_at(at, timezone), date_at(start, timezone)
    if tried <= lost:
        return Delay.SAME_DAY
    return Delay.NEXT_WORKING_DAY if tried <= next_day(lost) else Delay.LATER


def clock_start(lost: CallRow, hours: Hours | None) -> Instant:
    """Return when the clock starts: at the end of the call; if the line was closed, when it opens."""
    ended = lost.arrived_at if lost.ended_at is None else lost.ended_at
    opens = next_opening(hours, ended) if lost.is_closed and hours is not None else None
    return ended if opens is None else opens


def next_working_day(after: date, hours: Hours | None, timezone: str) -> date:
    """Return the first date after one on which the line opens; always open, or not for long: the next one."""
    tomorrow = after + timedelta(days=1)
    opens = None if hours is None else next_opening(hours, midnight(tomorrow, timezone))
    return tomorrow if opens is None else date_at(opens, timezone)
