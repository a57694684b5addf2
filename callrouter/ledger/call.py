"""One call as the contract writes it in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.ledger.period import rfc3339
from callrouter.ledger.tally import talked, waited

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
    from callrouter.core.words import PersonId


def document(row: CallRow, claimed_by: PersonId | None = None) -> dict[str, object]:
    """Return the call with all its parts; a live one has outcome null."""
    return {
        "id": row.id,
        "line": row.line,
        "department": row.department,
        "caller": row.caller,
        "caller_raw": row.caller_raw,
        "client": row.client,
        "responsible": row.responsible,
        "priority": row.priority,
        "segment": row.segment,
        "claimed_by": claimed_by,
        "direction": row.direction,
        "arrived_at": rfc3339(row.arrived_at),
        "answered_at": rfc3339(row.answered_at),
        "ended_at": rfc3339(row.ended_at),
        "outcome": row.outcome,
        "lost_reason": row.lost_reason,
        "lost_step": row.lost_step,
        "answered_by": row.answered_by,
        "answered_step": row.answered_step,
        "ended_with": row.ended_with,
        "dropped": row.is_dropped,
        "dropped_by": row.dropped_by,
        "wait_seconds": waited(row),
        "talk_seconds": talked(row),
        "scheme_revision": row.scheme_revision,
        "routed_by": row.routed_by,
        "recovered": row.recovered,
        "asterisk_id": row.asterisk_id,
        "recording": row.recording,
        "talk": [_talk(talk) for talk in row.talk],
        "steps": [_step(step) for step in row.steps],
        "legs": [_leg(leg) for leg in row.legs],
    }


def _talk(talk: TalkRow) -> dict[str, object]:
    return {"person": talk.person, "started_at": rfc3339(talk.started_at), "ended_at": rfc3339(talk.ended_at)}


def _step(step: StepRow) -> dict[str, object]:
    return {
        "step": step.step,
        "action": step.action,
        "target": step.target,
        "started_at": rfc3339(step.started_at),
        "ended_at": rfc3339(step.ended_at),
        "skipped": step.skipped,
    }


def _leg(leg: LegRow) -> dict[str, object]:
    return {
        "person": leg.person,
        "phone": leg.phone,
        "step": leg.step,
        "started_at": rfc3339(leg.started_at),
        "ringing_at": rfc3339(leg.ringing_at),
        "answered_at": rfc3339(leg.answered_at),
        "ended_at": rfc3339(leg.ended_at),
        "result": leg.result,
    }
