"""Calendars: hours and holidays as instants, also on the nights when the clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from callrouter.routing.calendar import (
    hours_of,
    is_open,
    known,
    next_opening,
    open_seconds,
    spans,
    stretches,
    switches,
)
from callrouter.routing.values import Calendar, Shift, Span

DAY = 86_400
NINE_TO_SIX = (Span(540, 1080),)
WEEK = (*(NINE_TO_SIX,) * 5, (), ())
OFFICE = Calendar("office", "Europe/Moscow", WEEK, "RU", 60)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""Berlin's clock: 02:00 is 03:00 on the one, 03:00 is 02:00 on the other; both at 01:00 UTC."""


def at(text: str) -> float:
    """Return an instant written as `2026-11-23 09:00+03:00`."""
    return datetime.fromisoformat(text).timestamp()


def clock(instant: float, zone: str = "UTC") -> str:
    """Return an instant as a clock in a zone shows it."""
    return f"{datetime.fromtimestamp(instant, ZoneInfo(zone)):%m-%d %H:%M}"


def daily(start: int, end: int, zone: str = "Europe/Berlin") -> Calendar:
    """Return a calendar with the same hours each day, in minutes after midnight."""
    return Calendar("daily", zone, ((Span(start, end),),) * 7)


def test_the_week() -> None:
    """Open from the first instant of nine until the last before six, on working days."""
    opens, closes = at("2026-11-23 09:00+03:00"), at("2026-11-23 18:00+03:00")
    assert [is_open(OFFICE, one) for one in (opens - 0.001, opens, closes - 0.001, closes)] == [
        False,
        True,
        True,
        False,
    ]
    assert not is_open(OFFICE, at("2026-11-22 12:00+03:00")), "a Sunday"
    assert spans(OFFICE, date(2026, 11, 23)) == ((opens, closes),)
    assert spans(OFFICE, date(2026, 11, 22)) == ()


PRODUCTION_CALENDARS = {
    2021: (247, 1972, "02-20 04-30 06-11 11-03", "02-20"),
    2022: (247, 1973, "02-22 03-05 11-03", "03-05"),
    2023: (247, 1973, "02-22 03-07 11-03", ""),
    2024: (248, 1979, "02-22 03-07 05-08 06-11 11-02", "04-27 11-02 12-28"),
    2025: (247, 1972, "03-07 04-30 06-11 11-01", "11-01"),
    2026: (247, 1972, "04-30 05-08 06-11 11-03", ""),
}
"""As published: working days, hours at 40 a week, days an hour shorter, working Saturdays."""


@pytest.mark.parametrize("year", PRODUCTION_CALENDARS)
def test_the_production_calendar_of_russia(year: int) -> None:
    """A working Saturday is as long as the day it was exchanged for; only before a holiday proper is a day shorter."""
    eight = Calendar("eight", "Europe/Moscow", (*((Span(540, 1020),),) * 5, (), ()), "RU", 60)
    days = [
        date(year, 1, 1) + timedelta(days=number) for number in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
    ]
    worked = [day for day in days if hours_of(eight, day)]
    short = [day for day in worked if hours_of(eight, day) == (Span(540, 960),)]
    weekend = [day for day in worked if day.weekday() >= 5]
    seconds = open_seconds(eight, at(f"{year}-01-01 00:00+03:00"), at(f"{year + 1}-01-01 00:00+03:00"))
    assert (
        len(worked),
        seconds / 3600,
        " ".join(f"{day:%m-%d}" for day in short),
        " ".join(f"{day:%m-%d}" for day in weekend),
    ) == PRODUCTION_CALENDARS[year]


def test_a_working_saturday_has_the_hours_of_a_monday() -> None:
    """Whatever the calendar says of Saturdays."""
    calendar = Calendar("shop", "Europe/Moscow", ((Span(60, 120),), *(NINE_TO_SIX,) * 4, (Span(600, 660),), ()), "RU")
    assert hours_of(calendar, date(2024, 4, 27)) == (Span(60, 120),)
    assert hours_of(calendar, date(2024, 4, 20)) == (Span(600, 660),)


