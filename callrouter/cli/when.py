"""Periods as they are typed: half-open, a bare date is midnight in the scheme's zone, the default is today."""

from __future__ import annotations

from datetime import date, timedelta

from callrouter.cli.opening import WrongInputError, now
from callrouter.ledger.period import Period, date_at, day, local, midnight, read, rfc3339


def period(start: str | None, end: str | None, timezone: str) -> Period:
    """Return the period that is meant: what is left out is today's midnight, or tomorrow's."""
    today = date_at(now(), timezone)
    meant = Period(
        midnight(today, timezone) if start is None else instant(start, "--from", timezone),
        midnight(today + timedelta(days=1), timezone) if end is None else instant(end, "--to", timezone),
        timezone,
    )
    if meant.start >= meant.end:
        raise WrongInputError(f"the period ends ({rfc3339(meant.end)}) before it begins ({rfc3339(meant.start)})")
    return meant


def instant(text: str, option: str, timezone: str) -> float:
    """Return the instant that is meant."""
    try:
        return read(text, timezone)
    except (ValueError, OverflowError):
        raise WrongInputError(f"{option}: {text!r} is no date (2026-11-20) or time (2026-11-20T18:30)") from None


def whole_day(text: str | None, timezone: str) -> tuple[date, Period]:
    """Return a date, yesterday unless one is named, and its period."""
    try:
        named = date_at(now(), timezone) - timedelta(days=1) if text is None else date.fromisoformat(text)
    except ValueError:
        raise WrongInputError(f"--date: {text!r} is no date (2026-11-20)") from None
    return named, day(named, timezone)


def spoken(meant: Period) -> str:
    """Return the period as people read it, with its zone."""
    start, end = (local(at, meant.timezone).strftime("%Y-%m-%d %H:%M") for at in (meant.start, meant.end))
    return f"from {start} to before {end}, {meant.timezone}"
