"""How a call ended, or stands: the row of the ledger, field for field the call of the contract."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.core.call import Call, Leg, Phase, StepRun
from callrouter.core.words import CallId, Instant, LostReason, PersonId, Result, Why


@dataclass(frozen=True, slots=True)
class TalkRow:
    """A stretch of conversation with one person."""

    person: PersonId | None
    started_at: Instant
    ended_at: Instant | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step that was reached; skipped: started_at = ended_at."""

    step: int
    action: str
    target: str
    started_at: Instant
    ended_at: Instant | None
    skipped: Why | None
    passed: tuple[tuple[PersonId, Why], ...] = ()
    """Considered and not rung, or not at once."""


@dataclass(frozen=True, slots=True)
class LegRow:
    """One contact of a phone that was tried."""

    person: PersonId | None
    phone: str
    step: int
    started_at: Instant
    ringing_at: Instant | None
    answered_at: Instant | None
    ended_at: Instant | None
    result: Result | None


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call, one outcome (None while it lives). Instants are seconds since 1970, UTC."""

    id: CallId
    line: str
    department: str | None
    caller: str | None
    caller_raw: str
    client_id: int | None
    client: str | None
    responsible: PersonId | None
    priority: str | None
    segment: str | None
    direction: str
    arrived_at: Instant
    answered_at: Instant | None
    ended_at: Instant | None
    outcome: str | None
    lost_reason: LostReason | None
    lost_step: int | None
    answered_by: PersonId | None
    answered_step: int | None
    scheme_revision: int | None
    asterisk_id: str
    talk: tuple[TalkRow, ...]
    steps: tuple[StepRow, ...]
    legs: tuple[LegRow, ...]
    routed_by: str = "router"
    recovered: bool = False
    recording: str | None = None
    """Where the PBX recorded it: a path of its own, in which what a caller calls himself may stand."""
    is_closed: bool = False
    """It arrived outside the line's hours."""
    source: str | None = None
    """Where callers have the line's number from."""
    ended_with: PersonId | None = None
    """Who talked to the caller last; None: nobody of the scheme, or he was lost."""
    is_dropped: bool = False
    """Somebody talked to him and sent him on, and nobody talked to him there."""
    dropped_by: PersonId | None = None
    """Who sent him on."""


def row(call: Call) -> CallRow:
    """Return the call as the ledger has it; `outcome` is None until it is over."""
    arrived = call.arrived
    over = call.phase is Phase.OVER
    lost = over and call.answered_at is None
    dropped = over and call.sent_at is not None
    stood_in = {transfer.leg for transfer in call.transfers}
    return CallRow(
        id=call.id,
        line=arrived.line,
        department=arrived.department,
        caller=arrived.caller,
        caller_raw=arrived.caller_raw,
        client_id=arrived.client_id,
        client=arrived.client,
        responsible=arrived.responsible,
        priority=arrived.priority,
        segment=arrived.segment,
        direction=arrived.direction,
        arrived_at=arrived.arrived_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at if over else None,
        outcome=None if not over else "lost" if lost else "answered",
        lost_reason=call.lost if lost else None,
        lost_step=call.lost_step if lost else None,
        answered_by=call.answered_by,
        answered_step=call.answered_step,
        scheme_revision=arrived.scheme_revision,
        asterisk_id=arrived.asterisk_id,
        routed_by=arrived.routed_by,
        recovered=call.recovered,
        recording=arrived.recording,
        is_closed=arrived.is_closed,
        source=arrived.source,
        talk=tuple(TalkRow(talk.person, talk.started_at, talk.ended_at) for talk in call.talk),
        steps=tuple(_step_row(call, run) for run in call.steps),
        legs=tuple(_leg_row(leg) for leg in call.legs if leg.id not in stood_in or leg.result is Result.ANSWERED),
        ended_with=call.talk[-1].person if over and call.talk and not dropped else None,
        is_dropped=dropped,
        dropped_by=call.sent_by if dropped else None,
    )


def _step_row(call: Call, run: StepRun) -> StepRow:
    step = call.plan.ladder[run.step - 1]
    return StepRow(run.step, step.action.value, step.target, run.started_at, run.ended_at, run.skipped, run.passed)


def _leg_row(leg: Leg) -> LegRow:
    return LegRow(
        leg.person, leg.phone, leg.step, leg.started_at, leg.ringing_at, leg.answered_at, leg.ended_at, leg.result
    )
