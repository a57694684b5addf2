"""Rows of the ledger from Asterisk's own records: calls the fallback served, and calls out."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.recorded import AGI, FALLBACK, Record, Recorded, call_of, phone_of
from callrouter.core.words import CallId, LostReason, PersonId, Result
from callrouter.routing.caller import STRANGER, Caller, Client
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import Number, read, storable
from callrouter.routing.scheme import parse
from callrouter.store import closing, notices, queries, rows, schemes, tasks
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Line, Scheme

APP = "asterisk"
"""Who wrote the row, where no worker did."""
TOGETHER = 0.5
"""Seconds: a phone that stopped so near to an answer, or to the caller's end, stopped because of it."""


@dataclass(frozen=True, slots=True)
class _Company:
    """The scheme that held, and its revision (both None before the first)."""

    scheme: Scheme | None
    revision: int | None

    def number(self, raw: str) -> Number:
        """Return what a number means here."""
        return Number(None, None, storable(raw)) if self.scheme is None else read(raw, self.scheme.country)

    def line(self, dialled: str) -> Line | None:
        """Return the line that was dialled."""
        return None if self.scheme is None else find_line(self.scheme, dialled)

    def person(self, phone: str) -> PersonId | None:
        """Return whose phone this is; a number outside is known by its trunk, where one person alone has such."""
        if self.scheme is None:
            return None
        trunk = [
            person.id
            for person in self.scheme.people.values()
            for one in person.phones
            if "@" in one and f"PJSIP/{one.rpartition('@')[2]}" == phone
        ]
        return self.scheme.phones.get(phone) or (trunk[0] if len(trunk) == 1 else None)


async def tell(connection: AsyncConnection, one: Recorded) -> CallRow | None:
    """Write the row that these records are due, or correct the one that the router left when it gave the call away.

    Return the row if it is a new one.
    """
    if not one.is_due and await _of_router(connection, one.asterisk_id) is not None:
        return None
    company = await _company(connection, one.last.revision)
    if not one.line:
        outgoing = await _outgoing(connection, company, one)
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


async def _company(connection: AsyncConnection, revision: int | None) -> _Company:
    found = None if revision is None else await schemes.get(connection, revision)
    found = found or await schemes.current(connection)
    if found is None:
        return _Company(None, None)
    return _Company(parse(found.document, f"revision {found.revision}"), found.revision)


async def _client(connection: AsyncConnection, number: Number, line: Line | None) -> Client | None:
    if number.e164 is None:
        return None
    return await queries.client_by_number(connection, number.e164, None if line is None else line.department)


async def _of_router(connection: AsyncConnection, asterisk_id: str) -> CallRow | None:
    query = select(calls).where(calls.c.asterisk_id == asterisk_id, calls.c.app != APP).order_by(calls.c.arrived_at)
    found = (await connection.execute(query)).all()
    return (await rows.load(connection, found[:1]))[0] if found else None


def _row(company: _Company, one: Recorded, chosen: Chosen | None, number: Number, client: Client | None) -> CallRow:
    known = (client or STRANGER) if chosen is None else chosen.client
    is_internal = one.is_far_end or company.person(one.phone) is not None
    first = one.talk[0] if one.talk else None
    return CallRow(
        id=call_of(one.asterisk_id) if one.last.by == AGI else _id(one),
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
        is_closed=chosen is not None and chosen.is_closed,
        recovered=not one.is_due,
        ended_with=None if first is None else company.person(phone_of(one.talk[-1].peer)),
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
    )


async def _outgoing(connection: AsyncConnection, company: _Company, one: Recorded) -> CallRow:
    """Return the row of a call out: `line` is the number dialled, `caller` our phone, its leg says whose it is."""
    dialled, own = company.number(one.last.dialled), company.number(one.last.caller)
    client = await _client(connection, dialled, None) or STRANGER
    person = company.person(one.phone)
    is_rung = one.last.disposition in {"NO ANSWER", "BUSY"}
    reason = LostReason.NO_ANSWER if is_rung else LostReason.UNREACHABLE
    result = Result.ANSWERED if one.talk else Result(reason.value)
    phone = LegRow(person, one.phone, 0, one.started_at, None, one.answered_at, one.ended_at, result)
    return CallRow(
        id=_id(one),
        line=dialled.known or dialled.raw,
        department=None,
        caller=own.known,
        caller_raw=own.raw,
        client_id=client.id,
        client=client.name,
        responsible=client.responsible,
        priority=client.priority,
        segment=client.segment,
        direction="out",
        arrived_at=one.started_at,
        answered_at=one.answered_at,
        ended_at=one.ended_at,
        outcome="answered" if one.talk else "lost",
        lost_reason=None if one.talk else reason,
        lost_step=None,
        answered_by=person if one.talk else None,
        ended_with=person if one.talk else None,
        answered_step=None,
        scheme_revision=company.revision,
        asterisk_id=one.asterisk_id,
        talk=tuple(TalkRow(person, _since(record), record.ended_at) for record in one.talk),
        steps=(),
        legs=(phone,),
        routed_by=APP,
    )


def _talk(company: _Company, one: Recorded) -> tuple[TalkRow, ...]:
    return tuple(TalkRow(company.person(phone_of(part.peer)), _since(part), part.ended_at) for part in one.talk)


def _since(record: Record) -> Instant:
    return record.started_at if record.answered_at is None else record.answered_at


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


def _leg(company: _Company, one: Recorded, record: Record) -> LegRow:
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


def _id(one: Recorded) -> CallId:
    """Return the call's id: a time-ordered UUID (RFC 9562, version 7), the same whenever the records are read."""
    rest = int.from_bytes(hashlib.sha256(one.asterisk_id.encode()).digest()[:10]) & ((1 << 80) - 1)
    value = round(one.started_at * 1000) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return CallId(str(uuid.UUID(int=value)))
