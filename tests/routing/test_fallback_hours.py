"""The fallback's hours against the calendar's own: what Asterisk is told means the same, for a year."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from callrouter.core.words import PersonId
from callrouter.routing.calendar import is_open
from callrouter.routing.fallback_hours import WRITTEN_DAYS, Clock
from callrouter.routing.values import Calendar, Company, Department, Duty, Scheme, SchemePerson, Span

ZONE = "Europe/Moscow"
"""Its clock is never changed: in a night of a change the written hours go by the clock, the calendar's by instants."""
RENDERED = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo(ZONE))
PRIORITY = re.compile(r"(?:(\w+)\| )?(GotoIfTime\((.*)\?(\w+)\)|Return\(([01])\))")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def scheme(*calendars: Calendar, duties: tuple[Duty, ...] = ()) -> Scheme:
    """Return a company with these calendars and this duty table."""
    people = {PersonId(name): SchemePerson(PersonId(name), name, (f"PJSIP/{name}",)) for name in ("anna", "boris")}
    sales = Department("sales", "sales", tuple(people))
    known = {calendar.key: calendar for calendar in calendars}
    return Scheme(ZONE, "RU", Company(), people, {"sales": sales}, {}, {}, {}, calendars=known, duties=duties)


def written(calendar: Calendar) -> list[str]:
    """Return the priorities of a calendar, as they are rendered."""
    clock = Clock(scheme(calendar), RENDERED.timestamp())
    assert clock.open(calendar) == clock.open(calendar) == "Gosub(callrouter-fallback-hours,c1,1)"
    ((extension, _, priorities),) = clock.subroutines(lambda _: "")
    assert extension == "c1"
    return list(priorities)


def among(text: str, value: int, names: tuple[str, ...]) -> bool:
    """Whether a value is one of `mon-fri&sun`, of `1-8`, or anything is (`*`)."""
    if text == "*":
        return True
    for part in text.split("&"):
        ends = [names.index(end) if end in names else int(end) for end in part.split("-")]
        if ends[0] <= value <= ends[-1]:
            return True
    return False


def holds(specification: str, at: datetime) -> bool:
    """Whether a time is what `GotoIfTime` was told, as measured: the last minute counts whole."""
    times, weekdays, days, months, zone = specification.split(",")
    here = at.astimezone(ZoneInfo(zone))
    begins, _, ends = times.partition("-")
    return (
        (times == "*" or begins <= f"{here:%H:%M}" <= ends)
        and among(weekdays, here.weekday(), WEEKDAYS)
        and among(days, here.day, ())
        and among(months, here.month - 1, MONTHS)
    )


def told(priorities: list[str], at: datetime) -> bool:
    """Go through the priorities as Asterisk does."""
    found = [PRIORITY.fullmatch(priority) for priority in priorities]
    labels = {one[1]: number for number, one in enumerate(found) if one and one[1]}
    number = 0
    while True:
        one = found[number]
        assert one is not None, priorities[number]
        if one[5] is not None:
            return one[5] == "1"
        number = labels[one[4]] if holds(one[3], at) else number + 1


HOURS = st.lists(st.tuples(st.integers(0, 1439), st.integers(1, 1440)), max_size=3).map(
    lambda pairs: tuple(Span(start, start + length) for start, length in pairs)
)
CALENDARS = st.builds(
    Calendar,
    st.just("any"),
    st.just(ZONE),
    st.lists(HOURS, min_size=7, max_size=7).map(tuple),
    st.sampled_from([None, "RU", "DE-BY"]),
    st.integers(0, 120),
    st.lists(st.tuples(st.dates(date(2026, 11, 20), date(2027, 11, 25)), HOURS), max_size=5).map(
        lambda days: tuple(dict(days).items())
    ),
)
MINUTES = st.integers(0, WRITTEN_DAYS * 1440 - 12 * 60 - 1)


