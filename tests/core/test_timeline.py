"""What a call's ladder did: who rang in which step, who did not and why, in lines that anybody can read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core.call import Call, Leg, LegState, StepRun
from callrouter.core.events import CallArrived
from callrouter.core.ladder import Person, Step
from callrouter.core.story import climbed, introduced
from callrouter.core.timeline import Rung, timeline
from callrouter.core.words import Action, CallId, IfBusy, LegId, LostReason, PersonId, Why

ANNA, BORIS, GLEB = PersonId("anna"), PersonId("boris"), PersonId("gleb")
RESPONSIBLE = Step(Action.RING, "responsible", (ANNA,), 10.0, IfBusy.SKIP)
DEPARTMENT = Step(Action.RING, "department", (ANNA, BORIS), 10.0, IfBusy.WAIT)
HEAD = Step(Action.ADD, "head", (GLEB,), None, IfBusy.SKIP)
ARRIVED = CallArrived(
    at=100.0,
    arrived_at=100.0,
    asterisk_id="1",
    line="+74951234567",
    caller="+79161234567",
    caller_raw="",
    ladder=(RESPONSIBLE, DEPARTMENT, HEAD),
    people=tuple(Person(key, key, (f"PJSIP/{key}",)) for key in (ANNA, BORIS, GLEB)),
)


def leg(person: PersonId | None, step: int, start: float, end: float | None) -> Leg:
    """Return a leg that rang from second to second."""
    ended = None if end is None else 100.0 + end
    name = LegId(f"c.{step}.{start}.{person}")
    return Leg(name, person, "PJSIP/x", step, LegState.RINGING, 100.0 + start, 200.0, ended_at=ended)


def told(steps: tuple[StepRun, ...], legs: tuple[Leg, ...], *ladder: Step) -> list[str]:
    """Return the lines of a call with these steps and legs."""
    arrived = replace(ARRIVED, ladder=ladder or ARRIVED.ladder)
    call = Call(CallId("c"), arrived, "1", steps=steps, legs=legs)
    return [climbed(stage).strip() for stage in timeline(call)]


def test_who_rings_on_is_of_the_next_step_too() -> None:
    """A leg belongs to every step that it rings in; one that ended as the step began does not."""
    steps = (StepRun(1, 100.0, 110.0), StepRun(2, 110.0, 120.0), StepRun(3, 120.0))
    stopped = leg(GLEB, 1, 0, 10.2)  # our hang-up takes a moment
    legs = (leg(ANNA, 1, 0, None), stopped, leg(BORIS, 2, 10, 20), leg(None, 2, 10, None), leg(GLEB, 3, 20, None))
    call = Call(CallId("c"), ARRIVED, "1", steps=steps, legs=legs)
    stages = timeline(call)
    assert stages[1].rings == (Rung(ANNA, 10.0, None), Rung(BORIS, 10.0, 20.0))
    assert (stages[2].rings_on, stages[2].until) == ((ANNA,), None)
    assert told(steps, legs) == [
        "0.0  1 ring responsible: anna",
        "10.0  2 ring department: anna, boris",
        "20.0  3 add head: gleb; beside anna",
    ]


def test_two_phones_of_one_person_are_one() -> None:
    """He rings from the first on and until the last stops."""
    steps = (StepRun(1, 100.0, 110.0),)
    both = (leg(ANNA, 1, 0, 4), leg(ANNA, 1, 1, 9))
    (stage,) = timeline(Call(CallId("c"), ARRIVED, "1", steps=steps, legs=both))
    assert stage.rings == (Rung(ANNA, 0.0, 9.0),)
    (stage,) = timeline(Call(CallId("c"), ARRIVED, "1", steps=steps, legs=(*both, leg(ANNA, 1, 2, None))))
    assert stage.rings == (Rung(ANNA, 0.0, None),)


def test_each_person_who_does_not_ring_has_a_reason() -> None:
    """Busy, absent with a deputy, without a turn; a step without anybody says why there is nobody."""
    turns = replace(DEPARTMENT, at_once=1)
    for_anna = replace(RESPONSIBLE, people=(BORIS,), deputies=((BORIS, ANNA),))
    nobody = replace(RESPONSIBLE, people=(), nobody=Why.NO_RESPONSIBLE)
    steps = (
        StepRun(1, 100.0, 100.0, skipped=Why.NO_RESPONSIBLE),
        StepRun(2, 100.0, 110.0),
        StepRun(3, 110.0, 120.0, passed=((ANNA, Why.BUSY),)),
        StepRun(4, 120.0, 130.0),
        StepRun(5, 130.0, 130.0, skipped=Why.BUSY, passed=((GLEB, Why.BUSY),)),
        StepRun(6, 130.0),
    )
    legs = (leg(BORIS, 2, 0, 10), leg(BORIS, 3, 13, 20), leg(ANNA, 4, 20, 30))
    assert told(steps, legs, nobody, for_anna, DEPARTMENT, turns, HEAD, turns) == [
        "0.0  1 ring responsible: skipped, no responsible",
        "0.0  2 ring responsible: boris (for anna); not anna absent",
        "10.0  3 ring department: boris at 13.0; not anna busy",
        "20.0  4 ring department: anna; not boris no turn",
        "30.0  5 add head: skipped, busy (gleb busy)",
        "30.0  6 ring department: nobody",
    ]


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        ({}, ["caller    +79161234567, nobody knows him", "line      +74951234567, open",
              "decision  no rule, a document that is not in force"]),
        (
            {"client": "ООО Ромашка", "client_id": 1, "responsible": ANNA, "priority": "A", "segment": "key",
             "stage": "hunter", "attributes": (("region", "Москва"),), "known_from": "table", "also": ("ИП Мак",),
             "department": "sales", "source": "site", "rule": "key clients", "ladder_name": "key",
             "scheme_revision": 3},
            [("caller    +79161234567, ООО Ромашка, client of anna, class A, segment key, stage hunter, region Москва, "
             "by table"),
             "          others have this number too: ИП Мак",
             "line      +74951234567, department sales, source site, open",
             "decision  rule key clients, ladder key, revision 3"],
        ),
        (
            {"caller": None, "known_from": "prefix", "is_closed": True, "ladder": (), "direction": "blocked",
             "refusal": LostReason.REJECTED},
            ["caller    a number that is withheld, blocked, no client, no responsible, by prefix",
             "line      +74951234567, closed",
             "decision  refused, rejected, no rule, no ladder, a document that is not in force"],
        ),
        ({"client_id": 5}, ["caller    +79161234567, a client without a name, no responsible",
                            "line      +74951234567, open", "decision  no rule, a document that is not in force"]),
    ],
)  # fmt: skip
def test_what_was_known_and_decided_is_told(fields: dict[str, object], lines: list[str]) -> None:
    """Who calls, by whom he is known, the line, and by which rule, ladder and revision it goes."""
    assert [*introduced(replace(ARRIVED, **fields))] == lines  # type: ignore[arg-type]
