"""Many rows by one statement: each as if it were written alone, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from callrouter.store.database import Database
from callrouter.store.errors import RowRefusedError
from callrouter.store.many import insert_many
from callrouter.store.tables import call_steps, clients

LINES = [
    {"id": number, "name": name, "attributes": "{}", "created_at": number / 1_000_000, "how": "called"}
    for number, name in enumerate(["Иван", None, "a\0b", "{1,2}", 'x"y\\', "", "NULL"], start=1)
]


async def test_every_value_comes_back(database: Database) -> None:
    """Texts that look like an array's, nothing, and what no database can hold."""
    async with database.writing() as connection:
        await insert_many(connection, clients, LINES)
        await insert_many(connection, clients, [])
    async with database.reading() as connection:
        columns = (clients.c[name] for name in LINES[0])
        found = (await connection.execute(select(*columns).order_by(clients.c.id))).all()
    told = [one | {"name": "a\ufffdb"} if one["id"] == 3 else one for one in LINES]
    assert [one._asdict() for one in found] == told


async def test_what_is_there_is_left_alone_where_that_is_asked(database: Database) -> None:
    """Otherwise nothing of all is written."""
    async with database.writing() as connection:
        await insert_many(connection, clients, LINES[1:2])
        await insert_many(connection, clients, [{**one, "name": "other"} for one in LINES[:3]], skips=True)
    with pytest.raises(RowRefusedError):
        async with database.writing() as connection:
            await insert_many(connection, clients, LINES[2:])
    async with database.reading() as connection:
        names = (await connection.execute(select(clients.c.name).order_by(clients.c.id))).scalars().all()
    assert names == ["other", None, "other"]


async def test_a_row_of_nobody_is_refused(database: Database) -> None:
    """A part has its call."""
    line = {"call_id": "nobody", "position": 0, "step": 1, "action": "ring", "target": "head", "started_at": 1.0}
    with pytest.raises(RowRefusedError):
        async with database.writing() as connection:
            await insert_many(connection, call_steps, [line])
