"""Rows of the ledger as Asterisk's own records tell of calls in: served by the fallback or a dialplan. Pure."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.recorded import AGI, Record, Recorded, call_of, phone_of
from callrouter.core.words import LostReason, Result
from callrouter.routing.availability import is_line_open
from callrouter.routing.caller import STRANGER, Client
from callrouter.routing.choose import Chosen
from callrouter.routing.numbers import Number, storable
from callrouter.store.company import Company
from callrouter.store.outgoing import call_id, talked_from

TOGETHER = 0.5
"""Seconds: a phone that stopped so near to an answer, or to the caller's end, stopped because of it."""


def row(company: Company, one: Recorded, chosen: Chosen | None, number: Number, client: Client | None) -> CallRow:
    """Return the row of a call to a line; `chosen`: what the scheme decides of it, None where it knows no such line."""
    known = (client or STRANGER) if chosen is None else chosen.client
    is_internal = one.is_far_end or company.person(one.phone) is not None
    first = one.talk[0] if one.talk else None
    return CallRow(
        id=call_of(one.asterisk_id) if one.last.by == AGI else call_id(one),
        line=storable(one.line) if chosen is None else chosen.line,
        department=None if chosen is None else chosen.department,
        caller=number.known,
        caller_raw=number.raw,
        client_id=known.id,
        client=known.name,
        responsible=known.responsible,
        priority=known.priority,
        segment=known.segment,
        direction="internal" if is_internal else "in" if chosen is None else chosen.direction,
        arrived_at=one.started_at,
        answered_at=one.answered_at,
        ended_at=one.ended_at,
        outcome="answered" if first else "lost",
        lost_reason=one.lost,
        lost_step=one.last.step if one.lost is LostReason.ABANDONED else None,
        answered_by=None if first is None else company.person(phone_of(first.peer)),
        answered_step=None if first is None else first.step,
        scheme_revision=company.revision,
        asterisk_id=one.asterisk_id,
        talk=_talk(company, one),
        steps=_steps(one, chosen),
        legs=tuple(_leg(company, one, record) for record in one.records if record.peer),
        routed_by=one.last.by if one.is_due else "router",
        is_closed=chosen is not None and (chosen.is_closed or _is_closed(company, one)),
        source=None if chosen is None else chosen.source,
        recovered=not one.is_due,
        recording=one.recording,
        ended_with=None if first is None else company.person(phone_of(one.talk[-1].peer)),
    )


def _is_closed(company: Company, one: Recorded) -> bool:
    """Return whether the call came outside the line's hours, by the scheme of the fallback, which has no rules."""
    line = company.line(one.line)
    is_rule = one.last.by == AGI  # rules may open a line, and were asked
    return (
        not is_rule
        and company.scheme is not None
        and line is not None
        and not is_line_open(company.scheme, line, one.started_at)
    )


def went_on(kept: CallRow, made: CallRow) -> CallRow:
    """Return the router's row of a call that was transferred and then served by the fallback: what follows is there."""
    since = max([*(talk.started_at for talk in kept.talk), *(step.started_at for step in kept.steps)])
    talk = tuple(talk for talk in made.talk if talk.started_at > since)
    return replace(
        kept,
        ended_at=made.ended_at,
        talk=(*kept.talk, *talk),
        legs=(*kept.legs, *(leg for leg in made.legs if leg.started_at > since)),
        recording=kept.recording or made.recording,
        ended_with=talk[-1].person if talk else None,
        is_dropped=not talk,
        dropped_by=None if talk else kept.dropped_by,
    )


def corrected(kept: CallRow, made: CallRow) -> CallRow:
    """Return the router's row of a call that the fallback served after it: how it went in the end is Asterisk's word.

    What the router has tried stays.
    """
    return replace(
        kept,
        answered_at=made.answered_at,
        ended_at=made.ended_at,
        outcome=made.outcome,
        lost_reason=made.lost_reason,
        lost_step=made.lost_step,
        answered_by=made.answered_by,
        answered_step=made.answered_step,
        talk=made.talk,
        ended_with=made.ended_with,
        steps=(*(step for step in kept.steps if step not in made.steps), *made.steps),
        legs=(*(leg for leg in kept.legs if leg not in made.legs), *made.legs),
        routed_by=made.routed_by,
        recording=kept.recording or made.recording,
    )


def _talk(company: Company, one: Recorded) -> tuple[TalkRow, ...]:
    return tuple(TalkRow(company.person(phone_of(part.peer)), talked_from(part), part.ended_at) for part in one.talk)


def _steps(one: Recorded, chosen: Chosen | None) -> tuple[StepRow, ...]:
    """Return the steps in which somebody was rung, as the scheme of the fallback has them."""
    ladder = () if chosen is None else chosen.ladder
    found = []
    for number, step in enumerate(ladder, start=1):
        rung = [record for record in one.records if record.peer and record.step == number]
        if rung:
            start, end = min(part.started_at for part in rung), max(part.answered_at or part.ended_at for part in rung)
            found.append(StepRow(number, step.action.value, step.target, start, end, None))
    return tuple(found)


def _leg(company: Company, one: Recorded, record: Record) -> LegRow:
    phone = phone_of(record.peer)
    answered = record.answered_at if record.is_conversation else None
    return LegRow(
        company.person(phone),
        phone,
        record.step or 0,
        record.started_at,
        None,
        answered,
        record.ended_at,
        _result(one, record),
    )


def _result(one: Recorded, record: Record) -> Result:
    if record.is_conversation:
        return Result.ANSWERED
    if one.answered_at is not None and abs(record.ended_at - one.answered_at) < TOGETHER:
        return Result.ELSEWHERE
    if one.lost is LostReason.ABANDONED and one.ended_at - record.ended_at < TOGETHER:
        return Result.CANCELLED
    return {"BUSY": Result.BUSY, "NO ANSWER": Result.NO_ANSWER}.get(record.disposition, Result.UNREACHABLE)
