"""What a worker wrote down of somebody before he was forgotten, and ships after it: his calls, without him."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from callrouter.core.events import CallArrived, Reported, RouterFailed
from callrouter.routing.numbers import read
from callrouter.routing.scheme import parse
from callrouter.store import forgotten, schemes
from callrouter.store.codec import encode
from callrouter.store.lines import Line
from callrouter.store.tables import calls
from callrouter.store.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.events import Event
    from callrouter.core.recorded import Record as Recorded
    from callrouter.core.words import CallId
    from callrouter.store.codec import Record

SPOKEN = ("caller", "dialled", "channel", "peer", "recording")
"""What in a record of Asterisk's may hold a number."""
TRAILING = 86_400.0
"""Seconds: longer ago nobody can have been forgotten of whose call a record still comes."""


async def nameless(connection: AsyncConnection, lines: Sequence[Line]) -> list[Line]:
    """Return the records so that nobody who was forgotten is in them; nobody can be, until the transaction ends.

    What still comes of a call that was over when its caller was forgotten goes: its trace has gone too.
    """
    told = [line.record for line in lines if line.record]
    if not told:
        return list(lines)
    await forgotten.heed(connection)
    known = await forgotten.since(connection, min(one.event.at for one in told) - TRAILING)
    if not known:
        return list(lines)
    over = await _nameless(connection, {one.call_id for one in told})
    left = []
    for line in lines:
        if line.record is None:
            continue
        token = _token(known, line.record)
        if token is not None:
            over[line.record.call_id] = False
        if line.record.call_id not in over:
            left.append(line)
        elif not over[line.record.call_id]:
            left.append(_retold(line, line.record, token))
    return left


async def nameless_records(connection: AsyncConnection, found: Sequence[Recorded]) -> list[Recorded]:
    """Return Asterisk's records the same way."""
    await forgotten.heed(connection)
    known = await forgotten.since(connection, min((one.started_at for one in found), default=0.0))
    revision = await schemes.current(connection) if known else None
    if revision is None:
        return list(found)
    country = parse(revision.document, f"revision {revision.revision}").country
    return [_hidden(one, known, country) for one in found]


def _hidden(one: Recorded, known: forgotten.Forgotten, country: str) -> Recorded:
    theirs = {read(text, country).e164 for text in (one.caller, one.dialled)} - {None}
    tokens = {number: token for number in theirs if number and (token := known.token(number, one.started_at))}
    if not tokens:
        return one
    traces = Traces(tokens)
    hidden: dict[str, Any] = {name: traces.without(getattr(one, name), tokens) for name in SPOKEN}
    return replace(one, **hidden | {"recording": ""})  # names may stand in a path, too


async def _nameless(connection: AsyncConnection, ids: set[CallId]) -> dict[str, bool]:
    """Return those of these calls whose caller or callee was forgotten, and whether they are over."""
    query = select(calls.c.id, calls.c.outcome).where(calls.c.id.in_(ids), calls.c.caller.startswith(forgotten.PREFIX))
    return {one.id: one.outcome is not None for one in await connection.execute(query)}


def _token(known: forgotten.Forgotten, record: Record) -> str | None:
    event = record.event
    return known.token(event.caller, event.arrived_at) if isinstance(event, CallArrived) else None


def _retold(line: Line, record: Record, token: str | None) -> Line:
    """Return the record without the person; its commands, which showed him to the phones, are no longer needed."""
    event: Event = record.event
    if isinstance(event, CallArrived) and token is not None:
        event = replace(
            event,
            caller=token,
            caller_raw=token,
            client_id=None,
            client=None,
            stage=None,
            attributes=(),
            known_from=None,
            also=(),
            claimants=(),
            recording=None,
        )
    elif isinstance(event, Reported):
        event = replace(event, recording=None)
    elif isinstance(event, RouterFailed):
        event = replace(event, why="")
    return Line(line.offset, encode(record.call_id, event, ()), replace(record, event=event, commands=()))
