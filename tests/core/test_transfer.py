"""A caller who is sent to a department, in whole commands; and the router that comes back in the middle of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Call, Phase
from callrouter.core.outcome import row
from callrouter.core.recorded import Ending, PickedUp
from callrouter.core.story import heard
from callrouter.core.timeline import timeline
from callrouter.core.words import LegId, LostReason, Release, Result
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    RESPONSIBLE,
    VERA,
    T,
    arrived,
    ask,
    connect,
    ended,
    found,
    gone,
    hang_up,
    joined,
    leg,
    let_go,
    live,
    picks_up,
    ring,
    rings,
)

WAY = LegId("the way")
SERVICE = replace(
    arrived(DEPARTMENT, HEAD, line="600", department="service"), at=T + 20, arrived_at=T + 20, prompt="sound:sorry"
)
SENT = (ev.LegReplaced(T + 20, leg(1, 1, ANNA), WAY, "Local/600@phones", None, is_up=False),)
GUARD = cm.Guard("caller", 155, "600")
"""Both steps of the department, a prompt and the margin."""


def after(call: Call, *events: ev.Event) -> tuple[Call, tuple[cm.Command, ...]]:
    """Return the call after these events, and what the last of them led to."""
    commands: tuple[cm.Command, ...] = ()
    for event in events:
        call, commands = machine.advance(call, event)
    return call, commands


def talking() -> Call:
    """Anna has talked since 4 s, in a ladder of two steps."""
    began = live(arrived(RESPONSIBLE, DEPARTMENT), found(0, 1, ANNA), rings(1, 1, 1, ANNA), picks_up(4, 1, 1, ANNA))
    return after(began, *joined(4, 1, 1, ANNA))[0]


def waiting(to: ev.CallArrived = SERVICE) -> Call:
    """Sent to the department, whose Boris and Vera ring."""
    call, _ = after(talking(), *SENT, ended(20, 1, 1, ANNA), ev.Transferred(T + 20.25, WAY, to))
    return after(call, ev.LegEnded(T + 20.3, WAY, ev.End.REFUSED), found(20.3, 2, BORIS, VERA))[0]


def test_the_ladder_of_the_department_begins() -> None:
    """The way there goes, the guard is that ladder's, the caller hears ringing, and its steps are numbered on."""
    call, _ = after(talking(), *SENT)
    call, commands = after(call, ev.Transferred(T + 20.25, WAY, SERVICE))
    assert commands == (
        cm.HangUp(WAY, Result.ELSEWHERE),
        cm.CloseBridge("c.bridge1"),
        GUARD,
        cm.SendRinging("caller"),
        ask(2, ANNA, BORIS, VERA),
    )
    call, commands = after(call, found(20.3, 2, BORIS))
    assert commands == (ring(2, 3, BORIS, 32.25),)
    call, commands = after(call, picks_up(25, 2, 3, BORIS))
    assert commands == (connect(leg(2, 3, BORIS), 2),)
    call, _ = after(call, *joined(25, 2, 3, BORIS))
    assert (call.phase, call.answered_by, call.answered_step) == (Phase.TALKING, ANNA, 1)


def test_the_row_says_who_ended_up_with_him() -> None:
    """Who answered the call stays; the talk is everybody's own; the way there is no leg of anybody's."""
    call, _ = after(waiting(), picks_up(25, 2, 3, BORIS), *joined(25, 2, 3, BORIS), gone(60))
    told = row(after(call, ended(60, 2, 3, BORIS), ended(60, 2, 4, VERA))[0])
    assert (told.outcome, told.answered_by, told.ended_with) == ("answered", ANNA, BORIS)
    assert (told.is_dropped, told.dropped_by) == (False, None)
    assert [(talk.person, talk.started_at - T, (talk.ended_at or T) - T) for talk in told.talk] == [
        (ANNA, 4, 20),
        (BORIS, 25, 60),
    ]
    assert [one.person for one in told.legs] == [ANNA, BORIS, VERA]


def test_who_has_talked_does_not_ring() -> None:
    """The leg of who sent him on may be gone a little later: in the trace he is not among those who ring."""
    call, _ = after(talking(), *SENT, ev.Transferred(T + 20.25, WAY, SERVICE), found(20.3, 2, BORIS))
    assert [one.person for one in timeline(call)[1].rings] == [BORIS]


@pytest.mark.parametrize("by", [leg(1, 1, ANNA), LegId("another"), WAY])
def test_only_who_has_the_caller_can_send_him(by: LegId) -> None:
    """News of a transfer by a channel that does not stand there, or of a caller who has left, changes nothing."""
    call = waiting() if by == WAY else after(talking(), *SENT)[0]
    assert after(call, ev.Transferred(T + 21, by, SERVICE)) == (call, ())


def test_a_transfer_that_the_dialplan_answers_first() -> None:
    """The way there is up before the department is heard of: that is nobody's talk, and the sender is known."""
    call, _ = after(talking(), *SENT, ev.LegAnswered(T + 20.1, WAY), ev.Transferred(T + 20.25, WAY, SERVICE))
    assert (call.sent_by, call.phase) == (ANNA, Phase.CLIMBING)
    assert [(talk.person, talk.ended_at) for talk in call.talk] == [(ANNA, T + 20)]


