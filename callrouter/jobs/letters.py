"""What the letters of the notices say: names for keys, the call's own figures, one entry for a client."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.ledger.people import missed_by
from callrouter.ledger.tally import talked, waited
from callrouter.report import notice as written
from callrouter.routing.lines import find_line
from callrouter.routing.receivers import addresses
from callrouter.routing.worklist import whose
from callrouter.store.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import PersonId
    from callrouter.routing.notices import Passed
    from callrouter.routing.values import Scheme
    from callrouter.routing.worklist import LostClient
    from callrouter.store.notices import Waiting

DIGITS = 32
"""Hexadecimal digits of a letter's key."""


def messages(
    scheme: Scheme, found: Sequence[Waiting], person: PersonId, passed: Passed, missed: Mapping[int, Sequence[PersonId]]
) -> Iterator[Message]:
    """Yield one letter about all of these, which are of one kind, to each address of a person.

    `missed`: by task, who rang for the client and did not answer. A letter's key is made of the first thing in it (a
    call, a task) and the address, and of letters and digits only: it stands in the mail's head.
    """
    letter = written.Letter(
        kind=found[0].cause.kind,
        person=person,
        told=tuple(_told(scheme, one, missed) for one in _each_client_once(found)),
        passed=tuple((_name(scheme, one), why) for one, why in passed),
        minutes=scheme.notices.head_after,
        timezone=scheme.timezone,
    )
    code = scheme.report.language
    for to in addresses(scheme, person):
        key = hashlib.sha256(f"{found[0].key} {to}".encode()).hexdigest()[:DIGITS]
        yield Message(f"{letter.kind}-{key}", "notice", to, written.subject(letter, code), written.text(letter, code))


def _each_client_once(found: Sequence[Waiting]) -> Sequence[Waiting]:
    """Return the last thing about each client, in the order in which they first came up."""
    last: dict[object, Waiting] = {}
    for one in found:
        row, client = one.cause.row, one.cause.client
        last[client.task if client is not None else row and (row.client_id or row.caller)] = one
    return tuple(last.values())


def _told(scheme: Scheme, one: Waiting, missed: Mapping[int, Sequence[PersonId]]) -> written.Told:
    row, client = one.cause.row, one.cause.client
    if client is None:
        assert row is not None, "a notice about nothing is over"
        return _answered(scheme, row)
    waits = _waits(scheme, client, missed.get(client.task, ()))
    return waits if row is None else _lost(scheme, row, waits)


def _waits(scheme: Scheme, client: LostClient, missed: Sequence[PersonId]) -> written.Told:
    return written.Told(
        client=client.name,
        number=client.number,
        priority=client.priority,
        line=_line(scheme, client.line),
        at=client.since,
        missed=tuple(_name(scheme, person) for person in missed),
        lost=client.lost,
        attempts=client.attempts,
        whose=_named(scheme, whose(client, scheme)),
        taken=_named(scheme, client.taken_by),
    )


def _lost(scheme: Scheme, row: CallRow, waits: written.Told) -> written.Told:
    """Return what is told of a client who waits, with the call he was lost in."""
    return replace(
        waits,
        client=row.client or waits.client,
        number=row.caller or waits.number,
        priority=row.priority or waits.priority,
        line=_line(scheme, row.line),
        at=row.arrived_at,
        wait=waited(row) or 0.0,
        reason=written.DROPPED if row.lost_reason is None else row.lost_reason.value,
        missed=tuple(_name(scheme, person) for person in missed_by(row)),
        whose=waits.whose if row.responsible is None else _name(scheme, row.responsible),
    )


def _answered(scheme: Scheme, row: CallRow) -> written.Told:
    return written.Told(
        client=row.client,
        number=row.caller or row.caller_raw,
        priority=row.priority,
        line=_line(scheme, row.line),
        at=row.arrived_at,
        answered_by=_named(scheme, row.answered_by),
        talk=talked(row) or 0.0,
    )


def _line(scheme: Scheme, dialled: str) -> str:
    line = find_line(scheme, dialled)
    return dialled if line is None or line.name == dialled else f"{line.name} ({dialled})"


def _name(scheme: Scheme, person: PersonId) -> str:
    known = scheme.people.get(person)
    return person if known is None else known.name


def _named(scheme: Scheme, person: PersonId | None) -> str | None:
    return None if person is None else _name(scheme, person)
