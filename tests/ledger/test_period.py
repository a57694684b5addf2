"""Half-open periods in the scheme's zone, and instants as the contract writes them."""

from __future__ import annotations

from datetime import date

import pytest

from callrouter.ledger.period import Period, date_at, day, midnight, read, rfc3339
from tests.ledger.rows import at


def test_a_period_is_half_open() -> None:
    """Its first instant is in it, its last is not."""
    period = Period(10.0, 20.0, "UTC")
    assert [period.holds(instant) for instant in (9.999, 10.0, 19.999, 20.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("of", "timezone", "hours"),
    [
        (date(2026, 11, 20), "Europe/Moscow", 24),
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),
    ],
)
def test_a_day_is_as_long_as_it_is(of: date, timezone: str, hours: int) -> None:
    """Days are 23 or 25 hours long when the clocks change, even at midnight itself."""
    period = day(of, timezone)
    assert period.end - period.start == hours * 3600
    assert date_at(period.start, timezone) == of
    assert date_at(period.end - 0.001, timezone) == of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", "2026-11-20T00:00:00+03:00"),
        ("2026-11-20T18:30", "2026-11-20T18:30:00+03:00"),
        (" 2026-11-20T18:30:00Z ", "2026-11-20T18:30:00+00:00"),
        ("2026-11-20T18:30:00.5+10:00", "2026-11-20T18:30:00.5+10:00"),
    ],
)
def test_a_time_is_in_the_zone_unless_it_says_otherwise(text: str, expected: str) -> None:
    """A bare date is its midnight in the zone."""
    assert read(text, "Europe/Moscow") == at(expected)


def test_midnight_is_the_zones() -> None:
    """The same date begins at different instants in different zones."""
    assert midnight(date(2026, 11, 20), "Asia/Vladivostok") < midnight(date(2026, 11, 20), "Europe/Kaliningrad")


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (None, None),
        (at("2026-11-20T18:55:01.25+03:00"), "2026-11-20T15:55:01.250Z"),
        (at("2026-11-20T15:55:59.9996+00:00"), "2026-11-20T15:56:00.000Z"),
        (1_795_000_000.123, "2026-11-18T11:06:40.123Z"),
    ],
)
def test_instants_are_written_in_utc_with_milliseconds(instant: float | None, expected: str | None) -> None:
    """RFC 3339, rounded to the nearest millisecond."""
    assert rfc3339(instant) == expected
