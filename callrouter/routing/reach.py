"""What of a scheme a kind of caller on a line can depend on: where none of it differs, nothing differs for him."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callrouter.core.words import PersonId
from callrouter.routing import availability
from callrouter.routing.caller import described
from callrouter.routing.order import UNKNOWN
from callrouter.routing.rules import first_rule, holds
from callrouter.routing.situation import Situation
from callrouter.routing.targets import superior

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.routing.caller import Caller
    from callrouter.routing.values import Department, Line, Scheme, SchemePerson, SchemeStep


@dataclass(frozen=True, slots=True)
class Way:
    """How a line serves a caller while it is open, or while it is closed."""

    is_refused: bool
    ladders: tuple[str, ...]
    meant: tuple[bool, ...]
    """Which of their steps are meant for him."""


@dataclass(frozen=True, slots=True)
class Path:
    """Everything by which a caller is told from others on a line, whatever the time is."""

    ways: tuple[Way, ...]
    responsible: PersonId | None
    segment: str | None
    last: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a path can depend on, and on whose presence."""

    what: tuple[object, ...]
    people: tuple[PersonId, ...]
    departments: tuple[str | None, ...]
    """Whose duty is asked for."""


def bare(scheme: Scheme) -> Scheme:
    """Return the scheme without what is no matter to who is rung when: names, which phones, who claims clients."""
    people = {key: _bare(person) for key, person in scheme.people.items()}
    departments = {key: replace(one, name="", extension=None) for key, one in scheme.departments.items()}
    lines = {key: replace(line, name="") for key, line in scheme.lines.items()}
    spelled = {key: replace(line, name="") for key, line in scheme.spelled.items()}
    company = replace(scheme.company, wrap_up=0.0, claim_after=0.0, language="", custom_states=False)
    return replace(
        scheme, people=people, departments=departments, lines=lines, spelled=spelled, company=company, not_clients={}
    )


def _bare(person: SchemePerson) -> SchemePerson:
    return replace(
        person, name="", phones=(person.id,), claims=None, confirm=(), wrap_up=None, numbers=(), extension=None
    )


def path_of(scheme: Scheme, line: Line, caller: Caller) -> Path:
    """Return how a line serves this caller; a line without hours is always open."""
    client = described(scheme, caller, "in")
    situation = Situation(scheme, line, client, caller.last, None, UNKNOWN)
    states = (True,) if availability.calendar_of(scheme, line) is None else (True, False)
    ways = tuple(_way(situation, is_open=state) for state in states)
    targets = {target for way in ways for step in _steps(scheme, way) for target in step.targets}
    return Path(
        ways,
        client.responsible if "responsible" in targets else None,
        client.segment if "segment" in targets else None,
        tuple(one.person for one in caller.last) if "last" in targets else (),
    )


def reach(scheme: Scheme, line: Line, path: Path) -> Reach:
    """Return everything of the scheme that decides the calls of this path."""
    steps = [step for way in path.ways for step in _steps(scheme, way)]
    targets = dict.fromkeys(target for step in steps for target in step.targets)
    departments = tuple(_departments(scheme, line, targets))
    specialists = scheme.segments.get(path.segment or "", ())
    named = (path.responsible, *path.last, line.person, scheme.company.owner, *specialists)
    people = _with_others(scheme, line, (*named, *_people(scheme, departments, targets)), climbs="higher" in targets)
    keys = sorted({one.hours for one in people if one.hours is not None})
    what = (
        replace(line, key="", e164=None, numbers=(), listed_as=None),
        scheme.company,
        scheme.timezone,
        scheme.duties,
        path,
        tuple(steps),
        specialists,
        tuple((one.id, one.members, one.head) for one in departments),
        people,
        availability.calendar_of(scheme, line),
        tuple(scheme.calendars[key] for key in keys),
    )
    return Reach(what, tuple(one.id for one in people), (line.department,) if "on_duty" in targets else ())


def _way(situation: Situation, *, is_open: bool) -> Way:
    line = situation.line
    situation.is_open = situation.facts["open"] = is_open
    rule = first_rule(situation)
    served = (line.ladder if is_open else line.closed.ladder) if rule is None else rule.ladder
    names = tuple(name for name in (served, line.at_end.ladder) if name is not None)
    meant = tuple(holds(step.when, situation) for name in names for step in situation.scheme.ladders[name])
    return Way(rule is not None and rule.ladder is None, names, meant)


def _steps(scheme: Scheme, way: Way) -> Iterator[SchemeStep]:
    yield from (step for name in way.ladders for step in scheme.ladders[name])


def _departments(scheme: Scheme, line: Line, targets: Iterable[str]) -> Iterator[Department]:
    if line.department is not None:
        yield scheme.departments[line.department]
    for word, _, key in (target.partition(":") for target in targets):
        if word == "department" and key:
            yield scheme.departments[key]


def _people(scheme: Scheme, departments: Iterable[Department], targets: Iterable[str]) -> Iterator[PersonId | None]:
    for department in departments:
        yield from (*department.members, department.head)
    for word, _, key in (target.partition(":") for target in targets):
        if word == "person":
            yield PersonId(key)
        elif word == "on_duty":
            yield from (one for duty in scheme.duties for one in duty.people)


def _with_others(
    scheme: Scheme, line: Line, people: Iterable[PersonId | None], *, climbs: bool
) -> tuple[SchemePerson, ...]:
    """Return these people with their deputies, and their superiors where a step climbs to them."""
    department = None if line.department is None else scheme.departments[line.department]
    found: dict[PersonId, SchemePerson] = {}
    left = [one for one in people if one in scheme.people]
    while left:
        key = left.pop()
        if key is not None and key not in found:
            one = found[key] = scheme.people[key]
            left.extend((one.deputy, *(absence.deputy for absence in one.absences)))
            left.extend([superior(scheme, key, department)] if climbs else [])
    return tuple(found[key] for key in sorted(found))
