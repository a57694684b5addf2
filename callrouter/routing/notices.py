"""Who is told of what, and when: what the end of a call gives cause for, who gets it, how letters are gathered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.words import Why
from callrouter.routing.availability import away, calendar_of, deputy
from callrouter.routing.calendar import open_seconds
from callrouter.routing.lines import find_line
from callrouter.routing.receivers import addresses
from callrouter.routing.values import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Scheme
    from callrouter.routing.worklist import LostClient

GATHER = 30.0
"""Seconds between two letters of a kind to one person: what comes up meanwhile is one letter."""
NO_MAIL = "no_mail"
"""Why somebody is passed over: the scheme has no address of his."""
_URGENT = (Notice.LOST, Notice.WAITING)
"""What cannot wait until somebody is back from his leave."""
_TO_HIS_OWN = (Notice.LOST, Notice.ANSWERED)
"""What the client's responsible is told of; the head of the others."""

Passed = tuple[tuple["PersonId", str], ...]


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is told."""

    person: PersonId | None
    """None: nobody can be reached."""
    passed: Passed = ()
    """For whom it was meant before him, and why he is not told: a `Why`, or `NO_MAIL`."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What somebody is to be told of, with what is known of it when it is told."""

    kind: Notice
    department: str | None
    """The line's."""
    row: CallRow | None = None
    """The call it is about; for a client who waits: none."""
    client: LostClient | None = None
    """The lost client it is about."""
    has_responsible: bool = False
    """Whether the client is somebody's by now."""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to tell any more: the client was talked to, or is somebody's."""
        if self.kind in _URGENT:
            return self.client is None or self.client.closed_at is not None
        return self.row is None or (self.kind is Notice.UNDISTRIBUTED and self.has_responsible)


def causes(row: CallRow, claimants: Sequence[PersonId], claimed_by: PersonId | None) -> Iterator[Notice]:
    """Yield what a call that was answered gives cause for; `claimed_by`: who got the client by it."""
    if row.direction != "in" or row.outcome != "answered":
        return
    talked = {talk.person for talk in row.talk}
    if row.responsible is not None and row.responsible not in talked:
        yield Notice.ANSWERED
    if row.responsible is None and claimed_by is None and not talked <= set(claimants):
        yield Notice.UNDISTRIBUTED


def is_neglected(client: LostClient, scheme: Scheme, at: Instant) -> bool:
    """Return whether nobody has called a lost client back for too long, in the working time of his line.

    An attempt begins the time anew, and so does the end of a snooze.
    """
    since = max(client.since, client.attempted_at or 0.0, client.snoozed_until or 0.0)
    line = find_line(scheme, client.line)
    hours = None if line is None else calendar_of(scheme, line)
    waited = at - since if hours is None else open_seconds(hours, since, at)
    return at >= since and waited >= scheme.notices.head_after * 60


def addressee(scheme: Scheme, cause: Cause, at: Instant) -> Addressee:
    """Return who is told: the responsible, the head of the line's department, the owner; the first who is reached.

    What is urgent goes to the deputy of who is absent, else to the next above; if only absent people have an address,
    to the first of them.
    """
    passed: dict[PersonId, str] = {}
    for person in _meant(scheme, cause):
        for one in _standing_in(scheme, cause.kind, person, at):
            why = _unreached(scheme, cause.kind, one, at)
            if why is None:
                return Addressee(one, tuple(passed.items()))
            passed[one] = why
    for person in [one for one, why in passed.items() if why == Why.ABSENT and addresses(scheme, one)]:
        return Addressee(person, tuple(one for one in passed.items() if one[0] != person))
    return Addressee(None, tuple(passed.items()))


def gathered(
    decided: Mapping[int, tuple[Notice, Addressee]], told: Mapping[tuple[Notice, PersonId], Instant], at: Instant
) -> Iterator[tuple[int, ...]]:
    """Yield the notices, by their ids, that go out now, those of a letter together: one for a person and kind.

    `told`: when somebody had his last letter of a kind. Who had one a moment ago gets the next when `GATHER` is over.
    """
    letters: dict[tuple[Notice, PersonId | None], list[int]] = {}
    for number, (kind, to) in decided.items():
        letters.setdefault((kind, to.person), []).append(number)
    for (kind, person), numbers in letters.items():
        if person is None or at - told.get((kind, person), -GATHER) >= GATHER:
            yield tuple(numbers)


def _meant(scheme: Scheme, cause: Cause) -> tuple[PersonId, ...]:
    """Return for whom it is, in order; who sent a caller on to nobody has to see to him before his responsible."""
    row = cause.row
    own = None if row is None else row.responsible
    if own is None and cause.client is not None and cause.client.responsible is not None:
        own = next((person for person in scheme.people if person == cause.client.responsible), None)
    department = scheme.departments.get(cause.department or "")
    above = (None if department is None else department.head, scheme.company.owner)
    dropped_by = row.dropped_by if row is not None and cause.kind is Notice.LOST else None
    people = (dropped_by, own, *above) if cause.kind in _TO_HIS_OWN else above
    return tuple(dict.fromkeys(person for person in people if person is not None))


def _standing_in(scheme: Scheme, kind: Notice, person: PersonId, at: Instant) -> tuple[PersonId, ...]:
    """Return a person, and behind him who stands in for him."""
    stands = deputy(scheme, person, at) if kind in _URGENT and person in scheme.people else None
    return (person,) if stands is None else (person, stands)


def _unreached(scheme: Scheme, kind: Notice, person: PersonId, at: Instant) -> str | None:
    """Return why somebody is not told; None: he is."""
    if person not in scheme.people:
        return Why.UNKNOWN_PERSON
    if kind in _URGENT and away(scheme, person, at) is Why.ABSENT:
        return Why.ABSENT
    return None if addresses(scheme, person) else NO_MAIL
