"""Where people are reached by what is written to them, and who gets the nightly export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.core.words import PersonId
    from callrouter.routing.values import Scheme

ROLES = ("owner", "heads", "managers")
"""Words for people that `[report] to` understands beside their keys."""
ADDRESSES = ("mail:", "hook:", "dir:")
Part = Literal["company", "head", "own"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Somebody who gets the nightly export."""

    to: str
    """`mail:ADDRESS`, `hook:URL` or `dir:PATH`."""
    part: Part
    """The company's whole export; a head's: everybody's figures; or a manager's own."""
    person: PersonId | None = None


def addresses(scheme: Scheme, person: PersonId) -> tuple[str, ...]:
    """Return where somebody is reached: `mail:ADDRESS`; nothing if he has no address, or is nobody."""
    known = scheme.people.get(person)
    return () if known is None or known.mail is None else (f"mail:{known.mail}",)


def receivers(scheme: Scheme) -> tuple[Receiver, ...]:
    """Return who gets the nightly export, each address once: what is named first, and the most that it may have."""
    found: dict[str, Receiver] = {}
    for one in _named(scheme):
        known = found.setdefault(one.to, one)
        if _RANK[one.part] < _RANK[known.part]:
            found[one.to] = one
    return tuple(found.values())


_RANK: dict[Part, int] = {"company": 0, "head": 1, "own": 2}


def _named(scheme: Scheme) -> Iterator[Receiver]:
    for one in scheme.report.to:
        if one.startswith(ADDRESSES):
            yield Receiver(one, "company")
            continue
        for person in _people(scheme, one):
            for address in addresses(scheme, person):
                yield Receiver(address, _part(scheme, person), person)


def _people(scheme: Scheme, word: str) -> Iterator[PersonId]:
    if word == "owner" and scheme.company.owner is not None:
        yield scheme.company.owner
    elif word == "heads":
        yield from (one.head for one in scheme.departments.values() if one.head is not None)
    elif word == "managers":
        yield from (member for one in scheme.departments.values() for member in one.members)
    else:
        yield from (one for one in scheme.people if one == word)


def _part(scheme: Scheme, person: PersonId) -> Part:
    if person == scheme.company.owner:
        return "company"
    return "head" if any(person == one.head for one in scheme.departments.values()) else "own"
