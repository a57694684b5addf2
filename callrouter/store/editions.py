"""Editions of a date's export: numbered from 1, each with its files as they were sent, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from callrouter.store.tables_outbox import edition_files, editions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant


@dataclass(frozen=True, slots=True)
class Edition:
    """What was made of a date for somebody."""

    date: str
    """The business date, YYYY-MM-DD."""
    whose: str
    """`company`, or `head:KEY`, `own:KEY`."""
    number: int
    language: str
    made_at: Instant
    as_of: Instant
    """The end of the date."""
    digest: str
    """Of what was known."""


@dataclass(frozen=True, slots=True)
class EditionFile:
    """One file of it."""

    name: str
    media_type: str
    content: bytes


async def latest(connection: AsyncConnection, of: date, whose: str) -> Edition | None:
    """Return the newest edition of a date for somebody, None: there is none."""
    columns = [editions.c[name] for name in Edition.__slots__]
    query = select(*columns).where(editions.c.date == of.isoformat(), editions.c.whose == whose)
    row = (await connection.execute(query.order_by(editions.c.number.desc()).limit(1))).one_or_none()
    return None if row is None else Edition(**row._mapping)  # noqa: SLF001 - SQLAlchemy's way


async def newest_files(connection: AsyncConnection, of: date, whose: str) -> tuple[EditionFile, ...]:
    """Return the files of the newest edition of a date for somebody; there are none without one."""
    its = select(editions.c.id).where(editions.c.date == of.isoformat(), editions.c.whose == whose)
    key = await connection.scalar(its.order_by(editions.c.number.desc()).limit(1))
    return () if key is None else await files(connection, key)


async def add(connection: AsyncConnection, edition: Edition, files: Iterable[EditionFile]) -> int:
    """Keep an edition; return its id. Another one of that number is refused."""
    values = {name: getattr(edition, name) for name in Edition.__slots__}
    made = await connection.execute(insert(editions).values(values).returning(editions.c.id))
    key = int(made.scalar_one())
    for position, one in enumerate(files):
        row = {"name": one.name, "media_type": one.media_type, "content": one.content}
        await connection.execute(insert(edition_files).values(edition_id=key, position=position, **row))
    return key


async def files(connection: AsyncConnection, edition: int) -> tuple[EditionFile, ...]:
    """Return an edition's files in their order."""
    columns = [edition_files.c[name] for name in EditionFile.__slots__]
    query = select(*columns).where(edition_files.c.edition_id == edition).order_by(edition_files.c.position)
    return tuple(EditionFile(**one._mapping) for one in await connection.execute(query))  # noqa: SLF001
