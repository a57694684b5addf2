"""The scheme document with everything in it: what it says, and every fault of what it may not say."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from callrouter.core.words import Action, IfBusy, PersonId
from callrouter.routing.patterns import patterns
from callrouter.routing.scheme import WrongScheme, parse
from callrouter.routing.values import (
    Absence,
    AtEnd,
    Calendar,
    Closed,
    Company,
    Condition,
    Department,
    Duty,
    Line,
    Notice,
    Notices,
    Order,
    Prefix,
    Report,
    Retention,
    Rule,
    SchemePerson,
    SchemeStep,
    Shift,
    Span,
)
from tests.routing.documents import documents, toml
from tests.routing.test_scheme import EXAMPLE, faults, ids

FULL = EXAMPLE.with_name("full.toml")
TEXT = FULL.read_text("utf-8")
WRITTEN = Path(__file__).with_name("faults_full.txt").read_text("utf-8")
CASES = [
    tuple(part.replace("⏎", "\n") for part in case)
    for case in re.findall(r"^- (.*)\n\+ ?(.*)\n= (.*)$", WRITTEN, re.MULTILINE)
]
STRANGE = ("5", "-1", "nan", "true", "[]", "{}", "[[]]", "[5]", '["x", "x"]', "{a = {b = 1}}", "2026-01-01", '"|one"')


def at(local: str) -> float:
    """Return the instant of a local time in Moscow."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Moscow")).timestamp()


def changed(old: str, new: str) -> str:
    """Return the example with a change that is made exactly once."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_each_change_is_a_case() -> None:
    """No case of the file is passed over."""
    assert len(CASES) == WRITTEN.count("\n= ")


@pytest.mark.parametrize(("old", "new", "fault"), CASES)
def test_a_fault_says_where_it_is_and_what_was_meant(old: str, new: str, fault: str) -> None:
    """Each fault alone has one line with its path, its cause and, where one is near, the right word."""
    assert faults(changed(old, new)) == [fault]


def test_the_document_with_everything_in_it_is_read_whole() -> None:
    """Calendars, people, steps, rules and lines are these values."""
    scheme = parse(FULL.read_bytes())
    assert scheme.company == Company(PersonId("irina"), 60, 10, 10, "ru", ("lead-exchange",), custom_states=True)
    assert scheme.retention == Retention(calls=1095, journal=60)
    assert scheme.notices == Notices(15, (Notice.LOST, Notice.WAITING, Notice.ANSWERED, Notice.UNDISTRIBUTED))
    day, moscow = Span(540, 1080), "Europe/Moscow"
    assert scheme.calendars["office"] == Calendar(
        "office",
        moscow,
        ((day,), (day,), (day,), (day,), (day,), (), ()),
        "RU",
        60,
        ((date(2026, 12, 31), (Span(540, 900),)), (date(2027, 1, 9), ())),
    )
    assert scheme.calendars["service"].week[4:] == ((Span(480, 780), Span(840, 1200)), (Span(600, 960),), ())
    assert (scheme.calendars["night"].week, scheme.calendars["night"].holidays) == (((Span(1200, 1920),),) * 7, None)
    assert scheme.calendars["ural"].timezone == "Asia/Yekaterinburg"
    assert scheme.people[PersonId("anna")] == SchemePerson(
        id=PersonId("anna"),
        name="Анна Петрова",
        phones=("PJSIP/101", "PJSIP/79161112233@trunk"),
        confirm=("PJSIP/79161112233@trunk",),
        hours="office",
        wrap_up=15,
        absences=(
            Absence(at("2026-12-01T00:00"), at("2026-12-15T00:00"), "отпуск", PersonId("boris")),
            Absence(at("2026-12-21T14:00"), at("2026-12-21T18:00"), "у врача"),
        ),
        deputy=PersonId("vera"),
        reports_to=PersonId("gleb"),
        numbers=("+79161112233",),
        extension="101",
        mail="anna@example.org",
    )
    assert scheme.people[PersonId("roman")].shift == Shift(2, 2, date(2026, 11, 4), Span(540, 1260), "Europe/Samara")
    sales = Department("sales", "Отдел продаж", ids("anna", "boris", "vera"), PersonId("gleb"), "office", "600")
    assert scheme.departments["sales"] == sales
    assert scheme.segments == {"key": ids("anna"), "regular": ids("boris", "vera"), "small": (), "new": ()}
    assert scheme.duties == (
        Duty(at("2026-12-05T00:00"), at("2026-12-07T00:00"), ids("boris"), "sales"),
        Duty(at("2026-12-12T18:00"), at("2026-12-14T09:00"), ids("gleb", "irina"), "sales"),
    )
    assert scheme.blocked == {"+79001234567"}
    assert scheme.not_clients == {"+74957654321": "поставщик"}
    assert scheme.prefixes[0] == Prefix("+7495", "regular", (("region", "Москва"),))


def test_the_report_is_read_whole() -> None:
    """When it is made and for whom; without the section it is not made, and speaks the company's language."""
    scheme = parse(FULL.read_bytes())
    to = ("owner", "heads", "managers", "mail:accounts@example.org", "hook:https://crm.example.org/callrouter")
    formats = ("html", "text", "xlsx", "csv", "json")
    assert scheme.report == Report("07:00", (*to, "dir:/var/lib/callrouter/exports"), "en", formats, 0.05)
    before, _, after = TEXT.replace('language = "ru"', 'language = "en"').partition("[report]")
    bare = before + after[after.index("[calendars]") :]
    assert parse(bare.encode()).report == Report(language="en")


