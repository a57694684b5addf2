"""Superiors and deputies must lead somewhere: nobody is above himself, and nobody stands in for himself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from callrouter.routing.faults import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.source import Source
    from callrouter.routing.values import SchemePerson

    People = Mapping[PersonId, SchemePerson]
    Next = Callable[[PersonId], PersonId | None]


def check_superiors(source: Source, people: People) -> None:
    """Add a fault to the first person of every circle of superiors."""
    said: set[PersonId] = set()
    for person in people:
        circle = _circle(person, lambda one: people[one].reports_to if one in people else None)
        if circle and said.isdisjoint(circle):
            said.update(circle)
            source.wrong(f"nobody is above all of them: {_listed(circle)}", "people", person, "reports_to")


def check_deputies(source: Source, people: People) -> None:
    """Add a fault to an absence in which whoever stands in is absent too, round in a circle."""
    said: set[PersonId] = set()
    for person, found in people.items():
        for number, absence in enumerate(found.absences):
            circle = _circle(person, partial(_deputy, people, absence.since))
            if circle and said.isdisjoint(circle):
                said.update(circle)
                where = ("people", person, "absences", number)
                source.wrong(f"all are absent, and stand in for each other: {_listed(circle)}", *where)


def _circle(start: PersonId, follow: Next) -> list[PersonId]:
    """Return the people from `start` round to it again; none: the way ends, or goes round elsewhere."""
    way = {start: None}
    last = start
    while (after := follow(last)) is not None and after not in way:
        way[after] = None
        last = after
    return list(way) if after == start else []


def _deputy(people: People, at: Instant, person: PersonId) -> PersonId | None:
    found = people.get(person)
    absences = () if found is None else found.absences
    absent = next((one for one in absences if one.since <= at < one.until), None)
    return None if found is None or absent is None else absent.deputy or found.deputy


def _listed(circle: list[PersonId]) -> str:
    return " → ".join(quoted(person) for person in [*circle, circle[0]])
