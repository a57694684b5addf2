"""What the end of a call makes of its caller: a card, if he had none, and whoever talked to him gets the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from callrouter.store import callers, clients as book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import CallId, Instant, PersonId


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that is over, and who would get its caller."""

    row: CallRow
    claimants: tuple[PersonId, ...]
    """By talking to him for so many seconds."""
    claim_after: float


async def settle(connection: AsyncConnection, ended: Sequence[Ended]) -> list[dict[str, Any]]:
    """Give callers from outside their cards, and the clients to whoever gets them; return what each row says of it.

    No caller or client is in two of these calls.
    """
    theirs = [one for one in ended if _is_of_a_client(one.row)]
    cards = await _cards(connection, [one.row for one in theirs])
    claims = {
        one.row.id: book.Claim(cards[one.row.id], one.row.department, person, _end(one.row), one.row.id)
        for one in theirs
        if (person := claimant(one.row, one.claimants, one.claim_after)) is not None
    }
    got = await book.claim(connection, list(claims.values()))
    return [
        {"client_id": cards[call], "claimed_by": claims[call].person if call in got else None} if call in cards else {}
        for call in (one.row.id for one in ended)
    ]


def claimant(ended: CallRow, claimants: tuple[PersonId, ...], claim_after: float) -> PersonId | None:
    """Return the last of the claimants who talked to the caller for at least `claim_after` seconds in all."""
    talked: dict[PersonId, float] = {}
    last: dict[PersonId, Instant] = {}
    for talk in ended.talk:
        if talk.person is None or talk.person not in claimants:
            continue
        until = talk.ended_at or ended.ended_at or talk.started_at
        talked[talk.person] = talked.get(talk.person, 0.0) + until - talk.started_at
        last[talk.person] = until
    enough = [person for person, seconds in talked.items() if seconds >= claim_after]
    return max(enough, key=lambda person: last[person], default=None)


def _is_of_a_client(row: CallRow) -> bool:
    return row.direction == "in" and row.caller is not None and row.caller.startswith("+")


def _end(row: CallRow) -> Instant:
    return row.arrived_at if row.ended_at is None else row.ended_at


async def _cards(connection: AsyncConnection, rows: Sequence[CallRow]) -> dict[CallId, int]:
    """Return the callers' clients, made now if there was none: the end of the call is where a card comes from."""
    there = await book.there(connection, {row.client_id for row in rows if row.client_id is not None})
    cards = {row.id: row.client_id for row in rows if row.client_id is not None and row.client_id in there}
    wanted = {row.id: (row.caller or "", row.department) for row in rows if row.id not in cards}
    if not wanted:
        return cards
    await book.alone_with(connection, (number for number, _ in wanted.values()))  # others may close calls of the same
    found = await callers.by_numbers(connection, wanted.values())
    new = []
    for row in rows:
        if row.id not in cards:
            client = found.get(wanted[row.id])
            if client is not None and client.id is not None:
                cards[row.id] = client.id
            else:
                new.append(row)
    return cards | await _made(connection, new)


async def _made(connection: AsyncConnection, rows: Sequence[CallRow]) -> dict[CallId, int]:
    """Make the cards of callers who have none."""
    if not rows:
        return {}
    ids = await book.create_all(connection, [(book.Card(row.client), _end(row)) for row in rows], "called")
    numbers = [(made, row.caller or "", row.caller_raw) for made, row in zip(ids, rows, strict=True)]
    await book.add_numbers(connection, numbers)
    return {row.id: made for made, row in zip(ids, rows, strict=True)}
