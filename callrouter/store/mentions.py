"""A person in what was written for people: messages lose his traces, an edition that names him loses its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from callrouter.store.outbox import DEAD, WAITING
from callrouter.store.tables_outbox import edition_files, editions, outbox

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.traces import Traces

WHY = "erased: it named somebody who was forgotten"


async def erase(
    connection: AsyncConnection, traces: Traces, tokens: dict[str, str], at: Instant
) -> tuple[int, tuple[str, ...]]:
    """Erase a person wherever he is named; return how many messages that were, and which editions by date."""
    dates = await _editions(connection, traces, at)
    return await _messages(connection, traces, tokens), dates


async def _messages(connection: AsyncConnection, traces: Traces, tokens: dict[str, str]) -> int:
    names = ("subject", "text", "html", "error")
    changed = 0
    found = await connection.execute(select(outbox.c.id, *(outbox.c[name] for name in names)))
    for one in found.all():
        values = {
            name: traces.without(text, tokens)
            for name in names
            if (text := getattr(one, name)) is not None and traces.are_in(text)
        }
        if values:
            changed += 1
            await connection.execute(update(outbox).where(outbox.c.id == one.id).values(values))
    return changed


async def _editions(connection: AsyncConnection, traces: Traces, at: Instant) -> tuple[str, ...]:
    """What an edition was, and that it was erased, stays; whoever has not got it yet does not get it any more."""
    named: dict[int, str] = {}
    for key in (
        (await connection.execute(select(editions.c.id).order_by(editions.c.date, editions.c.id))).scalars().all()
    ):
        files = select(edition_files.c.content, editions.c.date).join(editions).where(editions.c.id == key)
        for one in (await connection.execute(files)).all():  # one edition at a time: they are large
            if key not in named and traces.are_in_file(one.content):
                named[key] = one.date
    if named:
        mine = edition_files.c.edition_id.in_(named)
        await connection.execute(delete(edition_files).where(mine))
        await connection.execute(update(editions).where(editions.c.id.in_(named)).values(erased_at=at))
        waits = outbox.c.edition_id.in_(named), outbox.c.state == WAITING
        given_up = {"state": DEAD, "settled_at": at, "failed_at": at, "claim": None, "error": WHY}
        await connection.execute(update(outbox).where(*waits).values(given_up))
    return tuple(dict.fromkeys(named.values()))
