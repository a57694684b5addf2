"""What happens around an answer and around the end, whole commands at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import commands as cm, events as ev, outcome
from callrouter.core.call import Phase, Talk
from callrouter.core.words import LegId, LostReason, PersonId, Release, Result
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    RESPONSIBLE,
    VERA,
    arrived,
    ask,
    away,
    connect,
    elapsed,
    ended,
    found,
    gone,
    hang_up,
    joined,
    last,
    leg,
    let_go,
    live,
    picks_up,
    rings,
)

FAILURE, REJECTED, CLOSED = LostReason.FAILURE, LostReason.REJECTED, LostReason.CLOSED
TWO = arrived(RESPONSIBLE, HEAD)
ANNA_RINGS = (found(0, 1, ANNA), rings(0, 1, 1, ANNA))
WON = (*ANNA_RINGS, picks_up(3, 1, 1, ANNA))
TALKS = (*WON, *joined(3.1, 1, 1, ANNA))
RUN_OUT = (found(0, 1, away(GLEB)),)
ALL_RING: tuple[ev.Event, ...] = (
    found(0, 1, ANNA, BORIS, VERA),
    rings(0, 1, 1, ANNA),
    rings(0, 1, 2, BORIS),
    rings(0, 1, 3, VERA),
)
OTHER = LegId("1795291760.226")
AGAIN: list[cm.Command] = [cm.CloseBridge("c.bridge1"), cm.SendRinging("caller"), ask(2, GLEB)]
FAILED = hang_up(1, 1, ANNA, Result.FAILED)
REPLACED = ev.LegReplaced(1004, leg(1, 1, ANNA), OTHER, "PJSIP/103", VERA)
PROMPT = arrived(HEAD, prompt="sound:sorry")

CASES: dict[str, tuple[ev.CallArrived, tuple[ev.Event, ...], list[cm.Command]]] = {
    "the second answer is nothing": (
        arrived(DEPARTMENT),
        (*ALL_RING, picks_up(3, 1, 2, BORIS), picks_up(3, 1, 3, VERA)),
        [],
    ),
    "the winner is gone before the two are connected": (TWO, (*WON, ended(3, 1, 1, ANNA)), AGAIN),
    "the two cannot be brought together": (TWO, (*WON, ev.ConnectFailed(1003, leg(1, 1, ANNA))), [FAILED, *AGAIN]),
    "the two are not brought together in time": (TWO, (*WON, elapsed(8)), [FAILED, *AGAIN]),
    "somebody else cannot be connected": (TWO, (*WON, ev.ConnectFailed(1003, leg(1, 2, BORIS))), []),
    "the next winner gets a bridge of his own": (
        TWO,
        (*WON, ended(3, 1, 1, ANNA), found(3, 2, GLEB), picks_up(4, 2, 2, GLEB)),
        [connect(leg(2, 2, GLEB), bridge=2)],
    ),
    "a stopped phone that goes is nothing": (
        arrived(DEPARTMENT),
        (*ALL_RING, picks_up(3, 1, 2, BORIS), ended(3, 1, 1, ANNA)),
        [],
    ),
    "one party hangs up": (TWO, (*TALKS, ended(20, 1, 1, ANNA)), [let_go(Release.NORMAL)]),
    "the caller hangs up": (
        TWO,
        (*TALKS, gone(20)),
        [hang_up(1, 1, ANNA, Result.ANSWERED), cm.CloseBridge("c.bridge1")],
    ),
    "the caller hangs up at the answer": (
        TWO,
        (*WON, gone(3)),
        [hang_up(1, 1, ANNA, Result.CANCELLED), cm.CloseBridge("c.bridge1")],
    ),
    "the caller leaves": (TWO, (*ANNA_RINGS, gone(3)), [hang_up(1, 1, ANNA, Result.CANCELLED)]),
    "the caller leaves while it is asked who is free": (TWO, (gone(0), found(0, 1, ANNA)), []),
    "the caller leaves twice": (TWO, (*ANNA_RINGS, gone(3), gone(3)), []),
    "a colleague picks up": (
        arrived(DEPARTMENT),
        (*ALL_RING, REPLACED),
        [hang_up(1, 2, BORIS, Result.ELSEWHERE), hang_up(1, 3, VERA, Result.ELSEWHERE), connect(OTHER)],
    ),
    "a colleague takes the winner's place before the two are connected": (
        TWO,
        (*WON, REPLACED),
        [cm.CloseBridge("c.bridge1"), connect(OTHER, bridge=2)],
    ),
    "a colleague picks up too late": (
        arrived(DEPARTMENT),
        (*ALL_RING, picks_up(3, 1, 2, BORIS), REPLACED),
        [cm.HangUp(OTHER, Result.ELSEWHERE)],
    ),
    "a colleague picks up when the caller is gone": (
        TWO,
        (*ANNA_RINGS, gone(3), REPLACED),
        [cm.HangUp(OTHER, Result.ELSEWHERE)],
    ),
    "a stranger's place is taken": (TWO, (*ANNA_RINGS, replace(REPLACED, leg=LegId("stranger"))), []),
    "a place is taken by a leg of the call": (TWO, (*ANNA_RINGS, replace(REPLACED, by=leg(1, 1, ANNA))), []),
    "a transfer is no reason to do anything": (TWO, (*TALKS, REPLACED), []),
    "the transferred party hangs up": (
        TWO,
        (*TALKS, REPLACED, ended(5, 1, 1, ANNA), ev.LegEnded(1020, OTHER, ev.End.REFUSED)),
        [let_go(Release.NORMAL)],
    ),
    "the caller's own transfer keeps the call": (
        TWO,
        (*ANNA_RINGS, ev.CallerReplaced(1002, "another"), picks_up(3, 1, 1, ANNA)),
        [replace(connect(leg(1, 1, ANNA)), caller="another")],
    ),
    "the router fails while phones ring": (
        TWO,
        (*ANNA_RINGS, ev.RouterFailed(1002, "x")),
        [FAILED, let_go(Release.FALLBACK, LostReason.FAILURE)],
    ),
    "the router fails in a conversation": (TWO, (*TALKS, ev.RouterFailed(1009, "x")), []),
    "the prompt has ended": (PROMPT, (*RUN_OUT, ev.PromptEnded(1003)), [let_go(lost=LostReason.UNREACHABLE)]),
    "the prompt never ends": (PROMPT, (*RUN_OUT, elapsed(120)), [let_go(lost=LostReason.UNREACHABLE)]),
    "the prompt ends without having begun": (TWO, (ev.PromptEnded(1000),), []),
    "the caller leaves in the prompt": (PROMPT, (*RUN_OUT, gone(3)), []),
    "a stranger is gone": (TWO, (*ANNA_RINGS, ended(3, 9, 9, VERA)), []),
    "a stranger to the question is found free": (TWO, (found(0, 1, away(ANNA), VERA),), [ask(2, GLEB)]),
    "a call arrives twice": (TWO, (TWO,), []),
    "a line that nobody knows": (arrived(refusal=FAILURE), (), [let_go(Release.FALLBACK, FAILURE)]),
    "a caller whom a rule refuses": (arrived(refusal=REJECTED), (), [let_go(Release.REJECTED, REJECTED)]),
    "outside the line's hours": (arrived(refusal=CLOSED), (), [let_go(lost=CLOSED)]),
    "the caller left before the ladder": (arrived(left_at=1000.1), (), []),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    """The last event leads to exactly these commands."""
    event, events, commands = CASES[case]
    assert last(event, *events) == commands


@pytest.mark.parametrize("order", [0, 1])
def test_together(order: int) -> None:
    """The conversation begins when both are in the bridge, in whatever order, and counts from the pick-up."""
    both = joined(3.1, 1, 1, ANNA)
    one = live(TWO, *WON, both[order])
    assert (one.phase, one.talk) == (Phase.CONNECTING, ())
    call = live(TWO, *WON, both[order], both[1 - order])
    assert (call.phase, call.talk) == (Phase.TALKING, (Talk(ANNA, 1003.0),))
    assert (call.answered_at, call.answered_by, call.answered_step) == (1003.0, ANNA, 1)


def test_joined_before() -> None:
    """Having been in the bridge with a winner who went does not count for the next one."""
    gone_again = (*WON, ev.Joined(1003.0, None), ended(3, 1, 1, ANNA), found(3, 2, GLEB), picks_up(4, 2, 2, GLEB))
    call = live(TWO, *gone_again, ev.Joined(1004.0, leg(2, 2, GLEB)))
    assert (call.phase, call.talk) == (Phase.CONNECTING, ())
    assert live(TWO, *gone_again, *joined(4, 2, 2, GLEB)).talk == (Talk(GLEB, 1004.0),)


def test_strangers_join() -> None:
    """A channel that is not ours, or not the winner's, connects nobody."""
    call = live(TWO, *WON, ev.Joined(1003, None), ev.Joined(1003, OTHER))
    assert call.phase is Phase.CONNECTING


