"""The router comes back in the middle of a call: whole commands, for every phase."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.ladder import Person, Step
from callrouter.core.outcome import row
from callrouter.core.recorded import Ending
from callrouter.core.words import Action, CallId, IfBusy, LegId, LostReason, PersonId, Release, Result

ANNA, BORIS = PersonId("anna"), PersonId("boris")
PEOPLE = tuple(Person(one, one, (f"PJSIP/{one}",)) for one in (ANNA, BORIS))
LADDER = (
    Step(Action.RING, "responsible", (ANNA,), 10.0, IfBusy.SKIP),
    Step(Action.RING, "department", (ANNA, BORIS), 10.0, IfBusy.WAIT),
)
GUARD = cm.Guard("caller", 155)
"""The whole ladder, its prompt and the margin once more."""
ANNAS, BORISS = LegId("call.1.1.anna"), LegId("call.2.2.boris")


def free(person: PersonId) -> ev.Free:
    """Return somebody with one contact."""
    return ev.Free(person, (ev.Contact(f"PJSIP/{person}", f"PJSIP/{person}/sip:x"),))


def ringing(prompt: str | None = None) -> Call:
    """Return a call that arrived at 0 and rings Anna since then."""
    arrived = ev.CallArrived(
        at=0.0,
        arrived_at=0.0,
        asterisk_id="caller",
        line="+74951234567",
        caller="+79161234567",
        caller_raw="89161234567",
        ladder=LADDER,
        people=PEOPLE,
        prompt=prompt,
    )
    return after(
        machine.arrive(CallId("call"), arrived)[0],
        ev.Found(0.0, 1, (free(ANNA),)),
        ev.LegRinging(0.1, ANNAS),
    )


def after(call: Call, *events: ev.Event) -> Call:
    """Return the call after these events."""
    for event in events:
        call, _ = machine.advance(call, event)
    return call


def test_a_phone_that_still_rings_rings_on_with_what_was_left() -> None:
    """Away from 4 to 60: the step of ten seconds has six left, and nobody is asked about."""
    call, commands = machine.advance(ringing(), ev.Recovered(60.0, 4.0))
    assert (commands, call.recovered) == ((GUARD,), True)
    assert machine.deadline(call) == pytest.approx(66.0)


def test_a_step_goes_on_for_three_seconds_at_the_least() -> None:
    """Away from 9 on: one second was left, three are given, and then the next step has all of its ten."""
    call, _ = machine.advance(ringing(), ev.Recovered(20.0, 9.0))
    assert machine.deadline(call) == pytest.approx(23.0)
    call = after(call, ev.Elapsed(23.0), ev.Found(23.0, 2, (free(BORIS),)))
    assert machine.deadline(call) == pytest.approx(33.0)


def test_a_phone_that_stopped_meanwhile_is_rung_again() -> None:
    """Asterisk's own timer stopped Anna while nobody was there: she did not refuse, and the step has time left."""
    call, commands = machine.advance(ringing(), ev.Recovered(60.0, 4.0, gone=(ANNAS,)))
    assert commands == (GUARD, cm.Ask(1, (PEOPLE[0],)))
    assert row(call).legs[0].result is Result.NO_ANSWER
    call, commands = machine.advance(call, ev.Found(60.0, 1, (free(ANNA),)))
    assert [type(command) for command in commands] == [cm.Ring]


def test_a_phone_that_asterisk_stops_before_the_longer_step_ends_is_rung_again() -> None:
    """Asterisk's timer was set when nobody knew that the step would last longer: it fires in the middle of it."""
    call = replace(ringing(), arrived=replace(ringing().arrived, ladder=LADDER[:1]))
    call = after(replace(call, legs=(replace(call.legs[0], until=12.0),)), ev.Recovered(9.0, 4.0))
    call, commands = machine.advance(call, ev.LegEnded(12.0, ANNAS, ev.End.REFUSED))
    assert commands == (cm.Ask(1, (PEOPLE[0],)),)
    call, commands = machine.advance(call, ev.Found(12.0, 1, (free(ANNA),)))
    assert [type(command) for command in commands] == [cm.Ring]
    assert [leg.result for leg in row(call).legs] == [Result.NO_ANSWER, None]
    assert machine.deadline(call) == pytest.approx(15.0)


