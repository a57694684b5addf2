"""The audit: every call of Asterisk's to a line has one row, and both tell the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.cdr.audit import Difference, audit, without_record
from callrouter.core.machine import arrive
from callrouter.core.outcome import CallRow, TalkRow, row
from callrouter.core.recorded import Recorded
from callrouter.core.words import CallId
from tests.core.test_recorded import RUNG, TALKED
from tests.store.lives import ARRIVED

LIVE = row(arrive(CallId("0191-a"), replace(ARRIVED, asterisk_id="1.1"))[0])
ANSWERED = replace(LIVE, outcome="answered", answered_at=12.5, ended_at=21.0)
ALONE = replace(ANSWERED, ended_at=60.0, talk=(TalkRow(None, 12.0, 20.5),))
LOST = replace(LIVE, outcome="lost", ended_at=12.5)
CALL, GONE = Recorded((RUNG, TALKED)), Recorded((RUNG,))
BRIEF = Recorded((replace(TALKED, ended_at=12.25),))


@pytest.mark.parametrize(
    ("recorded", "rows", "found"),
    [
        (CALL, [ANSWERED], []),
        (CALL, [ALONE], []),
        (CALL, [replace(ALONE, talk=(TalkRow(None, 12.0, 50.0),))], [("0191-a", "ended_at", 20.0, 60.0)]),
        (GONE, [LOST], []),
        (BRIEF, [replace(LOST, ended_at=12.3)], []),
        (CALL, [], [(None, "no_row", "answered", None)]),
        (
            CALL,
            [ANSWERED, replace(ANSWERED, id=CallId("0191-b"))],
            [("0191-b", "several_rows", "answered", "answered")],
        ),
        (CALL, [LOST], [("0191-a", "outcome", "answered", "lost")]),
        (CALL, [LIVE], [("0191-a", "outcome", "answered", None)]),
        (GONE, [ANSWERED], [("0191-a", "outcome", "lost", "answered")]),
        (CALL, [replace(ANSWERED, answered_at=9.0)], [("0191-a", "answered_at", 12.0, 9.0)]),
        (CALL, [replace(ANSWERED, ended_at=60.0)], [("0191-a", "ended_at", 20.0, 60.0)]),
    ],
)
def test_differences(recorded: Recorded, rows: list[CallRow], found: list[tuple[object, ...]]) -> None:
    """No row, two rows, another outcome, times that are too far apart; an answer that crossed a hang-up is none."""
    assert [(one.call, one.what, one.asterisk, one.ledger) for one in audit([recorded], rows)] == found


def test_a_row_without_a_record() -> None:
    """Asterisk knows nothing of it."""
    assert without_record(LOST) == Difference("1.1", CallId("0191-a"), "no_record", None, "lost")
