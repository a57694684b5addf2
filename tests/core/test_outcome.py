"""The row of the ledger, for each way a call can end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core import events as ev, outcome
from callrouter.core.outcome import LegRow, StepRow, TalkRow
from callrouter.core.words import LegId, LostReason, Result, Why
from tests.core.calls import (
    ANNA,
    BORIS,
    DEPARTMENT,
    GLEB,
    HEAD,
    RESPONSIBLE,
    VERA,
    arrived,
    away,
    elapsed,
    ended,
    found,
    gone,
    joined,
    leg,
    live,
    picks_up,
    rings,
)

TWO = arrived(RESPONSIBLE, DEPARTMENT)
ROW = outcome.row(live(replace(TWO, left_at=1000.0)))
"""A lost row, to be changed into each expected one."""

ANSWERED = (
    *(found(0.1, 1, away(ANNA, Why.PAUSED)), found(0.2, 2, away(ANNA, Why.PAUSED), BORIS, VERA)),
    *(rings(0.5, 2, 1, BORIS), rings(0.6, 2, 2, VERA), picks_up(4, 2, 1, BORIS), ended(4.1, 2, 2, VERA)),
    *(*joined(4.2, 2, 1, BORIS), ended(65, 2, 1, BORIS), gone(65.25)),
)


def test_answered() -> None:
    """An answered call: who, in which step, the skipped step, the talk, every leg."""
    assert outcome.row(live(TWO, *ANSWERED)) == replace(
        ROW,
        outcome="answered",
        lost_reason=None,
        answered_at=1004.0,
        ended_at=1065.25,
        answered_by=BORIS,
        answered_step=2,
        ended_with=BORIS,
        talk=(TalkRow(BORIS, 1004.0, 1065.0),),
        steps=(
            StepRow(1, "ring", "responsible", 1000.0, 1000.0, Why.PAUSED, ((ANNA, Why.PAUSED),)),
            StepRow(2, "ring", "department", 1000.1, 1004.0, None, ((ANNA, Why.PAUSED),)),
        ),
        legs=(
            LegRow(BORIS, "PJSIP/102", 2, 1000.2, 1000.5, 1004.0, 1065.0, Result.ANSWERED),
            LegRow(VERA, "PJSIP/103", 2, 1000.2, 1000.6, None, 1004.1, Result.ELSEWHERE),
        ),
    )


def test_before_the_ladder() -> None:
    """Who leaves before the first step is lost as abandoned, in no step; the arrival's facts are all there."""
    row = outcome.row(live(replace(TWO, left_at=1000.5)))
    assert row == outcome.CallRow(
        id=row.id,
        line="+74951234567",
        department="sales",
        caller="+79161234567",
        caller_raw="89161234567",
        client_id=7,
        client="Ромашка",
        responsible=ANNA,
        priority=None,
        segment=None,
        direction="in",
        arrived_at=1000.0,
        answered_at=None,
        ended_at=1000.5,
        outcome="lost",
        lost_reason=LostReason.ABANDONED,
        lost_step=None,
        answered_by=None,
        answered_step=None,
        scheme_revision=None,
        asterisk_id="caller",
        talk=(),
        steps=(),
        legs=(),
    )


def test_abandoned() -> None:
    """Who leaves in a step is lost in that step, and his legs are cancelled."""
    row = outcome.row(live(TWO, found(0, 1, ANNA), rings(1, 1, 1, ANNA), gone(3), ended(3.1, 1, 1, ANNA)))
    assert row == replace(
        ROW,
        ended_at=1003.0,
        lost_step=1,
        steps=(StepRow(1, "ring", "responsible", 1000.0, 1003.0, None),),
        legs=(LegRow(ANNA, "PJSIP/101", 1, 1000.0, 1001.0, None, 1003.1, Result.CANCELLED),),
    )


def test_alive() -> None:
    """A live call has no outcome yet, nor an end."""
    row = outcome.row(live(TWO, *ANSWERED[:-1]))
    assert (row.outcome, row.lost_reason, row.ended_at, row.answered_by) == (None, None, None, BORIS)


