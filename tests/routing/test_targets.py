"""Whom the words of a step mean, and in which order they ring."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core.ladder import Step
from callrouter.core.words import Action, IfBusy, PersonId, Why
from callrouter.routing.caller import Client
from callrouter.routing.order import Asks, Standing, Turn
from callrouter.routing.targets import superior
from callrouter.routing.values import Order
from tests.routing.firm import (
    ANNA,
    BORIS,
    GLEB,
    IRINA,
    MONDAY,
    NIGHT,
    ONWARD,
    PETR,
    VERA,
    decide,
    firm,
    moment,
)

ABSENT = moment("2026-12-02 12:00")
ANNAS = Client(7, responsible=ANNA)
DAY = 86_400


def test_the_deputy_of_an_absent_responsible() -> None:
    """He rings instead, and the step says for whom; without a deputy the responsible stays, away."""
    step = decide(firm(), ANNAS, at=ABSENT).ladder[0]
    assert (step.people, step.deputies) == ((BORIS,), ((BORIS, ANNA),))
    without = decide(firm(), ANNAS, at=moment("2026-12-20 12:00"), line=ONWARD)
    assert (without.ladder[0].people, without.ladder[0].deputies) == ((ANNA,), ())
    assert without.people[0].away is Why.ABSENT


def test_who_talked_last_within_so_many_days() -> None:
    """The newest of those who are with the company still; the days are counted back from the call."""
    scheme = firm('{ring = "last", seconds = 5, days = 10}')
    last = [(PersonId("gone"), MONDAY - 5), (VERA, MONDAY - 10 * DAY), (ANNA, MONDAY - 10 * DAY)]
    assert decide(scheme, last=last).ladder[0].people == (VERA,)
    assert decide(scheme, last=[(ANNA, MONDAY - 10 * DAY - 1)]).ladder[0].nobody is Why.NO_LAST
    assert decide(scheme).asks == Asks(last_days=10)


@pytest.mark.parametrize(
    ("client", "at", "people", "nobody"),
    [
        (ANNAS, MONDAY, (ANNA,), None),
        (None, MONDAY, (BORIS,), None),
        (Client(7, responsible=VERA), NIGHT, (BORIS,), None),
        (Client(7, responsible=VERA), moment("2026-11-22 12:00"), (BORIS,), None),
    ],
)
def test_the_first_of_a_list_who_is_there(
    client: Client | None, at: float, people: tuple[PersonId, ...], nobody: Why | None
) -> None:
    """Nobody, and who is away, give way to the next in the list."""
    scheme = firm('{ring = ["responsible", "last", "head"], seconds = 5}')
    step = decide(scheme, client, at=at, line=ONWARD, last=[(BORIS, at - 5)]).ladder[0]
    assert (step.target, step.people, step.nobody) == ("responsible, last, head", people, nobody)


def test_a_list_in_which_nobody_is_there_has_the_first_ones_reason() -> None:
    """Whether that is somebody who is away, or nobody at all."""
    scheme = firm('{ring = ["responsible", "last"], seconds = 5}')
    assert decide(scheme).ladder[0].nobody is Why.NO_RESPONSIBLE
    away = decide(scheme, Client(7, responsible=VERA), at=NIGHT, line=ONWARD)
    assert (away.ladder[0].people, away.people[0].away) == ((VERA,), Why.OFF_HOURS)


def test_who_is_on_duty() -> None:
    """Whom the table names at that instant; where it knows the department, but nobody now, there is nobody."""
    always = '[[rules]]\nname = "r"\nwhen = {department = "sales"}\nladder = "default"\n'
    scheme = firm('{ring = "on_duty"}', rules=always)
    saturday = decide(scheme, at=moment("2026-12-05 12:00"))
    assert saturday.ladder[0].people == (VERA, GLEB)
    assert {person.away for person in saturday.people} == {None}
    assert decide(scheme, at=moment("2026-12-07 12:00")).ladder[0].nobody is Why.NOBODY_ON_DUTY


def test_who_is_on_shift_is_on_duty_where_the_table_says_nothing() -> None:
    """Two days on, two days off."""
    scheme = firm('{ring = "on_duty"}')
    shifts = [decide(scheme, at=moment(f"2026-11-0{day} 12:00"), line=ONWARD).ladder[0].people for day in (2, 3, 4, 5)]
    assert shifts == [(PETR,), (PETR,), (), ()]


@pytest.mark.parametrize(
    ("segment", "people", "nobody"),
    [("key", (VERA, PETR), None), (None, (), Why.NO_SEGMENT), ("?", (), Why.NO_SEGMENT)],
)
def test_the_specialists_of_a_segment(segment: str | None, people: tuple[PersonId, ...], nobody: Why | None) -> None:
    """A client without a segment, or with one that has none, reaches nobody by that step."""
    step = decide(firm('{ring = "segment"}'), Client(7, segment=segment), number="+78121234567").ladder[0]
    assert (step.people, step.nobody) == (people, nobody)


@pytest.mark.parametrize(
    ("steps", "client", "people"),
    [
        (("responsible", "higher", "higher", "higher", "higher"), Client(7, responsible=BORIS),
         [(BORIS,), (VERA,), (GLEB,), (IRINA,), ()]),
        (("responsible", "higher", "higher"), None, [(), (GLEB,), (IRINA,)]),
        (("department", "higher"), None, [(ANNA, BORIS, VERA), (GLEB,)]),
        (("head", "responsible", "higher"), ANNAS, [(GLEB,), (ANNA,), (IRINA,)]),
        (("person:petr", "higher", "higher"), None, [(PETR,), (IRINA,), ()]),
    ],
)  # fmt: skip
def test_the_superior_of_the_highest_reached(
    steps: tuple[str, ...], client: Client | None, people: list[tuple[PersonId, ...]]
) -> None:
    """By his own entry, else his department's head, else the owner, over whom there is nobody."""
    chosen = decide(firm(*(f'{{ring = "{target}", seconds = 5}}' for target in steps)), client)
    assert [step.people for step in chosen.ladder] == people
    assert all(step.nobody is Why.NO_SUPERIOR for step in chosen.ladder[1:] if not step.people)


