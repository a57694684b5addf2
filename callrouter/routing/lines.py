"""Which line was dialled: a handful of look-ups, however many numbers the lines have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.routing import numbers
from callrouter.routing.values import DEFAULT_LINE

if TYPE_CHECKING:
    from callrouter.core.words import PersonId
    from callrouter.routing.values import Line, Scheme

_MOST_PLACES = 14
"""The X of a pattern, at most."""


def find_line(scheme: Scheme, dialled: str) -> Line | None:
    """Return the line that was dialled: as written, then as E.164, by pattern, the default one; None: not ours."""
    listed = scheme.spelled.get(dialled)
    if listed is not None:
        return listed
    number = numbers.read(dialled, scheme.country)
    listed = scheme.spelled.get(number.e164 or "")
    if listed is not None:
        return listed
    line = _inside(scheme, dialled) or _tracked(scheme, number.e164) or scheme.lines.get(DEFAULT_LINE)
    if line is None:
        return None
    return replace(line, key=number.e164 or number.raw, e164=number.e164, listed_as=line.listed_as or line.key)


def is_inside(scheme: Scheme, dialled: str) -> bool:
    """Whether colleagues transfer callers to a department there, and it is no line of its own."""
    return dialled in scheme.extensions and dialled not in scheme.spelled


def person_inside(scheme: Scheme, dialled: str) -> PersonId | None:
    """Return who has this internal number: as the scheme says, else whose phone is called so."""
    listed = next((person.id for person in scheme.people.values() if person.extension == dialled), None)
    return listed or scheme.phones.get(f"PJSIP/{dialled}")


def _tracked(scheme: Scheme, e164: str | None) -> Line | None:
    """Return the line with a pattern that the number fits; the fewer X, the better it fits."""
    if e164 is None:
        return None
    spellings = (e164[: len(e164) - places] + "X" * places for places in range(min(_MOST_PLACES, len(e164) - 1)))
    return next((line for one in spellings if (line := scheme.tracked.get(one)) is not None), None)


def _inside(scheme: Scheme, dialled: str) -> Line | None:
    """Return the line behind a department's extension, to which a colleague transfers a caller."""
    department = scheme.extensions.get(dialled)
    if department is None:
        return None
    own = (line for line in scheme.lines.values() if line.department == department)
    line = next(own, scheme.lines.get(DEFAULT_LINE))
    return None if line is None else replace(line, department=department, person=None)
