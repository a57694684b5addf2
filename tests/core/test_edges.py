"""Where two rules of the ladder meet."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev
from callrouter.core.words import IfBusy, LostReason, Result
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    OWNER,
    VERA,
    arrived,
    ask,
    away,
    elapsed,
    ended,
    found,
    hang_up,
    last,
    let_go,
    live,
    ring,
    rings,
)

ONE_RINGS = (found(0, 1, ANNA, ev.Busy(BORIS), away(VERA)), rings(0, 1, 1, ANNA))


def test_not_waiting() -> None:
    """A department that does not wait ends early though one of it talks; one that waits holds."""
    waits, hurries = arrived(DEPARTMENT, HEAD), arrived(replace(DEPARTMENT, if_busy=IfBusy.SKIP), HEAD)
    assert last(waits, *ONE_RINGS, ended(2, 1, 1, ANNA)) == []
    assert last(hurries, *ONE_RINGS, ended(2, 1, 1, ANNA)) == [ask(2, GLEB)]


def test_while_asking() -> None:
    """A step does not end early while it is asked whether somebody of it has become free."""
    hurries = arrived(replace(DEPARTMENT, if_busy=IfBusy.SKIP), HEAD)
    asking = (*ONE_RINGS, ev.PersonChanged(1002.0, BORIS))
    assert last(hurries, *asking, ended(2, 1, 1, ANNA)) == []
    assert last(hurries, *asking, ended(2, 1, 1, ANNA), found(2, 1, BORIS)) == [ring(1, 2, BORIS, 12)]
    assert last(hurries, *asking, ended(2, 1, 1, ANNA), found(2, 1, away(BORIS))) == [ask(2, GLEB)]


def test_long_step() -> None:
    """A step longer than a minute rings its seconds; the last one without seconds then has none left."""
    call = arrived(replace(HEAD, seconds=100.0), OWNER)
    assert last(call, found(0, 1, GLEB)) == [ring(1, 1, GLEB, 102)]
    end = last(call, found(0, 1, GLEB), rings(0, 1, 1, GLEB), elapsed(100))
    assert end == [hang_up(1, 1, GLEB, Result.NO_ANSWER), let_go(lost=LostReason.NO_ANSWER)]


def test_his_own_cancel() -> None:
    """Who hangs up as the ladder runs out has abandoned it if Asterisk took his CANCEL first; after a prompt not."""
    plain, prompted = arrived(HEAD), replace(arrived(HEAD), prompt="sound:sorry")
    ran_out = (found(0, 1, GLEB), rings(0, 1, 1, GLEB), elapsed(10), ended(10, 1, 1, GLEB))
    crossed = ev.CallerGone(1010.1, is_unanswered=True)
    told = live(plain, *ran_out, crossed)
    assert (told.lost, told.lost_step) == (LostReason.ABANDONED, 1)
    assert live(plain, *ran_out, ev.CallerGone(1010.1)).lost is LostReason.NO_ANSWER
    assert live(prompted, *ran_out, ev.PromptEnded(1012.0), crossed).lost is LostReason.NO_ANSWER


def test_wrong_step() -> None:
    """An answer about another step is not taken for this one's."""
    call = arrived(HEAD, replace(HEAD, target="again"))
    assert last(call, found(0, 2, GLEB)) == []
    assert last(call, elapsed(10), found(11, 1, GLEB)) == []


def test_nobody_twice() -> None:
    """Who is named twice in one answer rings once, and the first word counts."""
    assert last(arrived(HEAD), found(0, 1, GLEB, GLEB)) == [ring(1, 1, GLEB, 12)]
    assert last(arrived(DEPARTMENT), found(0, 1, ev.Busy(ANNA), ANNA)) == []


def test_refused_while_asking() -> None:
    """Who refuses while the next step asks about others is not rung on, nor asked about again."""
    call = arrived(replace(HEAD, people=(ANNA,)), DEPARTMENT, replace(HEAD, people=(ANNA, GLEB)))
    events = (found(0, 1, ANNA), rings(0, 1, 1, ANNA), elapsed(10), ended(10, 1, 1, ANNA))
    assert last(call, *events) == []
    assert last(call, *events, found(10, 2, away(BORIS), away(VERA))) == [ask(3, GLEB)]
    assert live(call, *events, found(10, 2, away(BORIS), away(VERA))).steps[1].skipped == "declined"
