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

Owners = dict[str, dict[int, str | None]]
"""Whose each number (E.164) is: client ids, with their names folded."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """What became of a sheet."""

    bad: tuple[sheet.Bad, ...]
    new: int = 0
    changed: int = 0
    same: int = 0
    shared: tuple[str, ...] = ()
    """Numbers (E.164) that several clients have now."""


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
        again = Counter(e164 for entry in good for e164, _ in entry.phones)
        done = Counter([await _write(connection, entry, owners, again, at) for entry in good])
        shared = sorted(e164 for e164 in again if len(owners[e164]) > 1)
        return Admitted(bad, done["new"], done["changed"], done["same"], tuple(shared))


def _of_several(entries: tuple[sheet.Entry, ...], owners: Owners) -> list[sheet.Bad]:
    """A line without a name whose numbers belong to different clients: which of them it means cannot be known."""
    return [
        sheet.Bad(entry.line, "phone", "these numbers belong to different clients: give the name of the one meant")
        for entry in entries
        if entry.card.name is None and len({client for e164, _ in entry.phones for client in owners.get(e164, ())}) > 1
    ]


def _meant(entry: sheet.Entry, owners: Owners, again: Counter[str]) -> int | None:
    """Return the client whom a line means, of those who have its numbers; None: a new one.

    Where several have them, or several lines of the sheet give them: the one with the name, else one who has none.
    """
    there = {client: name for e164, _ in entry.phones for client, name in owners.get(e164, {}).items()}
    if len(there) < 2 and all(again[e164] == 1 for e164, _ in entry.phones):  # noqa: PLR2004 -- nobody else is meant
        return next(iter(there), None)
    wanted = None if entry.card.name is None else entry.card.name.casefold()
    named = (client for client, name in there.items() if name == wanted)
    nameless = (client for client, name in there.items() if name is None)
    return next(named, next(nameless, next(iter(there), None) if wanted is None else None))


async def _write(
    connection: AsyncConnection, entry: sheet.Entry, owners: Owners, again: Counter[str], at: Instant
) -> Literal["new", "changed", "same"]:
    there = _meant(entry, owners, again)
    client = await book.create(connection, entry.card, at, "imported") if there is None else there
    changes = [await book.change(connection, client, entry.card)] if there is not None else []
    changes += [await book.add_number(connection, client, e164, raw) for e164, raw in entry.phones]
    for e164, _ in entry.phones:
        had = owners.setdefault(e164, {})
        had[client] = had.get(client) if entry.card.name is None else entry.card.name.casefold()
    if entry.responsible is not None:
        changes.append(await book.assign(connection, client, entry.responsible, at, "imported"))
    if there is None:
        return "new"
    return "changed" if any(changes) else "same"
