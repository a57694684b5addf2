"""In which order lost clients are called back, and by whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from callrouter.core.words import PersonId
from callrouter.routing.scheme import parse
from callrouter.routing.worklist import LostClient, whose, worklist

SCHEME = parse(b"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
anna = {name = "Anna", phones = ["PJSIP/101"]}
gleb = {name = "Gleb", phones = ["PJSIP/110"]}
irina = {name = "Irina", phones = ["PJSIP/120"]}
[company]
owner = "irina"
[calendars]
week = {hours = ["Mon-Fri 09:00-18:00"], holidays = "none"}
[departments]
sales = {members = ["anna"], head = "gleb", hours = "week"}
care = {members = ["anna"]}
[ladders]
default = [{ring = "department"}]
[lines]
"+74951234567" = {department = "sales"}
"+74951230000" = {department = "care"}
""")
CLIENT = LostClient(
    task=1,
    client=1,
    name=None,
    number="+79161234567",
    priority=None,
    line="+74951234567",
    department="sales",
    responsible=None,
    lost=1,
    since=0.0,
    last_at=0.0,
    attempts=0,
    attempted_at=None,
    taken_by=None,
    taken_at=None,
    snoozed_until=None,
    closed_at=None,
    closed_how=None,
)


def at(text: str) -> float:
    """An instant of Moscow's clock."""
    return datetime.fromisoformat(f"{text}+03:00").timestamp()


NOW = at("2026-11-23T10:00")  # a Monday


def test_the_order_of_the_list() -> None:
    """A, B, C, none, X; then who has waited longest while his line was open; who is snoozed is the last."""
    friday, saturday, sunday = at("2026-11-20T17:00"), at("2026-11-21T12:00"), at("2026-11-22T12:00")
    clients = [
        replace(CLIENT, task=1, priority="X", since=friday),
        replace(CLIENT, task=2, since=friday),
        replace(CLIENT, task=3, priority="C", since=friday),
        replace(CLIENT, task=4, priority="A", since=friday, snoozed_until=NOW + 1),
        replace(CLIENT, task=5, priority="B", since=sunday),
        replace(CLIENT, task=6, priority="B", since=saturday),
        replace(CLIENT, task=7, priority="B", since=friday),
        replace(CLIENT, task=8, priority="A", since=NOW - 60, snoozed_until=NOW),
    ]
    listed = worklist(clients, SCHEME, NOW)
    assert [one.client.task for one in listed] == [8, 7, 6, 5, 3, 2, 1, 4]
    assert [one.seconds for one in listed[:4]] == [60, 7200, 3600, 3600]
    assert [one.is_snoozed for one in listed] == [False] * 7 + [True]


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"line": "+74951230000"}, 86_400.0),
        ({"line": "84959999999"}, 86_400.0),
        ({"closed_at": NOW - 1800}, 1800.0),
        ({"line": "+74951230000", "closed_at": NOW - 90_000}, 0.0),
    ],
)
def test_how_long_somebody_waits(changes: dict[str, object], seconds: float) -> None:
    """On a line that is always open, or that nobody knows, by the clock; until he was off the list."""
    (one,) = worklist([replace(CLIENT, since=NOW - 86_400, **changes)], SCHEME, NOW)  # type: ignore[arg-type]
    assert one.seconds == seconds


@pytest.mark.parametrize(
    ("responsible", "department", "person"),
    [
        ("anna", "sales", "anna"),
        ("ivan", "sales", "gleb"),
        (None, "sales", "gleb"),
        (None, "care", "irina"),
        (None, None, "irina"),
    ],
)
def test_whose_a_lost_client_is(responsible: str | None, department: str | None, person: str) -> None:
    """His responsible's if he is in the company, else the head's of the line's department, else the owner's."""
    client = replace(CLIENT, responsible=responsible, department=department)
    assert whose(client, SCHEME) == person
    assert whose(replace(client, dropped_by=PersonId("gleb")), SCHEME) == "gleb"