def test_the_day_before_a_holiday_ends_earlier() -> None:
    """The whole day ends earlier, not each of its hours; what would begin after its end is left out."""
    wednesday = date(2025, 4, 30)
    halves = (Span(540, 780), Span(840, 1080), Span(1090, 1100))
    calendar = Calendar("halves", "Europe/Moscow", (halves,) * 7, "RU", 60)
    assert hours_of(calendar, wednesday) == (Span(540, 780), Span(840, 1040))
    assert hours_of(calendar, wednesday - timedelta(days=1)) == halves
    assert hours_of(Calendar("shut", "Europe/Moscow", ((),) * 7, "RU", 60), wednesday) == ()
    assert hours_of(Calendar("brief", "Europe/Moscow", ((Span(540, 570),),) * 7, "RU", 60), wednesday) == ()


def test_a_day_of_its_own_is_stronger_than_everything() -> None:
    """An override opens a holiday, closes a working day, and is not shortened."""
    days = ((date(2026, 1, 1), NINE_TO_SIX), (date(2026, 4, 30), NINE_TO_SIX), (date(2026, 11, 23), ()))
    calendar = Calendar("own", "Europe/Moscow", WEEK, "RU", 60, days)
    assert [hours_of(calendar, day) for day, _ in days] == [NINE_TO_SIX, NINE_TO_SIX, ()]


def test_holidays_of_a_country_and_of_its_part() -> None:
    """Epiphany is a holiday in Bavaria only; who knows no holidays works on them."""
    epiphany, new_year = date(2026, 1, 6), date(2026, 1, 1)
    week = (NINE_TO_SIX,) * 7
    assert hours_of(Calendar("a", "Europe/Berlin", week, "DE-BY"), epiphany) == ()
    assert hours_of(Calendar("b", "Europe/Berlin", week, "DE"), epiphany) == NINE_TO_SIX
    assert hours_of(Calendar("c", "Europe/Berlin", week), new_year) == NINE_TO_SIX
    assert hours_of(Calendar("d", "Asia/Tashkent", week, "UZ"), new_year) == ()


def test_a_day_of_a_weekend_that_is_a_holiday_is_not_worked_for_the_day_it_was_moved_to() -> None:
    """The third of January is exchanged for the ninth, and is a holiday all the same; both are free."""
    calendar = Calendar("always", "Europe/Moscow", (NINE_TO_SIX,) * 7, "RU")
    assert [hours_of(calendar, date(2026, 1, day)) for day in (3, 9, 10)] == [(), (), NINE_TO_SIX]


def test_hours_over_midnight_belong_to_the_day_they_begin() -> None:
    """Friday's night reaches into Saturday, and a holiday does not cut it off."""
    night = Calendar("night", "Europe/Moscow", ((), (), (), (), (Span(1320, 1560),), (), ()), "RU")
    friday = date(2026, 11, 20)
    assert [clock(one, "Europe/Moscow") for one in spans(night, friday)[0]] == ["11-20 22:00", "11-21 02:00"]
    assert is_open(night, at("2026-11-21 01:59:59+03:00"))
    assert not is_open(night, at("2026-11-21 02:00+03:00"))
    assert is_open(night, at("2026-05-09 01:00+03:00")), "the ninth of May, in the hours of the eighth"


def test_round_the_clock_never_changes() -> None:
    """Days that touch are one time; there is no instant at which it opens."""
    calendar = daily(0, 1440)
    since, until = at("2026-03-01 00:00+00:00"), at("2026-12-01 00:00+00:00")
    assert list(switches(calendar, since, until)) == []
    assert list(stretches(calendar, since, until)) == [(since, until)]
    assert open_seconds(calendar, since, until) == until - since


def test_the_hour_that_is_left_out() -> None:
    """What begins or ends in it does so when the clock is put forward; what lies in it whole is left out."""
    inside, into, out = daily(130, 150), daily(90, 150), daily(150, 240)
    assert spans(inside, SPRING) == ()
    assert [clock(one) for one in spans(into, SPRING)[0]] == ["03-29 00:30", "03-29 01:00"]
    assert [clock(one) for one in spans(out, SPRING)[0]] == ["03-29 01:00", "03-29 02:00"]


