"""
What is older than the scheme has it kept: counted, and deleted in small batches, each a transaction of its own.

What is old is looked for while everybody else may write; a batch then holds SQLite for milliseconds, so no call's row
waits for it. Whatever is killed in the middle goes on the next time. Numbers leave calls as those of people who are
forgotten do: all calls of a number at once, when its last one is old, so that figures stay what they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, select, tuple_, union_all, update

from callrouter.store import forgetting, forgotten
from callrouter.store.forgetting import CALL, IS_OUT, Person
from callrouter.store.notices import is_needed
from callrouter.store.outbox import WAITING
from callrouter.store.tables import calls, client_phones, clients, journal, records, tasks
from callrouter.store.tables_notices import notices
from callrouter.store.tables_outbox import edition_files, editions, outbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from sqlalchemy import Row, Select, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Retention
    from callrouter.store.database import Database

DAY = 86_400.0
AT_ONCE = 500
"""Rows in one batch."""
PEOPLE = 20
"""Numbers in one."""
_LOCK = 0x70727565
"""PostgreSQL's advisory lock: two workers do not delete the same."""
_TABLES: dict[str, tuple[Table, ...]] = {
    "journal": (journal,),
    "records": (records,),
    "notices": (notices, outbox),
    "exports": (edition_files,),
}


def limits(kept: Retention, now: Instant) -> dict[str, Instant]:
    """Return until when what is old, by kind; what is kept for ever is missing."""
    days = {name: getattr(kept, name) for name in ("calls", *_TABLES)}
    return {name: now - number * DAY for name, number in days.items() if number is not None}


async def old(connection: AsyncConnection, until: Mapping[str, Instant]) -> dict[str, int]:
    """Return by kind how many rows would go; of calls how many numbers."""
    found = {}
    for kind, at in until.items():
        if kind == "calls":
            found[kind] = len((await connection.execute(_silent(at))).all())
            continue
        counts = [select(func.count()).select_from(_old(table, at).subquery()) for table in _TABLES[kind]]
        found[kind] = sum([int(await connection.scalar(count) or 0) for count in counts])
    return found


async def prune(database: Database, kind: str, until: Instant) -> AsyncIterator[int]:
    """Delete what is old of a kind, batch by batch; yield how many rows (of calls: numbers) each had."""
    if kind == "calls":
        async with database.reading() as connection:
            numbers = (await connection.execute(_silent(until))).scalars().all()
        for start in range(0, len(numbers), PEOPLE):
            yield await _forget_silent(database, numbers[start : start + PEOPLE], until)
        return
    for table in _TABLES[kind]:
        async for keys in _batches(database, table, until):
            async with database.writing() as connection:
                if not await _alone(connection):
                    return
                gone = await _delete(connection, table, keys, until)
            yield gone


async def _batches(database: Database, table: Table, until: Instant) -> AsyncIterator[Sequence[Row[Any]]]:
    """Yield the keys of what is old, each batch once the one before is gone."""
    query, last = _old(table, until).limit(AT_ONCE), 0
    while True:
        async with database.reading() as connection:
            if table is journal:  # has no index by time, but the oldest come first: it ends where all are young
                following = select(journal.c.id, journal.c.at).where(journal.c.id > last).order_by(journal.c.id)
                window = (await connection.execute(following.limit(AT_ONCE))).all()
                if all(one.at >= until for one in window):
                    return
                query = _old(journal, until).where(journal.c.id > last, journal.c.id <= window[-1].id)
                last = window[-1].id
            keys = (await connection.execute(query)).all()
        if keys:
            yield keys
        elif table is not journal:
            return


def _old(table: Table, until: Instant) -> Select[Any]:
    """Return the keys of a table's rows that are old."""
    query = select(*table.primary_key.columns)
    if table is journal:
        lives = exists().where(calls.c.id == journal.c.call_id, calls.c.outcome.is_(None))
        return query.where(journal.c.at < until, ~lives)
    if table is records:
        return query.where(~records.c.is_open, records.c.started_at < until)
    if table is notices:
        return query.where(notices.c.settled_at < until, ~is_needed())
    waits = outbox.c.state == WAITING
    if table is outbox:
        return query.where(~waits, outbox.c.settled_at < until)
    due = select(editions.c.id).where(editions.c.as_of < until)
    needed = select(outbox.c.edition_id).where(waits, outbox.c.edition_id.is_not(None))
    return query.where(edition_files.c.edition_id.in_(due), edition_files.c.edition_id.not_in(needed))


async def _delete(connection: AsyncConnection, table: Table, keys: Sequence[Row[Any]], until: Instant) -> int:
    columns = list(table.primary_key.columns)
    mine = columns[0].in_([key[0] for key in keys]) if len(columns) == 1 else tuple_(*columns).in_(map(tuple, keys))
    if table is edition_files:
        emptied = editions.c.id.in_({key.edition_id for key in keys})
        await connection.execute(update(editions).where(emptied).values(erased_at=until))
    return (await connection.execute(delete(table).where(mine))).rowcount


async def _alone(connection: AsyncConnection) -> bool:
    if connection.dialect.name != "postgresql":
        return True
    return bool(await connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))))


def _silent(until: Instant) -> Select[Any]:
    """Return the numbers whose last call, from them or to them, is old, and for whom nobody waits to be called back."""
    theirs = select(calls.c.caller.label("number"), calls.c.arrived_at).where(_e164(calls.c.caller))
    to_them = select(calls.c.line.label("number"), calls.c.arrived_at).where(IS_OUT, _e164(calls.c.line))
    both = union_all(theirs.where(calls.c.direction != "out"), to_them).subquery()
    last = select(both.c.number).group_by(both.c.number).having(func.max(both.c.arrived_at) < until)
    lost = select(tasks.c.number).where(tasks.c.closed_at.is_(None))
    return last.where(both.c.number.not_in(lost))


def _e164(column: Any) -> Any:
    return (column >= "+") & (column < ",")


async def _forget_silent(database: Database, numbers: Sequence[str], until: Instant) -> int:
    async with database.writing() as connection:
        if not await _alone(connection):
            return 0
        await forgotten.alone(connection)
        his = calls.c.caller.in_(numbers) & (calls.c.direction != "out") | IS_OUT & calls.c.line.in_(numbers)
        columns: list[Any] = [*CALL, calls.c.arrived_at]
        found = (await connection.execute(select(*columns).where(his))).all()
        again = {one.line if one.direction == "out" else one.caller for one in found if one.arrived_at >= until}
        silent = tuple(number for number in numbers if number not in again)
        old_calls = tuple(one for one in found if not again & {one.caller, one.line})
        person = Person(silent, await _bare_cards(connection, silent), calls=old_calls)
        await forgetting.erase(connection, person, {one: forgotten.new_token() for one in silent}, seeks=False)
    return len(silent)


async def _bare_cards(connection: AsyncConnection, numbers: Sequence[str]) -> tuple[int, ...]:
    """Return the cards that a call made, and of which nothing is known but the number: a client list keeps its own."""
    more = client_phones.alias()
    has_more = exists().where(more.c.client_id == clients.c.id, more.c.number.not_in(numbers))
    bare = (clients.c.how == "called") & clients.c.name.is_(None) & (clients.c.attributes == "{}")
    query = select(clients.c.id).join(client_phones).where(client_phones.c.number.in_(numbers), bare, ~has_more)
    return tuple((await connection.execute(query.distinct())).scalars())
