"""A leg's table of states, and what the end of a leg means."""

from __future__ import annotations

from itertools import product

import pytest

from callrouter.core import events as ev, legs
from callrouter.core.call import Leg, LegState
from callrouter.core.legs import Signal
from callrouter.core.words import CallId, LegId, PersonId, Result
from tests.core.calls import ANNA, HEAD, VERA, arrived, elapsed, ended, found, leg, live, picks_up, rings

UP, GOES, GONE = LegState.UP, LegState.LEAVING, LegState.GONE
NEXT = {
    #                  rang             asked           accepted picked up  joined         stopped ended
    LegState.DIALLED: (LegState.RINGING, LegState.ASKED, None, UP, None, GOES, GONE),
    LegState.RINGING: (None, LegState.ASKED, None, UP, None, GOES, GONE),
    LegState.ASKED: (None, None, UP, None, None, GOES, GONE),
    UP: (None, None, None, None, LegState.TALKING, GOES, GONE),
    LegState.TALKING: (None, None, None, None, None, GOES, GONE),
    GOES: (None, None, None, None, None, None, GONE),
    GONE: (None, None, None, None, None, None, None),
}
STEP = arrived(HEAD.__class__(HEAD.action, "anna", (ANNA,), 10.0, HEAD.if_busy), HEAD)
RINGS = (found(0, 1, ANNA), rings(0, 1, 1, ANNA))


@pytest.mark.parametrize(("state", "signal"), list(product(LegState, Signal)))
def test_table(state: LegState, signal: Signal) -> None:
    """Every state meets every signal as the table above says, and nothing else happens."""
    before = Leg(LegId("x"), ANNA, "PJSIP/101", 1, state, 0.0, 12.0)
    after = legs.move(before, signal)
    assert (after and after.state) == NEXT[state][list(Signal).index(signal)]


@pytest.mark.parametrize(
    ("end", "without_ringing"),
    [
        (ev.End.BUSY, Result.BUSY),
        (ev.End.FORWARDED, Result.FORWARDED),
        (ev.End.REFUSED, Result.UNREACHABLE),
        (ev.End.FAILED, Result.FAILED),
    ],
)
def test_end(end: ev.End, without_ringing: Result) -> None:
    """Without having rung the code speaks; a phone that rang has refused, whatever the code; our fault is ours."""
    dialled = live(STEP, found(0, 1, ANNA), ended(1, 1, 1, ANNA, end))
    rang = live(STEP, *RINGS, ended(1, 1, 1, ANNA, end))
    assert dialled.legs[0].result == without_ringing
    assert rang.legs[0].result == (Result.FAILED if end is ev.End.FAILED else Result.DECLINED)


def test_dead_mans_switch() -> None:
    """A phone that Asterisk's own timer stopped has not refused."""
    late = live(STEP, *RINGS, ended(11.5, 1, 1, ANNA))
    assert late.legs[0].result == Result.NO_ANSWER


def test_stopped() -> None:
    """Who rang in vain did not answer; who was rung and never rang was not to be reached."""
    rang = live(STEP, *RINGS, elapsed(10), found(10, 2), ended(10, 1, 1, ANNA))
    silent = live(arrived(HEAD), found(0, 1, HEAD.people[0]), elapsed(10))
    assert (rang.legs[0].result, silent.legs[0].result) == (Result.NO_ANSWER, Result.UNREACHABLE)


def test_instants() -> None:
    """A leg knows when it began, rang, was picked up and was gone; a second ring or answer changes nothing."""
    call = live(STEP, *RINGS, rings(1, 1, 1, ANNA), picks_up(3, 1, 1, ANNA), picks_up(4, 1, 1, ANNA))
    one = call.legs[0]
    assert (one.started_at, one.ringing_at, one.answered_at, one.ended_at) == (1000, 1000, 1003, None)


def test_crossing_answer() -> None:
    """An answer that crosses our hang-up leaves no trace."""
    call = live(STEP, *RINGS, elapsed(10), found(10, 2, HEAD.people[0]))
    assert live(STEP, *RINGS, elapsed(10), found(10, 2, HEAD.people[0]), picks_up(10, 1, 1, ANNA)) == call


def test_names() -> None:
    """A leg's name tells its person, even one with a dot; a foreign channel is called by its id."""
    dotted = PersonId("o.neill")
    assert legs.name(CallId("c"), 2, 3, dotted) == "c.2.3.o.neill"
    assert legs.person_of(legs.name(CallId("c"), 2, 3, dotted)) == "o.neill"
    assert legs.person_of(LegId("1795291760.226")) == "1795291760.226"


def test_people() -> None:
    """Legs of nobody in the scheme are nobody's."""
    one, nobody = (Leg(LegId(str(p)), p, "x", 1, LegState.UP, 0.0, 0.0) for p in (VERA, None))
    assert legs.people((one, nobody)) == {VERA}
    assert legs.find(live(STEP, *RINGS), leg(1, 1, ANNA)) is not None
