"""Clients and whose they are: an append-only history of responsibles, one open for a department or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from sqlalchemy import ARRAY, Table, Text, cast, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from callrouter.core.words import PersonId
from callrouter.store.tables import client_phones, clients, responsibles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import CallId, Instant

_CARDS = 0x63617264
"""Keeps our locks apart from others' of the same number."""

How = Literal["answered", "assigned", "imported"]


@dataclass(frozen=True, slots=True)
class Card:
    """What is written about a client; None changes nothing."""

    name: str | None = None
    priority: str | None = None
    segment: str | None = None
    attributes: Mapping[str, str] | None = None


def insert_or_skip(connection: AsyncConnection, table: Table) -> Any:
    """Return an INSERT that leaves a row alone which is there already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


async def there(connection: AsyncConnection, ids: Collection[int]) -> set[int]:
    """Return those of these clients who have a card still."""
    if not ids:
        return set()
    return set((await connection.execute(select(clients.c.id).where(clients.c.id.in_(ids)))).scalars())


async def alone_with(connection: AsyncConnection, numbers: Iterable[str]) -> None:
    """Let nobody else make cards for these numbers until the transaction ends; on SQLite nobody else writes anyway."""
    if connection.dialect.name == "postgresql":
        ordered = cast(sorted(set(numbers)), ARRAY(Text))  # whoever locks several does so in one order
        number = func.unnest(ordered).column_valued("number")
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number, _CARDS))))


async def create(connection: AsyncConnection, card: Card, at: Instant, how: Literal["imported", "called"]) -> int:
    """Make a card without numbers; return the client's id."""
    return (await create_all(connection, [(card, at)], how))[0]


async def create_all(
    connection: AsyncConnection, cards: Sequence[tuple[Card, Instant]], how: Literal["imported", "called"]
) -> list[int]:
    """Make cards without numbers, each with its instant; return the clients' ids in the same order."""
    lines = [
        {
            "name": card.name,
            "name_folded": folded(card.name),
            "priority": card.priority,
            "segment": card.segment,
            "attributes": orjson.dumps(dict(card.attributes or {})).decode(),
            "created_at": at,
            "how": how,
        }
        for card, at in cards
    ]
    made = insert(clients).returning(clients.c.id, sort_by_parameter_order=True)
    return list((await connection.execute(made, lines)).scalars())


async def add_numbers(connection: AsyncConnection, numbers: Sequence[tuple[int, str, str]]) -> int:
    """Give clients numbers: (client, E.164, as written); return how many of them are new."""
    lines = [{"client_id": client, "number": number, "raw": raw} for client, number, raw in numbers]
    statement = insert_or_skip(connection, client_phones).returning(client_phones.c.number)
    return len((await connection.execute(statement, lines)).all())


Whose = tuple[int, str | None]
"""A client, and the department for which he is somebody's; None: in general."""


async def responsibles_of(connection: AsyncConnection, ids: Collection[int]) -> dict[Whose, PersonId]:
    """Return whose these clients are."""
    if not ids:
        return {}
    still = responsibles.c.client_id.in_(ids), responsibles.c.until.is_(None)
    query = select(responsibles.c.client_id, responsibles.c.department, responsibles.c.person).where(*still)
    found = await connection.execute(query)
    return {(one.client_id, one.department): PersonId(one.person) for one in found}


def responsible(whose: Mapping[Whose, PersonId], client: int, department: str | None) -> PersonId | None:
    """Return whose a client is for a department: its own responsible, else the general one."""
    return whose.get((client, department)) or whose.get((client, None))


@dataclass(frozen=True, slots=True)
class Claim:
    """A client whom somebody gets by a call, unless he is somebody's already."""

    client: int
    department: str | None
    person: PersonId
    at: Instant
    call: CallId


async def claim(connection: AsyncConnection, claims: Sequence[Claim]) -> set[CallId]:
    """Make each responsible where nobody is, for the department or in general; return by which calls it came to that.

    No client is in two of them.
    """
    whose = await responsibles_of(connection, {one.client for one in claims})
    lines = [
        open_line(one.client, one.department, one.person, one.at, "answered", call=one.call)
        for one in claims
        if responsible(whose, one.client, one.department) is None
    ]
    if not lines:
        return set()
    made = insert_or_skip(connection, responsibles).returning(responsibles.c.by_call)
    return set((await connection.execute(made, lines)).scalars())


async def assign(connection: AsyncConnection, client: int, person: PersonId | None, at: Instant, how: How) -> bool:
    """Make the person responsible for the client in every department (None: nobody); return whether that is news."""
    still = (responsibles.c.client_id == client) & responsibles.c.until.is_(None)
    now = (await connection.execute(select(responsibles.c.person).where(still))).scalars().all()
    if set(now) == ({person} if person else set()):
        return False
    await connection.execute(update(responsibles).where(still).values(until=at))
    if person:
        await connection.execute(insert(responsibles).values(open_line(client, None, person, at, how)))
    return True


async def count_of(connection: AsyncConnection, person: PersonId) -> int:
    """Return how many clients are the person's."""
    query = select(func.count(responsibles.c.client_id.distinct()))
    mine = query.where(responsibles.c.person == person, responsibles.c.until.is_(None))
    return int((await connection.execute(mine)).scalar_one())


async def hand_over(connection: AsyncConnection, person: PersonId, to: PersonId | None, at: Instant) -> int:
    """Give all clients of a person to another (None: to nobody), department by department; return how many."""
    mine = (responsibles.c.person == person) & responsibles.c.until.is_(None)
    rows = (await connection.execute(select(responsibles).where(mine))).all()
    await connection.execute(update(responsibles).where(mine).values(until=at))
    lines: Sequence[dict[str, object]] = [
        open_line(row.client_id, row.department, to, at, "assigned") for row in rows if to is not None
    ]
    if lines:
        await connection.execute(insert(responsibles), lines)
    return len({row.client_id for row in rows})


def open_line(
    client: int | None, department: str | None, person: str, at: Instant, how: How, *, call: CallId | None = None
) -> dict[str, object]:
    """Return the row of a responsible from then on; `client` None: it is not known yet."""
    return {
        "client_id": client,
        "department": department,
        "person": person,
        "since": at,
        "how": how,
        "by_call": call,
    }


def folded(name: str | None) -> str | None:
    """Return a name to be found by, whatever its case."""
    return None if name is None else name.casefold()
