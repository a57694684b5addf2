"""A trunk that says 183 instead of 180: sound, but no ringing."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import events as ev, machine
from callrouter.core.call import Call, LegState
from callrouter.core.outcome import row
from callrouter.core.words import LegId, LostReason, Result
from tests.core.test_recovery import ANNAS, after, ringing


def sounding() -> Call:
    """Return a call whose only leg sounds, but has not rung."""
    call = ringing()
    leg = replace(call.legs[0], state=LegState.DIALLED, ringing_at=None)
    return after(replace(call, legs=(leg,)), ev.LegProgressed(0.2, ANNAS))


def test_who_sounded_and_was_stopped_did_not_answer() -> None:
    """The leg is no_answer, and so is the call that is lost with it."""
    call = after(sounding(), ev.Elapsed(10.0), ev.Found(10.0, 2, ()), ev.Elapsed(20.0))
    assert row(call).legs[0].result is Result.NO_ANSWER
    assert row(call).legs[0].ringing_at is None
    assert call.lost is LostReason.NO_ANSWER


def test_a_final_answer_after_sound_is_that_of_a_phone_that_never_rang() -> None:
    """An operator's announcement ends with 486 too: busy, and nobody has refused."""
    call = after(sounding(), ev.LegEnded(3.0, ANNAS, ev.End.BUSY, 486))
    assert row(call).legs[0].result is Result.BUSY


def test_sound_changes_nothing_else() -> None:
    """Neither of a leg that rings, nor of one nobody knows."""
    call = ringing()
    assert machine.advance(call, ev.LegProgressed(0.3, ANNAS)) == (call, ())
    assert machine.advance(call, ev.LegProgressed(0.3, LegId("nobody"))) == (call, ())
