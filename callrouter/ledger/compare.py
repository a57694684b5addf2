"""The same figures of the day before, of the week before, and of the same weekday a week ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from callrouter.ledger.period import Period, date_at, local, midnight, rfc3339
from callrouter.ledger.rate import inbound
from callrouter.ledger.tally import in_hours, tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.figure import Block

DAYS = 7


def periods(period: Period) -> dict[str, Period]:
    """Return with what a period is compared, whole days by the zone's clock."""
    first = date_at(period.start, period.timezone)
    today = midnight(first, period.timezone)
    return {
        "day_before": Period(midnight(first - timedelta(days=1), period.timezone), today, period.timezone),
        "week_before": Period(midnight(first - timedelta(days=DAYS), period.timezone), today, period.timezone),
        "same_weekday": Period(_a_week_ago(period.start, period), _a_week_ago(period.end, period), period.timezone),
    }


def block(rows: Iterable[CallRow], period: Period) -> Block:
    """Return the figures of these periods."""
    known = tuple(rows)
    return {name: _figures(known, one) for name, one in periods(period).items()}


def _figures(rows: tuple[CallRow, ...], period: Period) -> Block:
    counted = inbound(rows, period)
    return {
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        **tally(counted).block,
        "working_hours": tally(in_hours(counted)).block,
    }


def _a_week_ago(at: Instant, period: Period) -> Instant:
    """Return when the zone's clock showed the same a week before."""
    return (local(at, period.timezone) - timedelta(days=DAYS)).timestamp()
