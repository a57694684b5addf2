"""Asterisk was silent when phones were to ring: their step begins when they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import events as ev, machine
from callrouter.core.words import LegId, Result
from tests.core.test_recovery import ANNAS, after, ringing


def test_the_step_lasts_so_much_longer() -> None:
    """Five seconds of silence: the step of ten ends after fifteen, and Asterisk's timer is no refusal before that."""
    before = replace(ringing(), legs=(replace(ringing().legs[0], until=12.0),))
    call = after(before, ev.LegDelayed(5.0, ANNAS, 5.0))
    assert (machine.deadline(before), machine.deadline(call)) == (10.0, 15.0)
    assert call.legs[0].until == 17.0
    assert after(call, ev.LegEnded(16.5, ANNAS, ev.End.REFUSED)).legs[0].result is Result.NO_ANSWER


def test_it_is_the_longest_delay_that_counts() -> None:
    """Several phones are late together, and one of them says so twice: the step is not longer for it."""
    call = after(
        ringing(), ev.LegDelayed(5.0, ANNAS, 5.0), ev.LegDelayed(5.1, ANNAS, 5.1), ev.LegDelayed(5.2, ANNAS, 1)
    )
    assert machine.deadline(call) == pytest.approx(15.1)


def test_who_is_late_for_another_step_changes_nothing() -> None:
    """Neither a leg of the step before, nor one that was stopped, nor a stranger, nor a call that is over."""
    call = ringing()
    assert machine.advance(call, ev.LegDelayed(5.0, LegId("nobody"), 5.0)) == (call, ())
    former = replace(call, legs=(replace(call.legs[0], step=9),))
    assert machine.advance(former, ev.LegDelayed(5.0, ANNAS, 5.0)) == (former, ())
    ended = after(call, ev.CallerGone(6.0))
    assert machine.advance(ended, ev.LegDelayed(7.0, ANNAS, 5.0)) == (ended, ())
    next_step = after(call, ev.Elapsed(10.0))
    assert machine.advance(next_step, ev.LegDelayed(10.1, ANNAS, 5.0)) == (next_step, ())
