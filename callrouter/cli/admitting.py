"""Clients from a sheet into the database: all in one transaction, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callrouter.cli import sheet
from callrouter.cli.opening import needed_scheme, now
from callrouter.store.clients import folded
from callrouter.store.roster import Roster

if TYPE_CHECKING:
    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.roster import Draft


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
    async with database.reading() as connection:
        scheme = await needed_scheme(connection)
    read = _read(content, encoding, file, scheme)  # thousands of numbers take seconds: nobody waits for them
    async with database.writing() as connection:
        if (newest := await needed_scheme(connection)) != scheme:
            read = _read(content, encoding, file, newest)
        again = Counter(e164 for entry in read.entries for e164, _ in entry.phones)
        roster = await Roster.read(connection, again)
        strange = _of_several(read.entries, roster)
        bad = tuple(sorted((*read.bad, *strange), key=lambda one: one.line))
        if bad and not skip_bad:
            return Admitted(bad)
        skipped = {one.line for one in strange}
        good = [entry for entry in read.entries if entry.line not in skipped]
        again -= Counter(e164 for entry in read.entries if entry.line in skipped for e164, _ in entry.phones)
        at = now()
        done = Counter(_enter(entry, roster, again, at) for entry in good)
        await roster.write(connection, at)
        shared = sorted(e164 for e164 in again if len(roster.by_number[e164]) > 1)
        return Admitted(bad, done["new"], done["changed"], done["same"], tuple(shared))


def _read(content: bytes, encoding: str, file: str, scheme: Scheme) -> sheet.Sheet:
    try:
        return sheet.read(content, encoding, scheme)
    except sheet.SheetError as error:
        raise sheet.SheetError(f"{file}: {error}, nothing imported") from None


def _of_several(entries: tuple[sheet.Entry, ...], roster: Roster) -> list[sheet.Bad]:
    """A line without a name whose numbers belong to different clients: which of them it means cannot be known."""
    return [
        sheet.Bad(entry.line, "phone", "these numbers belong to different clients: give the name of the one meant")
        for entry in entries
        if entry.card.name is None and len(_owners(entry, roster)) > 1
    ]


def _owners(entry: sheet.Entry, roster: Roster) -> list[Draft]:
    return list(dict.fromkeys(owner for e164, _ in entry.phones for owner in roster.by_number.get(e164, ())))


def _meant(entry: sheet.Entry, roster: Roster, again: Counter[str]) -> Draft | None:
    """Return the client whom a line means, of those who have its numbers; None: a new one.

    Where several have them, or several lines of the sheet give them: the one with the name, else one who has none.
    """
    there = _owners(entry, roster)
    if len(there) < 2 and all(again[e164] == 1 for e164, _ in entry.phones):  # noqa: PLR2004 -- nobody else is meant
        return next(iter(there), None)
    wanted = folded(entry.card.name)
    named = (one for one in there if folded(one.card.name) == wanted)
    nameless = (one for one in there if one.card.name is None)
    return next(named, next(nameless, next(iter(there), None) if wanted is None else None))


def _enter(entry: sheet.Entry, roster: Roster, again: Counter[str], at: Instant) -> Literal["new", "changed", "same"]:
    there = _meant(entry, roster, again)
    client = there or roster.new()
    changes = [client.change(entry.card)]
    changes += [roster.give(client, e164, raw) for e164, raw in entry.phones]
    if entry.responsible is not None:
        changes.append(client.assign(entry.responsible, at))
    if there is None:
        return "new"
    return "changed" if any(changes) else "same"
