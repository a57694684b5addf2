"""What a valid document says that is probably not meant: nobody is refused for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.routing.caller import ANYBODY
from callrouter.routing.choose import choose
from callrouter.routing.faults import place, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.core.words import PersonId
    from callrouter.routing.values import Scheme

Warned = tuple[str, str]
"""The place in the document, and what is odd there."""


def warnings(scheme: Scheme) -> Iterator[Warned]:
    """Yield what is odd: steps that never ring, parts that nothing uses, people whom no call reaches."""
    if not scheme.lines:
        yield "lines", "there is none: every call goes to the dialplan's fallback"
    yield from _people(scheme)
    yield from _departments(scheme)
    yield from _ladders(scheme)
    yield from _headless(scheme)


def _used(scheme: Scheme) -> set[str]:
    return {line.ladder for line in scheme.lines.values()}


def _targets(scheme: Scheme) -> set[str]:
    return {step.target for ladder in _used(scheme) for step in scheme.ladders[ladder]}


def _people(scheme: Scheme) -> Iterator[Warned]:
    rung: set[PersonId] = set()
    for line in scheme.lines.values():
        rung.update(person for step in choose(scheme, line, ANYBODY, None).ladder for person in step.people)
    as_responsible = "responsible" in _targets(scheme)
    how = "rings only for clients who are his own" if as_responsible else "never rings"
    for person in scheme.people:
        if person not in rung:
            yield place("people", person), f"{how}: no step of any line's ladder means this person otherwise"


def _departments(scheme: Scheme) -> Iterator[Warned]:
    of_lines = {line.department for line in scheme.lines.values()}
    targets = _targets(scheme)
    for key in scheme.departments:
        if key not in of_lines and f"department:{key}" not in targets:
            yield place("departments", key), "no line has this department, and no step of a line's ladder names it"


def _ladders(scheme: Scheme) -> Iterator[Warned]:
    for key, steps in scheme.ladders.items():
        if key not in _used(scheme):
            yield place("ladders", key), "no line has this ladder"
        before = sum(step.seconds or 0 for step in steps[:-1])
        if steps[-1].seconds is None and before >= scheme.company.ring_at_most:
            said = (
                f"rings only if earlier steps are skipped: those take {before:g} s, "
                f"and company.ring_at_most ends it {scheme.company.ring_at_most:g} s after the call's arrival"
            )
            yield place("ladders", key, len(steps) - 1), said


def _headless(scheme: Scheme) -> Iterator[Warned]:
    for key, line in scheme.lines.items():
        department = None if line.department is None else scheme.departments[line.department]
        heads = any(step.target == "head" for step in scheme.ladders[line.ladder])
        if department is not None and department.head is None and heads:
            said = (
                f"the ladder {quoted(line.ladder)} rings the head, but {quoted(department.id)} has none: always skipped"
            )
            yield place("lines", key), said
