"""Rows of the ledger as Asterisk's own records tell of calls out. Pure."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

from callrouter.core.outcome import CallRow, LegRow, TalkRow
from callrouter.core.words import CallId, LostReason, Result

if TYPE_CHECKING:
    from callrouter.core.recorded import Record, Recorded
    from callrouter.core.words import Instant
    from callrouter.routing.caller import Client
    from callrouter.store.company import Company

APP = "asterisk"
"""Who wrote the row, where no worker did."""


def row(company: Company, one: Recorded, client: Client) -> CallRow:
    """Return the row of a call out: `line` is the number dialled, `caller` our phone, its leg says whose it is."""
    dialled, own = company.number(one.last.dialled), company.number(one.last.caller)
    person, talk, started_at, ended_at = company.person(one.phone), one.talk, one.started_at, one.ended_at
    answered_at = talk[0].answered_at if talk else None
    is_rung = one.last.disposition in {"NO ANSWER", "BUSY"}
    reason = LostReason.NO_ANSWER if is_rung else LostReason.UNREACHABLE
    result = Result.ANSWERED if talk else Result(reason.value)
    phone = LegRow(person, one.phone, 0, started_at, None, answered_at, ended_at, result)
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
        arrived_at=started_at,
        answered_at=answered_at,
        ended_at=ended_at,
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
