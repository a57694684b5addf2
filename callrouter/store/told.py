"""Rows of the ledger from Asterisk's own records: calls the fallback served, and calls out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.recorded import AGI, FALLBACK, Record, Recorded, call_of, phone_of
from callrouter.core.words import CallId, LostReason, Result
from callrouter.routing.availability import is_line_open
from callrouter.routing.caller import STRANGER, Caller, Client
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.numbers import Number, storable
from callrouter.store import closing, notices, queries, rows, tasks
from callrouter.store.company import Company, company_of
from callrouter.store.outgoing import APP, call_id, row as outgoing_row, talked_from
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.routing.values import Line

TOGETHER = 0.5
"""Seconds: a phone that stopped so near to an answer, or to the caller's end, stopped because of it."""


async def tell(connection: AsyncConnection, one: Recorded) -> CallRow | None:
    """Write the row that these records are due, or correct the one that the router left when it gave the call away.

    Return the row if it is a new one.
    """
    if not one.is_due and await _of_router(connection, one.asterisk_id) is not None:
        return None
    company = await company_of(connection, one.last.revision)
    if not one.line:
        client = await _client(connection, company.number(one.last.dialled), None)
        outgoing = await _as_before(connection, outgoing_row(company, one, client or STRANGER))
        await _write(connection, outgoing, {})
        return outgoing
    number, line = company.number(one.last.caller), company.line(one.line)
    client = await _client(connection, number, line)
    chosen = None
    if line is not None and company.scheme is not None:  # the fallback knows neither rules nor hours of people
        at = one.started_at if one.last.by == AGI else None
        chosen = choose(company.scheme, line, Caller(number, client), at)
    made = _row(company, one, chosen, number, client)
    kept = await _of_router(connection, one.asterisk_id)
    if kept is not None and kept.routed_by == AGI == one.last.by and kept.outcome is not None:
        return None  # the dialplan has told how it went
    if kept is not None and kept.outcome == "answered" and not (kept.is_dropped and one.last.by == FALLBACK):
        return None
    made = await _as_before(connection, made) if kept is None else made
    final = made if kept is None else _went_on(kept, made) if kept.is_dropped else _corrected(kept, made)
    claimants, after = ((), 0.0) if chosen is None else (chosen.claimants, chosen.claim_after)
    known = await closing.client_of(connection, final, claimants, after)
    await _write(connection, final, known)
    await notices.ended(connection, final, known, claimants)
    return made if kept is None else None


async def _write(connection: AsyncConnection, final: CallRow, known: dict[str, Any]) -> None:
    """Write the row with its parts, in the place of one that is there; who got the client by it stays."""
    former = (await connection.execute(select(calls.c.app, calls.c.claimed_by).where(calls.c.id == final.id))).first()
    if former is not None:
        await connection.execute(delete(calls).where(calls.c.id == final.id))
        known = known | {"claimed_by": known.get("claimed_by") or former.claimed_by}
    await rows.begin(connection, [final], APP if former is None else former.app)
    await rows.finish(connection, final, known)
    await tasks.review(connection, final, known.get("client_id", final.client_id))


async def _as_before(connection: AsyncConnection, made: CallRow) -> CallRow:
    """Return the row under the id that it has already: the first record of a channel may come after others."""
    query = select(calls.c.id).where(calls.c.asterisk_id == made.asterisk_id, calls.c.app == APP).limit(1)
    known = (await connection.execute(query)).scalar_one_or_none()
    return made if known is None else replace(made, id=CallId(known))


async def _client(connection: AsyncConnection, number: Number, line: Line | None) -> Client | None:
    if number.e164 is None:
        return None
    return await queries.client_by_number(connection, number.e164, None if line is None else line.department)


async def _of_router(connection: AsyncConnection, asterisk_id: str) -> CallRow | None:
    query = select(calls).where(calls.c.asterisk_id == asterisk_id, calls.c.app != APP).order_by(calls.c.arrived_at)
    found = (await connection.execute(query)).all()
    return (await rows.load(connection, found[:1]))[0] if found else None


def _row(company: Company, one: Recorded, chosen: Chosen | None, number: Number, client: Client | None) -> CallRow:
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


def _went_on(kept: CallRow, made: CallRow) -> CallRow:
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


def _corrected(kept: CallRow, made: CallRow) -> CallRow:
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
