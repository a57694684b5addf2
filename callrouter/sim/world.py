"""A world in virtual time: people with phones, and a caller; it performs the machine's commands and says what came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Phase
from callrouter.core.ladder import Person
from callrouter.core.words import CallId, Instant, LegId, PersonId, Why

Happening = tuple[ev.Event, tuple[cm.Command, ...]]

_ENDS = {486: ev.End.BUSY, 600: ev.End.BUSY, 302: ev.End.FORWARDED}


@dataclass(frozen=True, slots=True)
class Rung:
    """What happens when somebody's phone is rung, in seconds from then; by default it rings and nobody comes."""

    reply: int | None = None
    """The SIP code the phone sends at once, without ringing."""
    dead: bool = False
    """The phone says nothing at all."""
    answers: float | None = None
    presses: str | None = None
    """The key he presses, `after` seconds of being asked for 1."""
    after: float = 0.0
    hangs_up: float | None = None
    """Hangs up, or his voicemail does, after so many seconds of being asked."""
    refuses: float | None = None
    code: int = 603
    """What the phone says when it refuses."""
    late: bool = False
    """Picks up just as we hang up: the answer crosses."""
    dies: bool = False
    """Is gone between picking up and being connected."""
    fails: bool = False
    """Cannot be connected to the caller, by a fault of ours."""
    taken_by: PersonId | None = None
    """The colleague who picks this call up (`*8`), after `taken_after` seconds."""
    taken_after: float = 0.0
    talks: float | None = None
    """Hangs up after so many seconds of conversation."""
    passes_to: PersonId | None = None
    """To whom the call is transferred, after `passes_after` seconds of conversation."""
    passes_after: float = 0.0
    sends_on: bool = False
    """Sends the caller to the department, after `passes_after` seconds of conversation."""
    waits: float | None = None
    """The colleague to whom the call is passed picks up so many seconds later; None: he has it at once."""


@dataclass(frozen=True, slots=True)
class Acts:
    """What a person does during the call: whether he can ring, then what happens each time he is rung."""

    rung: tuple[Rung, ...] = (Rung(),)
    """The first time, the second time, …; the last one goes for all later times."""
    away: Why | None = None
    talks_until: float = 0.0
    """Talks on another call until so many seconds after the arrival."""
    planned: Why | None = None
    """Why the scheme does not have him rung at all."""
    confirms: bool = False
    """His phone is outside, and only "1" accepts a call on it."""
    wraps_up_until: float = 0.0
    """Writes up the call before until so many seconds after the arrival."""
    contacts: int = 1
    """On how many contacts his phone is registered; he acts on the first, the others only ring."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What the caller does, in seconds after his arrival."""

    leaves: float | None = None
    at_answer: bool = False
    """Hangs up in the instant somebody picks up."""
    talks: float | None = None
    """Hangs up after so many seconds of conversation."""
    router_fails: float | None = None
    """When a defect of ours strikes."""


