"""What a ladder wants done, whole commands at a time: who is asked about, who rings, who stops, what is skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Phase
from callrouter.core.ladder import Step
from callrouter.core.words import Action, IfBusy, LostReason, PersonId, Result, Why
from tests.core import calls
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    IRINA,
    OWNER,
    RESPONSIBLE,
    VERA,
    arrived,
    ask,
    away,
    elapsed,
    ended,
    found,
    free,
    hang_up,
    last,
    let_go,
    live,
    picks_up,
    ring,
    rings,
)

ANNA_RINGS = (found(0, 1, ANNA), rings(0, 1, 1, ANNA))
DEPARTMENT_RINGS = (*ANNA_RINGS, elapsed(10), found(10, 2, BORIS, VERA), rings(10, 2, 2, BORIS), rings(10, 2, 3, VERA))
HEAD_RINGS = (*DEPARTMENT_RINGS, elapsed(20), found(20, 3, GLEB), rings(20, 3, 4, GLEB))
ALL_BUSY = found(0, 1, ev.Busy(ANNA), ev.Busy(BORIS), ev.Busy(VERA))

NO_ANSWER, UNREACHABLE = LostReason.NO_ANSWER, LostReason.UNREACHABLE
CASES: dict[str, tuple[ev.CallArrived, tuple[ev.Event, ...], list[cm.Command]]] = {
    "the first step asks about its people": (arrived(), (), [ask(1, ANNA)]),
    "who is free is rung, until the latest end of the last step he could ring in": (
        arrived(),
        (found(0, 1, ANNA),),
        [ring(1, 1, ANNA, 62)],
    ),
    "who rings already is not asked about": (arrived(), (*ANNA_RINGS, elapsed(10)), [ask(2, BORIS, VERA)]),
    "the responsible rings on": (
        arrived(),
        (*ANNA_RINGS, elapsed(10), found(10, 2, BORIS, VERA)),
        [ring(2, 2, BORIS, 62), ring(2, 3, VERA, 62)],
    ),
    "a ring stops who is not in it": (
        arrived(),
        (*DEPARTMENT_RINGS, elapsed(20), found(20, 3, GLEB)),
        [
            hang_up(1, 1, ANNA, Result.NO_ANSWER),
            hang_up(2, 2, BORIS, Result.NO_ANSWER),
            hang_up(2, 3, VERA, Result.NO_ANSWER),
            ring(3, 4, GLEB, 62),
        ],
    ),
    "an add stops nobody, and rings until a minute after the arrival": (
        arrived(),
        (*HEAD_RINGS, elapsed(30), found(30, 4, IRINA)),
        [ring(4, 5, IRINA, 62)],
    ),
    "a skipped step changes nothing": (
        arrived(),
        (*DEPARTMENT_RINGS, elapsed(20), found(20, 3, away(GLEB)), found(20, 4, IRINA)),
        [ring(4, 4, IRINA, 62)],
    ),
    "the ladder has run out": (
        arrived(),
        (*HEAD_RINGS, elapsed(30), found(30, 4, away(IRINA))),
        [hang_up(3, 4, GLEB, Result.NO_ANSWER), let_go(lost=NO_ANSWER)],
    ),
    "the line's prompt comes before the end": (
        arrived(HEAD, prompt="sound:sorry"),
        (found(0, 1, away(GLEB)),),
        [cm.Play("caller", "sound:sorry")],
    ),
    "an empty ladder has run out at once": (replace(arrived(), ladder=()), (), [let_go(lost=UNREACHABLE)]),
    "each contact of a phone rings": (
        arrived(HEAD),
        (found(0, 1, free(GLEB, 2)),),
        [ring(1, 1, GLEB, 12), ring(1, 2, GLEB, 12, of=2)],
    ),
    "somebody free without a contact is unreachable": (
        arrived(HEAD),
        (found(0, 1, free(GLEB, 0)),),
        [let_go(lost=UNREACHABLE)],
    ),
    "a department waits while all are busy": (arrived(DEPARTMENT), (ALL_BUSY,), []),
    "a person who is busy is not waited for": (arrived(), (found(0, 1, ev.Busy(ANNA)),), [ask(2, ANNA, BORIS, VERA)]),
    "a step that holds stops who is not in it": (
        arrived(HEAD, DEPARTMENT),
        (
            found(0, 1, GLEB),
            rings(0, 1, 1, GLEB),
            elapsed(10),
            found(10, 2, ev.Busy(ANNA), ev.Busy(BORIS), ev.Busy(VERA)),
        ),
        [hang_up(1, 1, GLEB, Result.NO_ANSWER)],
    ),
    "who may be free is asked about": (arrived(DEPARTMENT), (ALL_BUSY, ev.PersonChanged(1003, VERA)), [ask(1, VERA)]),
    "who is being asked about is not asked about again": (
        arrived(DEPARTMENT),
        (ALL_BUSY, ev.PersonChanged(1003, VERA), ev.PersonChanged(1003, VERA)),
        [],
    ),
    "who was not waited for is not asked about": (arrived(DEPARTMENT), (ALL_BUSY, ev.PersonChanged(1003, GLEB)), []),
    "who was freed rings until the end of the step": (
        arrived(DEPARTMENT),
        (ALL_BUSY, ev.PersonChanged(1003, VERA), found(3, 1, VERA)),
        [ring(1, 1, VERA, 12)],
    ),
    "the last who was waited for is away: the step ends early": (
        arrived(DEPARTMENT, HEAD),
        (found(0, 1, ev.Busy(ANNA), away(BORIS), away(VERA)), ev.PersonChanged(1003, ANNA), found(3, 1, away(ANNA))),
        [ask(2, GLEB)],
    ),
    "an answer to an earlier step's question comes too late": (
        arrived(RESPONSIBLE, HEAD),
        (elapsed(10), found(10, 1, ANNA)),
        [],
    ),
    "who refused is not asked about, and a step of his alone is skipped": (
        arrived(RESPONSIBLE, RESPONSIBLE, DEPARTMENT),
        (*ANNA_RINGS, ended(3, 1, 1, ANNA, ev.End.BUSY)),
        [ask(3, BORIS, VERA)],
    ),
    "who was busy without ringing is asked about again": (
        arrived(),
        (found(0, 1, ANNA), ended(0, 1, 1, ANNA, ev.End.BUSY)),
        [ask(2, ANNA, BORIS, VERA)],
    ),
    "the other phones of one who refused stop": (
        arrived(HEAD),
        (found(0, 1, free(GLEB, 3)), rings(0, 1, 1, GLEB), rings(0, 1, 2, GLEB), ended(2, 1, 1, GLEB)),
        [hang_up(1, 2, GLEB, Result.NO_ANSWER), hang_up(1, 3, GLEB, Result.UNREACHABLE), let_go(lost=NO_ANSWER)],
    ),
    "a phone that was not reached leaves the others of that person ringing": (
        arrived(HEAD),
        (found(0, 1, free(GLEB, 2)), rings(0, 1, 2, GLEB), ended(2, 1, 1, GLEB)),
        [],
    ),
    "an add goes on while another phone of the call rings": (
        arrived(HEAD, OWNER),
        (found(0, 1, GLEB), rings(0, 1, 1, GLEB), elapsed(10), found(10, 2, IRINA), ended(11, 2, 2, IRINA)),
        [],
    ),
    "an add ends early when no phone rings": (
        arrived(HEAD, OWNER),
        (
            found(0, 1, GLEB),
            rings(0, 1, 1, GLEB),
            elapsed(10),
            found(10, 2, IRINA),
            ended(11, 2, 2, IRINA),
            ended(12, 1, 1, GLEB),
        ),
        [let_go(lost=NO_ANSWER)],
    ),
    "a step whose question was never answered gives way to the next": (
        arrived(RESPONSIBLE, HEAD),
        (elapsed(10),),
        [ask(2, GLEB)],
    ),
    "an answer that took longer than the step rings nobody": (
        arrived(RESPONSIBLE, HEAD),
        (found(10, 1, ANNA),),
        [ask(2, GLEB)],
    ),
    "the deadline has not come yet": (arrived(), (*ANNA_RINGS, elapsed(9.9)), []),
    "a pick-up stops the others before a bridge is touched": (
        arrived(DEPARTMENT),
        (found(0, 1, ANNA, BORIS, VERA), picks_up(3, 1, 2, BORIS)),
        [
            hang_up(1, 1, ANNA, Result.ELSEWHERE),
            hang_up(1, 3, VERA, Result.ELSEWHERE),
            calls.connect(calls.leg(1, 2, BORIS)),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    """The last event leads to exactly these commands."""
    event, events, commands = CASES[case]
    assert last(event, *events) == commands


def test_skips() -> None:
    """A skipped step has its reason, the same instant twice, and everybody considered in it."""
    two = Step(Action.RING, "two", (ANNA, GLEB), 10.0, IfBusy.SKIP)
    call = live(arrived(two, HEAD), found(0.1, 1, ev.Busy(ANNA), away(GLEB, Why.PAUSED)))
    skipped = call.steps[0]
    assert (skipped.started_at, skipped.ended_at, skipped.skipped) == (1000, 1000, Why.BUSY)
    assert skipped.passed == ((ANNA, Why.BUSY), (GLEB, Why.PAUSED))


def test_nobody() -> None:
    """A step without people is skipped for its own reason, or because its people are unknown."""
    nobody = replace(RESPONSIBLE, people=(), nobody=Why.NO_RESPONSIBLE)
    call = live(arrived(nobody, replace(nobody, nobody=None), HEAD))
    assert [run.skipped for run in call.steps] == [Why.NO_RESPONSIBLE, Why.UNKNOWN_PERSON, None]


def test_stranger_in_a_step() -> None:
    """A step that names somebody whom the arrival does not know is asked about all the same."""
    stranger = PersonId("stranger")
    commands = last(arrived(replace(HEAD, people=(stranger,))))
    assert [one.people[0].id for one in commands if isinstance(one, cm.Ask)] == [stranger]


@pytest.mark.parametrize(
    ("fields", "person", "shows"),
    [
        ({}, ANNA, "Ромашка"),
        ({}, GLEB, "Ромашка · Анна Петрова"),
        ({"responsible": None}, GLEB, "Ромашка"),
        ({"responsible": None, "client": None}, GLEB, "+79161234567"),
        ({"responsible": None, "client": None, "caller": None}, GLEB, "89161234567"),
    ],
)
def test_display(fields: dict[str, object], person: PersonId, shows: str) -> None:
    """The phone shows client and responsible, on the responsible's own only the client, else the number."""
    step = replace(HEAD, people=(person,))
    commands = last(arrived(step, **fields), found(0, 1, person))
    assert [one.shows for one in commands if isinstance(one, cm.Ring)] == [shows]


