"""Named questions to the database; the answers are frozen values. Each takes the connection of a transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import BigInteger, exists, func, literal, select, type_coerce

from callrouter.core.call import Phase
from callrouter.core.outcome import CallRow, row
from callrouter.core.words import CallId, PersonId
from callrouter.store import callers, history, rows
from callrouter.store.errors import UnknownCallError
from callrouter.store.tables import MICRO, calls, client_phones, clients, journal, responsibles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.call import Call
    from callrouter.core.words import Instant
    from callrouter.routing.caller import Client
    from callrouter.store.codec import Record


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call of the ledger, and who got the client by it."""

    row: CallRow
    claimed_by: PersonId | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: all given conditions hold; the period is half-open, by arrival."""

    start: Instant | None = None
    end: Instant | None = None
    outcome: str | None = None
    line: str | None = None
    caller: str | None = None
    """As stored: E.164 or short; or the very characters that came."""
    direction: str | None = None
    """None: to a line, `in` and `internal`; calls out are asked for."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """Whose a client was, from when until when (None: still)."""

    department: str | None
    person: PersonId
    since: Instant
    until: Instant | None
    how: str
    by_call: CallId | None


@dataclass(frozen=True, slots=True)
class Known:
    """A client with everything that is written about him."""

    id: int
    name: str | None
    priority: str | None
    segment: str | None
    attributes: Mapping[str, str]
    numbers: tuple[str, ...]
    responsibles: tuple[Tenure, ...]
    also: tuple[str, ...] = ()
    """Other clients who have the number that was asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as the journal's table numbers it."""

    number: int
    record: Record


QUARTER = 900
"""Seconds: every zone's clock is so many of these off."""


async def client_by_number(connection: AsyncConnection, number: str, department: str | None) -> Client | None:
    """Return the client with this number (E.164), with whose he is for the department."""
    return (await callers.by_numbers(connection, [(number, department)])).get((number, department))


async def known_by_number(connection: AsyncConnection, number: str) -> Known | None:
    """Return all about the client with this number (E.164), whom a call of it would be taken for."""
    client = await client_by_number(connection, number, None)
    if client is None:
        return None
    (known,) = await _known(connection, select(clients).where(clients.c.id == client.id))
    return replace(known, also=client.also)


async def known_by_name(connection: AsyncConnection, part: str) -> tuple[Known, ...]:
    """Return the clients whose name contains this, whatever the case, by name."""
    query = select(clients).where(clients.c.name_folded.contains(part.casefold(), autoescape=True))
    return await _known(connection, query.order_by(clients.c.name_folded, clients.c.id))


async def ended_calls(connection: AsyncConnection, wanted: Wanted) -> tuple[Recorded, ...]:
    """Return the ended calls, with their steps, legs and talk, oldest first."""
    found = (await connection.execute(_filtered(select(calls), wanted))).all()
    loaded = await rows.load(connection, found)
    return tuple(_recorded(one, call) for one, call in zip(found, loaded, strict=True))


async def ledger_rows(connection: AsyncConnection, start: Instant, end: Instant) -> tuple[CallRow, ...]:
    """Return the ended calls of the half-open period without their parts: what the Lost Call Rate is made of."""
    found = (await connection.execute(_filtered(select(calls), Wanted(start, end)))).all()
    return await rows.load(connection, found, parts=False)


