"""Whom the words of a step mean for a call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.words import PersonId, Why
from callrouter.routing import availability

if TYPE_CHECKING:
    from callrouter.routing.situation import Situation
    from callrouter.routing.values import Department, Scheme, SchemeStep

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Meant:
    """The people of a step, or why there is nobody."""

    people: tuple[PersonId, ...]
    nobody: Why | None = None
    deputies: tuple[tuple[PersonId, PersonId], ...] = ()
    """Who of them stands for whom."""


class Targets:
    """The steps of one call's ladder, found one after the other: `higher` looks at those before."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._reached: list[PersonId] = []
        """Whom the ladder has reached since somebody asked for the highest."""
        self._highest: tuple[int, PersonId] | None = None
        """The highest whom it has reached until then, and how many are over him."""
        self._depths: dict[PersonId, int] = {}

    def find(self, step: SchemeStep) -> Meant:
        """Return the first of the step's targets who is not away, else the first of them."""
        targets = step.targets
        found = self._one(targets[0], step.days)
        if len(targets) > 1 and not self._is_there(found):
            others = (self._one(target, step.days) for target in targets[1:])
            found = next((other for other in others if self._is_there(other)), found)
        self._reached.extend(found.people)
        return found

    def _is_there(self, meant: Meant) -> bool:
        return any(self._situation.away(person) is None for person in meant.people)

    def _one(self, target: str, days: int) -> Meant:
        word, _, key = target.partition(":")
        if word == "department":
            department = self._situation.scheme.departments[key] if key else self._situation.department
            return _all(department.members if department else (), Why.UNKNOWN_PERSON)
        if word == "person":
            return self._person(PersonId(key), Why.UNKNOWN_PERSON)
        if word == "last":
            return self._person(_last(self._situation, days), Why.NO_LAST)
        if word == "higher":
            return self._person(self._higher(), Why.NO_SUPERIOR)
        return _WORDS[word](self._situation)

    def _person(self, person: PersonId | None, nobody: Why) -> Meant:
        return _person(self._situation.scheme, person, nobody)

    def _higher(self) -> PersonId | None:
        """Return the superior of the highest whom the steps before have reached; of nobody: the department's head."""
        scheme, department = self._situation.scheme, self._situation.department
        for person in self._reached:
            depth = self._depth(person)
            if self._highest is None or depth <= self._highest[0]:
                self._highest = depth, person
        self._reached.clear()
        if self._highest is None:
            head = None if department is None else department.head
            return head or scheme.company.owner
        return superior(scheme, self._highest[1], department)

    def _depth(self, person: PersonId, *below: PersonId) -> int:
        """Return how many superiors are over somebody; a circle ends where it closes."""
        known = self._depths.get(person)
        if known is None:
            over = superior(self._situation.scheme, person, self._situation.department)
            if over is None or over in (person, *below):
                return 0
            known = self._depths[person] = 1 + self._depth(over, person, *below)
        return known


def superior(scheme: Scheme, person: PersonId, department: Department | None) -> PersonId | None:
    """Return to whom somebody reports: by his own entry, else his department's head, else the owner."""
    owner = scheme.company.owner
    if person == owner:
        return None
    named = scheme.people[person].reports_to
    if named is not None:
        return named
    own = department if department is not None and person in department.members else scheme.department_of.get(person)
    return owner if own is None or own.head in (None, person) else own.head


def _all(people: tuple[PersonId, ...], nobody: Why) -> Meant:
    return Meant(people) if people else Meant((), nobody)


def _person(scheme: Scheme, person: PersonId | None, nobody: Why) -> Meant:
    if person is None:
        return Meant((), nobody)
    return Meant((person,)) if person in scheme.people else Meant((), Why.UNKNOWN_PERSON)


def _last(situation: Situation, days: int) -> PersonId | None:
    """Return who had to do with the caller last, of those who are with the company still."""
    if situation.at is None:
        return None
    since = situation.at - days * _DAY
    known = (one.person for one in situation.last if one.at >= since and one.person in situation.scheme.people)
    return next(known, None)


def _responsible(situation: Situation) -> Meant:
    scheme, person = situation.scheme, situation.client.responsible
    found = _person(scheme, person, Why.NO_RESPONSIBLE)
    if person is None or situation.at is None or found.nobody or situation.away(person) is not Why.ABSENT:
        return found
    deputy = availability.deputy(scheme, person, situation.at)
    return found if deputy is None else Meant((deputy,), deputies=((deputy, person),))


def _on_duty(situation: Situation) -> Meant:
    if situation.at is None:
        return _all(situation.department.members if situation.department else (), Why.NOBODY_ON_DUTY)
    return _all(availability.on_duty(situation.scheme, situation.line.department, situation.at), Why.NOBODY_ON_DUTY)


def _segment(situation: Situation) -> Meant:
    return _all(situation.scheme.segments.get(situation.client.segment or "", ()), Why.NO_SEGMENT)


def _head(situation: Situation) -> Meant:
    head = None if situation.department is None else situation.department.head
    return _person(situation.scheme, head, Why.UNKNOWN_PERSON)


def _owner(situation: Situation) -> Meant:
    return _person(situation.scheme, situation.scheme.company.owner, Why.UNKNOWN_PERSON)


_WORDS: dict[str, Callable[[Situation], Meant]] = {
    "responsible": _responsible,
    "on_duty": _on_duty,
    "segment": _segment,
    "head": _head,
    "owner": _owner,
}