def test_deadlines() -> None:
    """Each phase has its deadline, and a conversation has none."""
    assert machine.deadline(live(arrived())) == 1010
    assert machine.deadline(live(arrived(OWNER))) == 1060
    connecting = (found(0, 1, ANNA), picks_up(3, 1, 1, ANNA))
    assert machine.deadline(live(arrived(), *connecting)) == 1008
    assert machine.deadline(live(arrived(), *connecting, *calls.joined(3, 1, 1, ANNA))) is None
    assert machine.deadline(live(arrived(HEAD, prompt="sound:x"), found(0, 1, away(GLEB)))) == 1120
    assert machine.deadline(live(arrived(HEAD), found(0, 1, away(GLEB)))) == 1005
    assert machine.deadline(live(arrived(), *ANNA_RINGS, calls.gone(4))) == 1004.5


def test_last_step_too_late() -> None:
    """A last step without seconds whose time is over before it begins is never reached."""
    call = live(arrived(HEAD, OWNER, ring_at_most=10.0), found(0, 1, GLEB), elapsed(10))
    assert call.phase is Phase.LEAVING
    assert [run.step for run in call.steps] == [1]


ONLY_ANNA = replace(DEPARTMENT, people=(ANNA,))
BOTH_PHONES = ev.Found(calls.T, 1, (free(ANNA, 2),))
TAKEN = ended(0, 1, 1, ANNA, ev.End.TAKEN)


