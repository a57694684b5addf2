"""Steps that ring so many at once: what a story does not show, whole commands at a time."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, machine
from callrouter.core.ladder import guard_of
from callrouter.core.words import Action, IfBusy, Result, Why
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    PEOPLE,
    RESPONSIBLE,
    VERA,
    T,
    arrived,
    ask,
    away,
    elapsed,
    ended,
    found,
    hang_up,
    last,
    leg,
    live,
    ring,
    rings,
)

LISTED = replace(DEPARTMENT, seconds=30.0, at_once=1, each=10.0)
CALL = arrived(LISTED)
ANNA_RINGS = (found(0, 1, ANNA), rings(0, 1, 1, ANNA))
BORIS_RINGS = (*ANNA_RINGS, elapsed(10), found(10, 1, BORIS), rings(10, 1, 2, BORIS))


def test_the_deadline_is_the_end_of_a_turn() -> None:
    """Ten seconds for each, thirty for all; while the next one is asked about it is the step's end."""
    assert machine.deadline(live(CALL, *ANNA_RINGS)) == T + 10
    assert machine.deadline(live(CALL, *ANNA_RINGS, elapsed(10))) == T + 30
    assert machine.deadline(live(CALL, *BORIS_RINGS)) == T + 20
    assert last(CALL, *ANNA_RINGS, elapsed(9)) == []


def test_the_last_turn_ends_with_the_step() -> None:
    """A turn never outlasts its step."""
    short = arrived(replace(LISTED, seconds=15.0))
    assert machine.deadline(live(short, *BORIS_RINGS)) == T + 15


def test_until() -> None:
    """Asterisk stops a phone of any turn after the step, and after later steps it is in; the guard is the ladder's."""
    assert last(CALL, found(0, 1, ANNA)) == [ring(1, 1, ANNA, 32)]
    assert last(CALL, *BORIS_RINGS[:4]) == [hang_up(1, 1, ANNA, Result.NO_ANSWER), ring(1, 2, BORIS, 32)]
    assert last(arrived(LISTED, DEPARTMENT), found(0, 1, ANNA)) == [ring(1, 1, ANNA, 42)]
    assert guard_of((LISTED, DEPARTMENT), 60.0) == 30 + 10 + 120 + 15


def test_a_turn_of_a_late_phone_is_as_long() -> None:
    """Asterisk was silent for two seconds: both the turn and the step end two seconds later."""
    call = live(CALL, *ANNA_RINGS, ev.LegDelayed(T + 2, leg(1, 1, ANNA), 2.0))
    assert (call.steps[-1].turn_until, call.legs[0].until) == (T + 12, T + 34)


def test_a_turn_of_its_own() -> None:
    """Who rings because the one before dropped out has all of his seconds; of two, the other's turn goes on."""
    dropped = ended(4, 1, 1, ANNA, ev.End.BUSY)
    assert last(CALL, *ANNA_RINGS, dropped) == [ask(1, BORIS)]
    assert machine.deadline(live(CALL, *ANNA_RINGS, dropped, found(4, 1, BORIS))) == T + 14
    two = arrived(replace(LISTED, at_once=2))
    call = live(two, found(0, 1, ANNA, BORIS), rings(0, 1, 1, ANNA), dropped, found(4, 1, VERA))
    assert machine.deadline(call) == T + 10


def test_nobody_is_left_and_a_colleague_is_busy() -> None:
    """The last phone rings on for as long as somebody is waited for; with `skip` the step ends."""
    busy = (found(0, 1, ev.Busy(ANNA)), found(0, 1, BORIS), elapsed(10), found(10, 1, away(VERA)))
    call = live(CALL, *busy)
    assert (len(call.steps), machine.deadline(call)) == (1, T + 30)
    skips = arrived(replace(LISTED, if_busy=IfBusy.SKIP), HEAD)
    assert last(skips, *busy) == [ask(2, GLEB)]


def test_who_is_asked_about_when_the_turn_ends() -> None:
    """The turn ends while a question is open: nobody else is asked about, and whoever is found takes over."""
    two = arrived(replace(LISTED, at_once=2))
    asked = (found(0, 1, ANNA, away(BORIS)), rings(0, 1, 1, ANNA), elapsed(10))
    assert last(two, *asked[:1]) == [ring(1, 1, ANNA, 32), ask(1, VERA)]
    assert last(two, *asked) == []
    assert last(two, *asked, found(11, 1, VERA)) == [hang_up(1, 1, ANNA, Result.NO_ANSWER), ring(1, 2, VERA, 32)]