def test_the_hour_that_comes_twice() -> None:
    """Its times are the first; what begins before and ends after it is an hour longer."""
    inside, across = daily(130, 150), daily(60, 240)
    assert [clock(one) for one in spans(inside, AUTUMN)[0]] == ["10-25 00:10", "10-25 00:30"]
    assert open_seconds(across, at("2026-10-24 22:00+00:00"), at("2026-10-25 12:00+00:00")) == 4 * 3600
    assert open_seconds(across, at("2026-03-28 23:00+00:00"), at("2026-03-29 12:00+00:00")) == 2 * 3600


def test_a_day_that_a_country_left_out() -> None:
    """Samoa went from the twenty-ninth of December 2011 to the thirty-first: no hours on the day between."""
    calendar = daily(540, 1080, "Pacific/Apia")
    assert spans(calendar, date(2011, 12, 30)) == ()
    assert len(spans(calendar, date(2011, 12, 29))) == len(spans(calendar, date(2011, 12, 31))) == 1


def test_the_instants_at_which_it_changes() -> None:
    """Half-open: one at the beginning counts, one at the end does not."""
    opens, closes = at("2026-11-23 09:00+03:00"), at("2026-11-23 18:00+03:00")
    assert list(switches(OFFICE, opens, closes)) == [opens]
    assert list(switches(OFFICE, opens + 1, closes + 1)) == [closes]
    assert list(switches(OFFICE, closes, opens + DAY)) == [closes]
    assert list(switches(OFFICE, closes + 1, closes + 2)) == []


def test_the_time_between_two_instants_that_is_open() -> None:
    """From half past five on Friday until half past nine on Monday it is an hour."""
    assert open_seconds(OFFICE, at("2026-11-20 17:30+03:00"), at("2026-11-23 09:30+03:00")) == 3600
    assert open_seconds(OFFICE, at("2026-11-20 18:00+03:00"), at("2026-11-23 09:00+03:00")) == 0


def test_when_it_opens_next() -> None:
    """At once if it is open, after the holidays if it must be, and perhaps never."""
    assert next_opening(OFFICE, at("2026-11-23 12:00+03:00")) == at("2026-11-23 12:00+03:00")
    assert next_opening(OFFICE, at("2026-12-30 18:00+03:00")) == at("2027-01-11 09:00+03:00")
    assert next_opening(Calendar("shut", "Europe/Moscow", ((),) * 7), at("2026-12-30 18:00+03:00")) is None


def test_a_shift_is_so_many_days_on_and_so_many_off() -> None:
    """Two and two, from its first day on, and backwards from it."""
    shift = Shift(2, 2, date(2026, 11, 2), Span(540, 1260), "Europe/Moscow")
    days = [date(2026, 10, 29) + timedelta(days=number) for number in range(9)]
    assert [bool(hours_of(shift, day)) for day in days] == [True, True, False, False, True, True, False, False, True]
    assert is_open(shift, at("2026-11-03 20:59+03:00"))
    assert not is_open(shift, at("2026-11-03 21:00+03:00"))


def test_a_shift_of_the_night() -> None:
    """It belongs to the day on which it begins."""
    shift = Shift(1, 3, date(2026, 11, 2), Span(1260, 1980), "Europe/Moscow")
    assert [is_open(shift, at(f"2026-11-{day:02} 08:59+03:00")) for day in (2, 3, 4, 7)] == [False, True, False, True]


def test_calendars_of_two_revisions_are_told_apart() -> None:
    """They have one key, and each its own hours."""
    before, after = daily(540, 600), daily(540, 660)
    noon = at("2026-11-23 09:30+00:00")
    assert hash(before) == hash(after)
    assert [is_open(one, noon) for one in (before, after, before)] == [False, True, False]
    assert [known(daily(540, 600)), known(daily(540, 660))] == [before, after]
    assert known(daily(540, 600)) is known(daily(540, 600))


