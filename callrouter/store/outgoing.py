"""Calls out, made of Asterisk's records: as many as there are in a few statements, for they are half of all calls."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import or_, select

from callrouter.core.outcome import CallRow, LegRow, TalkRow
from callrouter.core.words import CallId, LostReason, PersonId, Result
from callrouter.routing.caller import STRANGER, Candidate, Client, meant
from callrouter.store import queries, rows, tasks
from callrouter.store.company import Company, company_of
from callrouter.store.tables import calls, client_phones, clients, responsibles, tasks as waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.recorded import Record, Recorded
    from callrouter.core.words import Instant

APP = "asterisk"
"""Who wrote the row, where no worker did."""


async def tell(connection: AsyncConnection, found: Sequence[Recorded]) -> tuple[CallRow, ...]:
    """Write the rows of these calls out, of which none has one yet; return them."""
    companies = {one.last.revision: await company_of(connection, one.last.revision) for one in _each(found)}
    dialled = {one.asterisk_id: companies[one.last.revision].number(one.last.dialled).e164 for one in found}
    known = await _clients(connection, {number for number in dialled.values() if number is not None})
    made = tuple(
        row(companies[one.last.revision], one, known.get(dialled[one.asterisk_id] or "", STRANGER)) for one in found
    )
    await rows.write(connection, made, APP)
    for one in await _awaited(connection, made):
        await tasks.review(connection, one, one.client_id)
    return made


async def told_of(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    """Return those of these channels of whom Asterisk's records have told already."""
    query = select(calls.c.asterisk_id).where(calls.c.asterisk_id.in_(ids), calls.c.app == APP)
    return set((await connection.execute(query)).scalars())


def row(company: Company, one: Recorded, client: Client) -> CallRow:
    """Return the row of a call out: `line` is the number dialled, `caller` our phone, its leg says whose it is."""
    dialled, own = company.number(one.last.dialled), company.number(one.last.caller)
    person, talk, answered_at = company.person(one.phone), one.talk, one.answered_at
    is_rung = one.last.disposition in {"NO ANSWER", "BUSY"}
    reason = LostReason.NO_ANSWER if is_rung else LostReason.UNREACHABLE
    result = Result.ANSWERED if talk else Result(reason.value)
    phone = LegRow(person, one.phone, 0, one.started_at, None, answered_at, one.ended_at, result)
    return CallRow(
        id=call_id(one),
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
        answered_at=answered_at,
        ended_at=one.ended_at,
        outcome="answered" if talk else "lost",
        lost_reason=None if talk else reason,
        lost_step=None,
        answered_by=person if talk else None,
        ended_with=person if talk else None,
        answered_step=None,
        scheme_revision=company.revision,
        asterisk_id=one.asterisk_id,
        recording=one.recording,
        talk=tuple(TalkRow(person, talked_from(record), record.ended_at) for record in talk),
        steps=(),
        legs=(phone,),
        routed_by=APP,
    )


def talked_from(record: Record) -> Instant:
    """Return when the conversation of a record began."""
    return record.started_at if record.answered_at is None else record.answered_at


def call_id(one: Recorded) -> CallId:
    """Return the call's id: a time-ordered UUID (RFC 9562, version 7), the same whenever the records are read."""
    rest = int.from_bytes(hashlib.sha256(one.asterisk_id.encode()).digest()[:10]) & ((1 << 80) - 1)
    value = round(one.started_at * 1000) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return CallId(str(uuid.UUID(int=value)))


def _each(found: Iterable[Recorded]) -> Iterable[Recorded]:
    """Return one call of each revision."""
    return {one.last.revision: one for one in found}.values()


async def _clients(connection: AsyncConnection, numbers: set[str]) -> Mapping[str, Client]:
    """Return the clients with these numbers (E.164), with whose they are in general."""
    cards = select(client_phones.c.number, clients).join(clients).where(client_phones.c.number.in_(numbers))
    by_number: dict[str, list[Row[tuple[object, ...]]]] = {}
    for card in await connection.execute(cards):
        by_number.setdefault(card.number, []).append(card)
    ids = {card.id for those in by_number.values() for card in those}
    open_ = responsibles.c.client_id.in_(ids), responsibles.c.until.is_(None), responsibles.c.department.is_(None)
    whose = select(responsibles.c.client_id, responsibles.c.person).where(*open_)
    persons = {one.client_id: PersonId(one.person) for one in await connection.execute(whose)}
    found = {}
    for number, those in by_number.items():
        several = len(those) > 1
        client = await queries.client_by_number(connection, number, None) if several else _client(those[0], persons)
        if client is not None:
            found[number] = client
    return found


def _client(card: Row[tuple[object, ...]], persons: Mapping[int, PersonId]) -> Client | None:
    attributes = orjson.loads(card.attributes)
    stage = attributes.pop("stage", None)
    person, words = persons.get(card.id), tuple(attributes.items())
    client = Client(card.id, card.name, person, card.priority, card.segment, stage, words)
    return meant([Candidate(client, None, card.created_at)])


async def _awaited(connection: AsyncConnection, made: Sequence[CallRow]) -> Sequence[CallRow]:
    """Return the calls to clients who are on the list of lost ones."""
    ids = {one.client_id for one in made if one.client_id is not None}
    his = or_(waiting.c.client_id.in_(ids), waiting.c.number.in_({one.line for one in made}))
    query = select(waiting.c.client_id, waiting.c.number).where(waiting.c.closed_at.is_(None), his)
    found = (await connection.execute(query)).all()
    cards, numbers = {one.client_id for one in found}, {one.number for one in found}
    return [one for one in made if one.client_id in cards or one.line in numbers]
