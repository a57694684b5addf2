"""Clients by their numbers: one while he rings, or those of many calls in two statements."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Row, select

from callrouter.routing.caller import Candidate, Client, meant
from callrouter.store import clients as book
from callrouter.store.tables import calls, client_phones, clients

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant, PersonId

Wanted = tuple[str, str | None]
"""A number (E.164), and the department whose responsible counts; None: in general."""


async def by_numbers(connection: AsyncConnection, wanted: Iterable[Wanted]) -> dict[Wanted, Client]:
    """Return the clients with these numbers, each with whose he is for the department; strangers are left out."""
    pairs = set(wanted)
    if not pairs:
        return {}
    there = select(client_phones.c.number, clients).join(clients)
    found = there.where(client_phones.c.number.in_({number for number, _ in pairs}))
    cards: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for one in await connection.execute(found):
        cards[one.number].append(one)
    whose = await book.responsibles_of(connection, {card.id for those in cards.values() for card in those})
    return {
        (number, department): client
        for number, department in pairs
        if (client := await _client(connection, cards.get(number, []), whose, department)) is not None
    }


async def cards_of(connection: AsyncConnection, numbers: Iterable[str]) -> dict[str, set[int]]:
    """Return the ids of all who have these numbers, by the number."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    query = select(client_phones.c.number, client_phones.c.client_id).where(client_phones.c.number.in_(set(numbers)))
    for one in await connection.execute(query):
        found[one.number].add(one.client_id)
    return found


async def _client(
    connection: AsyncConnection,
    cards: list[Row[Any]],
    whose: Mapping[book.Whose, PersonId],
    department: str | None,
) -> Client | None:
    """Return which of those with one number is meant."""
    is_alone = len(cards) == 1
    return meant(
        [
            Candidate(
                _known(card, book.responsible(whose, card.id, department)),
                None if is_alone else await _talked_at(connection, card.id),
                card.created_at,
            )
            for card in cards
        ]
    )


def _known(card: Row[Any], person: PersonId | None) -> Client:
    attributes = orjson.loads(card.attributes)
    stage = attributes.pop("stage", None)
    return Client(card.id, card.name, person, card.priority, card.segment, stage, tuple(attributes.items()))


async def _talked_at(connection: AsyncConnection, client: int) -> Instant | None:
    """Return when the client's last call that was answered arrived."""
    answered = select(calls.c.arrived_at).where(calls.c.client_id == client, calls.c.outcome == "answered")
    query = answered.order_by(calls.c.arrived_at.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()
