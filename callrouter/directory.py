"""Who is free: asked from Asterisk when a step needs it, known from our own calls, first come first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from callrouter.core import legs
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.commands import Ask
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.events import Away, Busy, Contact, Free, Presence
from callrouter.core.facts import PhoneState
from callrouter.core.ladder import Person
from callrouter.core.words import CallId, Instant, PersonId, Why

LOOK_EVERY = 0.2
"""Seconds between two looks at somebody who is waited for: who becomes free joins within 1 s."""
RANKS = {"A": 0, "B": 1, "C": 2, None: 3, "X": 4}
"""Of those who wait for the same person the lowest is served first."""


class Phones(Protocol):
    """Where the state of a phone is known."""

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how a phone stands, asked on behalf of this caller; AwayError: it cannot be learnt in time."""
        ...

    async def write_up(self, phones: Iterable[str], until: Instant) -> None:
        """Have every worker know until when somebody with these phones writes a conversation up."""
        ...


@dataclass(frozen=True, slots=True)
class Interest:
    """What a live call holds and wants."""

    call: Call
    engaged: frozenset[PersonId] = frozenset()
    """They ring or talk for it."""
    waiting: frozenset[PersonId] = frozenset()
    """It would ring them if they were free."""

    @property
    def turn(self) -> tuple[int, Instant, CallId]:
        """The lowest is served first."""
        return _turn(self.call)

    def person(self, person: PersonId) -> Person:
        """Return somebody the call waits for."""
        return next(one for one in self.call.plan.people if one.id == person)


def _turn(call: Call) -> tuple[int, Instant, CallId]:
    """A before B before C before whoever has no priority before X, then who waits longer."""
    return RANKS.get(call.arrived.priority, RANKS[None]), call.arrived.arrived_at, call.id


def _hung_up(call: Call) -> frozenset[tuple[PersonId, Instant]]:
    """Return who has talked to the caller and does no more, and since when."""
    over = ((talk.person, talk.ended_at) for talk in call.talk)
    return frozenset((person, at) for person, at in over if person is not None and at is not None)


