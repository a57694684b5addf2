"""In which order the people of a step are rung."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callrouter.routing.values import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.words import Instant, PersonId
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


def turn_of(step: SchemeStep, situation: Situation) -> Turn:
    """Return with which calls a step of this call takes turns."""
    return Turn(step.target, situation.line.department, situation.client.segment)


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
