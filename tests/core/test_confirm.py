"""Phones on which only a key accepts, and sounds for who waits: crossings, and a router that comes back."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import LegState, Phase
from callrouter.core.ladder import guard_of
from callrouter.core.outcome import row
from callrouter.core.words import LostReason, Release, Result
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    HEAD,
    PEOPLE,
    T,
    arrived,
    ask,
    away,
    connect,
    elapsed,
    ended,
    found,
    hang_up,
    last,
    leg,
    live,
    picks_up,
    rings,
)

OUTSIDE = tuple(replace(one, confirm=one.phones) if one.id == ANNA else one for one in PEOPLE)
MOBILE = arrived(DEPARTMENT, HEAD, people=OUTSIDE)
ASKED = (found(0, 1, ANNA), rings(0, 1, 1, ANNA), picks_up(3, 1, 1, ANNA))
QUESTION = cm.Confirm(leg(1, 1, ANNA), "+79161234567", "ru", T + 12)
GUARD = cm.Guard("caller", guard_of((DEPARTMENT, HEAD), 60.0))
SAYS = replace(DEPARTMENT, announce="sound:moment")
ANNOUNCED = cm.Announce("caller", "c.announcement1", "sound:moment", None)


def pressed(after: float, key: str) -> ev.KeyPressed:
    """Anna presses a key."""
    return ev.KeyPressed(T + after, leg(1, 1, ANNA), key)


def test_asked_once() -> None:
    """Who picks up is asked; that he picked up, said twice, is no news, nor is ringing after it."""
    assert last(MOBILE, *ASKED) == [QUESTION]
    assert last(MOBILE, *ASKED, picks_up(3.5, 1, 1, ANNA)) == []
    call = live(MOBILE, *ASKED, rings(3.6, 1, 1, ANNA))
    assert (call.legs[0].state, call.legs[0].ringing_at, call.legs[0].answered_at) == (LegState.ASKED, T, None)


def test_a_phone_that_did_not_ring_counts_as_ringing() -> None:
    """A voicemail that picks up without having rung was reached."""
    call = live(MOBILE, found(0, 1, ANNA), picks_up(1, 1, 1, ANNA), ended(4, 1, 1, ANNA))
    assert (row(call).legs[0].ringing_at, row(call).legs[0].result) == (T + 1, Result.NO_ANSWER)


def test_a_key_that_crosses_the_end_of_the_step() -> None:
    """Told to stop, he presses "1" a moment too late: nobody is connected to him."""
    late = (*ASKED, elapsed(10), found(10, 2, away(PEOPLE[3].id)))
    assert last(MOBILE, *late)[0] == hang_up(1, 1, ANNA, Result.NO_ANSWER)
    assert last(MOBILE, *late, pressed(10, "1")) == []


def test_keys_of_strangers() -> None:
    """A key of a leg that nobody knows, or that only rings, means nothing."""
    assert last(MOBILE, *ASKED, ev.KeyPressed(T + 4, leg(9, 9, BORIS), "1")) == []
    assert last(MOBILE, *ASKED[:2], pressed(2, "1")) == []


def test_the_colleague_in_the_same_phone() -> None:
    """A desk phone of the same person, picked up, wins against his own mobile that is being asked."""
    both = tuple(replace(one, phones=(*one.phones, "PJSIP/1010")) if one.id == ANNA else one for one in OUTSIDE)
    contacts = (ev.Contact("PJSIP/101", "PJSIP/101/1"), ev.Contact("PJSIP/1010", "PJSIP/1010/1"))
    events = (found(0, 1, ev.Free(ANNA, contacts)), *ASKED[1:], rings(0, 1, 2, ANNA), picks_up(4, 1, 2, ANNA))
    expected = [hang_up(1, 1, ANNA, Result.ELSEWHERE), connect(leg(1, 2, ANNA))]
    assert last(replace(MOBILE, people=both), *events) == expected


def test_declined_on_one_phone() -> None:
    """Who declines by a key is left in peace on his other phones too."""
    both = tuple(replace(one, phones=(*one.phones, "PJSIP/1010")) if one.id == ANNA else one for one in OUTSIDE)
    contacts = (ev.Contact("PJSIP/101", "PJSIP/101/1"), ev.Contact("PJSIP/1010", "PJSIP/1010/1"))
    events = (found(0, 1, ev.Free(ANNA, contacts), BORIS), *ASKED[1:], rings(0, 1, 2, ANNA), pressed(4, "2"))
    stopped = [hang_up(1, 1, ANNA, Result.DECLINED), hang_up(1, 2, ANNA, Result.NO_ANSWER)]
    assert last(replace(MOBILE, people=both), *events) == stopped


def test_a_router_that_comes_back_asks_again() -> None:
    """Nobody knows how much of the question was heard; the step goes on with what was left of it."""
    back = ev.Recovered(T + 30, T + 4)
    assert last(MOBILE, *ASKED, back)[:2] == [GUARD, QUESTION]
    call = live(MOBILE, *ASKED, back)
    assert machine.deadline(call) == T + 36
    assert live(MOBILE, *ASKED, back, pressed(32, "1")).winner == leg(1, 1, ANNA)


def test_a_question_nobody_heard_the_end_of() -> None:
    """The mobile hung up while the router was away: it was not answered, and is asked for anew."""
    back = ev.Recovered(T + 30, T + 4, gone=(leg(1, 1, ANNA),))
    call = live(MOBILE, *ASKED, back)
    assert (row(call).legs[0].result, ANNA in call.steps[-1].asked) == (Result.NO_ANSWER, True)


def test_an_announcement_stops_when_the_router_comes_back() -> None:
    """Behind it Asterisk would not do what it is told; the caller hears ringing, or music, again."""
    back, stopped = ev.Recovered(T + 2, T + 1), cm.Hush(("c.announcement1",))
    guard = cm.Guard("caller", guard_of((SAYS,), 60.0))
    everybody = (found(0, 1, *SAYS.people), back)
    assert last(arrived(SAYS), *everybody) == [stopped, guard, cm.SendRinging("caller")]
    assert last(arrived(SAYS, music="jazz"), *everybody) == [stopped, guard, cm.PlayMusic("caller", "jazz")]
    over = ev.AnnouncementEnded(T + 1, "c.announcement1")
    assert last(arrived(SAYS), everybody[0], over, back) == [guard, cm.SendRinging("caller")]


def test_announcements_follow_each_other() -> None:
    """One who plays is told from one that has ended; both are named."""
    second = replace(HEAD, announce="sound:head")
    events = (found(0, 1, BORIS), elapsed(10), found(10, 2, PEOPLE[3].id))
    begun = cm.Announce("caller", "c.announcement2", "sound:head", None)
    assert last(arrived(SAYS, second), *events[:1])[-1] == ANNOUNCED
    assert last(arrived(SAYS, second), *events)[-1] == begun
    assert live(arrived(SAYS, second), *events).playing == ("c.announcement1", "c.announcement2")
    over = ev.AnnouncementEnded(T + 11, "c.announcement1")
    assert live(arrived(SAYS, second), *events, over).playing == ("c.announcement2",)
    assert live(arrived(SAYS, second), *events, over, over).playing == ("c.announcement2",)


def test_who_left_hears_nothing() -> None:
    """Nothing is stopped for a caller who is gone."""
    assert last(arrived(SAYS), found(0, 1, BORIS), ev.CallerGone(T + 1)) == [hang_up(1, 1, BORIS, Result.CANCELLED)]


def test_music_begins_after_the_question_who_is_free() -> None:
    """No phone waits for the music; a line without a ladder has none."""
    assert last(arrived(DEPARTMENT, music="jazz")) == [
        ask(1, *DEPARTMENT.people),
        cm.PlayMusic("caller", "jazz"),
    ]
    nobody = machine.arrive(live(MOBILE).id, replace(MOBILE, ladder=(), music="jazz"))[1]
    assert [type(command) for command in nobody] == [cm.LetGo]


def test_a_ladder_that_goes_on_elsewhere() -> None:
    """The dialplan has the caller: also when the router was away in the prompt, and when he was told already."""
    elsewhere = arrived(HEAD, goes_on="voicemail,600,1", prompt="sound:sorry")
    gone = cm.LetGo("caller", Release.GOES_ON, "+74951234567", LostReason.UNREACHABLE, "voicemail,600,1")
    ran_out = (found(0, 1, away(PEOPLE[3].id)),)
    assert last(elsewhere, *ran_out, elapsed(120)) == [gone]
    assert last(elsewhere, *ran_out, ev.Recovered(T + 9, T + 1)) == [gone]
    call = live(elsewhere, *ran_out, elapsed(120), ev.Recovered(T + 129, T + 121))
    assert (call.phase, call.lost) == (Phase.LEAVING, LostReason.UNREACHABLE)
    assert last(elsewhere, *ran_out, elapsed(120), ev.Recovered(T + 129, T + 121)) == [gone]
    assert last(elsewhere, ev.RouterFailed(T + 1, "x"))[-1].release is Release.FALLBACK  # type: ignore[union-attr]