class Directory:
    """Answers `Ask`. A person rings for one call at a time; who is of more weight, or waits longer, is served first."""

    def __init__(
        self,
        phones: Phones,
        changed: Callable[[CallId, PersonId], None],
        now: Callable[[], Instant],
        has_paused: Callable[[PersonId], bool],
    ) -> None:
        self._phones = phones
        self._changed = changed
        self._now = now
        self._has_paused = has_paused
        self._interests: dict[CallId, Interest] = {}
        self._reserved: dict[PersonId, CallId] = {}
        self._writes_up: dict[PersonId, Instant] = {}
        """Until when, as long as Asterisk has not been told, which tells it every worker."""
        self._telling: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()

    def observe(self, call: Call) -> None:
        """Take over what a call holds and wants after an event; its reservations have become legs, or are void.

        Not those of whom it asks: something else may have happened to it before it hears the answer.
        """
        run = call.steps[-1] if call.steps and call.phase is Phase.CLIMBING else None
        waiting, asked = (run.waiting, run.asked) if run else (frozenset(), frozenset())
        self._reserved = {who: holder for who, holder in self._reserved.items() if holder != call.id or who in asked}
        engaged = legs.people(leg for leg in call.legs if leg.state is not LegState.GONE)
        before = self._interests.get(call.id)
        self._interests[call.id] = Interest(call, engaged, waiting)
        for person, since in _hung_up(call) - (_hung_up(before.call) if before else frozenset()):
            self._write_up(call, person, since)
        self._wake.set()

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self._interests.pop(call, None)
        self._reserved = {person: holder for person, holder in self._reserved.items() if holder != call}
        self._wake.set()

    async def ask(self, call: Call, ask: Ask) -> tuple[Presence, ...]:
        """Return who can ring now, and reserve them for this call until it is observed again."""
        return tuple(await asyncio.gather(*(self._ask(call, person) for person in ask.people)))

    def written_up(self, person: PersonId) -> None:
        """Somebody has written his last conversation up."""
        self._writes_up.pop(person, None)

    async def run(self) -> None:
        """Watch those who are waited for, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while waiters := self._waiters():
                await asyncio.gather(*(self._look_again(person, call) for person, call in waiters.values()))
                try:
                    async with asyncio.timeout(LOOK_EVERY):
                        await self._wake.wait()
                        self._wake.clear()
                except TimeoutError:
                    pass

    async def _ask(self, call: Call, person: Person) -> Presence:
        if (why := Why.PAUSED if self._has_paused(person.id) else person.away) is not None:
            return Away(person.id, why)
        if self._is_taken(person.id, call):
            return Busy(person.id)
        self._reserved[person.id] = call.id  # before the first await: two calls must not both find him free
        presence = await self._presence(person, call)
        if not isinstance(presence, Free) and self._reserved.get(person.id) == call.id:
            del self._reserved[person.id]
        return presence

    def _is_taken(self, person: PersonId, call: Call) -> bool:
        """Whether another call has this person, or waits for him and its turn is before."""
        if self._reserved.get(person, call.id) != call.id:
            return True
        for other, interest in self._interests.items():
            if other == call.id:
                continue
            if person in interest.engaged or (person in interest.waiting and interest.turn < _turn(call)):
                return True
        return False

    async def _presence(self, person: Person, call: Call) -> Presence:
        """What is true of one phone makes its person busy, or away, on all; the asking call's own legs do not count."""
        own = f"{call.id}."
        states = await asyncio.gather(*(self._look(phone, call.caller) for phone in person.phones))
        if any(not channel.startswith(own) for state in states for channel in state.channels):
            return Busy(person.id)
        if (why := next((state.away for state in states if state.away is not None), None)) is not None:
            return Away(person.id, why)
        writes_up = max((state.writes_up_until for state in states), default=0.0)
        if self._now() < max(writes_up, self._writes_up.get(person.id, 0.0)):
            return Busy(person.id, Why.WRAP_UP)
        contacts = tuple(contact for state in states for contact in state.contacts)
        return Free(person.id, contacts) if contacts else Away(person.id, Why.UNREACHABLE)

    async def _look(self, phone: str, caller: str) -> PhoneState:
        try:
            return await self._phones.look(phone, caller)
        except AwayError:
            # Asterisk says nothing in time: ring the phone rather than leave the caller to nobody.
            return PhoneState((Contact(phone, phone),))

    def _write_up(self, call: Call, person: PersonId, since: Instant) -> None:
        """Somebody has hung up: for a while he is busy still."""
        known = next((one for one in call.plan.people if one.id == person), None)
        if known is None or since + known.wrap_up <= self._now():
            return
        self._writes_up[person] = since + known.wrap_up
        task = asyncio.create_task(self._tell(known, since + known.wrap_up))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, person: Person, until: Instant) -> None:
        with suppress(CallrouterError):  # then we know it alone, until it is over
            await self._phones.write_up(person.phones, until)
            if self._writes_up.get(person.id) == until:
                del self._writes_up[person.id]

    def _waiters(self) -> dict[PersonId, tuple[Person, Call]]:
        """Whoever is waited for and is not with a call of ours, and whose turn it is."""
        engaged = frozenset(self._reserved).union(*(interest.engaged for interest in self._interests.values()))
        waiters: dict[PersonId, tuple[Person, Call]] = {}
        for interest in sorted(self._interests.values(), key=lambda one: one.turn):
            for person in interest.waiting - engaged - waiters.keys():
                waiters[person] = (interest.person(person), interest.call)
        return waiters

    async def _look_again(self, person: Person, call: Call) -> None:
        if self._has_paused(person.id) or not isinstance(await self._presence(person, call), Busy):
            self._changed(call.id, person.id)