UNHURRIED = settings(deadline=None)
"""A year of holidays is computed once, in whichever example comes first."""
SPANS = st.builds(
    lambda start, length: Span(start, min(start + length, 2880)), st.integers(0, 1439), st.integers(1, 1440)
)
ZONES = st.sampled_from(
    ["Europe/Berlin", "Europe/Moscow", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Cairo"]
)
CALENDARS = st.builds(
    Calendar,
    st.just("any"),
    ZONES,
    st.lists(st.lists(SPANS, max_size=3).map(tuple), min_size=7, max_size=7).map(tuple),
    st.sampled_from([None, "RU", "DE-BY", "US"]),
    st.integers(0, 120),
)
SHIFTS = st.builds(
    Shift, st.integers(1, 5), st.integers(0, 5), st.dates(date(2024, 1, 1), date(2027, 1, 1)), SPANS, ZONES
)
HOURS = st.one_of(CALENDARS, SHIFTS)
CHANGES = st.sampled_from([at("2026-03-29 01:00+00:00"), at("2026-10-25 01:00+00:00"), at("2026-12-31 21:00+00:00")])
INSTANTS = st.one_of(
    st.integers(int(at("2024-01-01 00:00+00:00")), int(at("2028-01-01 00:00+00:00"))).map(float),
    st.tuples(CHANGES, st.integers(-2 * DAY, 2 * DAY)).map(sum),
)


@UNHURRIED
@given(HOURS, INSTANTS)
def test_it_is_open_from_one_switch_until_the_next(hours: Calendar | Shift, since: float) -> None:
    """Between two switches nothing changes, at each of them it does, and the open time is what lies between."""
    until = since + 5 * DAY
    points = list(switches(hours, since + 1, until))
    assert points == sorted(set(points))
    for before, after in pairwise([since, *points, until]):
        assert is_open(hours, before) == is_open(hours, (before + after) / 2) == is_open(hours, after - 0.5)
    for point in points:
        assert is_open(hours, point) != is_open(hours, point - 0.5)
    total = sum(after - before for before, after in pairwise([since, *points, until]) if is_open(hours, before))
    assert open_seconds(hours, since, until) == total


@UNHURRIED
@given(HOURS, INSTANTS, st.integers(0, 3 * DAY), st.integers(0, 3 * DAY))
def test_open_time_adds_up(hours: Calendar | Shift, since: float, first: int, second: int) -> None:
    """Two times one after the other are as long as both together: nothing is counted twice or lost."""
    middle, until = since + first, since + first + second
    whole = open_seconds(hours, since, until)
    assert open_seconds(hours, since, middle) + open_seconds(hours, middle, until) == whole


@UNHURRIED
@given(HOURS, st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_the_hours_of_a_day_follow_its_clock(hours: Calendar | Shift, day: date) -> None:
    """They are half-open and in order, and begin and end when the clock shows the written time or is put past it."""
    zone = ZoneInfo(hours.timezone)
    written = {
        datetime(day.year, day.month, day.day) + timedelta(minutes=one)  # noqa: DTZ001 -- what a clock shows
        for span in hours_of(hours, day)
        for one in (span.start, span.end)
    }
    ends = [one for span in spans(hours, day) for one in span]
    assert ends == sorted(set(ends))
    for end in ends:
        shown, before = (datetime.fromtimestamp(one, zone).replace(tzinfo=None) for one in (end, end - 1))
        assert any(shown == one or before < one < shown for one in written)


@UNHURRIED
@given(HOURS, INSTANTS)
def test_the_next_opening_is_the_first(hours: Calendar | Shift, since: float) -> None:
    """It is open then, and closed until then."""
    opens = next_opening(hours, since)
    if opens is None:
        assert open_seconds(hours, since, since + 30 * DAY) == 0
    else:
        assert is_open(hours, opens)
        assert open_seconds(hours, since, opens) == 0


def test_utc_days_hold_no_surprise() -> None:
    """An instant in every hour of a year gives what the hours of the days around it say."""
    calendar = daily(1380, 1560, "Africa/Cairo")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(0, 365 * 24, 5):
        instant = (start + timedelta(hours=number)).timestamp()
        day = datetime.fromtimestamp(instant, ZoneInfo("Africa/Cairo")).date()
        around = [day + timedelta(days=one) for one in (-1, 0, 1)]
        assert is_open(calendar, instant) == any(a <= instant < b for one in around for a, b in spans(calendar, one))