def test_a_phone_of_an_earlier_step_that_asterisk_stops_is_not_rung_again() -> None:
    """Who is not of the step that runs has rung long enough."""
    added = (LADDER[0], replace(LADDER[1], action=Action.ADD, people=(BORIS,)))
    call = replace(ringing(), arrived=replace(ringing().arrived, ladder=added))
    call = after(call, ev.Elapsed(10.0), ev.Found(10.0, 2, (free(BORIS),)), ev.LegRinging(10.1, BORISS))
    call, commands = machine.advance(call, ev.LegEnded(22.0, ANNAS, ev.End.REFUSED))
    assert (commands, row(call).legs[0].result) == ((), Result.NO_ANSWER)


def test_a_question_that_was_not_answered_is_asked_again() -> None:
    """Killed between the question and its answer: the step begins as it would have."""
    asked, _ = machine.arrive(CallId("call"), replace(ringing().arrived))
    call, commands = machine.advance(asked, ev.Recovered(5.0, 0.1))
    assert commands == (GUARD, cm.Ask(1, (PEOPLE[0],)))
    assert after(call, ev.Found(5.0, 1, (free(ANNA),))).legs[0].state is LegState.DIALLED


def test_a_step_nobody_is_left_to_ask_for_is_settled() -> None:
    """Killed while Boris was asked about, and Anna rings on: with Boris refused meanwhile nobody is asked."""
    call = after(ringing(), ev.Elapsed(10.0), ev.Found(10.0, 2, (free(BORIS),)), ev.LegRinging(10.1, BORISS))
    call = after(call, ev.LegEnded(11.0, BORISS, ev.End.REFUSED))
    unsettled = replace(call, steps=(*call.steps[:-1], replace(call.steps[-1], settled=False)))
    recovered, commands = machine.advance(unsettled, ev.Recovered(15.0, 12.0))
    assert (commands, recovered.steps[-1].settled) == ((GUARD,), True)


def test_a_caller_who_left_meanwhile_left_when_the_router_was_last_there() -> None:
    """The call is abandoned in the step that ran, and its phones stop."""
    call, commands = machine.advance(ringing(), ev.Recovered(60.0, 4.0, is_caller_gone=True))
    assert commands == (cm.HangUp(ANNAS, Result.CANCELLED),)
    assert (call.ended_at, call.lost, call.lost_step) == (4.0, LostReason.ABANDONED, 1)
    assert machine.advance(call, ev.Recovered(61.0, 60.5, is_caller_gone=True))[1] == ()


def test_when_a_caller_left_meanwhile_is_asterisks_word() -> None:
    """Its record has the instant; nobody talked, so he has abandoned the call."""
    call, _ = machine.advance(ringing(), ev.Recovered(60.0, 4.0, is_caller_gone=True, ending=Ending(4.5, None)))
    assert (call.ended_at, call.lost) == (4.5, LostReason.ABANDONED)


@pytest.mark.parametrize("written_down", [True, False])
def test_who_talked_and_left_meanwhile_was_answered(*, written_down: bool) -> None:
    """Killed within milliseconds of the answer: Asterisk's record knows that the two talked, and until when."""
    call = after(ringing(), ev.LegAnswered(1.0, ANNAS)) if written_down else ringing()
    ending = Ending(9.0, 1.5, "PJSIP/anna")
    call, _ = machine.advance(call, ev.Recovered(60.0, 1.5, gone=(ANNAS,), is_caller_gone=True, ending=ending))
    assert (call.answered_by, call.answered_step, call.lost) == (ANNA, 1, None)
    assert call.answered_at == (1.0 if written_down else 1.5)
    assert [(talk.person, talk.ended_at) for talk in call.talk] == [(ANNA, 9.0)]
    assert [leg.result for leg in call.legs] == [Result.ANSWERED]


def test_who_talked_to_a_phone_whose_leg_was_lost_was_answered() -> None:
    """The dead worker's last records never came: Asterisk's knows the phone, and the scheme whose it is."""
    ending = Ending(9.0, 1.5, "PJSIP/boris")
    call, _ = machine.advance(ringing(), ev.Recovered(60.0, 1.0, gone=(ANNAS,), is_caller_gone=True, ending=ending))
    assert (call.answered_by, call.answered_at, call.phase) == (BORIS, 1.5, Phase.OVER)
    assert [(leg.person, leg.result) for leg in call.legs] == [(ANNA, Result.NO_ANSWER), (BORIS, Result.ANSWERED)]
    nowhere = replace(ringing(), steps=())
    call, _ = machine.advance(nowhere, ev.Recovered(60.0, 1.0, is_caller_gone=True, ending=ending))
    assert call.answered_by is None


