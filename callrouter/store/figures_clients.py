"""The second ledger: SQL finds the few numbers that lost a call or talked to two of ours, the pure code judges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import case, func, select, type_coerce, union_all

from callrouter.ledger import clients, shared
from callrouter.ledger.figure import printed, share
from callrouter.ledger.talk import Segment
from callrouter.ledger.tally import SHORT
from callrouter.store.counts import tally
from callrouter.store.figures_calls import ANSWERED, LEFT_AT_ONCE, LOST, callers, counted
from callrouter.store.figures_parts import IS_CONVERSATION, spoken
from callrouter.store.tables import Moment, calls

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.clients import LostClient
    from callrouter.ledger.figure import Calls
    from callrouter.ledger.period import Period

_OF_A_CONTACT = (calls.c.line, calls.c.caller, calls.c.direction, calls.c.outcome, calls.c.arrived_at)
_LONGEST = 86_400.0
"""Seconds no call lasts."""


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """As much of a call as shared clients are found by."""

    line: str
    caller: str | None
    direction: str
    arrived_at: Instant


async def block(
    connection: AsyncConnection, period: Period, hours: HoursOf, until: Instant | None
) -> dict[str, object]:
    """Return the figures of the second ledger, by what is known up to an instant (None: all)."""
    every, in_hours, without_short, withheld = await callers(connection, period)
    lost = await _lost(connection, period)
    contacts = await _contacts(connection, period, until)
    found = clients.lost_clients(_rows(lost), contacts)
    companions = (
        _rate(in_hours, clients.lost_clients(_rows([one for one in lost if not one.is_closed]), contacts)),
        _rate(without_short, clients.lost_clients(_rows([one for one in lost if not one.is_short]), contacts)),
    )
    return {
        **_rate(every, found),
        "with_lost_call": len(found),
        **{fate.value: len(those) for fate, those in clients.by_fate(found).items()},
        "called_back": printed(clients.called_back(found, hours, period.timezone)),
        "without_number": tally(withheld),
        "working_hours": companions[0],
        "without_short": {"under_seconds": SHORT, **companions[1]},
    }


async def shared_clients(connection: AsyncConnection, period: Period) -> dict[str, object]:
    """Return the clients two of ours talked to within seven days."""
    since = period.start - shared.WITHIN
    number = case((calls.c.direction == "out", calls.c.line), else_=calls.c.caller)
    near = IS_CONVERSATION, calls.c.arrived_at >= since - _LONGEST, calls.c.arrived_at < period.end
    several = (func.count() > 1) & (func.max(calls.c.arrived_at) >= type_coerce(period.start, Moment))
    numbers = select(number).where(*near, number.is_not(None)).group_by(number).having(several)
    said = spoken(*near, number.in_(numbers))
    query = select(said).where(said.c.started_at >= since, said.c.person.is_not(None))
    known: dict[str, _Call] = {}
    found = await connection.execute(query.order_by(said.c.arrived_at, said.c.id, said.c.started_at))
    segments = [_segment(one, known) for one in found]
    return printed(shared.block(shared.shared_clients(segments, period)))


def _rate(numbers: int, found: Sequence[LostClient]) -> dict[str, object]:
    lost = sum(client.fate not in clients.SETTLED for client in found)
    return {"clients": numbers, "lost": lost, "lcr": share(lost, numbers)}


async def _lost(connection: AsyncConnection, period: Period) -> Sequence[Row[Any]]:
    own = (*_OF_A_CONTACT, calls.c.ended_at, calls.c.is_closed, LEFT_AT_ONCE.label("is_short"))
    lost = select(*own).where(counted(period), LOST, calls.c.caller.is_not(None))
    return (await connection.execute(lost.order_by(calls.c.arrived_at, calls.c.id))).all()


async def _contacts(connection: AsyncConnection, period: Period, until: Instant | None) -> Calls:
    """Return who talked to us, and whom we called, of the numbers that were lost in the period, since it began."""
    numbers = select(calls.c.caller).where(counted(period), LOST, calls.c.caller.is_not(None)).distinct()
    since = [calls.c.arrived_at >= period.start, *([] if until is None else [calls.c.arrived_at < until])]
    came = select(*_OF_A_CONTACT).where(calls.c.direction == "in", ANSWERED, calls.c.caller.in_(numbers), *since)
    out = calls.c.direction == "out", calls.c.outcome.is_not(None), calls.c.line.in_(numbers)
    return _rows((await connection.execute(union_all(came, select(*_OF_A_CONTACT).where(*out, *since)))).all())


def _rows(found: Sequence[Row[Any]]) -> Calls:
    """Return rows that have of a call what the second ledger looks at, as such."""
    return cast("tuple[CallRow, ...]", tuple(found))


def _segment(one: Row[Any], known: dict[str, _Call]) -> Segment:
    call = known.setdefault(one.id, _Call(one.line, one.caller, one.direction, one.arrived_at))
    return Segment(cast("CallRow", call), one.person, one.started_at, one.micro)
