"""Clients from a sheet into the database: all in one transaction, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callrouter.cli import sheet
from callrouter.cli.opening import needed_scheme, now
from callrouter.store import clients as book, queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.database import Database


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a sheet."""

    bad: tuple[sheet.Bad, ...]
    new: int = 0
    changed: int = 0
    same: int = 0


async def admit(database: Database, content: bytes, encoding: str, file: str, *, skip_bad: bool) -> Admitted:
    """Import a sheet; bad lines keep everything out unless `skip_bad`."""
    async with database.writing() as connection:
        scheme = await needed_scheme(connection)
        try:
            read = sheet.read(content, encoding, scheme)
        except sheet.SheetError as error:
            raise sheet.SheetError(f"{file}: {error}, nothing imported") from None
        owners = await queries.owners(connection)
        strange = _of_several(read.entries, owners)
        bad = tuple(sorted((*read.bad, *strange), key=lambda one: one.line))
        if bad and not skip_bad:
            return Admitted(bad)
        skipped = {one.line for one in strange}
        good = [entry for entry in read.entries if entry.line not in skipped]
        at = now()
        done = Counter([await _write(connection, entry, owners, at) for entry in good])
        return Admitted(bad, done["new"], done["changed"], done["same"])


def _of_several(entries: tuple[sheet.Entry, ...], owners: dict[str, int]) -> list[sheet.Bad]:
    """A line whose numbers belong to different clients: which of them it means cannot be known."""
    return [
        sheet.Bad(entry.line, "phone", "these numbers belong to different clients")
        for entry in entries
        if len({owners[e164] for e164, _ in entry.phones if e164 in owners}) > 1
    ]


async def _write(
    connection: AsyncConnection, entry: sheet.Entry, owners: dict[str, int], at: Instant
) -> Literal["new", "changed", "same"]:
    there = next((owners[e164] for e164, _ in entry.phones if e164 in owners), None)
    client = await book.create(connection, entry.card, at, "imported") if there is None else there
    changes = [await book.change(connection, client, entry.card)] if there is not None else []
    changes += [
        await book.add_number(connection, client, e164, raw) for e164, raw in entry.phones if e164 not in owners
    ]
    if entry.responsible is not None:
        changes.append(await book.assign(connection, client, entry.responsible, at, "imported"))
    if there is None:
        return "new"
    return "changed" if any(changes) else "same"
