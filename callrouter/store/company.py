"""The company as the scheme of a call had it: what its numbers, lines and phones mean."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from callrouter.routing.lines import find_line
from callrouter.routing.numbers import Number, read, storable
from callrouter.routing.scheme import parse
from callrouter.store import schemes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import PersonId
    from callrouter.routing.values import Line, Scheme


@dataclass(frozen=True, slots=True)
class Company:
    """The scheme that held, and its revision (both None before the first)."""

    scheme: Scheme | None
    revision: int | None
    by_trunk: Mapping[str, list[PersonId]] = field(init=False, compare=False, repr=False)
    """Who has a number outside behind each trunk."""

    def __post_init__(self) -> None:
        """Look through the phones once."""
        found: defaultdict[str, list[PersonId]] = defaultdict(list)
        for person in () if self.scheme is None else self.scheme.people.values():
            for phone in person.phones:
                if "@" in phone:
                    found[f"PJSIP/{phone.rpartition('@')[2]}"].append(person.id)
        object.__setattr__(self, "by_trunk", found)

    def number(self, raw: str) -> Number:
        """Return what a number means here."""
        return Number(None, None, storable(raw)) if self.scheme is None else _read(raw, self.scheme.country)

    def line(self, dialled: str) -> Line | None:
        """Return the line that was dialled."""
        return None if self.scheme is None else find_line(self.scheme, dialled)

    def person(self, phone: str) -> PersonId | None:
        """Return whose phone this is; a number outside is known by its trunk, where one person alone has such."""
        if self.scheme is None:
            return None
        trunk = self.by_trunk.get(phone, ())
        return self.scheme.phones.get(phone) or (trunk[0] if len(trunk) == 1 else None)


async def company_of(connection: AsyncConnection, revision: int | None) -> Company:
    """Return the company of a revision; of the one in force where it is not known, or is none."""
    found = None if revision is None else await schemes.get(connection, revision)
    found = found or await schemes.current(connection)
    return Company(None, None) if found is None else _parsed(found.document, found.revision)


_read = lru_cache(maxsize=4_096)(read)


@lru_cache(maxsize=8)
def _parsed(document: bytes, revision: int) -> Company:
    return Company(parse(document, f"revision {revision}"), revision)