async def heard_quarters(connection: AsyncConnection, start: Instant, end: Instant) -> tuple[Instant, ...]:
    """Return the quarters of an hour in which any ended call began, in, out or between us.

    Each is asked for by itself: one call is enough, and a week of a busy company has 90,000.
    """
    first, last = (literal(int(at // QUARTER), BigInteger) for at in (start, end))
    asked = select(first.label("number")).cte("quarters", recursive=True)
    asked = asked.union_all(select(asked.c.number + 1).where(asked.c.number < last))
    at, width = type_coerce(calls.c.arrived_at, BigInteger), QUARTER * MICRO
    within = at >= asked.c.number * width, at < (asked.c.number + 1) * width
    heard = calls.c.outcome.is_not(None), calls.c.arrived_at >= start, calls.c.arrived_at < end
    found = await connection.execute(select(asked.c.number).where(exists().where(*within, *heard)))
    return tuple(float(one) * QUARTER for one in found.scalars())


async def last_called(connection: AsyncConnection, start: Instant, end: Instant) -> dict[str, Instant]:
    """Return when the last ended call of the half-open period came to each number that was dialled."""
    last = _filtered(select(calls.c.line, func.max(calls.c.arrived_at)), Wanted(start, end, direction="in"))
    found = await connection.execute(last.order_by(None).group_by(calls.c.line))
    return {one[0]: one[1] for one in found}


async def live_between(connection: AsyncConnection, start: Instant, end: Instant) -> int:
    """Return how many calls that arrived in the half-open period go on."""
    live = select(func.count()).where(calls.c.outcome.is_(None), calls.c.arrived_at >= start, calls.c.arrived_at < end)
    return int((await connection.execute(live)).scalar_one())


async def line_was_called(connection: AsyncConnection, line: str) -> bool:
    """Return whether any call came to this line."""
    query = select(calls.c.id).where(calls.c.line == line, calls.c.direction != "out").limit(1)
    return (await connection.execute(query)).first() is not None


async def call_by_id(connection: AsyncConnection, prefix: str) -> Recorded:
    """Return the call whose id begins so, a live one as it stands now; `UnknownCallError` unless there is just one."""
    query = select(calls).where(calls.c.id.startswith(prefix, autoescape=True)).order_by(calls.c.id).limit(2)
    found = (await connection.execute(query)).all() if prefix else []
    if len(found) != 1:
        several = "more than one call has" if found else "no call has"
        raise UnknownCallError(f"{several} an id that begins with {prefix!r}: `callrouter calls list` has the ids")
    if found[0].outcome is None:
        call = await history.recall(connection, CallId(found[0].id))
        if call is not None:
            return Recorded(row(call), None)
    return _recorded(found[0], (await rows.load(connection, found))[0])


async def live_calls(connection: AsyncConnection) -> tuple[Call, ...]:
    """Return the calls that go on, as they stand, oldest first."""
    alive = select(calls.c.id).where(calls.c.outcome.is_(None))
    query = select(journal.c.call_id, journal.c.record).where(journal.c.call_id.in_(alive)).order_by(journal.c.id)
    told: dict[str, list[str]] = {}
    for found in await connection.execute(query):
        told.setdefault(found.call_id, []).append(found.record)
    folded = (history.fold(history.understood(lines)) for lines in told.values())
    live = [call for call in folded if call is not None and call.phase is not Phase.OVER]
    return tuple(sorted(live, key=lambda call: call.arrived.arrived_at))


async def newest_entry(connection: AsyncConnection) -> int:
    """Return the number of the newest record in the journal's table, 0 without any."""
    return (await connection.execute(select(func.max(journal.c.id)))).scalar_one_or_none() or 0


async def entries_after(connection: AsyncConnection, number: int) -> tuple[Entry, ...]:
    """Return the records that came after this one, in order."""
    query = select(journal.c.id, journal.c.record).where(journal.c.id > number).order_by(journal.c.id)
    return tuple(
        Entry(found.id, record)
        for found in await connection.execute(query)
        for record in history.understood([found.record])
    )


def _filtered(query: Select[Any], wanted: Wanted) -> Select[Any]:
    query = query.where(calls.c.outcome.is_not(None))
    if wanted.start is not None:
        query = query.where(calls.c.arrived_at >= wanted.start)
    if wanted.end is not None:
        query = query.where(calls.c.arrived_at < wanted.end)
    for name in ("outcome", "line", "direction"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(calls.c[name] == value)
    if wanted.direction is None:
        query = query.where(calls.c.direction != "out")
    if wanted.caller is not None:
        query = query.where((calls.c.caller == wanted.caller) | (calls.c.caller_raw == wanted.caller))
    return query.order_by(calls.c.arrived_at, calls.c.id)


def _recorded(found: Any, call: CallRow) -> Recorded:
    return Recorded(call, None if found.claimed_by is None else PersonId(found.claimed_by))


async def _known(connection: AsyncConnection, query: Select[Any]) -> tuple[Known, ...]:
    return tuple([await _one_known(connection, found) for found in (await connection.execute(query)).all()])


async def _one_known(connection: AsyncConnection, found: Any) -> Known:
    numbers = select(client_phones.c.number).where(client_phones.c.client_id == found.id)
    tenures = select(responsibles).where(responsibles.c.client_id == found.id).order_by(responsibles.c.id)
    return Known(
        id=found.id,
        name=found.name,
        priority=found.priority,
        segment=found.segment,
        attributes=orjson.loads(found.attributes),
        numbers=tuple((await connection.execute(numbers.order_by(client_phones.c.number))).scalars()),
        responsibles=_tenures((await connection.execute(tenures)).all()),
    )


def _tenures(found: Iterable[Any]) -> tuple[Tenure, ...]:
    return tuple(
        Tenure(
            one.department,
            PersonId(one.person),
            one.since,
            one.until,
            one.how,
            None if one.by_call is None else CallId(one.by_call),
        )
        for one in found
    )
