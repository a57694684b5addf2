"""What happens to one call: its line, its ladder and everybody in it, as they are when it arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callrouter.core.ladder import Person, Step
from callrouter.core.words import PersonId, Why
from callrouter.routing import numbers
from callrouter.routing.values import DEFAULT_LINE, Line, Scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.routing.values import Department, SchemeStep


@dataclass(frozen=True, slots=True)
class Client:
    """Who the caller is, by our client table."""

    id: int
    name: str | None = None
    responsible: PersonId | None = None
    priority: str | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The decision for one call."""

    line: str
    """What the ledger calls the line: as the document writes it; not listed: E.164, or as dialled."""
    department: str | None
    ladder: tuple[Step, ...]
    people: tuple[Person, ...]
    """Everybody the ladder names, each once."""
    prompt: str | None
    ring_at_most: float
    """Seconds after arrival at which a last step without seconds ends."""
    claimants: tuple[PersonId, ...]
    """Who gets a client without a responsible by talking to him."""
    claim_after: float
    """Seconds of talk from which a claimant gets the client."""


def find_line(scheme: Scheme, dialled: str) -> Line | None:
    """Return the line that was dialled: as written, then as E.164, then the default one; None: not ours."""
    number = numbers.read(dialled, scheme.country)
    listed = scheme.spelled.get(dialled) or scheme.spelled.get(number.e164 or "")
    if listed is not None:
        return listed
    default = scheme.lines.get(DEFAULT_LINE)
    return None if default is None else replace(default, key=number.e164 or number.raw, e164=number.e164)


def choose(scheme: Scheme, line: Line, client: Client | None) -> Chosen:
    """Return what happens to a call of this client (None: unknown) to a line that `find_line` gave."""
    department = None if line.department is None else scheme.departments[line.department]
    ladder = tuple(_step(scheme, step, department, client) for step in scheme.ladders[line.ladder])
    named = dict.fromkeys(person for step in ladder for person in step.people)
    return Chosen(
        line=line.key,
        department=line.department,
        ladder=ladder,
        people=tuple(_person(scheme, person) for person in named),
        prompt=line.prompt,
        ring_at_most=scheme.company.ring_at_most,
        claimants=_claimants(scheme, department),
        claim_after=scheme.company.claim_after,
    )


def phones_of(scheme: Scheme) -> dict[str, PersonId]:
    """Return whose phone each one is (`PJSIP/103`)."""
    return {phone: person.id for person in scheme.people.values() for phone in person.phones}


def _step(scheme: Scheme, step: SchemeStep, department: Department | None, client: Client | None) -> Step:
    people, nobody = _resolve(scheme, step.target, department, client)
    return Step(step.action, step.target, people, step.seconds, step.if_busy, nobody)


def _resolve(
    scheme: Scheme, target: str, department: Department | None, client: Client | None
) -> tuple[tuple[PersonId, ...], Why | None]:
    word, _, key = target.partition(":")
    if word == "department":
        meant = scheme.departments[key] if key else department
        return (meant.members, None) if meant else ((), Why.UNKNOWN_PERSON)
    if word == "responsible":
        responsible = None if client is None else client.responsible
        return _one(scheme, responsible, Why.NO_RESPONSIBLE)
    if word == "head":
        return _one(scheme, department.head if department else None, Why.UNKNOWN_PERSON)
    return _one(scheme, PersonId(key) if word == "person" else scheme.company.owner, Why.UNKNOWN_PERSON)


def _one(scheme: Scheme, person: PersonId | None, nobody: Why) -> tuple[tuple[PersonId, ...], Why | None]:
    if person is None:
        return (), nobody
    return ((person,), None) if person in scheme.people else ((), Why.UNKNOWN_PERSON)


def _person(scheme: Scheme, person: PersonId) -> Person:
    found = scheme.people[person]
    return Person(found.id, found.name, found.phones)


def _claimants(scheme: Scheme, department: Department | None) -> tuple[PersonId, ...]:
    members: Iterable[PersonId] = () if department is None else department.members
    candidates = dict.fromkeys([*members, *scheme.people])
    return tuple(one for one in candidates if _claims(scheme.people[one].claims, member=one in members))


def _claims(said: bool | None, *, member: bool) -> bool:  # noqa: FBT001 -- three values, not a flag
    return member if said is None else said
