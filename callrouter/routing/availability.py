"""Who is there at an instant, by what the scheme says: hours, shifts, absences, deputies and the duty table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.words import Why
from callrouter.routing import calendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Absence, Calendar, Line, Scheme, SchemePerson, Shift


def calendar_of(scheme: Scheme, line: Line) -> Calendar | None:
    """Return the calendar of a line, its own or its department's; None: it is always open."""
    key = line.hours
    if key is None and line.department is not None:
        key = scheme.departments[line.department].hours
    return None if key is None else scheme.calendars[key]


def is_line_open(scheme: Scheme, line: Line, at: Instant) -> bool:
    """Return whether a line is open at this instant."""
    hours = calendar_of(scheme, line)
    return hours is None or calendar.is_open(hours, at)


def on_shift(shift: Shift, at: Instant) -> bool:
    """Return whether a shift works at this instant."""
    return calendar.is_open(shift, at)


def away(scheme: Scheme, person: PersonId, at: Instant) -> Why | None:
    """Return why somebody is not there, whatever his phones say; None: he is."""
    found = scheme.people[person]
    if _absence(found, at) is not None:
        return Why.ABSENT
    why = _off(scheme, found, at)
    # Whom the duty table names is on duty, whatever his hours are.
    return None if why is None or _is_named(scheme, person, at) else why


def deputy(scheme: Scheme, person: PersonId, at: Instant) -> PersonId | None:
    """Return who gets the calls of somebody who is absent: his deputy, or that one's, if he is absent too."""
    asked: list[PersonId] = []
    stands: PersonId | None = person
    while stands is not None and stands not in asked:
        absence = _absence(scheme.people[stands], at)
        if absence is None:
            return None if stands == person else stands
        asked.append(stands)
        stands = absence.deputy or scheme.people[stands].deputy
    return None


def on_duty(scheme: Scheme, department: str | None, at: Instant) -> tuple[PersonId, ...]:
    """Return who is on duty for a department (None: for all): whom the duty table names now.

    Where it says nothing of the department at any time: its members whose shift works now.
    """
    meant = (None, department)
    if any(duty.department in meant for duty in scheme.duties):
        now = (duty for duty in scheme.duties if duty.department in meant and duty.since <= at < duty.until)
        return tuple(dict.fromkeys(person for duty in now for person in duty.people))
    members = () if department is None else scheme.departments[department].members
    shifts = ((person, scheme.people[person].shift) for person in members)
    return tuple(person for person, shift in shifts if shift is not None and on_shift(shift, at))


def switches(scheme: Scheme, since: Instant, until: Instant) -> Iterator[Instant]:
    """Yield the instants from `since` until before `until` at which a decision may change, each once, in order."""
    found = {at for hours in _hours(scheme) for at in calendar.switches(hours, since, until)}
    found.update(at for at in _edges(scheme) if since <= at < until)
    yield from sorted(found)


def _absence(person: SchemePerson, at: Instant) -> Absence | None:
    return next((absence for absence in person.absences if absence.since <= at < absence.until), None)


def _off(scheme: Scheme, person: SchemePerson, at: Instant) -> Why | None:
    if person.shift is not None and not on_shift(person.shift, at):
        return Why.OFF_SHIFT
    if person.hours is not None and not calendar.is_open(scheme.calendars[person.hours], at):
        return Why.OFF_HOURS
    return None


def _hours(scheme: Scheme) -> set[calendar.Hours]:
    """Return every calendar and shift that anything of the scheme keeps to."""
    lines: Iterable[Calendar | None] = (calendar_of(scheme, line) for line in scheme.lines.values())
    people = list(scheme.people.values())
    keys = [person.hours for person in people] + [department.hours for department in scheme.departments.values()]
    found = {*lines, *(person.shift for person in people), *(scheme.calendars[key] for key in keys if key is not None)}
    return {hours for hours in found if hours is not None}


def _edges(scheme: Scheme) -> Iterator[Instant]:
    for person in scheme.people.values():
        for absence in person.absences:
            yield from (absence.since, absence.until)
    for duty in scheme.duties:
        yield from (duty.since, duty.until)


def _is_named(scheme: Scheme, person: PersonId, at: Instant) -> bool:
    """Return whether the duty table names somebody at this instant."""
    return any(duty.since <= at < duty.until for duty in scheme.duties_of.get(person, ()))