LOST: dict[str, tuple[ev.CallArrived, tuple[ev.Event, ...], LostReason, int | None]] = {
    "nobody is there": (arrived(HEAD), (found(0, 1, away(GLEB)), gone(1)), LostReason.UNREACHABLE, None),
    "no phone says anything": (
        arrived(HEAD),
        (found(0, 1, GLEB), elapsed(10), ended(10, 1, 1, GLEB), gone(10)),
        LostReason.UNREACHABLE,
        None,
    ),
    "all fail": (
        arrived(HEAD),
        (found(0, 1, GLEB), ended(1, 1, 1, GLEB, ev.End.FAILED), gone(10)),
        LostReason.UNREACHABLE,
        None,
    ),
    "somebody rang": (
        arrived(HEAD),
        (found(0, 1, GLEB), rings(0, 1, 1, GLEB), elapsed(10), ended(10, 1, 1, GLEB), gone(10)),
        LostReason.NO_ANSWER,
        None,
    ),
    "somebody refused": (
        arrived(HEAD),
        (found(0, 1, GLEB), rings(0, 1, 1, GLEB), ended(2, 1, 1, GLEB), gone(2)),
        LostReason.NO_ANSWER,
        None,
    ),
    "somebody's phone was busy": (
        arrived(HEAD),
        (found(0, 1, GLEB), ended(0, 1, 1, GLEB, ev.End.BUSY), gone(1)),
        LostReason.NO_ANSWER,
        None,
    ),
    "somebody talked": (arrived(HEAD), (found(0, 1, ev.Busy(GLEB)), gone(1)), LostReason.NO_ANSWER, None),
    "somebody talked and then was not reached": (
        arrived(DEPARTMENT),
        (
            found(0, 1, away(ANNA), away(BORIS), ev.Busy(VERA)),
            ev.PersonChanged(1003.0, VERA),
            found(3, 1, VERA),
            ended(3, 1, 1, VERA),
            gone(4),
        ),
        LostReason.NO_ANSWER,
        None,
    ),
    "the line is unknown": (arrived(refusal=LostReason.FAILURE), (gone(0),), LostReason.FAILURE, None),
    "a rule refuses": (arrived(refusal=LostReason.REJECTED), (gone(0),), LostReason.REJECTED, None),
    "out of hours": (arrived(refusal=LostReason.CLOSED), (gone(0),), LostReason.CLOSED, None),
    "we failed": (arrived(HEAD), (ev.RouterFailed(1001.0, "x"), gone(2)), LostReason.FAILURE, None),
    "he left at the answer": (
        arrived(HEAD),
        (found(0, 1, GLEB), picks_up(3, 1, 1, GLEB), gone(3), ended(3, 1, 1, GLEB)),
        LostReason.ABANDONED,
        1,
    ),
    "he left while all talked": (
        arrived(HEAD, DEPARTMENT),
        (found(0, 1, away(GLEB)), found(0, 2, ev.Busy(ANNA)), gone(3)),
        LostReason.ABANDONED,
        2,
    ),
    "he left in the prompt": (
        arrived(HEAD, prompt="sound:x"),
        (found(0, 1, ev.Busy(GLEB)), gone(2)),
        LostReason.NO_ANSWER,
        None,
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_lost(case: str) -> None:
    """A lost call has exactly one reason, and a step only if he left in it."""
    event, events, reason, step = LOST[case]
    row = outcome.row(live(event, *events))
    assert (row.outcome, row.lost_reason, row.lost_step, row.answered_at) == ("lost", reason, step, None)


def test_transferred_to_nobody_known() -> None:
    """Somebody outside the scheme may take the talk over; he is nobody's name in the row."""
    taken = ev.LegReplaced(1010.0, leg(2, 1, BORIS), LegId("other"), "PJSIP/9", None)
    row = outcome.row(live(TWO, *ANSWERED[:-2], taken, gone(20), elapsed(21)))
    assert [(talk.person, talk.ended_at) for talk in row.talk] == [(BORIS, 1010.0), (None, 1020.0)]
    assert row.answered_by == BORIS
