"""Who calls: what the number itself says of him, and what is known of the client who has it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callrouter.routing.numbers import Number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Prefix, Scheme

PRIORITIES = {"A": "A", "B": "B", "C": "C", "X": "X", "AAA": "A", "BBB": "B", "CCC": "C"}
"""What may be written, and what it means."""
LATIN = str.maketrans("АВСХ", "ABCX")
"""Cyrillic letters that look the same."""
_YES = frozenset({"+", "yes", "да", "1", "true"})
_NO = frozenset({"-", "no", "нет", "0", "false"})
_RANKS = {"A": 0, "B": 1, "C": 2, "X": 4}
_UNRANKED = 3
_OF_A_PRIORITY = ("need", "budget", "urgency")


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a caller: by the CRM or our client table, with what his number's prefix says of him."""

    id: int | None = None
    """His card's; None: there is none."""
    name: str | None = None
    responsible: PersonId | None = None
    priority: str | None = None
    segment: str | None = None
    stage: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    known_from: str | None = "table"
    """Who knows him: crm, table, memory; prefix, None: nobody does."""
    also: tuple[str, ...] = ()
    """Other clients who have this number too."""


STRANGER = Client(known_from=None)


@dataclass(frozen=True, slots=True)
class Talked:
    """Somebody of the company who talked to a number, or dialled it, and when."""

    person: PersonId
    at: Instant


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller as reception has looked him up."""

    number: Number
    client: Client | None = None
    last: tuple[Talked, ...] = ()
    """Who had to do with him lately, the newest first."""


ANYBODY = Caller(Number(None, None, ""))
"""Nobody knows who calls."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several clients with the same number."""

    client: Client
    talked_at: Instant | None
    """When he was talked to last; None: never."""
    made_at: Instant
    """When his card was made."""


def meant(candidates: Sequence[Candidate]) -> Client | None:
    """Return which of those with one number calls, as far as that can be told; the others' names are with him.

    Who has a responsible (for the line's department or in general), then the higher priority, then who was talked to
    most recently, then the older card.
    """
    ordered = sorted(candidates, key=_likelihood)
    if len(ordered) < 2:  # noqa: PLR2004 -- nobody else
        return ordered[0].client if ordered else None
    others = tuple(one.client.name or f"client {one.client.id}" for one in ordered[1:])
    return replace(ordered[0].client, also=others)


def joined(scheme: Scheme, crm: Client | None, table: Client | None) -> Client | None:
    """Return what the CRM says of a client, and our table where the CRM says nothing."""
    if crm is None or table is None:
        return crm or table
    return Client(
        id=table.id,
        name=crm.name or table.name,
        responsible=_somebody(scheme, crm.responsible) or table.responsible,
        priority=crm.priority or table.priority,
        segment=crm.segment or table.segment,
        stage=crm.stage or table.stage,
        attributes=tuple(dict((*table.attributes, *crm.attributes)).items()),
        known_from=crm.known_from,
        also=table.also,
    )


def priority(word: str) -> str | None:
    """Return the priority that was written: A, B, C or X, AAA, BBB or CCC; None: no such thing."""
    return PRIORITIES.get(word.strip().upper().translate(LATIN))


def derived_priority(attributes: Mapping[str, str]) -> str | None:
    """Return the priority that need, budget and urgency make; None: without need, or not said."""
    need, budget, urgency = (_is_so(attributes.get(name)) for name in _OF_A_PRIORITY)
    if not need or budget is None:
        return None
    if not budget:
        return "C"
    return None if urgency is None else "A" if urgency else "B"


def direction(scheme: Scheme, number: Number) -> str:
    """Return what a call of this number to a line is: `in`, if it is a client's or may become one."""
    e164 = number.e164
    if e164 is None:
        return "in"
    if e164 in scheme.blocked:
        return "blocked"
    if e164 in scheme.own_numbers:
        return "internal"
    return "not_client" if e164 in scheme.not_clients else "in"


def described(scheme: Scheme, caller: Caller, kind: str) -> Client:
    """Return who calls: the client, with what his prefix says where he says nothing; a label is no client."""
    number = caller.number.e164
    if number is None:
        return STRANGER
    if kind == "not_client":
        return replace(STRANGER, attributes=(("not_client", scheme.not_clients[number]),))
    if kind != "in":
        return STRANGER
    return _completed(scheme, caller.client, _prefix(scheme, number))


def _completed(scheme: Scheme, client: Client | None, prefix: Prefix | None) -> Client:
    if client is None:
        if prefix is None:
            return STRANGER
        client = replace(STRANGER, known_from="prefix")
    attributes = dict(client.attributes if prefix is None else (*prefix.attributes, *client.attributes))
    return replace(
        client,
        responsible=_responsible(scheme, client),
        priority=client.priority or derived_priority(attributes),
        segment=client.segment or (None if prefix is None else prefix.segment),
        attributes=tuple(attributes.items()),
    )


def _responsible(scheme: Scheme, client: Client) -> PersonId | None:
    """Who is nobody counts as none; so does whom the CRM names and the scheme does not know."""
    person = client.responsible
    return _somebody(scheme, person) if client.known_from == "crm" or person in scheme.company.not_people else person


def _somebody(scheme: Scheme, person: PersonId | None) -> PersonId | None:
    return person if person in scheme.people and person not in scheme.company.not_people else None


def _likelihood(one: Candidate) -> tuple[object, ...]:
    client = one.client
    rank = _RANKS.get(client.priority or derived_priority(dict(client.attributes)) or "", _UNRANKED)
    talked = -math.inf if one.talked_at is None else one.talked_at
    return client.responsible is None, rank, -talked, one.made_at, client.id


def _prefix(scheme: Scheme, number: str) -> Prefix | None:
    """Return the longest prefix of the number that the scheme lists."""
    if not scheme.prefixes:
        return None
    found: Iterable[Prefix] = (one for one in scheme.prefixes if number.startswith(one.prefix))
    return max(found, key=lambda one: len(one.prefix), default=None)


def _is_so(said: str | None) -> bool | None:
    word = "" if said is None else said.strip().casefold()
    return True if word in _YES else False if word in _NO else None
