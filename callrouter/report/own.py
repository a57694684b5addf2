"""What concerns one person of a date: a manager his own clients, a head everybody of his departments. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.ledger.tally import Tally, tally

if TYPE_CHECKING:
    from callrouter.ledger.escalation import Escalation
    from callrouter.ledger.figure import Calls
    from callrouter.report.content import Content
    from callrouter.report.night import Department, Waiting


@dataclass(frozen=True, slots=True)
class Own:
    """What one person is told of a date."""

    person: str
    heads: tuple[Department, ...]
    """The departments he is the head of; none: he is told of himself."""
    people: frozenset[str]
    """Whose figures he is told: his own, a head everybody's of his departments."""
    counted: Tally
    """The inbound calls of his clients; a head's: of his departments' lines."""
    waiting: tuple[Waiting, ...]
    """Whom he has to call back, or has said he would; a head's: everybody's of his departments."""
    missed: Calls
    """The calls that rang for him in vain."""
    escalations: tuple[Escalation, ...]
    """In which he was silent or away, or that his clients made; a head's: of his departments' lines."""

    def is_his(self, responsible: str | None) -> bool:
        """Return whether he may be told of a client whose responsible this is: colleagues' clients are not his."""
        return responsible is None or responsible in self.people


def own(found: Content, person: str) -> Own:
    """Return what concerns this person."""
    night, calls = found.night, found.inbound
    heads = tuple(one for one in night.company.staff if one.head == person)
    people = frozenset({person}.union(*(one.members for one in heads)))
    departments = frozenset(one.key for one in heads)
    counted = tuple(
        row for row in calls.rows if (row.department in departments if heads else row.responsible == person)
    )
    return Own(
        person=person,
        heads=heads,
        people=people,
        counted=tally(counted),
        waiting=tuple(one for one in night.waiting if _waits(one, people, departments)),
        missed=tuple(calls.missed.get(person, ())),
        escalations=tuple(one for one in calls.escalations if _concerns(one, person, departments)),
    )


def _waits(one: Waiting, people: frozenset[str], departments: frozenset[str]) -> bool:
    return one.whose in people or one.taken_by in people or one.department in departments


def _concerns(one: Escalation, person: str, departments: frozenset[str]) -> bool:
    if departments:
        return one.call.department in departments
    return one.call.responsible == person or person in one.silent or any(who == person for who, _ in one.away)