@pytest.mark.parametrize("person", [VERA, None])
def test_transfer(person: PersonId | None) -> None:
    """A transfer begins a new stretch of talk; who answered the call stays."""
    call = live(TWO, *TALKS, replace(REPLACED, person=person), ended(4, 1, 1, ANNA), gone(30))
    row = outcome.row(live(TWO, *TALKS, replace(REPLACED, person=person), ended(4, 1, 1, ANNA), gone(30), elapsed(31)))
    assert call.phase is Phase.ENDING
    assert row.answered_by == ANNA
    assert row.talk == (outcome.TalkRow(ANNA, 1003.0, 1004.0), outcome.TalkRow(person, 1004.0, 1030.0))
    assert [one.result for one in row.legs] == [Result.ANSWERED, Result.ANSWERED]


def test_legs_take_too_long() -> None:
    """Half a second after the caller, whatever has not gone counts as gone and the row is closed."""
    call = live(TWO, *ANNA_RINGS, gone(3), elapsed(3.4))
    assert call.phase is Phase.ENDING
    call = live(TWO, *ANNA_RINGS, gone(3), elapsed(3.5))
    assert (call.phase, call.legs[0].ended_at, call.legs[0].result) == (Phase.OVER, 1003.5, Result.CANCELLED)


def test_caller_takes_too_long() -> None:
    """A caller who was let go and of whom nothing is heard counts as gone after five seconds."""
    call = live(arrived(HEAD), *RUN_OUT, elapsed(5))
    assert (call.phase, call.ended_at, call.lost) == (Phase.OVER, 1005.0, LostReason.UNREACHABLE)


def test_the_caller_gave_up_as_he_was_answered() -> None:
    """Connected for a moment in Asterisk, but his CANCEL was quicker than its 200: he has abandoned the call."""
    gave_up = ev.CallerGone(1003.0, is_unanswered=True)
    row = outcome.row(live(TWO, *TALKS, gave_up, ended(3, 1, 1, ANNA)))
    assert (row.outcome, row.lost_reason, row.lost_step, row.talk) == ("lost", LostReason.ABANDONED, 1, ())
    assert (row.answered_at, row.answered_by, row.answered_step) == (None, None, None)
    assert [one.result for one in row.legs] == [Result.CANCELLED]
    early = outcome.row(live(TWO, *WON, gave_up, ended(3, 1, 1, ANNA)))
    assert (early.outcome, early.lost_reason) == ("lost", LostReason.ABANDONED)
