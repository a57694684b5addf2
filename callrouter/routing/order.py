"""In which order the people of a step are rung."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.routing.values import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.caller import Talked
    from callrouter.routing.situation import Situation
    from callrouter.routing.values import SchemeStep


@dataclass(frozen=True, slots=True)
class Turn:
    """The calls that take turns: the same step's, for the same department and segment."""

    target: str
    department: str | None
    segment: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How people stand to one another when the call arrives; who is not named has done nothing yet."""

    idle_since: Mapping[PersonId, Instant] = field(default_factory=dict)
    """When each one's last conversation ended."""
    calls_today: Mapping[PersonId, int] = field(default_factory=dict)
    """On how many calls each one has talked since midnight."""
    began: Mapping[Turn, PersonId] = field(default_factory=dict)
    """Whom the call before rang first."""


UNKNOWN = Standing()


@dataclass(frozen=True, slots=True)
class Asks:
    """What a ladder would like to know besides: without it people are rung as they are listed."""

    last_days: int = 0
    """For so many days back: who had to do with the caller."""
    orders: frozenset[Order] = frozenset()
    people: frozenset[PersonId] = frozenset()
    """Whose standing is asked for."""
    today: Instant = 0.0
    """When the day began."""
    turns: tuple[tuple[Turn, tuple[PersonId, ...]], ...] = ()
    """Whose turn it is among these people."""


NOTHING = Asks()


@dataclass(frozen=True, slots=True)
class Lately:
    """What was answered."""

    last: tuple[Talked, ...] = ()
    standing: Standing = UNKNOWN


def turn_of(step: SchemeStep, situation: Situation) -> Turn:
    """Return with which calls a step of this call takes turns."""
    segment = situation.client.segment if "segment" in step.targets else None
    return Turn(step.target, situation.line.department, segment)


def asking(asks: Asks, step: SchemeStep, people: tuple[PersonId, ...], situation: Situation) -> Asks:
    """Return what this step would like to know besides."""
    if situation.at is None:
        return asks
    if "last" in step.targets:
        asks = replace(asks, last_days=max(asks.last_days, step.days))
    if len(people) < 2 or step.order in (Order.ALL, Order.LISTED):  # noqa: PLR2004 -- one person has no order
        return asks
    if step.order is Order.ROUND_ROBIN:
        return replace(asks, turns=(*asks.turns, (turn_of(step, situation), people)))
    return replace(
        asks,
        orders=asks.orders | {step.order},
        people=asks.people.union(people),
        today=_midnight(situation.scheme.timezone, situation.at),
    )


def _midnight(timezone: str, at: Instant) -> Instant:
    now = datetime.fromtimestamp(at, ZoneInfo(timezone))
    return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def arranged(step: SchemeStep, people: tuple[PersonId, ...], situation: Situation) -> tuple[PersonId, ...]:
    """Return the people in the step's order; what is not known of them leaves them as they are listed."""
    standing = situation.standing
    match step.order:
        case Order.LONGEST_IDLE:
            return tuple(sorted(people, key=lambda one: standing.idle_since.get(one, -math.inf)))
        case Order.FEWEST_CALLS:
            return tuple(sorted(people, key=lambda one: standing.calls_today.get(one, 0)))
        case Order.ROUND_ROBIN:
            began = standing.began.get(turn_of(step, situation))
            next_one = people.index(began) + 1 if began in people else 0
            return (*people[next_one:], *people[:next_one])
        case _:
            return people
