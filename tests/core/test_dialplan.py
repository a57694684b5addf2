"""A ladder that the dialplan runs: what it dials, and the row that follows from what it tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import events as ev, machine, outcome
from callrouter.core.call import Call, Phase
from callrouter.core.dialplan import MOST, Rung, rungs
from callrouter.core.ladder import Step
from callrouter.core.words import Action, IfBusy, LostReason, PersonId, Why
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    ID,
    IRINA,
    LADDER,
    OWNER,
    PEOPLE,
    RESPONSIBLE,
    VERA,
    T,
    arrived,
)


def coming(*ladder: Step, away: dict[PersonId, Why] | None = None, **fields: object) -> ev.CallArrived:
    """Return a call that the dialplan serves; who is away is so whatever his phones say."""
    people = tuple(replace(person, away=(away or {}).get(person.id)) for person in PEOPLE)
    return arrived(*(ladder or LADDER), people=people, routed_by="agi", **fields)


def ended(event: ev.CallArrived, *dialled: ev.Dialled, at: float = 90.0, has_run_out: bool = False) -> outcome.CallRow:
    """Return the row of a call of which this was told at its end."""
    call = machine.advance(machine.arrive(ID, event)[0], ev.Reported(T + at, dialled, has_run_out))[0]
    return outcome.row(call)


def dial(rung: int, start: float, end: float, status: str, **more: object) -> ev.Dialled:
    """Return one Dial, in seconds after the arrival."""
    told = {name: value + T if isinstance(value, float) else value for name, value in more.items()}
    return ev.Dialled(rung, T + start, T + end, status, **told)  # type: ignore[arg-type]


def results(row: outcome.CallRow) -> list[tuple[int, str | None, str | None]]:
    """Return the legs: step, person, how they ended."""
    return [(leg.step, leg.person, leg.result) for leg in row.legs]


def test_the_ladder_as_dials() -> None:
    """Each step is a Dial; who is added rings with all who ring."""
    assert rungs(coming()) == (
        Rung(1, (ANNA,), 10.0, 10.0),
        Rung(2, (ANNA, BORIS, VERA), 10.0, 10.0),
        Rung(3, (GLEB,), 10.0, 10.0),
        Rung(4, (GLEB, IRINA), None, None),
    )


def test_who_is_away_is_left_out() -> None:
    """A step in which nobody is left changes nothing: who rings goes on ringing with the next that adds."""
    away = {ANNA: Why.PAUSED, GLEB: Why.UNREACHABLE}
    assert rungs(coming(away=away)) == (Rung(2, (BORIS, VERA), 10.0, 10.0), Rung(4, (BORIS, VERA, IRINA), None, None))
    stranger = replace(RESPONSIBLE, people=(PersonId("nobody"),))
    assert rungs(coming(stranger)) == ()


def test_people_in_turn() -> None:
    """A few at a time are a Dial for each turn, beside those who ring on; with the step's end they stop."""
    turns = Step(Action.RING, "department", (ANNA, BORIS, VERA), 10.0, IfBusy.WAIT, at_once=2, each=4.0)
    first, second = Rung(1, (ANNA, BORIS), 4.0, 10.0), Rung(1, (VERA,), 4.0, 10.0)
    assert rungs(coming(turns, OWNER)) == (first, second, Rung(2, (IRINA,), None, None))
    adds = replace(turns, action=Action.ADD, each=None)
    assert rungs(coming(HEAD, adds)) == (
        Rung(1, (GLEB,), 10.0, 10.0),
        Rung(2, (GLEB, ANNA, BORIS), 10.0, 10.0),
        Rung(2, (GLEB, VERA), 10.0, 10.0),
    )
    many = replace(turns, people=(ANNA, BORIS, VERA), at_once=1)
    assert len(rungs(coming(*(many,) * 40))) == MOST


def test_answered_in_the_second_step() -> None:
    """The winner talked, his colleagues' phones stopped, who rang before rang in vain."""
    row = ended(
        coming(),
        dial(1, 0.1, 10.1, "NOANSWER", ringing_at=0.2),
        dial(2, 10.2, 70.0, "ANSWER", ringing_at=10.3, answered_at=15.0, phone="PJSIP/102"),
        at=70.2,
    )
    assert (row.outcome, row.answered_by, row.answered_step, row.routed_by) == ("answered", BORIS, 2, "agi")
    assert (row.answered_at, row.ended_at, row.lost_reason) == (T + 15.0, T + 70.2, None)
    assert row.talk == (outcome.TalkRow(BORIS, T + 15.0, T + 70.0),)
    assert results(row) == [
        (1, ANNA, "no_answer"),
        (2, ANNA, "elsewhere"),
        (2, BORIS, "answered"),
        (2, VERA, "elsewhere"),
    ]
    assert [leg.ringing_at for leg in row.legs] == [T + 0.2, None, None, None], "who of several rang is not known"
    assert [(step.step, step.skipped, step.ended_at) for step in row.steps] == [
        (1, None, T + 10.1),
        (2, None, T + 15.0),
    ]


