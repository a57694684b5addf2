"""Clients and whose they are: an append-only history of responsibles, one open for a department or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import orjson
from sqlalchemy import Table, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from callrouter.store.tables import client_phones, clients, responsibles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import CallId, Instant, PersonId

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


async def is_there(connection: AsyncConnection, client: int) -> bool:
    """Return whether there is such a client."""
    return (await connection.execute(select(clients.c.id).where(clients.c.id == client))).first() is not None


async def alone_with(connection: AsyncConnection, number: str) -> None:
    """Let nobody else make a card for this number until the transaction ends; on SQLite nobody else writes anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(number, _CARDS))))


async def create(connection: AsyncConnection, card: Card, at: Instant, how: Literal["imported", "called"]) -> int:
    """Make a card without numbers; return the client's id."""
    values = {
        "name": card.name,
        "name_folded": folded(card.name),
        "priority": card.priority,
        "segment": card.segment,
        "attributes": orjson.dumps(dict(card.attributes or {})).decode(),
        "created_at": at,
        "how": how,
    }
    made = await connection.execute(insert(clients).values(values).returning(clients.c.id))
    return int(made.scalar_one())


async def add_number(connection: AsyncConnection, client: int, number: str, raw: str) -> bool:
    """Give the client a number; False when he has it already."""
    statement = insert_or_skip(connection, client_phones).values(number=number, client_id=client, raw=raw)
    made = await connection.execute(statement.returning(client_phones.c.number))
    return made.scalar_one_or_none() is not None


async def responsible_of(connection: AsyncConnection, client: int, department: str | None) -> str | None:
    """Return whose the client is for a department: its own responsible, else the general one."""
    query = (
        select(responsibles.c.person)
        .where(responsibles.c.client_id == client, responsibles.c.until.is_(None))
        .where(or_(responsibles.c.department == department, responsibles.c.department.is_(None)))
        .order_by(responsibles.c.department.is_(None))
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def claim(
    connection: AsyncConnection, client: int, *, department: str | None, person: PersonId, at: Instant, call: CallId
) -> bool:
    """Make the person responsible if nobody is, for the department or in general; return whether it came to that."""
    if await responsible_of(connection, client, department) is not None:
        return False
    values = open_line(client, department, person, at, "answered", call=call)
    made = await connection.execute(
        insert_or_skip(connection, responsibles).values(values).returning(responsibles.c.id)
    )
    return made.scalar_one_or_none() is not None


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
