"""The ended calls to us of a period as they are kept: each becomes an object only for who looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from callrouter.core.words import PersonId
from callrouter.store import rows
from callrouter.store.queries import Recorded
from callrouter.store.tables import Words, calls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.rows import Part

NAMES = (*rows.OWN, "claimed_by")
_MOMENTS = frozenset(NAMES.index(name) for name in ("arrived_at", "answered_at", "ended_at"))
_OFTEN = frozenset(
    at
    for at, name in enumerate(NAMES[1:])
    if isinstance(calls.c[name].type, Words) and name not in {"caller", "caller_raw", "client", "asterisk_id"}
)
_TARGET = rows.FIELDS["steps"].index("target")
_NOTHING: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """Calls, oldest first: a date of a busy company has some 13,000, with 80,000 steps, legs and stretches of talk."""

    own: Sequence[Sequence[Any]]
    """Their own columns as they are kept, in the order of `names`; instants are whole microseconds."""
    talk: Part
    steps: Part
    legs: Part
    names: tuple[str, ...] = NAMES
    _made: dict[str, Recorded] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.own)

    def __iter__(self) -> Iterator[Recorded]:
        """Return them as objects."""
        return map(self._recorded, self.own)

    def reached(self, words: Collection[str]) -> Iterator[Recorded]:
        """Return those of which a step's target holds one of these words."""
        targets = {step[_TARGET] for steps in self.steps.values() for step in steps}
        wanted = {target for target in targets for word in words if word in target}
        for own in self.own:
            if any(step[_TARGET] in wanted for step in self.steps.get(own[0], _NOTHING)):
                yield self._recorded(own)

    def last_called(self) -> dict[str, Instant]:
        """Return when the last call from outside came to each number that was dialled."""
        line, way, at = (self.names.index(name) for name in ("line", "direction", "arrived_at"))
        return {own[line]: rows.seconds(own[at]) for own in self.own if own[way] == "in"}

    def _recorded(self, own: Sequence[Any]) -> Recorded:
        """Return the object, the same one each time."""
        call: str = own[0]
        if call not in self._made:
            *values, claimed_by = own
            for place in _MOMENTS:
                values[place] = rows.seconds(values[place])
            parts = (part.get(call, _NOTHING) for part in (self.talk, self.steps, self.legs))
            person = None if claimed_by is None else PersonId(claimed_by)
            self._made[call] = Recorded(rows.made(values, *parts), person)
        return self._made[call]


async def ended(connection: AsyncConnection, start: Instant, end: Instant) -> Ended:
    """Return the calls that arrived in the half-open period, those out left out."""
    wanted = (
        calls.c.outcome.is_not(None),
        calls.c.direction != "out",
        calls.c.arrived_at >= start,
        calls.c.arrived_at < end,
    )
    query = select(*(rows.kept(calls.c[name]) for name in NAMES)).where(*wanted)
    found = (await connection.execute(query.order_by(calls.c.arrived_at, calls.c.id))).all()
    own = [(call, *rest) for call, rest in rows.lean(found, _OFTEN)]
    return Ended(own, *await rows.parts_of(connection, [one[0] for one in own]))
