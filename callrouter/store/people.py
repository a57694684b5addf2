"""Who has paused: an append-only history, at most one open pause for a person; workers hear of each change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from callrouter.core.words import PersonId
from callrouter.store.news import tell
from callrouter.store.tables import people_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

_OPEN = people_states.c.ended_at.is_(None)


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody does not want to be rung, since then, and until then unless he ends it before."""

    person: PersonId
    reason: str
    since: Instant
    until: Instant | None
    by: str

    def holds(self, at: Instant) -> bool:
        """Whether it has not ended by itself."""
        return self.until is None or at < self.until


async def pauses(connection: AsyncConnection) -> Mapping[PersonId, Pause]:
    """Return the pauses that nobody has ended; some may be over by themselves."""
    found = await connection.execute(select(people_states).where(_OPEN).order_by(people_states.c.person))
    return {
        PersonId(row.person): Pause(PersonId(row.person), row.reason, row.since, row.until, row.by) for row in found
    }


async def pause(connection: AsyncConnection, wanted: Pause) -> None:
    """Begin a pause in the place of the one there may be."""
    await _end(connection, wanted.person, wanted.since, wanted.by)
    values = {name: getattr(wanted, name) for name in ("person", "reason", "since", "until", "by")}
    await connection.execute(insert(people_states).values(values | {"kind": "pause"}))
    await tell(connection)


async def resume(connection: AsyncConnection, person: PersonId, at: Instant, by: str) -> bool:
    """End a person's pause; return whether it was still on."""
    was = (await pauses(connection)).get(person)
    await _end(connection, person, at, by)
    await tell(connection)
    return was is not None and was.holds(at)


async def _end(connection: AsyncConnection, person: PersonId, at: Instant, by: str) -> None:
    """Close what is open; what was over by itself ended then."""
    over = people_states.c.until <= at
    its = people_states.c.person == person
    state = people_states.c
    await connection.execute(update(people_states).where(_OPEN, its, over).values(ended_at=state.until))
    await connection.execute(update(people_states).where(_OPEN, its).values(ended_at=at, ended_by=by))