def test_rules_steps_and_lines_are_read_whole() -> None:
    """What happens to a call, as values."""
    scheme = parse(FULL.read_bytes())
    assert scheme.rules[0] == Rule("не интересны", Condition(priority=("X",), open=False))
    assert scheme.rules[2:] == (
        Rule(
            "срочные из Москвы",
            Condition(
                priority=("A", "B"),
                stage=("prospective", "regular"),
                attributes=(("region", ("Москва", "Московская область")),),
                known=True,
                open=True,
            ),
            "key",
        ),
        Rule(
            "реклама на сервис",
            Condition(
                line=("+74951234567",),
                department=("sales",),
                source=("Яндекс",),
                attributes=(("trade", ("ремонт",)),),
            ),
            "service",
        ),
    )
    away, busy, wait = "sound:custom/manager-away", "sound:custom/manager-busy", "sound:custom/please-wait"
    assert scheme.ladders["default"][:3] == (
        SchemeStep(Action.RING, "responsible, last", 10, IfBusy.SKIP, days=60, announce_away=away, announce_busy=busy),
        SchemeStep(Action.RING, "department", 20, IfBusy.WAIT, Order.LONGEST_IDLE, each=10, at_once=3, announce=wait),
        SchemeStep(Action.RING, "department:service", 10, IfBusy.SKIP, when=Condition(priority=("C", "none"))),
    )
    assert scheme.ladders["key"][1] == SchemeStep(Action.ADD, "segment", 10, IfBusy.WAIT, Order.LISTED, 5, 1)
    assert scheme.ladders["duty"] == (SchemeStep(Action.RING, "on_duty, person:gleb", 30, IfBusy.SKIP),)
    number = "+74951234567"
    assert scheme.lines[number] == Line(
        number,
        number,
        "Сайт",
        "sales",
        "default",
        "sound:custom/call-back",
        "Яндекс",
        closed=Closed("duty", "sound:custom/closed"),
        at_end=AtEnd(again=True),
        music="default",
        fallback="ext-queues,600,1",
    )
    assert scheme.lines["+74951230000"].numbers == (
        "+7495765XXXX",
        *(f"+749512345{tens}X" for tens in range(5)),
    )
    direct = scheme.lines["+74951112233"]
    assert (direct.person, direct.person_seconds, direct.at_end.context) == ("anna", 12, "from-internal,600,1")


@settings(max_examples=200, deadline=None)
@given(documents())
def test_every_valid_document_is_read(document: dict[str, Any]) -> None:
    """Whatever the sections say, if it is right, there is a scheme with all of it."""
    scheme = parse(toml(document).encode())
    assert list(scheme.people) == list(document["people"])
    assert list(scheme.lines) == list(document["lines"])
    assert [len(steps) for steps in scheme.ladders.values()] == [len(steps) for steps in document["ladders"].values()]
    assert [rule.ladder for rule in scheme.rules] == [rule.get("ladder") for rule in document["rules"]]
    assert len(scheme.duties) == len(document["duty"])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_document_with_everything_in_it_is_too_strange_to_refuse(data: st.DataObject) -> None:
    """A value replaced by anything is read, or refused with lines that can be printed."""
    places = [found.span() for found in re.finditer(r'"[^"\n]*"|\b\d+\b|true|false|\[[^\[\]\n]*\]|\{[^{}\n]*\}', TEXT)]
    start, end = data.draw(st.sampled_from(places))
    piece = data.draw(st.sampled_from(STRANGE) | st.text(max_size=12).map(json.dumps))
    document = (TEXT[:start] + piece + TEXT[end:]).encode("utf-8", "surrogatepass")
    try:
        said = str(parse(document))
    except WrongScheme as error:
        said = str(error)
    assert said.encode()


def test_deputies_may_stand_in_for_each_other() -> None:
    """Two who name each other are no circle, as long as one of them is there; nor is whoever stands in for both."""
    with_deputy = changed('phones = ["PJSIP/102", "PJSIP/202"]', 'phones = ["PJSIP/102"]\ndeputy = "anna"')
    away = 'deputy = "anna"\nabsences = [{from = "2026-12-15", to = "2026-12-20"}]'
    parse(with_deputy.encode())
    parse(with_deputy.replace('deputy = "anna"', away).encode())


def test_a_way_of_superiors_may_end_in_a_circle_of_others_that_is_one_fault() -> None:
    """Who reports into a circle is not blamed for it, and the circle is named once."""
    text = changed('reports_to = "irina"', 'reports_to = "pavel"').replace(
        'phones = ["PJSIP/131"]', 'phones = ["PJSIP/131"]\nreports_to = "gleb"'
    )
    assert faults(text) == ['people.pavel.reports_to: nobody is above all of them: "pavel" → "gleb" → "pavel"']


def test_holidays_are_the_countrys_if_these_are_known() -> None:
    """A country without known holidays has none, and that is no fault."""
    text = 'version = 1\ntimezone = "UTC"\ncountry = "{}"\ncalendars = {{a = {{hours = ["Sun-Mon 09:00-18:00"]}}}}\n'
    assert parse(text.format("DE").encode()).calendars["a"].holidays == "DE"
    assert parse(text.format("AC").encode()).calendars["a"].holidays is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_range_is_exactly_the_numbers_from_first_to_last(one: int, other: int) -> None:
    """Each number of it fits exactly one of its patterns, and none beside it fits any."""
    first, last = sorted((one, other))
    found = patterns(f"+7495123{first:04}..+7495123{last:04}", "RU")
    held = sum(10 ** pattern.count("X") for pattern in found)
    assert held == last - first + 1
    for number, inside in ((first, True), (last, True), (first - 1, False), (last + 1, False)):
        written = f"+{74951230000 + number}"
        assert [len(one) == len(written) and written.startswith(one.rstrip("X")) for one in found].count(True) == inside
