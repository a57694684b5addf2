"""What steps, legs and talk say, counted by SQL: rescue, who missed a call, who talked for how long, escalations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, distinct, exists, func, or_, select, type_coerce

from callrouter.core.words import Result, Why
from callrouter.ledger.escalation import BEYOND, Escalation, escalations as told
from callrouter.ledger.people import IN_VAIN, RANG
from callrouter.store import rows
from callrouter.store.figures_calls import ANSWERED, arrived, counted, micro
from callrouter.store.tables import Moment, call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Subquery
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.ledger.period import Period
    from callrouter.store.counts import Counts

_BEGAN = call_steps.c.skipped.is_(None)
_REACHED = or_(_BEGAN, call_steps.c.skipped != Why.NOT_MEANT)
IS_CONVERSATION = and_(calls.c.direction.in_(("in", "out")), ANSWERED)
_END = func.coalesce(calls.c.ended_at, calls.c.arrived_at)


async def steps(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count what reached each step, what passed it over, and how long it lasted."""
    call, step = call_steps.c.call_id, call_steps.c.step
    lasted = micro(call_steps.c.ended_at) - micro(call_steps.c.started_at)
    asked = (
        func.count(distinct(call)),
        func.count(distinct(call)).filter(~_BEGAN),
        func.count(distinct(call)).filter(_BEGAN),
        func.sum(lasted).filter(_BEGAN),
        func.count(lasted).filter(_BEGAN),
    )
    reached = select(step, *asked).join(calls).where(counted(period), _REACHED)
    for one in await connection.execute(reached.group_by(step)):
        counts.add("steps", one[0], one[1:])
    targets = select(step, call_steps.c.target, func.count()).join(calls).where(counted(period), _REACHED)
    for one in await connection.execute(targets.group_by(step, call_steps.c.target)):
        counts.add("targets", (one[0], one[1]), one[2:])


async def missed(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count the calls that each person missed, as `ledger.people.missed_by` says."""
    other = call_legs.alias()
    forestalled = and_(
        call_legs.c.result == Result.ELSEWHERE,
        or_(calls.c.answered_step.is_(None), call_legs.c.step >= calls.c.answered_step),
    )
    answered = exists().where(
        other.c.call_id == call_legs.c.call_id, other.c.person == call_legs.c.person, other.c.result == Result.ANSWERED
    )
    in_vain = and_(
        call_legs.c.result.in_(sorted(IN_VAIN)),
        micro(call_legs.c.ended_at) - micro(call_legs.c.ringing_at) >= RANG,
        ~forestalled,
        call_legs.c.person.is_not(None),
        or_(calls.c.answered_by.is_(None), call_legs.c.person != calls.c.answered_by),
        ~answered,
    )
    query = select(call_legs.c.person, func.count(distinct(call_legs.c.call_id))).join(calls)
    for one in await connection.execute(query.where(counted(period), in_vain).group_by(call_legs.c.person)):
        counts.add("missed", one[0], one[1:])


def spoken(*which: ColumnElement[bool]) -> Subquery:
    """Return the segments of the conversations of some calls: who, whom, since when, microseconds.

    A call that does not say it was talked by who answered it.
    """
    since = func.coalesce(call_talk.c.started_at, calls.c.answered_at, _END)
    until = func.coalesce(call_talk.c.ended_at, _END)
    query = select(
        *(calls.c.id, calls.c.direction, calls.c.priority, calls.c.line, calls.c.caller, calls.c.arrived_at),
        case((call_talk.c.call_id.is_(None), calls.c.answered_by), else_=call_talk.c.person).label("person"),
        type_coerce(since, Moment).label("started_at"),
        (micro(until) - micro(since)).label("micro"),
    ).join(call_talk, isouter=True)
    return query.where(IS_CONVERSATION, *which).subquery()


async def talk(connection: AsyncConnection, period: Period, counts: Counts) -> None:
    """Count conversations and their microseconds in and out, by person and priority and by priority alone."""
    said = spoken(arrived(period))
    sums = tuple(func.sum(said.c.micro).filter(said.c.direction == direction) for direction in ("in", "out"))
    asked = (said.c.person, said.c.priority, func.count(distinct(said.c.id)), *sums)
    for one in await connection.execute(select(*asked).group_by(said.c.person, said.c.priority)):
        counts.add("talk", (one[0], one[1]), one[2:])
    every = select(calls.c.priority, func.count()).where(IS_CONVERSATION, arrived(period))
    for one in await connection.execute(every.group_by(calls.c.priority)):
        counts.add("talked", one[0], one[1:])


async def escalations(connection: AsyncConnection, period: Period) -> tuple[Escalation, ...]:
    """Return the escalations of the period, in order; only calls that reached one of these steps are read whole."""
    words: list[Any] = [call_steps.c.target.contains(word) for word in sorted(BEYOND)]
    high = exists().where(call_steps.c.call_id == calls.c.id, or_(*words))
    query = select(calls).where(counted(period), high).order_by(calls.c.arrived_at, calls.c.id)
    return told(await rows.load(connection, (await connection.execute(query)).all()))


def count_escalations(found: tuple[Escalation, ...], counts: Counts) -> None:
    """Count escalations by kind, and by who was silent and who was away."""
    for one in found:
        counts.add("escalations", one.kind.value, (1,))
        for person in one.silent:
            counts.add("silent", person, (1,))
        for person in {person for person, _ in one.away}:
            counts.add("away", person, (1,))
