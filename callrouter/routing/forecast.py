"""What would happen to a call: the machine itself, driven with the decision and with who is assumed to be there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Phase
from callrouter.core.timeline import Stage, timeline
from callrouter.core.words import CallId, LostReason, PersonId, Why
from callrouter.routing.arrived import arrived
from callrouter.routing.choose import choose
from callrouter.routing.order import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from callrouter.core.call import Call
    from callrouter.core.ladder import Person
    from callrouter.core.words import Instant
    from callrouter.routing.caller import Caller
    from callrouter.routing.order import Standing
    from callrouter.routing.values import Line, Scheme


class Assumed(StrEnum):
    """How somebody is taken to be; who is not named is free, rings and never answers."""

    BUSY = "busy"
    OFFLINE = "offline"
    PAUSED = "paused"
    DND = "dnd"
    AWAY = "away"


_AWAY = {
    Assumed.OFFLINE: Why.UNREACHABLE,
    Assumed.PAUSED: Why.PAUSED,
    Assumed.DND: Why.DO_NOT_DISTURB,
    Assumed.AWAY: Why.ABSENT,
}
NOTHING: Mapping[PersonId, Assumed] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Forecast:
    """The ladder as it would climb if nobody answered, in seconds after the call's arrival."""

    steps: tuple[Stage, ...]
    ends_at: float
    """When the ladder has run out."""
    lost: LostReason | None
    """As what the call is lost then."""
    hears: tuple[tuple[float, str], ...] = ()
    """What is announced to the caller while he waits, and when."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What happens to a call: the decision, and what comes of it."""

    arrived: ev.CallArrived
    """The decision, and what was known of the caller, as a call of production has them from its arrival."""
    forecast: Forecast


def answer(
    scheme: Scheme,
    line: Line,
    caller: Caller,
    at: Instant,
    assumed: Mapping[PersonId, Assumed] = NOTHING,
    standing: Standing = UNKNOWN,
    revision: int | None = None,
) -> Answer:
    """Return what would happen to this call, by the decision of production and the machine of production."""
    chosen = choose(scheme, line, caller, at, standing)
    event = arrived(scheme, revision, chosen, caller.number, at=0.0, arrived_at=0.0)
    return Answer(event, foresee(event, assumed))


def foresee(event: ev.CallArrived, assumed: Mapping[PersonId, Assumed] = NOTHING) -> Forecast:
    """Let a call live as it was decided, and nobody answer."""
    at = event.at
    call, commands = machine.arrive(CallId("forecast"), event)
    coming = deque(_follows(commands, at, assumed))
    hears = [*_announced(commands, at)]
    while call.phase is not Phase.OVER:
        after = coming.popleft() if coming else ev.Elapsed(_deadline(call))
        at = after.at
        call, commands = machine.advance(call, after)
        coming.extend(_follows(commands, at, assumed))
        hears.extend(_announced(commands, at))
    since = call.arrived.arrived_at
    return Forecast(timeline(call), at - since, call.lost, tuple((when - since, media) for when, media in hears))


def _announced(commands: Iterable[cm.Command], at: Instant) -> Iterator[tuple[Instant, str]]:
    for command in commands:
        if isinstance(command, cm.Announce):
            yield at, command.media


def _deadline(call: Call) -> Instant:
    due = machine.deadline(call)
    assert due is not None, "a call that nobody answers ends by itself"
    return due


def _follows(commands: Iterable[cm.Command], at: Instant, assumed: Mapping[PersonId, Assumed]) -> Iterator[ev.Event]:
    """What comes of commands where phones ring as soon as they are called, and sounds take no time."""
    for command in commands:
        match command:
            case cm.Ask(step=step, people=people):
                yield ev.Found(at, step, tuple(_presence(person, assumed) for person in people))
            case cm.Ring(leg=leg):
                yield ev.LegRinging(at, leg)
            case cm.HangUp(leg=leg):
                yield ev.LegEnded(at, leg, ev.End.REFUSED)
            case cm.Announce(announcement=announcement):
                yield ev.AnnouncementEnded(at, announcement)
            case cm.Play():
                yield ev.PromptEnded(at)
            case cm.LetGo():
                yield ev.CallerGone(at)


def _presence(person: Person, assumed: Mapping[PersonId, Assumed]) -> ev.Presence:
    """Return how somebody is whom the scheme has not away: as it is assumed, else free."""
    taken = assumed.get(person.id)
    if taken is Assumed.BUSY:
        return ev.Busy(person.id)
    if taken is not None:
        return ev.Away(person.id, _AWAY[taken])
    return ev.Free(person.id, tuple(ev.Contact(phone, phone) for phone in person.phones))
