"""Which kinds of callers a scheme tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.routing.caller import Caller, Client, Talked
from callrouter.routing.numbers import Number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Condition, Scheme

_NUMBER = "+0"
"""A number that begins like no other, and that no list has."""
_PRIORITIES = ("A", "B", "C", "X")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of caller: what he is called, and one who is of it."""

    said: str
    caller: Caller


def kinds(schemes: tuple[Scheme, ...], at: Instant) -> tuple[Kind, ...]:
    """Return the kinds of caller that any of these schemes tells apart on whatever line; the last talk was just now."""
    found = {"a new caller": _new(), "a client without a responsible": _client(Client())}
    found |= {f"class {one}": _client(Client(priority=one)) for one in _PRIORITIES}
    for scheme in schemes:
        for condition in conditions(scheme):
            found |= {f"stage {one}": _client(Client(stage=one)) for one in condition.stage}
            for name, words in condition.attributes:
                found |= {f"{name} {one}": _client(Client(attributes=((name, one),))) for one in words}
        segments = [*scheme.segments, *(one for condition in conditions(scheme) for one in condition.segment)]
        found |= {f"segment {one}": _client(Client(segment=one)) for one in segments}
        found |= {f"a new caller from {one.prefix}": _new(one.prefix) for one in scheme.prefixes}
        if any("last" in step.targets for steps in scheme.ladders.values() for step in steps):
            talkers = {department.members[0] for department in scheme.departments.values()}
            found |= {f"who talked to {one} just now": _new(last=(Talked(one, at),)) for one in sorted(talkers)}
    return tuple(Kind(said, caller) for said, caller in found.items())


def clients_of(people: Iterable[PersonId]) -> tuple[Kind, ...]:
    """Return the clients of these people."""
    return tuple(Kind(f"a client of {one}", _client(Client(responsible=one))) for one in people)


def conditions(scheme: Scheme) -> tuple[Condition, ...]:
    """Return every condition of the scheme."""
    steps = (step.when for ladder in scheme.ladders.values() for step in ladder)
    return (*(rule.when for rule in scheme.rules), *steps)


def _new(prefix: str = _NUMBER, last: tuple[Talked, ...] = ()) -> Caller:
    return Caller(Number(prefix, None, prefix), None, last)


def _client(client: Client) -> Caller:
    return Caller(Number(_NUMBER, None, _NUMBER), client)
