"""Asterisk has the caller together with somebody, and the records do not: they go on, and nobody else is called for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import commands as cm, events as ev, legs, machine
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.outcome import row
from callrouter.core.recorded import PickedUp
from callrouter.core.words import LegId, LostReason, PersonId, Result
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
    arrived as calls,
    connect,
    found,
    gone,
    hang_up,
    joined,
    leg,
    live,
    picks_up,
    rings,
)

BRIDGE = "c.bridge1"
ANNAS = PickedUp(leg(1, 1, ANNA), ANNA, "PJSIP/101", 1, T, T + 3, BRIDGE)
GLEBS = PickedUp(leg(3, 5, GLEB), GLEB, "PJSIP/110", 3, T + 20, T + 23, BRIDGE)
BACK = ev.Recovered(T + 30, T + 2, picked_up=ANNAS)
TOGETHER = cm.Connect("caller", ANNAS.leg, BRIDGE)
"""It makes no difference to two who are together: they are marked, and their time begins anew."""


def after(call: Call, *events: ev.Event) -> tuple[Call, tuple[cm.Command, ...]]:
    """Return the call after these events, and what the last of them led to."""
    commands: tuple[cm.Command, ...] = ()
    for event in events:
        call, commands = machine.advance(call, event)
    return call, commands


def test_who_rang_by_the_records_and_talks_goes_on() -> None:
    """Killed before a word of the answer was shipped: no phone is rung, who rings beside them stops."""
    call = live(calls(DEPARTMENT), found(0, 1, ANNA, BORIS), rings(1, 1, 1, ANNA), rings(1, 1, 2, BORIS))
    call, commands = after(call, replace(BACK, gone=(leg(1, 3, VERA),)))
    assert commands == (hang_up(1, 2, BORIS, Result.ELSEWHERE), TOGETHER)
    call, commands = after(call, gone(40), ev.LegEnded(T + 40, ANNAS.leg, ev.End.REFUSED))
    told = row(after(call, ev.LegEnded(T + 40, leg(1, 2, BORIS), ev.End.REFUSED))[0])
    assert (told.outcome, told.answered_by, told.answered_at, told.ended_at) == ("answered", ANNA, T + 3, T + 40)
    assert [(one.started_at, one.ended_at) for one in told.talk] == [(T + 3, T + 40)]
    assert told.recovered


def test_a_call_that_no_record_knows_goes_on_as_it_stands() -> None:
    """Only its arrival is made up from what Asterisk has: it was answered in the third step, by Gleb."""
    call, commands = after(live(calls()), ev.Recovered(T + 30, T + 23, picked_up=GLEBS))
    assert commands == (cm.Connect("caller", GLEBS.leg, BRIDGE),)
    assert (call.phase, machine.deadline(call)) == (Phase.TALKING, None)
    told = row(after(call, ev.LegEnded(T + 40, GLEBS.leg, ev.End.REFUSED), gone(41))[0])
    assert (told.outcome, told.answered_by, told.answered_step, told.answered_at) == ("answered", GLEB, 3, T + 23)
    steps = [(step.step, step.started_at, step.ended_at) for step in told.steps]
    assert steps == [(1, T, T + 20), (2, T + 20, T + 20), (3, T + 20, T + 23)]
    assert [(one.person, one.ended_at) for one in told.talk] == [(GLEB, T + 40)]


def test_a_conversation_on_a_line_that_is_no_longer_known_goes_on() -> None:
    """The scheme has changed meanwhile: nobody is sent to the fallback out of a conversation."""
    call, commands = after(live(calls(refusal=LostReason.FAILURE)), BACK)
    assert commands == (TOGETHER,)
    told = row(after(call, gone(40), ev.LegEnded(T + 40, ANNAS.leg, ev.End.REFUSED))[0])
    assert (told.outcome, told.lost_reason, told.answered_by) == ("answered", None, ANNA)
    empty = replace(live(calls()), arrived=calls(), steps=())
    empty = replace(empty, arrived=replace(empty.arrived, ladder=()))
    assert after(empty, BACK)[0].answered_step is None


def test_a_conversation_that_no_ladder_led_to_may_be_transferred() -> None:
    """It counts for the step in which its leg began."""
    call, _ = after(live(calls(refusal=LostReason.FAILURE)), BACK)
    call, commands = after(call, ev.LegReplaced(T + 35, ANNAS.leg, LegId("new"), "PJSIP/102", BORIS))
    told = row(after(call, gone(40), ev.LegEnded(T + 40, LegId("new"), ev.End.REFUSED))[0])
    assert commands == ()
    assert [(one.person, one.step, one.result) for one in told.legs] == [
        (ANNA, 1, Result.ANSWERED),
        (BORIS, 1, Result.ANSWERED),
    ]
    assert [(one.person, one.started_at, one.ended_at) for one in told.talk] == [
        (ANNA, T + 3, T + 35),
        (BORIS, T + 35, T + 40),
    ]


@pytest.mark.parametrize("bridge", [None, BRIDGE])
def test_an_announcement_stops_before_anything_else_is_told(bridge: str | None) -> None:
    """Asterisk would let it wait behind what is announced: the guard, and what brings the two together."""
    says = replace(DEPARTMENT, announce="sound:moment")
    call = live(calls(says), found(0, 1, ANNA), rings(1, 1, 1, ANNA))
    _, commands = after(call, replace(BACK, picked_up=replace(ANNAS, bridge=bridge)))
    assert commands[0] == cm.Hush(("c.announcement1",))
    assert TOGETHER in commands


def test_two_who_were_being_connected_are_left_as_they_are() -> None:
    """They are together already: no bridge is changed under them, and one that is not theirs is closed."""
    call = live(calls(RESPONSIBLE), found(0, 1, ANNA), picks_up(3, 1, 1, ANNA))
    assert after(call, BACK)[1] == (TOGETHER,)
    elsewhere = replace(BACK, picked_up=replace(ANNAS, bridge="c.bridge2"))
    call, commands = after(call, elsewhere)
    assert commands == (cm.CloseBridge(BRIDGE), replace(TOGETHER, bridge="c.bridge2"))
    assert call.answered_at == T + 3


def test_an_answer_of_the_last_moment_is_connected() -> None:
    """Up, and not in a bridge: the ladder does not climb on, and the guard begins anew."""
    call = live(calls(RESPONSIBLE, HEAD), found(0, 1, ANNA), rings(1, 1, 1, ANNA))
    call, commands = after(call, replace(BACK, picked_up=replace(ANNAS, bridge=None)))
    assert commands == (cm.Guard("caller", 155), connect(ANNAS.leg))
    call, _ = after(call, *joined(31, 1, 1, ANNA))
    assert (call.phase, call.answered_at) == (Phase.TALKING, T + 3)


def test_a_leg_that_is_up_and_not_the_winner_changes_nothing() -> None:
    """Boris crossed with our hang-up: Anna's conversation goes on, whatever Asterisk has of him."""
    boris = PickedUp(leg(1, 2, BORIS), BORIS, "PJSIP/102", 1, T, T + 3)
    call = live(calls(DEPARTMENT), found(0, 1, ANNA, BORIS), picks_up(3, 1, 1, ANNA))
    bridged = after(call, *joined(3, 1, 1, ANNA))[0]
    assert after(bridged, replace(BACK, picked_up=boris))[1] == ()
    assert after(bridged, BACK)[1] == ()
    stray = replace(boris, leg=leg(1, 7, BORIS))
    assert after(bridged, replace(BACK, picked_up=stray))[1] == (hang_up(1, 7, BORIS, Result.ELSEWHERE),)