def test_who_has_him_after_a_transfer_may_send_him_too() -> None:
    """Gleb, on whose phone he was taken over, answers for the transfer; what the two said is Gleb's."""
    gleb = replace(SENT[0], person=GLEB, phone="PJSIP/110", is_up=True)
    call, _ = after(talking(), gleb, ev.Transferred(T + 30, WAY, SERVICE))
    assert (call.sent_by, [talk.person for talk in call.talk]) == (GLEB, [ANNA, GLEB])


@pytest.mark.parametrize("is_up_first", [True, False])
def test_who_is_heard_after_an_attended_transfer(is_up_first: bool) -> None:
    """Whose phone is at the other end is told a little before or after it is up: the talk there is his."""
    told: list[ev.Event] = [ev.LegAnswered(T + 20.1, WAY), ev.LeadsTo(T + 20.2, WAY, "PJSIP/110", GLEB)]
    call, _ = after(talking(), *SENT, *(told if is_up_first else reversed(told)))
    assert [(talk.person, talk.started_at) for talk in call.talk] == [(ANNA, T + 4), (GLEB, T + 20.1)]
    assert [(one.person, one.phone) for one in call.legs][-1] == (GLEB, "PJSIP/110")
    assert heard(told[1]) == "gleb is heard on the way"
    again = ev.LeadsTo(T + 21, leg(1, 1, ANNA), "PJSIP/102", BORIS)
    assert after(call, again) == (call, ())


def test_the_router_comes_back_while_the_department_rings() -> None:
    """It rings on with what was left of the step, and the guard is that ladder's again."""
    call, commands = after(waiting(), ev.Recovered(T + 30, T + 22))
    assert commands == (GUARD, ask(2, ANNA))
    assert machine.deadline(call) == T + 38.25


def test_what_was_not_done_of_a_transfer_is_no_conversation() -> None:
    """Killed between writing down and doing: the way there is in the bridge still, and nobody talks on it."""
    up = PickedUp(WAY, None, "Local/600@phones", 0, T + 20, T + 20, "c.bridge1")
    call, commands = after(waiting(), ev.Recovered(T + 30, T + 22, picked_up=up))
    assert (call.phase, commands) == (Phase.CLIMBING, (GUARD, ask(2, ANNA)))


def test_asterisks_record_knows_the_first_conversation_only() -> None:
    """What it has of the caller is his talk with Anna: he waits for the department all the same."""
    ending = Ending(T + 20, T + 4, "PJSIP/101")
    call, _ = after(waiting(), ev.Recovered(T + 30, T + 22, ending=ending))
    assert call.phase is Phase.CLIMBING
    call, _ = after(waiting(), ev.Recovered(T + 30, T + 22, is_caller_gone=True, ending=replace(ending, at=T + 26)))
    told = row(after(call, ended(30, 2, 3, BORIS), ended(30, 2, 4, VERA))[0])
    assert (told.is_dropped, told.dropped_by, told.ended_with, told.ended_at) == (True, ANNA, None, T + 26)


def test_who_takes_over_finds_him_with_the_winner() -> None:
    """No record tells that Boris picked up: he goes on, and who ended up with the caller is known."""
    up = PickedUp(leg(2, 3, BORIS), BORIS, "PJSIP/102", 2, T + 21, T + 25, "c.bridge2")
    call, commands = after(waiting(), ev.Recovered(T + 30, T + 22, picked_up=up))
    assert commands == (hang_up(2, 4, VERA, Result.ELSEWHERE), cm.Connect("caller", up.leg, "c.bridge2"))
    assert (call.phase, call.answered_by, call.talk[-1].person, call.sent_at) == (Phase.TALKING, ANNA, BORIS, None)


def test_who_takes_over_a_conversation_of_which_the_transfer_is_not_known() -> None:
    """The records end with Anna: that Boris has the caller now is Asterisk's word."""
    call, _ = after(talking(), *SENT)
    up = PickedUp(leg(2, 3, BORIS), BORIS, "PJSIP/102", 2, T + 21, T + 25, "c.bridge2")
    call, _ = after(call, ev.Recovered(T + 30, T + 22, gone=(leg(1, 1, ANNA), WAY), picked_up=up))
    assert (call.talk[-1].person, call.sent_at) == (BORIS, None)


def test_who_was_let_go_there_is_let_go_again() -> None:
    """The ladder of the department has run out: where its line goes on he is sent again, not hung up as after talk."""
    there = replace(SERVICE, prompt=None, goes_on="voicemail,1,1", ladder=(HEAD,))
    call, _ = after(talking(), *SENT, ev.Transferred(T + 20.25, WAY, there), found(20.3, 2, GLEB))
    call, commands = after(call, ended(25, 2, 3, GLEB))
    goes_on = cm.LetGo("caller", Release.GOES_ON, "600", LostReason.NO_ANSWER, "voicemail,1,1")
    assert commands == (goes_on,)
    assert after(call, ev.Recovered(T + 30, T + 26))[1] == (goes_on,)


def test_a_conversation_that_was_over_stays_so() -> None:
    """Boris has hung up after a transfer: the caller is let go as after any conversation."""
    call, _ = after(waiting(), picks_up(25, 2, 3, BORIS), *joined(25, 2, 3, BORIS))
    call, commands = after(call, ended(60, 2, 3, BORIS))
    assert commands == (replace(let_go(Release.NORMAL), line="600"),)
    assert after(call, ev.Recovered(T + 62, T + 60))[1] == commands
