"""What a valid document says that is probably not meant: nobody is refused for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.routing import availability
from callrouter.routing.faults import place, quoted
from callrouter.routing.meant import everybody_of, is_outside, ladders_of
from callrouter.routing.values import ALWAYS
from callrouter.routing.week import spoken, stretches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.routing.values import Scheme, SchemeStep
    from callrouter.routing.week import Week

Warned = tuple[str, str]
"""The place in the document, and what is odd there."""
SHORTEST = 30
"""Seconds a caller should be rung for at the least."""
OUTSIDE_AT_LEAST = 20
"""Seconds in which a mobile behind a trunk begins to ring and somebody takes it out of a pocket."""


def warnings(scheme: Scheme, week: Week) -> Iterator[Warned]:
    """Yield what is odd: steps that never ring, parts that nothing uses, people whom no call reaches."""
    if not scheme.lines:
        yield "lines", "there is none: every call goes to the dialplan's fallback"
    yield from _people(scheme)
    yield from _phones(scheme)
    yield from _departments(scheme)
    yield from _rules(scheme)
    yield from _ladders(scheme)
    yield from _outside(scheme)
    yield from _headless(scheme)
    yield from _duty(scheme, week)


def _used(scheme: Scheme) -> set[str]:
    return {name for line in scheme.lines.values() for name in ladders_of(scheme, line)}


def _targets(scheme: Scheme) -> set[str]:
    return {target for name in _used(scheme) for step in scheme.ladders[name] for target in step.targets}


def _people(scheme: Scheme) -> Iterator[Warned]:
    rung = {person for line in scheme.lines.values() for person in everybody_of(scheme, line)}
    as_responsible = not _targets(scheme).isdisjoint(("responsible", "last"))
    how = "rings only for clients who are his own" if as_responsible else "never rings"
    for person in scheme.people:
        if person not in rung:
            yield place("people", person), f"{how}: no step of any line's ladder means this person otherwise"


def _phones(scheme: Scheme) -> Iterator[Warned]:
    """A mobile's voicemail answers too."""
    for person in scheme.people.values():
        for number, phone in enumerate(person.phones):
            if is_outside(phone) and phone not in person.confirm:
                said = "is outside and has no confirm = true: its voicemail would count as an answer"
                yield place("people", person.id, "phones", number), said


def _departments(scheme: Scheme) -> Iterator[Warned]:
    of_lines = {line.department for line in scheme.lines.values()}
    targets = _targets(scheme)
    for key in scheme.departments:
        if key not in of_lines and f"department:{key}" not in targets:
            yield place("departments", key), "no line has this department, and no step of a line's ladder names it"


def _rules(scheme: Scheme) -> Iterator[Warned]:
    always = next((rule for rule in scheme.rules if rule.when == ALWAYS), None)
    if always is not None:
        for rule in scheme.rules[scheme.rules.index(always) + 1 :]:
            yield place("rules", rule.key), f"never taken: the rule {quoted(always.key)} before it holds for every call"


def _ladders(scheme: Scheme) -> Iterator[Warned]:
    for key, steps in scheme.ladders.items():
        if key not in _used(scheme):
            yield place("ladders", key), "no line has this ladder"
            continue
        before, most = sum(step.seconds or 0 for step in steps[:-1]), scheme.company.ring_at_most
        if steps[-1].seconds is None and before >= most:
            said = (
                f"rings only if earlier steps are skipped: those take {before:g} s, "
                f"and company.ring_at_most ends it {most:g} s after the call's arrival"
            )
            yield place("ladders", key, len(steps) - 1), said
        length = max(before, most) if steps[-1].seconds is None else before + steps[-1].seconds
        if length < SHORTEST:
            yield place("ladders", key), f"rings for {length:g} s at the most: less than {SHORTEST} s"


def _outside(scheme: Scheme) -> Iterator[Warned]:
    """A step for those who are only reached through a trunk, and too short for it."""
    said: dict[str, str] = {}
    for line in scheme.lines.values():
        for name in ladders_of(scheme, line):
            for number, step in enumerate(scheme.ladders[name]):
                people = everybody_of(scheme, line, step)
                phones = [phone for person in people for phone in scheme.people[person].phones]
                lasts = _lasts(step)
                if phones and all(map(is_outside, phones)) and lasts is not None and lasts < OUTSIDE_AT_LEAST:
                    told = f"rings phones outside only, for {lasts:g} s: less than {OUTSIDE_AT_LEAST} s"
                    said[place("ladders", name, number)] = told
    yield from said.items()


def _lasts(step: SchemeStep) -> float | None:
    """Return for how long one of a step's people rings."""
    return step.seconds if step.each is None else step.each


def _headless(scheme: Scheme) -> Iterator[Warned]:
    for key, line in scheme.lines.items():
        department = None if line.department is None else scheme.departments[line.department]
        heads = any(step.target == "head" for step in scheme.ladders[line.ladder])
        if department is not None and department.head is None and heads:
            said = (
                f"the ladder {quoted(line.ladder)} rings the head, but {quoted(department.id)} has none: always skipped"
            )
            yield place("lines", key), said


def _duty(scheme: Scheme, week: Week) -> Iterator[Warned]:
    """Hours at which the step `on_duty` of a line finds nobody."""
    switches = tuple(availability.switches(scheme, week.since, week.until))
    for department in dict.fromkeys(
        line.department
        for line in scheme.lines.values()
        if any("on_duty" in step.targets for name in ladders_of(scheme, line) for step in scheme.ladders[name])
    ):
        free = [when for when in stretches(week, switches) if not availability.on_duty(scheme, department, when[0])]
        if free:
            whose = "" if department is None else f" for {quoted(department)}"
            yield "duty", f"nobody is on duty{whose} in the coming week: {spoken(week, free)}"
