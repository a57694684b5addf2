"""What of a scheme a line's calls can depend on: where none of it differs, nothing differs for its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.words import PersonId
from callrouter.routing import availability

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.routing.values import Department, Line, Scheme, SchemePerson


def reach(scheme: Scheme, line: Line) -> tuple[object, ...]:
    """Return everything of the scheme that decides the line's calls, but for whose client the caller is."""
    names = (line.ladder, line.closed.ladder, line.at_end.ladder, *(rule.ladder for rule in scheme.rules))
    ladders = {name: scheme.ladders[name] for name in names if name is not None}
    targets = {target for ladder in ladders.values() for step in ladder for target in step.targets}
    departments = [*_departments(scheme, line, targets)]
    people = _with_superiors(scheme, _people(scheme, line, targets, departments))
    return (
        line,
        scheme.timezone,
        scheme.country,
        scheme.company,
        scheme.rules,
        scheme.prefixes,
        scheme.duties if "on_duty" in targets else (),
        {key: scheme.segments[key] for key in scheme.segments if "segment" in targets},
        ladders,
        departments,
        people,
        availability.calendar_of(scheme, line),
        {key: scheme.calendars[key] for one in people if (key := one.hours) is not None},
    )


def _departments(scheme: Scheme, line: Line, targets: Iterable[str]) -> Iterator[Department]:
    if line.department is not None:
        yield scheme.departments[line.department]
    for target in sorted(targets):
        word, _, key = target.partition(":")
        if word == "department" and key:
            yield scheme.departments[key]


def _people(
    scheme: Scheme, line: Line, targets: Iterable[str], departments: Iterable[Department]
) -> Iterator[PersonId | None]:
    yield from (line.person, scheme.company.owner)
    for department in departments:
        yield from (*department.members, department.head)
    for target in targets:
        word, _, key = target.partition(":")
        if word == "person":
            yield PersonId(key)
        elif word == "segment":
            yield from (one for people in scheme.segments.values() for one in people)
        elif word == "on_duty":
            yield from (one for duty in scheme.duties for one in duty.people)


def _with_superiors(scheme: Scheme, people: Iterable[PersonId | None]) -> tuple[SchemePerson, ...]:
    """Return these people with those they report to, and their deputies."""
    found: dict[PersonId, SchemePerson] = {}
    left = [one for one in people if one is not None]
    while left:
        key = left.pop()
        if key not in found:
            one = found[key] = scheme.people[key]
            beside = (one.reports_to, one.deputy, *(absence.deputy for absence in one.absences))
            left.extend(other for other in beside if other is not None)
    return tuple(found[key] for key in sorted(found))