def test_who_is_rung_by_another_workers_call_is_waited_for() -> None:
    """Her phone was another call's an instant before: she is busy on all her phones, and asked again when free."""
    event = arrived(ONLY_ANNA)
    assert last(event, BOTH_PHONES, TAKEN) == [hang_up(1, 2, ANNA, Result.BUSY)]
    call = live(event, BOTH_PHONES, TAKEN)
    assert (call.steps[-1].waiting, call.steps[-1].passed) == (frozenset({ANNA}), ((ANNA, Why.BUSY),))
    assert call.legs[0].result is Result.BUSY
    assert last(event, BOTH_PHONES, TAKEN, ev.PersonChanged(calls.T + 1, ANNA)) == [ask(1, ANNA)]


def test_who_is_taken_is_not_waited_for_where_nobody_waits() -> None:
    """A step that does not wait for who is busy ends; whose step is over is nobody the next one waits for."""
    assert last(arrived(replace(ONLY_ANNA, if_busy=IfBusy.SKIP), HEAD), found(0, 1, ANNA), TAKEN) == [ask(2, GLEB)]
    added = arrived(ONLY_ANNA, replace(HEAD, action=Action.ADD))
    call = live(added, found(0, 1, ANNA), elapsed(10), found(10, 2, GLEB), TAKEN)
    assert (len(call.steps), call.steps[-1].waiting) == (2, frozenset())
