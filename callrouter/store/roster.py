"""Many clients at once: read in a few statements, changed in memory, written in a few more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, insert, select, update

from callrouter.store.clients import Card, folded, insert_or_skip, open_line
from callrouter.store.rows import CHUNK
from callrouter.store.tables import client_phones, clients, responsibles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant, PersonId

_NAMES = ("name", "priority", "segment")


@dataclass(eq=False, slots=True)
class Draft:
    """A client as he is to be."""

    card: Card = field(default_factory=Card)
    id: int | None = None
    """None: he is not written yet."""
    is_changed: bool = False
    new_numbers: dict[str, str] = field(default_factory=dict)
    """To be written: E.164, and as it was written."""
    people: set[str] = field(default_factory=set)
    """Whose he is, in whatever departments."""
    was_let_go: bool = False
    """Those who had him, as the database says, have him no more."""
    lines: list[dict[str, object]] = field(default_factory=list)
    """Responsibles to be written."""

    def change(self, card: Card) -> bool:
        """Write what the card says over what was there; return whether that changed anything."""
        told = {name: value for name in _NAMES if (value := getattr(card, name)) is not None}
        attributes = {**(self.card.attributes or {}), **(card.attributes or {})}
        after = replace(self.card, **told, attributes=attributes)
        is_news = after != self.card
        self.card, self.is_changed = after, self.is_changed or is_news
        return is_news

    def assign(self, person: PersonId, at: Instant) -> bool:
        """Make the person responsible in every department; return whether that is news."""
        if self.people == {person}:
            return False
        self.people = {person}
        self.was_let_go = True
        for line in self.lines:
            line["until"] = at
        self.lines.append(open_line(None, None, person, at, "imported") | {"until": None})
        return True


class Roster:
    """Clients by their numbers (E.164), those of the database and new ones."""

    def __init__(self) -> None:
        """Know nobody yet: `read` does."""
        self.by_number: dict[str, list[Draft]] = {}
        self._drafts: list[Draft] = []

    @classmethod
    async def read(cls, connection: AsyncConnection, numbers: Iterable[str]) -> Roster:
        """Return everybody who has one of these numbers."""
        roster, known = cls(), dict[int, Draft]()
        for some in _chunks(list(numbers)):
            owned = select(clients, client_phones.c.number).join(client_phones).where(client_phones.c.number.in_(some))
            for one in await connection.execute(owned.order_by(clients.c.id)):
                if one.id not in known:
                    known[one.id] = Draft(_card(one), one.id)
                roster.by_number.setdefault(one.number, []).append(known[one.id])
        for some in _chunks(list(known)):
            still = responsibles.c.client_id.in_(some) & responsibles.c.until.is_(None)
            theirs = select(responsibles.c.client_id, responsibles.c.person).where(still)
            for one in await connection.execute(theirs):
                known[one.client_id].people.add(one.person)
        roster._drafts = list(known.values())
        return roster

    def new(self) -> Draft:
        """Return a client whom nobody knew."""
        made = Draft()
        self._drafts.append(made)
        return made

    def give(self, draft: Draft, number: str, raw: str) -> bool:
        """Give a client a number; False: he has it."""
        owners = self.by_number.setdefault(number, [])
        if draft in owners:
            return False
        owners.append(draft)
        draft.new_numbers[number] = raw
        return True

    async def write(self, connection: AsyncConnection, at: Instant) -> None:
        """Write everything that is new or changed."""
        await self._write_cards(connection, at)
        phones = [
            {"number": number, "client_id": one.id, "raw": raw}
            for one in self._drafts
            for number, raw in one.new_numbers.items()
        ]
        for some in _chunks(phones):
            await connection.execute(insert_or_skip(connection, client_phones), some)
        for ids in _chunks([one.id for one in self._drafts if one.was_let_go]):
            still = responsibles.c.client_id.in_(ids) & responsibles.c.until.is_(None)
            await connection.execute(update(responsibles).where(still).values(until=at))
        lines = [line | {"client_id": one.id} for one in self._drafts for line in one.lines]
        for those in _chunks(lines):
            await connection.execute(insert(responsibles), those)

    async def _write_cards(self, connection: AsyncConnection, at: Instant) -> None:
        new = [one for one in self._drafts if one.id is None]
        changed = [one for one in self._drafts if one.id is not None and one.is_changed]
        in_order = insert(clients).returning(clients.c.id, sort_by_parameter_order=True)
        for some in _chunks(new):
            values = [_columns(one.card) | {"created_at": at, "how": "imported"} for one in some]
            for draft, key in zip(some, (await connection.execute(in_order, values)).scalars(), strict=True):
                draft.id = key
        change = update(clients).where(clients.c.id == bindparam("this"))
        for some in _chunks(changed):
            await connection.execute(change, [_columns(one.card) | {"this": one.id} for one in some])


def _columns(card: Card) -> dict[str, object]:
    return {
        "name": card.name,
        "name_folded": folded(card.name),
        "priority": card.priority,
        "segment": card.segment,
        "attributes": orjson.dumps(dict(card.attributes or {})).decode(),
    }


def _card(row: Row[Any]) -> Card:
    return Card(row.name, row.priority, row.segment, orjson.loads(row.attributes))


def _chunks(all_: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (all_[at : at + CHUNK] for at in range(0, len(all_), CHUNK))
