"""Many rows of a table by one statement: PostgreSQL gets each column as one array, SQLite is told row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_many(
    connection: AsyncConnection, table: Table, lines: Sequence[Mapping[str, object]], *, skips: bool = False
) -> None:
    """Write rows that all have the same columns; `skips`: one that is there already is left as it is."""
    if not lines:
        return
    if connection.dialect.name == "sqlite":
        into = sqlite.insert(table)
        await connection.execute(into.on_conflict_do_nothing() if skips else into, lines)
        return
    names = list(lines[0])
    columns = (func.unnest(bindparam(name, type_=postgresql.ARRAY(table.c[name].type))) for name in names)
    made = postgresql.insert(table).from_select(names, select(*columns))
    arrays: dict[str, Any] = {name: [line[name] for line in lines] for name in names}
    await connection.execute(made.on_conflict_do_nothing() if skips else made, arrays)