def test_who_drops_out_while_others_are_asked_about() -> None:
    """Before the step has begun the phones of the step before come and go, and nobody is asked twice."""
    ladder = arrived(RESPONSIBLE, replace(LISTED, people=(BORIS, VERA)))
    events = (found(0, 1, ANNA), rings(0, 1, 1, ANNA), elapsed(10), ended(10, 1, 1, ANNA))
    assert last(ladder, *events[:3]) == [ask(2, BORIS)]
    assert last(ladder, *events) == []
    assert last(ladder, *events, found(10, 2, away(BORIS))) == [ask(2, VERA)]


def test_asterisk_stops_a_phone_in_its_turn() -> None:
    """Who was rung for all of his time has had his turn: the next one is asked about."""
    call = live(CALL, *ANNA_RINGS)
    call = replace(call, legs=(replace(call.legs[0], until=T + 5),))
    assert machine.advance(call, ended(5, 1, 1, ANNA))[1] == (ask(1, BORIS),)


def test_the_responsible_has_no_second_turn_in_an_add() -> None:
    """A step that adds ends early only when no other phone of the call rings."""
    ladder = arrived(HEAD, replace(LISTED, action=Action.ADD, people=(ANNA,)), replace(HEAD, people=(VERA,)))
    events = (found(0, 1, GLEB), rings(0, 1, 1, GLEB), elapsed(10), found(10, 2, ANNA), elapsed(20))
    assert last(ladder, *events) == []
    assert last(ladder, *events, ended(21, 1, 1, GLEB)) == [ask(3, VERA)]


def test_freed_without_room() -> None:
    """Who becomes free while another rings waits for his turn, in his order, and is not watched meanwhile."""
    call = live(CALL, found(0, 1, ev.Busy(ANNA)), found(0, 1, BORIS), ev.PersonChanged(T + 3, ANNA))
    assert (call.steps[-1].waiting, call.steps[-1].untried) == (frozenset(), (ANNA, VERA))


def test_a_router_that_comes_back_in_a_turn() -> None:
    """The turn has what was left of it, at the latest until the step ends; who had his turn is not asked about."""
    back = ev.Recovered(T + 60, T + 12)
    call = live(CALL, *BORIS_RINGS, back)
    assert (call.steps[-1].turn_until, machine.deadline(call)) == (T + 68, T + 68)
    assert (call.steps[-1].untried, call.steps[-1].asked) == ((VERA,), frozenset())
    assert last(CALL, *BORIS_RINGS, back, elapsed(68)) == [ask(1, VERA)]


def test_a_phone_that_stopped_meanwhile_has_its_turn_again() -> None:
    """Asterisk's timer, or a crash of the phone: nobody knows; Anna has had her turn and Boris has his again."""
    back = ev.Recovered(T + 60, T + 12, gone=(leg(1, 2, BORIS),))
    assert last(CALL, *BORIS_RINGS, back)[1:] == [ask(1, BORIS)]


def test_killed_while_somebody_was_asked_about() -> None:
    """Nobody answered that question: it is asked again, in the order of the step."""
    back = ev.Recovered(T + 60, T + 1)
    assert last(CALL, back)[1:] == [ask(1, ANNA)]
    waiting = (found(0, 1, ev.Busy(ANNA)), found(0, 1, BORIS), back)
    call = live(CALL, *waiting)
    assert (call.steps[-1].untried, call.steps[-1].asked) == ((ANNA, VERA), frozenset())


def test_away_by_the_scheme() -> None:
    """Nobody is asked about him, also when the router comes back; a step of such people is skipped for that."""
    people = tuple(replace(one, away=Why.OFF_SHIFT) if one.id == ANNA else one for one in PEOPLE)
    assert last(arrived(DEPARTMENT, people=people))[0] == ask(1, BORIS, VERA)
    call = live(arrived(RESPONSIBLE, HEAD, people=people))
    assert call.steps[0].skipped is Why.OFF_SHIFT
    back = last(arrived(DEPARTMENT, people=people), found(0, 1, BORIS), ev.Recovered(T + 9, T + 1))
    assert back[1:] == [ask(1, VERA)]