class World:
    """One call among people who act; `run` yields each event with what the machine did about it."""

    def __init__(
        self,
        arrived: ev.CallArrived,
        people: Mapping[PersonId, Acts],
        caller: Caller,
        call_id: CallId,
        there: ev.CallArrived | None = None,
    ) -> None:
        self._arrived = arrived
        self._people = people
        self._caller = caller
        self._there = there
        """What awaits the caller at the department to which he is sent."""
        self._since = arrived.arrived_at
        self._heap: list[tuple[Instant, int, ev.Event]] = []
        self._order = count()
        self._acting: dict[LegId, Rung] = {}
        self._times: dict[PersonId, int] = {}
        self._gone: set[LegId] = set()
        self.call, self._first = machine.arrive(call_id, arrived)

    def run(self) -> Iterator[Happening]:
        """Let the call live until it is over, or until nothing would ever happen to it any more."""
        at = self._arrived.at
        if self._caller.leaves is not None:
            self._later(self._since + self._caller.leaves, ev.CallerGone(self._since + self._caller.leaves))
        if self._caller.router_fails is not None:
            fails = self._since + self._caller.router_fails
            self._later(fails, ev.RouterFailed(fails, "a defect"))
        self._perform(self._first, at)
        yield self._arrived, self._first
        while (event := self._next()) is not None:
            self.call, commands = machine.advance(self.call, event)
            self._follow(event)
            self._perform(commands, event.at)
            yield event, commands

    def _next(self) -> ev.Event | None:
        """Return the earliest of what people do and the call's own deadline."""
        while self.call.phase is not Phase.OVER:
            due = machine.deadline(self.call)
            if due is not None and (not self._heap or due < self._heap[0][0]):
                return ev.Elapsed(due)
            if not self._heap:
                return None
            event = heappop(self._heap)[2]
            if self._still(event):
                return event
        return None

    def _still(self, event: ev.Event) -> bool:
        """Whether this can happen yet: a channel that is gone does nothing, nor does a caller who is."""
        match event:
            case (
                ev.LegRinging()
                | ev.LegAnswered()
                | ev.KeyPressed()
                | ev.LegEnded()
                | ev.LegReplaced()
                | ev.ConnectFailed()
            ):
                return event.leg not in self._gone
            case ev.Joined(leg=leg) if leg is not None:
                return leg not in self._gone
            case ev.AnnouncementEnded(announcement=announcement):
                return announcement in self.call.playing and self.call.ended_at is None
            case ev.CallerGone():
                return self.call.ended_at is None
        return True

    def _later(self, at: Instant, event: ev.Event) -> None:
        heappush(self._heap, (at, next(self._order), event))

    def _follow(self, event: ev.Event) -> None:
        """What follows from an event by itself, whatever the machine does."""
        match event:
            case ev.LegEnded(leg=leg):
                self._gone.add(leg)
            case ev.LegReplaced(at=at, leg=leg):
                self._later(at, ev.LegEnded(at, leg, ev.End.REFUSED))
            case ev.Joined(at=at, leg=leg) if leg is not None and self.call.phase is Phase.TALKING:
                self._talk(at, leg)

    def _talk(self, at: Instant, leg: LegId) -> None:
        acts = self._acting.get(leg, Rung())
        if self._caller.talks is not None:
            self._later(at + self._caller.talks, ev.CallerGone(at + self._caller.talks))
        if acts.talks is not None:
            self._later(at + acts.talks, ev.LegEnded(at + acts.talks, leg, ev.End.REFUSED))
        if acts.passes_to is not None:
            self._replaced(at + acts.passes_after, leg, acts.passes_to, acts.waits)
        if acts.sends_on and self._there is not None:
            self._sent_on(at + acts.passes_after, leg, self._there)

    def _replaced(self, at: Instant, leg: LegId, person: PersonId, waits: float | None = None) -> None:
        by = LegId(f"{person} instead")
        self._later(at, ev.LegReplaced(at, leg, by, self._phone(person), person, is_up=waits is None))
        if waits is not None:
            self._later(at + waits, ev.LegAnswered(at + waits, by))

    def _sent_on(self, at: Instant, leg: LegId, there: ev.CallArrived) -> None:
        by = LegId(f"the way to {there.line}, {next(self._order)}")
        self._later(at, ev.LegReplaced(at, leg, by, f"Local/{there.line}@phones", None, is_up=False))
        self._later(at, ev.Transferred(at, by, replace(there, at=at, arrived_at=at)))

    def _phone(self, person: PersonId) -> str:
        known = next((one for one in self._arrived.people if one.id == person), None)
        return known.phones[0] if known else f"PJSIP/{person}"

    def _perform(self, commands: tuple[cm.Command, ...], at: Instant) -> None:  # noqa: C901 - the table of commands
        for command in commands:
            match command:
                case cm.Ask(step=step, people=people):
                    self._later(at, ev.Found(at, step, tuple(self._presence(one, at) for one in people)))
                case cm.Ring():
                    self._ring(command, at)
                case cm.HangUp(leg=leg):
                    if self._acting.get(leg, Rung()).late:
                        self._later(at, ev.LegAnswered(at, leg))
                    self._later(at, ev.LegEnded(at, leg, ev.End.REFUSED))
                case cm.Confirm():
                    self._asked(command, at)
                case cm.Connect():
                    self._connect(command, at)
                case cm.Announce(announcement=announcement):
                    self._later(at + 3.0, ev.AnnouncementEnded(at + 3.0, announcement))
                case cm.Play():
                    self._later(at + 3.0, ev.PromptEnded(at + 3.0))
                case cm.LetGo():
                    self._later(at, ev.CallerGone(at))

    def _presence(self, person: Person, at: Instant) -> ev.Presence:
        acts = self._people[person.id]
        if acts.away is not None:
            return ev.Away(person.id, acts.away)
        for until, why in ((acts.talks_until, Why.BUSY), (acts.wraps_up_until, Why.WRAP_UP)):
            if at < self._since + until:
                self._later(self._since + until, ev.PersonChanged(self._since + until, person.id))
                return ev.Busy(person.id, why)
        phone = self._phone(person.id)
        names = (f"{phone}/sip:{person.id}@contact{number}" for number in range(1, acts.contacts + 1))
        return ev.Free(person.id, tuple(ev.Contact(phone, name) for name in names))

    def _ring(self, command: cm.Ring, at: Instant) -> None:
        leg = command.leg
        if not command.dial.endswith("contact1"):
            self._later(at, ev.LegRinging(at, leg))
            return
        times = self._times[command.person] = self._times.get(command.person, 0) + 1
        each = self._people[command.person].rung
        acts = self._acting[leg] = each[min(times, len(each)) - 1]
        if acts.reply is not None:
            self._later(at, ev.LegEnded(at, leg, _ENDS.get(acts.reply, ev.End.REFUSED), acts.reply))
        elif not acts.dead:
            self._later(at, ev.LegRinging(at, leg))
        if acts.answers is not None:
            self._later(at + acts.answers, ev.LegAnswered(at + acts.answers, leg))
        if acts.refuses is not None:
            refuses = at + acts.refuses
            self._later(refuses, ev.LegEnded(refuses, leg, _ENDS.get(acts.code, ev.End.REFUSED), acts.code))
        if acts.taken_by is not None:
            self._replaced(at + acts.taken_after, leg, acts.taken_by)

    def _asked(self, command: cm.Confirm, at: Instant) -> None:
        acts = self._acting[command.leg]
        if acts.presses is not None:
            self._later(at + acts.after, ev.KeyPressed(at + acts.after, command.leg, acts.presses))
        if acts.hangs_up is not None:
            ends = at + acts.hangs_up
            self._later(ends, ev.LegEnded(ends, command.leg, ev.End.REFUSED))

    def _connect(self, command: cm.Connect, at: Instant) -> None:
        acts = self._acting.get(command.leg, Rung())
        if self._caller.at_answer:
            self._later(at, ev.CallerGone(at))
        elif acts.dies:
            self._later(at, ev.LegEnded(at, command.leg, ev.End.REFUSED))
        elif acts.fails:
            self._later(at, ev.ConnectFailed(at, command.leg))
        else:
            self._later(at, ev.Joined(at, None))
            self._later(at, ev.Joined(at, command.leg))
