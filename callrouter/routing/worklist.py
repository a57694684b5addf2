"""Whom to call back first: lost clients in order, each with whose he is and how long he has waited in working time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.routing.availability import calendar_of
from callrouter.routing.calendar import open_seconds
from callrouter.routing.lines import find_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Scheme

RANKS = {"A": 0, "B": 1, "C": 2, None: 3, "X": 4}


@dataclass(frozen=True, slots=True)
class LostClient:
    """A task of the store's: a client who was lost, and what has been done about it."""

    task: int
    client: int
    name: str | None
    number: str
    """With which he was lost last."""
    priority: str | None
    line: str
    department: str | None
    responsible: str | None
    """Whose he is by the client table; he may have left the company."""
    lost: int
    since: Instant
    last_at: Instant
    attempts: int
    attempted_at: Instant | None
    taken_by: PersonId | None
    taken_at: Instant | None
    snoozed_until: Instant | None
    closed_at: Instant | None
    closed_how: str | None
    dropped_by: PersonId | None = None
    """Who sent him on when he was lost last, to where nobody talked to him."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lost client in the list."""

    client: LostClient
    whose: PersonId | None
    """Who has to see to it; None: the scheme knows nobody."""
    seconds: float
    """For how long he has waited while his line was open."""
    is_snoozed: bool


def worklist(found: Iterable[LostClient], scheme: Scheme, at: Instant) -> tuple[Waiting, ...]:
    """Return the clients in the order in which they are called back: A, B, C, none, X, and who has waited longest.

    Behind them all are those who are snoozed.
    """
    waited = _waited(scheme, at)
    listed = [Waiting(one, whose(one, scheme), waited(one), _is_snoozed(one, at)) for one in found]
    return tuple(sorted(listed, key=_place))


def whose(client: LostClient, scheme: Scheme) -> PersonId | None:
    """Return who has to see to a client: who dropped him in a transfer, else his responsible, the head, the owner.

    The head is that of the line's department.
    """
    department = scheme.departments.get(client.department or "")
    own = (one for key in (client.dropped_by, client.responsible) for one in scheme.people if one == key)
    return next(own, None) or (department and department.head) or scheme.company.owner


def _place(one: Waiting) -> tuple[bool, int, float, Instant, int]:
    rank = RANKS.get(one.client.priority, RANKS[None])
    return one.is_snoozed, rank, -one.seconds, one.client.since, one.client.task


def _is_snoozed(client: LostClient, at: Instant) -> bool:
    return client.snoozed_until is not None and at < client.snoozed_until


def _waited(scheme: Scheme, at: Instant) -> Callable[[LostClient], float]:
    """Return how long a client has waited until now, or until he was off the list, by the hours of his line."""
    hours = {}

    def waited(client: LostClient) -> float:
        if client.line not in hours:
            line = find_line(scheme, client.line)
            hours[client.line] = None if line is None else calendar_of(scheme, line)
        until = at if client.closed_at is None else client.closed_at
        kept = hours[client.line]
        return max(0.0, until - client.since) if kept is None else open_seconds(kept, client.since, until)

    return waited
