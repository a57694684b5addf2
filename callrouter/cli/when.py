"""Periods as they are typed: half-open, a bare date is midnight in the scheme's zone, the default is today."""

from __future__ import annotations

from datetime import date, timedelta

from callrouter.cli.opening import WrongInputError, now
from callrouter.ledger.period import Period, date_at, day, local, midnight, read, rfc3339

EARLIEST, LATEST = 0.0, 7_258_118_400.0
"""From 1970 to 2200: nobody has calls of another time, and every clock can show these."""


def period(start: str | None, end: str | None, timezone: str) -> Period:
    """Return the period that is meant: what is left out is today's midnight, or tomorrow's."""
    today = date_at(now(), timezone)
    meant = Period(
        midnight(today, timezone) if start is None else instant(start, "--from", timezone),
        midnight(today + timedelta(days=1), timezone) if end is None else instant(end, "--to", timezone),
        timezone,
    )
    if meant.start >= meant.end:
        raise WrongInputError(
            f"the period is empty: it ends ({rfc3339(meant.end)}) not after it begins ({rfc3339(meant.start)});"
            " --to is not part of it, a whole day ends with the date after it"
        )
    return meant


def instant(text: str, option: str, timezone: str) -> float:
    """Return the instant that is meant."""
    try:
        at = read(text, timezone)
    except (ValueError, OverflowError):
        at = LATEST
    if not EARLIEST <= at < LATEST:
        raise WrongInputError(f"{option}: {text!r} is no date (2026-11-20) or time (2026-11-20T18:30) of 1970 to 2199")
    return at


def whole_day(text: str | None, timezone: str) -> tuple[date, Period]:
    """Return a date, yesterday unless one is named, and its period."""
    try:
        named = date_at(now(), timezone) - timedelta(days=1) if text is None else date.fromisoformat(text)
    except ValueError:
        raise WrongInputError(f"--date: {text!r} is no date (2026-11-20)") from None
    instant(named.isoformat(), "--date", timezone)
    return named, day(named, timezone)


def spoken(meant: Period) -> str:
    """Return the period as people read it, with its zone."""
    start, end = (local(at, meant.timezone).strftime("%Y-%m-%d %H:%M") for at in (meant.start, meant.end))
    return f"from {start} to before {end}, {meant.timezone}"
