"""A decision as the call's first event: what the forecast drives is what a call gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.events import CallArrived
from callrouter.core.ladder import Person

if TYPE_CHECKING:
    from callrouter.core.words import Instant
    from callrouter.routing.choose import Chosen
    from callrouter.routing.numbers import Number
    from callrouter.routing.values import Scheme


def arrived(
    scheme: Scheme,
    revision: int | None,
    chosen: Chosen,
    number: Number,
    *,
    at: Instant,
    arrived_at: Instant,
    asterisk_id: str = "",
) -> CallArrived:
    """Return the first event of a call that was decided so."""
    client = chosen.client
    return CallArrived(
        at=at,
        arrived_at=arrived_at,
        asterisk_id=asterisk_id,
        line=chosen.line,
        caller=number.known,
        caller_raw=number.raw,
        department=chosen.department,
        direction=chosen.direction,
        client_id=client.id,
        client=client.name,
        responsible=client.responsible,
        priority=client.priority,
        segment=client.segment,
        ladder=chosen.ladder,
        people=_named(scheme, chosen),
        ring_at_most=chosen.ring_at_most,
        prompt=chosen.prompt,
        refusal=chosen.refusal,
        claimants=chosen.claimants,
        claim_after=chosen.claim_after,
        scheme_revision=revision,
        is_closed=chosen.is_closed,
        music=chosen.music,
        language=scheme.company.language,
        goes_on=chosen.goes_on,
        rule=chosen.rule,
        ladder_name=chosen.ladder_name,
        source=chosen.source,
        stage=client.stage,
        attributes=client.attributes,
        known_from=client.known_from,
        also=client.also,
    )


def _named(scheme: Scheme, chosen: Chosen) -> tuple[Person, ...]:
    """Everybody the ladder names, and the responsible, whose name the phones show."""
    responsible = chosen.client.responsible
    known = None if responsible is None else scheme.people.get(responsible)
    if known is None or any(person.id == known.id for person in chosen.people):
        return chosen.people
    return (*chosen.people, Person(known.id, known.name, known.phones))