def test_a_conversation_with_nobody_known_is_not_made_up() -> None:
    """Asterisk's record names a phone that does not ring for this call: he counts as one who left."""
    ending = Ending(9.0, 1.5, "PJSIP/999")
    call, _ = machine.advance(ringing(), ev.Recovered(60.0, 1.5, is_caller_gone=True, ending=ending))
    assert (call.answered_by, call.lost) == (None, LostReason.ABANDONED)


def test_two_who_were_being_connected_are_connected_again() -> None:
    """Killed at the answer: nobody knows how far it had come, so a fresh bridge takes both."""
    call = after(ringing(), ev.LegAnswered(1.0, ANNAS), ev.Joined(1.0, ANNAS))
    call, commands = machine.advance(call, ev.Recovered(4.0, 1.0))
    assert commands == (GUARD, cm.CloseBridge("call.bridge1"), cm.Connect("caller", ANNAS, "call.bridge2"))
    call = after(call, ev.Joined(4.0, ANNAS), ev.Joined(4.0, None))
    assert (call.phase, call.answered_at) == (Phase.TALKING, 1.0)


def test_a_winner_who_left_meanwhile_is_no_winner() -> None:
    """Killed at the answer, and the winner is gone: the next step begins."""
    call = after(ringing(), ev.LegAnswered(1.0, ANNAS))
    call, commands = machine.advance(call, ev.Recovered(4.0, 1.0, gone=(ANNAS,)))
    assert commands == (GUARD, cm.CloseBridge("call.bridge1"), cm.SendRinging("caller"), cm.Ask(2, PEOPLE))


def talking() -> Call:
    """Return a conversation with Anna."""
    return after(ringing(), ev.LegAnswered(1.0, ANNAS), ev.Joined(1.0, ANNAS), ev.Joined(1.0, None))


def test_a_conversation_goes_on() -> None:
    """Nothing is done to the two, and the row says that the router was away."""
    call, commands = machine.advance(talking(), ev.Recovered(60.0, 4.0))
    assert (call.phase, commands) == (Phase.TALKING, ())
    ended = after(call, ev.CallerGone(70.0), ev.LegEnded(70.0, ANNAS, ev.End.REFUSED))
    assert (row(ended).outcome, row(ended).recovered) == ("answered", True)


def test_a_conversation_one_party_left_ends() -> None:
    """Anna hung up while the router was away: the caller is let go."""
    call, commands = machine.advance(talking(), ev.Recovered(60.0, 4.0, gone=(ANNAS,)))
    assert commands == (cm.LetGo("caller", Release.NORMAL, "+74951234567"),)
    assert call.talk[0].ended_at == 4.0
    assert machine.advance(call, ev.Recovered(70.0, 65.0))[1] == commands


def test_a_closing_prompt_is_not_played_again() -> None:
    """Nobody knows whether it has ended: the caller is let go."""
    call = after(ringing(prompt="sound:sorry"), ev.Elapsed(10.0), ev.Found(10.0, 2, ()), ev.Elapsed(20.0))
    assert call.phase is Phase.CLOSING
    call, commands = machine.advance(call, ev.Recovered(30.0, 21.0))
    assert commands == (cm.LetGo("caller", Release.NO_ANSWER, "+74951234567", LostReason.NO_ANSWER),)
    assert machine.advance(call, ev.Recovered(40.0, 31.0))[1] == commands


def test_who_went_to_the_fallback_is_sent_there_again() -> None:
    """The request may have been lost with the router."""
    call = after(ringing(), ev.RouterFailed(2.0, "defect"))
    again = cm.LetGo("caller", Release.FALLBACK, "+74951234567", LostReason.FAILURE)
    assert machine.advance(call, ev.Recovered(4.0, 2.0))[1] == (again,)


CONVERSATION = Ending(6.0, 1.5, "PJSIP/anna")


def test_who_has_talked_and_is_alone_is_not_climbed_with_again() -> None:
    """Killed before a word of it was shipped, and Anna left meanwhile: he is let go, and the call was hers."""
    call, commands = machine.advance(ringing(), ev.Recovered(7.0, 1.0, gone=(ANNAS,), ending=CONVERSATION))
    assert commands == (cm.LetGo("caller", Release.NORMAL, "+74951234567"),)
    told = row(after(call, ev.CallerGone(7.1)))
    assert (told.outcome, told.answered_by, told.answered_at, told.ended_at) == ("answered", ANNA, 1.5, 7.1)
    assert [(one.started_at, one.ended_at) for one in told.talk] == [(1.5, 6.0)]