def test_a_circle_of_superiors_ends() -> None:
    """Where two report to each other the ladder goes on all the same; where there is no owner, to nobody."""
    scheme = firm('{ring = "person:boris", seconds = 5}', '{ring = "higher", seconds = 5}', '{ring = "higher"}')
    people = dict(scheme.people)
    people[VERA] = replace(people[VERA], reports_to=BORIS)
    circle = replace(scheme, people=people, company=replace(scheme.company, owner=None))
    assert [step.people for step in decide(circle).ladder] == [(BORIS,), (VERA,), (VERA,)]
    assert superior(circle, PETR, None) is None
    alone = replace(circle, departments={})
    line = replace(scheme.lines["+74951234567"], department=None, hours=None)
    lonely = replace(alone, spelled={"1": line}, ladders={"default": scheme.ladders["default"][1:]})
    assert [step.nobody for step in decide(lonely, line="1").ladder] == [Why.NO_SUPERIOR, Why.NO_SUPERIOR]


ORDERED = '{ring = "department", seconds = 20, order = "ORDER", each = 7}'
TURN = Turn("department", "sales", None)
EVERYBODY = (ANNA, BORIS, VERA)


@pytest.mark.parametrize(
    ("order", "standing", "people"),
    [
        ("listed", Standing(idle_since={ANNA: 1.0}), EVERYBODY),
        ("longest_idle", Standing(idle_since={ANNA: 9.0, BORIS: 5.0}), (VERA, BORIS, ANNA)),
        ("fewest_calls", Standing(calls_today={ANNA: 2, VERA: 1}), (BORIS, VERA, ANNA)),
        ("round_robin", Standing(began={TURN: ANNA}), (BORIS, VERA, ANNA)),
        ("round_robin", Standing(began={TURN: VERA}), EVERYBODY),
        ("round_robin", Standing(began={TURN: GLEB}), EVERYBODY),
        ("round_robin", Standing(), EVERYBODY),
    ],
)
def test_people_ring_in_order(order: str, standing: Standing, people: tuple[PersonId, ...]) -> None:
    """One at a time unless the step says otherwise; what is not known leaves them as they are listed."""
    step = decide(firm(ORDERED.replace("ORDER", order)), standing=standing).ladder[0]
    assert step == Step(Action.RING, "department", people, 20, IfBusy.WAIT, at_once=1, each=7)


def test_only_what_a_ladder_needs_is_asked() -> None:
    """The day begins at midnight of the scheme's zone; who rings alone has no order."""
    asked = decide(firm(ORDERED.replace("ORDER", "fewest_calls"))).asks
    assert asked == Asks(0, frozenset({Order.FEWEST_CALLS}), frozenset(EVERYBODY), moment("2026-11-23"))
    assert decide(firm(ORDERED.replace("ORDER", "longest_idle"))).asks.orders == {Order.LONGEST_IDLE}
    assert decide(firm(ORDERED.replace("ORDER", "round_robin"))).asks == Asks(turns=((TURN, EVERYBODY),))
    key = firm('{ring = "segment", order = "round_robin"}')
    assert decide(key, Client(7, segment="key")).asks.turns == ((Turn("segment", "sales", "key"), (VERA, PETR)),)
    for nothing in ('{ring = "head", order = "longest_idle"}', ORDERED.replace("ORDER", "listed")):
        assert decide(firm(nothing)).asks == Asks()
    assert decide(firm(ORDERED.replace("ORDER", "round_robin")), at=None).asks == Asks()
