"""Clients two of ours talked to within seven days, in different calls: a transfer is no second opinion."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from callrouter.ledger.figure import once

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from callrouter.ledger.figure import Block, Calls, Value
    from callrouter.ledger.period import Period
    from callrouter.ledger.talk import Segment

_Mark = tuple[str | None, int | None]
WITHIN = 7 * 86_400
"""Seconds between the arrivals of two calls: a conversation's own beginning may lie behind that of a later call."""


def shared_clients(spoken: Iterable[Segment], period: Period) -> dict[str, tuple[Segment, ...]]:
    """Return by number who talked to a client in the period, and who else within seven days before, in order."""
    by_number: defaultdict[str, list[Segment]] = defaultdict(list)
    for segment in sorted(spoken, key=lambda one: (one.call.arrived_at, one.started_at)):
        number = segment.call.line if segment.call.direction == "out" else segment.call.caller
        if number is not None and segment.person is not None:
            by_number[number].append(segment)
    found = {number: _shared(by_number[number], period) for number in sorted(by_number)}
    return {number: those for number, those in found.items() if those}


def block(found: dict[str, tuple[Segment, ...]]) -> Block:
    """Return the clients, each with the people and the calls; in the figure the last call stands for him."""
    return {
        "clients": tuple(those[-1].call for those in found.values()),
        "list": [{"key": number, "people": _people(those), "calls": _calls(those)} for number, those in found.items()],
    }


def _shared(spoken: Sequence[Segment], period: Period) -> tuple[Segment, ...]:
    """Return the segments that have one of another person, in another call, near enough; the later in the period."""
    if len({one.person for one in spoken}) == 1:
        return ()
    held = [period.holds(one.call.arrived_at) for one in spoken]
    after = list(_partnered(spoken, [True] * len(spoken)))
    before = list(_partnered(spoken[::-1], held[::-1]))[::-1]
    return tuple(one for number, one in enumerate(spoken) if (held[number] and after[number]) or before[number])


def _partnered(spoken: Sequence[Segment], counts: Sequence[bool]) -> Iterator[bool]:
    """Yield for each whether one that was before it, near enough, and counts, has another person and another call."""
    near: deque[Segment] = deque()
    seen: defaultdict[_Mark, int] = defaultdict(int)
    for one, is_counted in zip(spoken, counts, strict=True):
        while near and abs(one.call.arrived_at - near[0].call.arrived_at) > WITHIN:
            for mark in _marks(near.popleft()):
                seen[mark] -= 1
        person, call, both = marks = _marks(one)
        yield len(near) - seen[person] - seen[call] + seen[both] > 0
        if is_counted:
            near.append(one)
            for mark in marks:
                seen[mark] += 1


def _marks(one: Segment) -> tuple[_Mark, _Mark, _Mark]:
    """Return what a segment is counted by: its person, its call, and both."""
    return (one.person, None), (None, id(one.call)), (one.person, id(one.call))


def _people(those: Iterable[Segment]) -> list[Value]:
    return list(dict.fromkeys(segment.person for segment in those))


def _calls(those: Iterable[Segment]) -> Calls:
    return once(segment.call for segment in those)
