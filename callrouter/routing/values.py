"""The values of a scheme: frozen, and naming only what exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.words import Action, IfBusy, PersonId

DEFAULT_LINE = "default"
"""The key of the line that serves the numbers that are not listed."""


@dataclass(frozen=True, slots=True)
class Company:
    """What holds for every call."""

    owner: PersonId | None = None
    ring_at_most: float = 60.0
    """Seconds after arrival at which a last step without seconds ends."""
    claim_after: float = 10.0
    """Seconds of talk from which a claimant gets a client without a responsible."""


@dataclass(frozen=True, slots=True)
class SchemePerson:
    """Somebody of the company."""

    id: PersonId
    name: str
    phones: tuple[str, ...]
    claims: bool | None = None
    """Whether he gets a new client by talking to him; None: as a member of the line's department."""


@dataclass(frozen=True, slots=True)
class Department:
    """Those who ring together, in the document's order, and their head."""

    id: str
    name: str
    members: tuple[PersonId, ...]
    head: PersonId | None = None


@dataclass(frozen=True, slots=True)
class SchemeStep:
    """One rung as written, before it is known whom it means for a call."""

    action: Action
    target: str
    """responsible, department, head, owner, `department:KEY` or `person:KEY`."""
    seconds: float | None
    """None, last step only: until `ring_at_most`."""
    if_busy: IfBusy


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the company."""

    key: str
    """As the document writes it; for a number that is not listed: as it was dialled."""
    e164: str | None
    name: str
    department: str | None
    ladder: str
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """The whole routing document. What it names exists: every reference was checked when it was read."""

    timezone: str
    country: str
    company: Company
    people: Mapping[PersonId, SchemePerson]
    departments: Mapping[str, Department]
    ladders: Mapping[str, tuple[SchemeStep, ...]]
    lines: Mapping[str, Line]
    """By key, `default` among them."""
    spelled: Mapping[str, Line]
    """The listed lines (not `default`) by every key and every E.164 form."""
