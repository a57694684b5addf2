"""The week in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from callrouter.routing.values import Span
from callrouter.routing.week import ALWAYS, clock, spoken, stretches, week_of, weekly

ZONE = "Europe/Berlin"


def at(text: str) -> float:
    """Return an instant by Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()


WEEK = week_of(at("2026-11-25 12:00"), ZONE)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ([("2026-11-25", "2026-12-02")], ALWAYS),
        ([("2026-11-25", "2026-11-26"), ("2026-11-26", "2026-12-02")], ALWAYS),
        ([("2026-11-25 18:00", "2026-11-25 19:00")], "Wed 18:00-19:00"),
        ([("2026-11-25 18:00", "2026-11-25 18:30"), ("2026-11-25 18:30", "2026-11-25 19:00")], "Wed 18:00-19:00"),
        ([(f"2026-11-{day} 18:00", f"2026-11-{day} 19:30") for day in (25, 26, 27)], "Wed-Fri 18:00-19:30"),
        ([("2026-11-27 22:00", "2026-11-28 02:00")], "Fri 22:00-24:00; Sat 00:00-02:00"),
        ([("2026-11-28", "2026-11-30"), ("2026-11-25 08:00", "2026-11-25 09:00"),
          ("2026-11-25 10:00", "2026-11-25 11:00")], "Wed 08:00-09:00, 10:00-11:00; Sat-Sun"),
        ([("2026-11-30", "2026-12-01"), ("2026-11-25", "2026-11-26")], "Mon, Wed"),
    ],
)  # fmt: skip
def test_stretches_are_told_by_weekday(when: list[tuple[str, str]], said: str) -> None:
    """Days that are alike are told together, whole days without their hours."""
    assert spoken(WEEK, [(at(start), at(end)) for start, end in when]) == said


def test_a_week_has_seven_days_also_when_the_clock_changes() -> None:
    """In the week of the change an hour is missing, and no day."""
    spring = week_of(at("2026-03-25 12:00"), ZONE)
    assert (len(spring.midnights), spring.until - spring.since) == (8, (7 * 24 - 1) * 3600)
    assert spoken(spring, [(spring.since, spring.until)]) == ALWAYS


def test_a_week_is_cut_where_something_changes() -> None:
    """Only inside it, in order."""
    first, second = WEEK.since + 60, WEEK.since + 120
    cuts = stretches(WEEK, [second, WEEK.since, first, WEEK.until])
    assert cuts == ((WEEK.since, first), (first, second), (second, WEEK.until))


def test_weekly_hours_are_told_as_a_document_writes_them() -> None:
    """Over midnight they end at the next day's clock; without any it is never open."""
    night, day = (Span(1320, 1560),), (Span(540, 780), Span(840, 1440))
    assert weekly((day, day, (), day, night, (), ())) == "Mon-Tue, Thu 09:00-13:00, 14:00-24:00; Fri 22:00-02:00"
    assert (weekly(((),) * 7), clock(day)) == ("never", "09:00-13:00, 14:00-24:00")
