"""What of the workers' journals the database has not got yet, seen from beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.words import Instant
from callrouter.store.lines import read
from callrouter.store.tables import journal_offsets


@dataclass(frozen=True, slots=True)
class Behind:
    """One worker's: bytes that are written and not shipped, and when the oldest event in them was (None: torn)."""

    app: str
    size: int
    since: Instant | None


async def behind(connection: AsyncConnection, directory: Path) -> tuple[Behind, ...]:
    """Return the journals in this directory that the database does not have wholly, by application."""
    shipped = {(one.app, one.segment): one.offset for one in await connection.execute(select(journal_offsets))}
    left: dict[str, list[tuple[int, Instant | None]]] = {}
    for segment in segments(directory):
        app = segment.stem.rpartition("@")[0]
        left.setdefault(app, []).extend(_left(segment, shipped.get((app, segment.name), 0)))
    return tuple(
        Behind(app, sum(size for size, _ in its), next((at for _, at in its if at is not None), None))
        for app, its in left.items()
        if its
    )


def segments(directory: Path) -> list[Path]:
    """Return the segments of all workers, each worker's from its oldest on."""
    return sorted(directory.glob("*@*.jsonl"))


def _left(segment: Path, offset: int) -> Iterator[tuple[int, Instant | None]]:
    try:
        size = segment.stat().st_size - offset
        first = read(segment, offset, 1) if size > 0 else []
    except FileNotFoundError:  # shipped just now
        return
    if size > 0:
        yield size, first[0].record.event.at if first and first[0].record is not None else None
