"""Dates that are added up: who changes a call of one meanwhile takes the claim out, and nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from callrouter.store import days, figures_contacts
from callrouter.store.tables import calls
from callrouter.store.tables_days import days as kept
from tests.ledger import table
from tests.store.test_figures import MONDAY, WEEK, write

if TYPE_CHECKING:
    import pytest
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.ledger.period import Period
    from callrouter.store.database import Database
    from callrouter.store.figures_contacts import Contacts


async def test_a_call_that_changes_meanwhile(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its date is not kept as it was counted; the next time it is."""
    contacts = figures_contacts.contacts

    async def late(connection: AsyncConnection, period: Period) -> Contacts:
        found = await contacts(connection, period)
        async with database.writing() as other:
            at = calls.c.arrived_at.between(period.start, period.end)
            await other.execute(update(calls).where(at).values(source="changed"))
        return found

    async with database.writing() as connection:
        await write(connection, table.calls())
    monkeypatch.setattr(figures_contacts, "contacts", late)
    assert not await days.add_up(database, MONDAY, WEEK.timezone)
    monkeypatch.undo()
    assert await days.add_up(database, MONDAY, WEEK.timezone)


async def test_what_is_missing(database: Database) -> None:
    """Dates from the first call to the last one that are over, newest first; none without calls."""
    async with database.writing() as connection:
        assert await days.missing(connection, WEEK.timezone, WEEK.end) == ()
        await write(connection, table.calls())
        every = await days.missing(connection, WEEK.timezone, WEEK.end)
    assert await days.add_up(database, MONDAY, WEEK.timezone)
    async with database.writing() as connection:
        assert await days.missing(connection, WEEK.timezone, WEEK.end) == tuple(one for one in every if one != MONDAY)
        assert MONDAY not in await days.missing(connection, WEEK.timezone, table.instant("03-30 12:00"))
        await connection.execute(delete(calls).where(calls.c.id == "13"))
        assert (await connection.execute(select(kept.c.date))).all() == []
    assert list(every) == sorted(every, reverse=True)