def test_who_has_not_pressed_a_key_is_asked_for_one_again() -> None:
    """A mobile that is up has accepted nothing, whether its leg is known or not."""
    people = tuple(replace(one, confirm=("PJSIP/101",)) if one.id == ANNA else one for one in PEOPLE)
    call = live(calls(RESPONSIBLE, people=people), found(0, 1, ANNA), rings(1, 1, 1, ANNA))
    up = replace(ANNAS, bridge=None)
    call, _ = after(call, replace(BACK, picked_up=up))
    assert (call.phase, legs.live(call)[0].state) == (Phase.CLIMBING, LegState.RINGING)
    unknown = live(calls(RESPONSIBLE, people=people))
    call, commands = after(unknown, replace(BACK, picked_up=replace(up, phone="PJSIP/trunk")))
    assert (call.phase, legs.live(call)[0].state) == (Phase.CLIMBING, LegState.ASKED)
    assert [type(command) for command in commands] == [cm.Guard, cm.Confirm]


def test_a_transfer_that_no_record_knows_goes_on() -> None:
    """Anna sent the caller on in the last moment: he talks to whoever is there now, until they part."""
    call = live(calls(RESPONSIBLE), found(0, 1, ANNA), picks_up(3, 1, 1, ANNA), *joined(3, 1, 1, ANNA))
    other = PickedUp(LegId("123.4"), PersonId("gleb"), "PJSIP/110", 1, T + 8, T + 9, BRIDGE)
    call, commands = after(call, ev.Recovered(T + 30, T + 8, gone=(ANNAS.leg,), picked_up=other))
    assert (commands, call.winner) == ((), other.leg)
    told = row(after(call, ev.LegEnded(T + 40, other.leg, ev.End.REFUSED), gone(41))[0])
    assert [(one.person, one.started_at, one.ended_at) for one in told.talk] == [
        (ANNA, T + 3, T + 9),
        (GLEB, T + 9, T + 40),
    ]


@pytest.mark.parametrize("bridge", [BRIDGE, None])
def test_a_caller_who_is_gone_was_not_picked_up(bridge: str | None) -> None:
    """What is heard of a call whose caller has left already leads to nothing more."""
    call = live(calls(RESPONSIBLE), found(0, 1, ANNA), gone(4))
    assert after(call, replace(BACK, picked_up=replace(ANNAS, bridge=bridge)))[1] == ()
