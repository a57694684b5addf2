"""Which notices went out: of a call, of a lost client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.lost_shown import named
from callrouter.cli.show import clean, clock
from callrouter.ledger.period import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.routing.values import Scheme
    from callrouter.store.notices import Settled, Undistributed

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
