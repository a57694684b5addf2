"""Who is there by the scheme: hours, shifts, absences, deputies and the duty table."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from callrouter.core.words import PersonId, Why
from callrouter.routing.availability import away, calendar_of, deputy, is_line_open, on_duty, on_shift, switches
from callrouter.routing.values import (
    Absence,
    Calendar,
    Company,
    Department,
    Duty,
    Line,
    Scheme,
    SchemePerson,
    Shift,
    Span,
)

DAY = 86_400.0
MONDAY = datetime.fromisoformat("2026-11-23 00:00+00:00").timestamp()
NOON, NIGHT = MONDAY + 12 * 3600, MONDAY + 23 * 3600
NINE_TO_SIX = ((Span(540, 1080),),) * 7
OFFICE = Calendar("office", "UTC", NINE_TO_SIX)
NIGHTS = Calendar("nights", "UTC", ((Span(1320, 1560),),) * 7)
EVERY_DAY = Shift(1, 0, date(2026, 11, 2), Span(540, 1260), "UTC")
OFF_TODAY = Shift(2, 2, date(2026, 11, 25), Span(540, 1260), "UTC")
ANNA, BORIS, VERA, GLEB = (PersonId(name) for name in ("anna", "boris", "vera", "gleb"))


def person(
    key: str,
    hours: str | None = None,
    shift: Shift | None = None,
    absences: tuple[Absence, ...] = (),
    deputy: str | None = None,
) -> SchemePerson:
    """Return somebody with one phone."""
    stands = None if deputy is None else PersonId(deputy)
    return SchemePerson(
        PersonId(key), key, (f"PJSIP/{key}",), hours=hours, shift=shift, absences=absences, deputy=stands
    )


def absent(deputy: str | None = None, since: float = MONDAY, until: float = MONDAY + DAY) -> Absence:
    """Return an absence, of Monday unless said otherwise."""
    return Absence(since, until, "", None if deputy is None else PersonId(deputy))


def company(*people: SchemePerson, duties: tuple[Duty, ...] = (), hours: str | None = None) -> Scheme:
    """Return a company whose people are all of one department, with a line of it and one without."""
    staff = {one.id: one for one in people}
    lines = {key: Line(key, None, key, "sales" if key == "700" else None, "default") for key in ("700", "800")}
    return Scheme(
        "UTC",
        "RU",
        Company(),
        staff,
        {"sales": Department("sales", "sales", tuple(staff), hours=hours)},
        {"default": ()},
        lines,
        lines,
        calendars={"office": OFFICE, "nights": NIGHTS},
        duties=duties,
    )


def test_who_has_no_hours_is_always_there() -> None:
    """Nothing is said of him."""
    assert away(company(person("anna")), ANNA, NIGHT) is None


@pytest.mark.parametrize(
    ("someone", "at", "why"),
    [
        (person("anna", hours="office"), NOON, None),
        (person("anna", hours="office"), NIGHT, Why.OFF_HOURS),
        (person("anna", shift=EVERY_DAY), NOON, None),
        (person("anna", shift=EVERY_DAY), NIGHT, Why.OFF_SHIFT),
        (person("anna", shift=OFF_TODAY), NOON, Why.OFF_SHIFT),
        (person("anna", hours="nights", shift=EVERY_DAY), NOON, Why.OFF_HOURS),
        (person("anna", hours="office", shift=OFF_TODAY), NIGHT, Why.OFF_SHIFT),
        (person("anna", hours="office", absences=(absent(),)), NIGHT, Why.ABSENT),
        (person("anna", absences=(absent(),)), MONDAY, Why.ABSENT),
        (person("anna", absences=(absent(),)), MONDAY - 0.001, None),
        (person("anna", absences=(absent(),)), MONDAY + DAY - 0.001, Why.ABSENT),
        (person("anna", absences=(absent(),)), MONDAY + DAY, None),
    ],
)
def test_why_somebody_is_away(someone: SchemePerson, at: float, why: Why | None) -> None:
    """Absent before off shift before off hours, and an absence is half-open."""
    assert away(company(someone), ANNA, at) is why


def test_who_is_on_duty_is_there_outside_his_hours_but_not_in_his_holidays() -> None:
    """The duty table is stronger than hours and shift, and weaker than an absence."""
    duties = (Duty(NIGHT, NIGHT + 60, (ANNA, BORIS, VERA)),)
    scheme = company(
        person("anna", hours="office"),
        person("boris", shift=OFF_TODAY),
        person("vera", absences=(absent(),)),
        person("gleb", hours="office"),
        duties=duties,
    )
    assert [away(scheme, one, NIGHT) for one in (ANNA, BORIS, VERA, GLEB)] == [None, None, Why.ABSENT, Why.OFF_HOURS]
    assert away(scheme, ANNA, NIGHT + 60) is Why.OFF_HOURS


def test_the_duty_tables_of_two_schemes_are_told_apart() -> None:
    """The same question at the same instant, of two revisions."""
    first, second = (company(person("anna", hours="office"), duties=(Duty(0, at, (ANNA,)),)) for at in (DAY, 2 * NIGHT))
    assert [away(one, ANNA, NIGHT) for one in (first, second, first)] == [Why.OFF_HOURS, None, Why.OFF_HOURS]


@pytest.mark.parametrize(
    ("people", "found"),
    [
        ((person("anna", deputy="boris"), person("boris")), None),
        ((person("anna", absences=(absent(),)), person("boris")), None),
        ((person("anna", absences=(absent(),), deputy="boris"), person("boris")), "boris"),
        ((person("anna", absences=(absent("boris"),), deputy="vera"), person("boris"), person("vera")), "boris"),
        ((person("anna", absences=(absent("boris"),)), person("boris", hours="nights")), "boris"),
        (
            (
                person("anna", absences=(absent("boris"),)),
                person("boris", absences=(absent(),), deputy="vera"),
                person("vera"),
            ),
            "vera",
        ),
        ((person("anna", absences=(absent("boris"),)), person("boris", absences=(absent("anna"),))), None),
        ((person("anna", absences=(absent("anna"),)), person("boris")), None),
        ((person("anna", absences=(absent("boris"),)), person("boris", absences=(absent(),))), None),
    ],
    ids=[
        "not absent",
        "without a deputy",
        "his own deputy",
        "the absence names another",
        "off hours all the same",
        "the deputy's deputy",
        "two stand for each other",
        "himself",
        "the deputy has none",
    ],
)
def test_who_stands_for_somebody_absent(people: tuple[SchemePerson, ...], found: str | None) -> None:
    """The chain of deputies ends with the first who is not absent, or with nobody."""
    assert deputy(company(*people), ANNA, NOON) == found


def test_the_duty_table_says_who_is_on_duty() -> None:
    """For the department or for all, in its order and each once; nobody where it is silent at that instant."""
    duties = (
        Duty(MONDAY, MONDAY + DAY, (BORIS,), "sales"),
        Duty(MONDAY, MONDAY + DAY, (VERA, BORIS)),
        Duty(MONDAY, MONDAY + DAY, (GLEB,), "other"),
        Duty(0, MONDAY, (ANNA,)),
    )
    scheme = company(*(person(name) for name in ("anna", "boris", "vera", "gleb")), duties=duties)
    assert on_duty(scheme, "sales", NOON) == (BORIS, VERA)
    assert on_duty(scheme, None, NOON) == (VERA, BORIS)
    assert on_duty(scheme, "sales", NOON + DAY) == ()


def test_without_a_duty_table_the_shift_is_on_duty() -> None:
    """Of the department's members, those whose shift works now; another department's table does not count."""
    duties = (Duty(MONDAY, MONDAY + DAY, (GLEB,), "other"),)
    scheme = company(person("anna", shift=EVERY_DAY), person("boris", shift=OFF_TODAY), person("vera"), duties=duties)
    assert on_duty(scheme, "sales", NOON) == (ANNA,)
    assert on_duty(scheme, "sales", NIGHT) == ()
    assert on_duty(scheme, None, NOON) == ()


def test_a_line_has_its_own_hours_or_its_departments() -> None:
    """And without either it is always open."""
    scheme = company(person("anna"), hours="office")
    own = Line("700", None, "700", "sales", "default", hours="nights")
    assert [calendar_of(scheme, line) for line in (own, scheme.lines["700"], scheme.lines["800"])] == [
        NIGHTS,
        OFFICE,
        None,
    ]
    assert [is_line_open(scheme, line, NIGHT) for line in (own, scheme.lines["700"], scheme.lines["800"])] == [
        True,
        False,
        True,
    ]


def test_a_shift_is_on_from_its_first_minute_until_its_last() -> None:
    """Half-open."""
    opens, closes = MONDAY + 9 * 3600, MONDAY + 21 * 3600
    assert [on_shift(EVERY_DAY, at) for at in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]


def test_every_instant_at_which_a_decision_may_change() -> None:
    """Of departments, people, shifts, absences and duties: each once, in order, half-open."""
    duties = (Duty(MONDAY + 1, MONDAY + 9 * 3600, (ANNA,)),)
    scheme = company(
        person("anna", hours="nights"),
        person("boris", shift=EVERY_DAY, absences=(absent(since=MONDAY - DAY, until=MONDAY + 2),)),
        duties=duties,
        hours="office",
    )
    hours = [(at - MONDAY) / 3600 for at in switches(scheme, MONDAY, MONDAY + DAY)]
    assert hours == pytest.approx([1 / 3600, 2 / 3600, 2, 9, 18, 21, 22])
