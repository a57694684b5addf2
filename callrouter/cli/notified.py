"""Which notices went out: of a call, of a lost client; and whether people can be told at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.lost_shown import named
from callrouter.cli.show import clean, clock
from callrouter.ledger.period import rfc3339
from callrouter.routing.receivers import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.store.notices import Settled, Undistributed

LATE = 120.0
"""Seconds after which a notice that nobody has decided about shows that no worker runs."""
LATELY = 86_400.0
"""Seconds for which it is said that notices reached nobody."""
COLUMNS = ("client", "phones", "department", "since", "answered by", "call")
_WHY_NOT = {
    "off": "not wanted ([notices] kinds)",
    "over": "not told: it was settled before",
    None: "is told soon",
}


def document(one: Settled) -> dict[str, object]:
    """Return a notice as JSON."""
    return {
        "kind": one.kind.value,
        "call": one.call,
        "at": rfc3339(one.settled_at),
        "outcome": one.outcome,
        "person": one.person,
        "instead_of": [{"person": person, "why": why} for person, why in one.passed],
        "letter": one.state,
    }


def print_told(found: Sequence[Settled], scheme: Scheme | None) -> None:
    """Print who was told; without a scheme nobody was."""
    if found and scheme is not None:
        click.echo("\nnotices")
        for one in found:
            click.echo(f"  {clean(_told(one, scheme))}")


def _told(one: Settled, scheme: Scheme) -> str:
    who = named(one.person, scheme)
    passed = ", ".join(f"{named(person, scheme)}: {why}" for person, why in one.passed)
    instead = f" ({passed})" if passed else ""
    said = {"told": f"to {who}{instead}, {one.state or 'sent'}", "nobody": f"nobody can be told{instead}"}
    at = clock(one.settled_at, scheme.timezone) or "-"
    return f"{at} {one.kind}: {said.get(one.outcome or '') or _WHY_NOT[one.outcome]}"


def is_unheard(found: Sequence[Settled]) -> bool:
    """Return whether somebody was to be told, and nobody could be."""
    return any(one.outcome == "nobody" for one in found) and not any(one.outcome == "told" for one in found)


def undistributed(one: Undistributed, scheme: Scheme) -> list[object]:
    """Return a client who is to be given to somebody as the list shows him."""
    since = clock(one.since, scheme.timezone)
    return [one.name, " ".join(one.numbers), one.department, since, named(one.answered_by, scheme), one.call]


def undistributed_document(one: Undistributed) -> dict[str, object]:
    """Return him as JSON."""
    return {
        "id": one.client,
        "name": one.name,
        "phones": list(one.numbers),
        "department": one.department,
        "since": rfc3339(one.since),
        "answered_by": one.answered_by,
        "call": one.call,
    }


async def faults(connection: AsyncConnection, scheme: Scheme, at: Instant) -> list[tuple[str, str]]:
    """Return what keeps people from being told, each with its mend."""
    from callrouter.store import notices

    if not scheme.notices.kinds:
        return []
    found = list(_silent(scheme))
    if late := await notices.overdue(connection, at - LATE):
        found.append((f"{late} wait to be told", "callrouter serve"))
    if unheard := await notices.unreached(connection, at - LATELY):
        found.append(
            (f"{unheard} of the last 24 h reached nobody", "callrouter lost list; mail of people in the scheme")
        )
    return found


def _silent(scheme: Scheme) -> Iterator[tuple[str, str]]:
    owner = scheme.company.owner
    if owner is not None and addresses(scheme, owner):
        return
    deaf = [one.id for one in scheme.departments.values() if one.head is None or not addresses(scheme, one.head)]
    if deaf:
        seen = f"neither head nor owner has a mail, who is told of lost clients: {', '.join(deaf)}"
        yield seen, f"people.{owner or 'KEY'}.mail in the scheme, or [notices] kinds = []"
