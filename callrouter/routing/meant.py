"""Whom a scheme can mean at all, whoever calls and whenever: for warnings, not for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.words import PersonId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.routing.values import Line, Scheme, SchemeStep


def ladders_of(scheme: Scheme, line: Line) -> tuple[str, ...]:
    """Return every ladder that may serve a line."""
    names = (line.ladder, line.closed.ladder, line.at_end.ladder, *(rule.ladder for rule in scheme.rules))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def is_outside(phone: str) -> bool:
    """Whether a phone is reached through a trunk (`PJSIP/79161234567@trunk`)."""
    return "@" in phone and not phone.startswith("Local/")


def everybody_of(scheme: Scheme, line: Line, step: SchemeStep | None = None) -> tuple[PersonId, ...]:
    """Return whom the line's calls may ring, in one step or in all, but for whose client the caller is."""
    steps = [one for name in ladders_of(scheme, line) for one in scheme.ladders[name]] if step is None else [step]
    targets = dict.fromkeys(target for one in steps for target in one.targets)
    found = dict.fromkeys(person for target in targets for person in _meant(scheme, line, target) if person is not None)
    if step is None and line.person is not None:
        found[line.person] = None
    return tuple(found)


def _meant(scheme: Scheme, line: Line, target: str) -> Iterator[PersonId | None]:
    word, _, key = target.partition(":")
    department = scheme.departments.get(key or line.department or "")
    match word:
        case "department" if department is not None:
            yield from department.members
        case "head" if department is not None:
            yield department.head
        case "owner":
            yield scheme.company.owner
        case "person":
            yield PersonId(key)
        case "segment":
            yield from (one for people in scheme.segments.values() for one in people)
        case "on_duty":
            yield from (one for duty in scheme.duties for one in duty.people)
            yield from (department.members if department is not None else ())
        case "higher":
            yield from (one.head for one in scheme.departments.values())
            yield from (one.reports_to for one in scheme.people.values())
            yield scheme.company.owner