@settings(deadline=None)  # a year of holidays is computed once, in whichever example comes first
@given(CALENDARS, st.lists(MINUTES, min_size=20, max_size=20))
def test_what_is_written_is_what_the_calendar_says(calendar: Calendar, minutes: list[int]) -> None:
    """At any minute of the year after it was rendered, also beside the days that are otherwise."""
    priorities = written(calendar)
    others = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)) for day, _ in calendar.days]
    beside = [one + timedelta(minutes=minute - 720) for one in others for minute in minutes if minute < 2 * 1440]
    for at in (*(RENDERED + timedelta(minutes=minute) for minute in minutes), *beside):
        if RENDERED.replace(hour=0) <= at < RENDERED.replace(hour=0) + timedelta(days=WRITTEN_DAYS):
            assert told(priorities, at) == is_open(calendar, at.timestamp()), at


def test_every_half_hour_of_a_year() -> None:
    """An office with a break, a night, a short day, working Saturdays and the holidays of Russia."""
    day, night = (Span(540, 780), Span(840, 1080)), (Span(1320, 1560),)
    days = ((date(2026, 12, 30), (Span(600, 660),)), (date(2027, 2, 20), night))
    calendar = Calendar("office", ZONE, (day, day, day, day, (*day, *night), (), ()), "RU", 60, days)
    priorities = written(calendar)
    start = RENDERED.replace(hour=0)
    moments = [start + timedelta(minutes=30 * number) for number in range(WRITTEN_DAYS * 48)]
    assert [at for at in moments if told(priorities, at) != is_open(calendar, at.timestamp())] == []


def test_two_calendars_are_two_subroutines() -> None:
    """Each is written once, however often it is asked for."""
    week = ((Span(540, 1080),),) * 7
    one, other = Calendar("one", ZONE, week), Calendar("other", "Europe/Berlin", week)
    clock = Clock(scheme(one, other), RENDERED.timestamp())
    assert clock.runs_out is None
    asked = [clock.open(calendar) for calendar in (one, other, one)]
    assert asked == [f"Gosub(callrouter-fallback-hours,c{number},1)" for number in (1, 2, 1)]
    found = {extension: said for extension, said, _ in clock.subroutines(lambda _: "")}
    assert found == {"c1": f"calendar one ({ZONE})", "c2": "calendar other (Europe/Berlin)"}


def test_the_duty_table_is_written_as_instants() -> None:
    """For the department and for all; who is named twice at once is dialled once; what is over is left out."""
    anna, boris = PersonId("anna"), PersonId("boris")
    now = RENDERED.timestamp()
    duties = (
        Duty(now - 60, now + 60, (anna, boris), "sales"),
        Duty(now + 60, now + 120, (anna,)),
        Duty(now + 30, now + 90, (anna,)),
        Duty(now - 60, now, (boris,)),
        Duty(now + WRITTEN_DAYS * 86_400, now + WRITTEN_DAYS * 86_400 + 60, (boris,)),
        Duty(now, now + 60, (boris,), "support"),
    )
    clock = Clock(scheme(duties=duties), now)
    assert clock.runs_out is None
    assert clock.duty("sales") == "Gosub(callrouter-fallback-hours,d1,1)"
    assert clock.duty(None) == "Gosub(callrouter-fallback-hours,d2,1)"
    assert clock.runs_out == (datetime.fromtimestamp(now, UTC) + timedelta(days=WRITTEN_DAYS)).date()
    (_, said, priorities), (_, all_said, for_all) = clock.subroutines("&".join)
    assert (said, all_said) == ("on duty for sales", "on duty")
    assert list(priorities) == [
        "Set(CALLROUTER_DUTY=)",
        entry(now - 60, now + 120, "anna"),
        entry(now - 60, now + 60, "boris"),
        "Return()",
    ]
    assert list(for_all) == ["Set(CALLROUTER_DUTY=)", entry(now + 30, now + 120, "anna"), "Return()"]


def entry(since: float, until: float, phones: str) -> str:
    """Return what adds somebody's phones between two instants."""
    asked = f"$[${{EPOCH}} < {since:.0f} | ${{EPOCH}} >= {until:.0f}]"
    return f"Set(CALLROUTER_DUTY=${{CALLROUTER_DUTY}}${{IF({asked}?:&{phones})}})"


def test_without_a_duty_table_for_the_department_there_is_none() -> None:
    """Another department's says nothing of it."""
    duties = (Duty(0, 1, (PersonId("anna"),), "support"),)
    assert Clock(scheme(duties=duties), 0).duty("sales") is None
