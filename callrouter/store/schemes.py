"""The scheme's revisions: whole documents, byte for byte, numbered from 1; the highest is in force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from callrouter.store.news import tell
from callrouter.store.tables import scheme_revisions

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of the scheme document."""

    revision: int
    document: bytes
    sha256: str
    applied_at: Instant
    applied_by: str | None = None
    comment: str | None = None


async def current(connection: AsyncConnection) -> Revision | None:
    """Return the revision in force, None before the first."""
    query = select(scheme_revisions).order_by(scheme_revisions.c.revision.desc()).limit(1)
    found = (await connection.execute(query)).one_or_none()
    return None if found is None else _revision(found)


async def current_number(connection: AsyncConnection) -> int | None:
    """Return the number of the revision in force: what a worker asks every second or so."""
    newest: int | None = (await connection.execute(select(func.max(scheme_revisions.c.revision)))).scalar_one()
    return newest


async def get(connection: AsyncConnection, revision: int) -> Revision | None:
    """Return one revision, None if there is none of this number."""
    query = select(scheme_revisions).where(scheme_revisions.c.revision == revision)
    found = (await connection.execute(query)).one_or_none()
    return None if found is None else _revision(found)


async def at(connection: AsyncConnection, instant: Instant) -> Revision | None:
    """Return the revision that was in force at an instant; before the first one, that one."""
    applied = select(scheme_revisions).where(scheme_revisions.c.applied_at <= instant)
    query = applied.order_by(scheme_revisions.c.revision.desc()).limit(1)
    first = select(scheme_revisions).order_by(scheme_revisions.c.revision).limit(1)
    found = (await connection.execute(query)).one_or_none() or (await connection.execute(first)).one_or_none()
    return None if found is None else _revision(found)


async def history(connection: AsyncConnection) -> tuple[Revision, ...]:
    """Return all revisions, oldest first."""
    query = select(scheme_revisions).order_by(scheme_revisions.c.revision)
    return tuple(_revision(found) for found in await connection.execute(query))


async def apply(
    connection: AsyncConnection, document: bytes, at: Instant, *, by: str | None = None, comment: str | None = None
) -> tuple[Revision, bool]:
    """Put the document in force; the bytes that are in force already make no new revision (False)."""
    before = await current(connection)
    if before is not None and before.document == document:
        return before, False
    number = 1 if before is None else before.revision + 1
    made = Revision(number, document, hashlib.sha256(document).hexdigest(), at, by, comment)
    values = {name: getattr(made, name) for name in ("revision", "document", "sha256", "applied_at", "comment")}
    await connection.execute(insert(scheme_revisions).values(values | {"applied_by": by}))
    await tell(connection)
    return made, True


def _revision(found: Row[tuple[object, ...]]) -> Revision:
    return Revision(
        found.revision, bytes(found.document), found.sha256, found.applied_at, found.applied_by, found.comment
    )