def test_who_rings_for_somebody_who_has_talked_stops() -> None:
    """Boris rings on only because nobody heard that he was stopped."""
    call = after(ringing(), ev.Elapsed(10.0), ev.Found(10.0, 2, (free(BORIS),)), ev.LegRinging(10.1, BORISS))
    ending = Ending(16.0, 11.5, "PJSIP/anna")
    call, commands = machine.advance(call, ev.Recovered(17.0, 11.0, gone=(ANNAS,), ending=ending))
    assert commands == (cm.HangUp(BORISS, Result.ELSEWHERE), cm.LetGo("caller", Release.NORMAL, "+74951234567"))
    assert call.answered_by == ANNA


def test_a_conversation_that_ended_meanwhile_ended_when_asterisk_says() -> None:
    """Anna has left: his record knows when, better than the worker that had died before."""
    call, _ = machine.advance(talking(), ev.Recovered(60.0, 4.0, gone=(ANNAS,), ending=CONVERSATION))
    assert call.talk[0].ended_at == 6.0


def test_a_conversation_of_a_phone_that_nobody_knows_is_none() -> None:
    """The ladder goes on."""
    ending = replace(CONVERSATION, phone="PJSIP/999")
    assert machine.advance(ringing(), ev.Recovered(7.0, 1.0, ending=ending))[0].phase is Phase.CLIMBING


@pytest.mark.parametrize("told", [LostReason.NO_ANSWER, LostReason.UNREACHABLE])
def test_who_was_let_go_before_the_kill_did_not_leave(told: LostReason) -> None:
    """The dead worker had marked his channel before it let him go: it is why he is lost."""
    ending = Ending(9.0, None, lost=told)
    call = after(ringing(), ev.Recovered(60.0, 4.0, gone=(ANNAS,), is_caller_gone=True, ending=ending))
    assert (row(call).lost_reason, row(call).lost_step, row(call).ended_at) == (told, None, 9.0)


def test_who_left_before_the_ladder_ran_out_has_abandoned_the_call() -> None:
    """The news of it came four seconds late: meanwhile the second step had begun, and ended."""
    call = after(ringing(), ev.Elapsed(10.0), ev.Found(10.0, 2, (free(BORIS),)), ev.LegEnded(10.1, ANNAS, ev.End.BUSY))
    let_go = after(call, ev.Elapsed(20.0), ev.LegEnded(20.1, BORISS, ev.End.REFUSED))
    assert (let_go.phase, let_go.lost) == (Phase.LEAVING, LostReason.NO_ANSWER)
    abandoned = LostReason.ABANDONED
    for late, reason, step in ((2.0, abandoned, 2), (12.0, abandoned, 1), (0.5, LostReason.NO_ANSWER, None)):
        told = row(after(let_go, ev.CallerGone(21.0, late=late)))
        assert (told.lost_reason, told.lost_step, told.ended_at) == (reason, step, 21.0 - late)


def test_who_left_before_a_call_without_a_ladder_began() -> None:
    """There is no step that he could have left in."""
    call, _ = machine.arrive(CallId("call"), replace(ringing().arrived, ladder=()))
    told = row(after(call, ev.CallerGone(3.0, late=4.0)))
    assert (told.lost_reason, told.lost_step) == (LostReason.ABANDONED, None)


def test_what_is_heard_late_happened_when_it_did() -> None:
    """The pick-up and the hang-up, by Asterisk's clock; what follows from them begins when they are heard."""
    call = after(ringing(), ev.LegAnswered(5.0, ANNAS, late=3.0))
    assert machine.deadline(call) == 10.0
    call = after(call, ev.Joined(5.1, ANNAS), ev.Joined(5.1, None), ev.LegEnded(12.0, ANNAS, ev.End.REFUSED, late=4.0))
    assert (call.answered_at, call.talk[0].ended_at, row(call).legs[0].ended_at) == (2.0, 8.0, 8.0)
    assert machine.deadline(call) == 17.0


def test_who_was_refused_is_refused_again() -> None:
    """His line's end in the dialplan is not for him."""
    arrived = replace(ringing().arrived, refusal=LostReason.REJECTED, goes_on="sales,600,1")
    call, commands = machine.arrive(CallId("call"), arrived)
    assert machine.advance(call, ev.Recovered(1.0, 0.5))[1] == commands
    assert commands == (cm.LetGo("caller", Release.REJECTED, "+74951234567", LostReason.REJECTED),)
