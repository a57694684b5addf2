"""A call in JSON."""

from __future__ import annotations

from callrouter.core.outcome import LegRow, StepRow, TalkRow
from callrouter.core.words import PersonId, Result, Why
from callrouter.ledger.call import document
from tests.ledger.rows import at, call


def test_a_call_is_written_as_the_contract_says() -> None:
    """Names, order and forms are the contract's."""
    start = at("2026-11-20T15:55:01.25+00:00")
    row = call(
        "2026-11-20T15:55:01.25+00:00",
        wait=14.2,
        talk=(TalkRow(PersonId("boris"), start + 14.2, None),),
        steps=(StepRow(1, "ring", "responsible", start, start, Why.NO_RESPONSIBLE),),
        legs=(LegRow(PersonId("anna"), "PJSIP/101", 1, start, start + 1, None, start + 10, Result.NO_ANSWER),),
    )
    printed = document(row, PersonId("boris"))
    assert list(printed) == [
        *("id", "line", "department", "caller", "caller_raw", "client", "responsible", "priority", "segment"),
        *("claimed_by", "direction", "arrived_at", "answered_at", "ended_at", "outcome", "lost_reason", "lost_step"),
        *("answered_by", "answered_step", "ended_with", "dropped", "dropped_by", "wait_seconds", "talk_seconds"),
        *("scheme_revision", "routed_by", "recovered", "asterisk_id", "recording", "talk", "steps", "legs"),
    ]
    assert (printed["claimed_by"], printed["arrived_at"]) == ("boris", "2026-11-20T15:55:01.250Z")
    assert (printed["wait_seconds"], printed["talk_seconds"]) == (14.2, 60.0)
    assert printed["talk"] == [{"person": "boris", "started_at": "2026-11-20T15:55:15.450Z", "ended_at": None}]
    assert printed["steps"] == [
        {
            "step": 1,
            "action": "ring",
            "target": "responsible",
            "started_at": "2026-11-20T15:55:01.250Z",
            "ended_at": "2026-11-20T15:55:01.250Z",
            "skipped": "no_responsible",
        }
    ]
    assert printed["legs"] == [
        {
            "person": "anna",
            "phone": "PJSIP/101",
            "step": 1,
            "started_at": "2026-11-20T15:55:01.250Z",
            "ringing_at": "2026-11-20T15:55:02.250Z",
            "answered_at": None,
            "ended_at": "2026-11-20T15:55:11.250Z",
            "result": "no_answer",
        }
    ]