def test_a_stranger_to_the_step_picks_up() -> None:
    """A phone that is nobody's in the step is a leg of nobody's."""
    row = ended(coming(), dial(1, 0.0, 9.0, "ANSWER", answered_at=5.0, phone="PJSIP/199"))
    assert results(row) == [(1, ANNA, "elsewhere"), (1, None, "answered")]
    assert (row.outcome, row.answered_by, row.legs[1].phone) == ("answered", None, "PJSIP/199")


def test_the_ladder_runs_out() -> None:
    """Skipped steps stand where they were, with their reasons; somebody rang, so nobody answered."""
    row = ended(
        coming(away={ANNA: Why.ABSENT, IRINA: Why.UNREACHABLE}),
        dial(1, 0.0, 10.0, "NOANSWER", ringing_at=0.1),
        dial(2, 10.0, 10.5, "BUSY"),
        dial(9, 10.0, 10.5, "a rung that is not there"),
        has_run_out=True,
    )
    assert (row.outcome, row.lost_reason, row.lost_step) == ("lost", LostReason.NO_ANSWER, None)
    shown = [(step.step, step.skipped, step.started_at - T, step.passed) for step in row.steps]
    assert shown == [
        (1, Why.ABSENT, 0.0, ((ANNA, Why.ABSENT),)),
        (2, None, 0.0, ((ANNA, Why.ABSENT),)),
        (3, None, 10.0, ()),
        (4, Why.UNREACHABLE, 10.5, ((IRINA, Why.UNREACHABLE),)),
    ]
    assert results(row) == [(2, BORIS, "no_answer"), (2, VERA, "no_answer"), (3, GLEB, "busy")]


def test_a_dialplan_that_does_not_run_the_whole_ladder() -> None:
    """Steps that it had phones for and did not dial were not reached."""
    row = ended(coming(away={IRINA: Why.PAUSED}), dial(1, 0.0, 10.0, "NOANSWER", ringing_at=0.1), has_run_out=True)
    assert [(step.step, step.skipped) for step in row.steps] == [(1, None)]
    row = ended(coming(RESPONSIBLE, HEAD, away={ANNA: Why.PAUSED}), has_run_out=True)
    assert [(step.step, step.skipped) for step in row.steps] == [(1, Why.PAUSED)]


@pytest.mark.parametrize("status", ["CHANUNAVAIL", "CONGESTION", "NOANSWER", ""])
def test_nobody_could_be_reached(status: str) -> None:
    """Phones that never rang were not there."""
    row = ended(coming(RESPONSIBLE), dial(1, 0.0, 1.0, status), has_run_out=True)
    assert (row.lost_reason, results(row)) == (LostReason.UNREACHABLE, [(1, ANNA, "unreachable")])


def test_the_caller_leaves() -> None:
    """In the step that runs, before the first, and after a refusal."""
    row = ended(coming(), dial(1, 0.0, 10.0, "NOANSWER", ringing_at=1.0), dial(2, 10.0, 12.0, "CANCEL"), at=12.0)
    assert (row.lost_reason, row.lost_step, results(row)[1:]) == (
        LostReason.ABANDONED,
        2,
        [(2, ANNA, "cancelled"), (2, BORIS, "cancelled"), (2, VERA, "cancelled")],
    )
    row = ended(coming())
    assert (row.lost_reason, row.lost_step, row.steps) == (LostReason.ABANDONED, None, ())
    row = ended(coming(refusal=LostReason.REJECTED), has_run_out=True)
    assert row.lost_reason is LostReason.REJECTED
    row = ended(coming(DEPARTMENT, is_closed=True), dial(1, 0.0, 10.0, "NOANSWER"), has_run_out=True)
    assert row.lost_reason is LostReason.CLOSED


def test_nothing_else_happens_to_such_a_call() -> None:
    """It has no deadline and no commands, and whatever is heard of it changes nothing until its end is told, once."""
    call, commands = machine.arrive(ID, coming())
    assert (call.phase, commands, machine.deadline(call)) == (Phase.DIALPLAN, (), None)
    others: list[ev.Event] = [ev.Elapsed(T + 99), ev.CallerGone(T), ev.Found(T, 1, ()), ev.RouterFailed(T, "a defect")]
    for event in others:
        assert machine.advance(call, event) == (call, ())
    over = machine.advance(call, ev.Reported(T + 1, recording="/a.wav"))[0]
    assert outcome.row(over).recording == "/a.wav"
    assert machine.advance(over, ev.Reported(T + 2, has_run_out=True)) == (over, ())
    of_router: Call = machine.arrive(ID, arrived())[0]
    assert machine.advance(of_router, ev.Reported(T + 1)) == (of_router, ())
