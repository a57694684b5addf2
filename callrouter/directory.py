"""Who is free: asked from Asterisk when a step needs it, known from our own calls, first come first served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from callrouter.core import legs
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.commands import Ask
from callrouter.core.errors import AwayError
from callrouter.core.events import Away, Busy, Contact, Free, Presence
from callrouter.core.facts import PhoneState
from callrouter.core.ladder import Person
from callrouter.core.words import CallId, Instant, PersonId, Why

LOOK_EVERY = 0.2
"""Seconds between two looks at somebody who is waited for: who becomes free joins within 1 s."""


class Phones(Protocol):
    """Where the state of a phone is known."""

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how a phone stands, asked on behalf of this caller; AwayError: it cannot be learnt in time."""
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
    def since(self) -> Instant:
        """When the call arrived: who waits longer is served first."""
        return self.call.arrived.arrived_at

    def person(self, person: PersonId) -> Person:
        """Return somebody the call waits for."""
        return next(one for one in self.call.arrived.people if one.id == person)


class Directory:
    """Answers `Ask`. A person rings for one call at a time; who waits longer is served first."""

    def __init__(self, phones: Phones, changed: Callable[[CallId, PersonId], None]) -> None:
        self._phones = phones
        self._changed = changed
        self._interests: dict[CallId, Interest] = {}
        self._reserved: dict[PersonId, CallId] = {}
        self._wake = asyncio.Event()

    def observe(self, call: Call) -> None:
        """Take over what a call holds and wants after an event; its reservations have become legs, or are void."""
        self._reserved = {person: holder for person, holder in self._reserved.items() if holder != call.id}
        waiting = call.steps[-1].waiting if call.steps and call.phase is Phase.CLIMBING else frozenset()
        engaged = legs.people(leg for leg in call.legs if leg.state is not LegState.GONE)
        self._interests[call.id] = Interest(call, engaged, waiting)
        self._wake.set()

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self._interests.pop(call, None)
        self._reserved = {person: holder for person, holder in self._reserved.items() if holder != call}
        self._wake.set()

    async def ask(self, call: Call, ask: Ask) -> tuple[Presence, ...]:
        """Return who can ring now, and reserve them for this call until it is observed again."""
        return tuple(await asyncio.gather(*(self._ask(call, person) for person in ask.people)))

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
        if self._is_taken(person.id, call.id, call.arrived.arrived_at):
            return Busy(person.id)
        self._reserved[person.id] = call.id  # before the first await: two calls must not both find him free
        presence = await self._presence(person, call)
        if not isinstance(presence, Free) and self._reserved.get(person.id) == call.id:
            del self._reserved[person.id]
        return presence

    def _is_taken(self, person: PersonId, call: CallId, since: Instant) -> bool:
        """Whether another call has this person, or has waited for him longer."""
        if self._reserved.get(person, call) != call:
            return True
        for other, interest in self._interests.items():
            if other == call:
                continue
            earlier = (interest.since, other) < (since, call)
            if person in interest.engaged or (earlier and person in interest.waiting):
                return True
        return False

    async def _presence(self, person: Person, call: Call) -> Presence:
        """A phone that talks makes its person busy on all of them; the asking call's own legs do not count."""
        own = f"{call.id}."
        states = await asyncio.gather(*(self._look(phone, call.caller) for phone in person.phones))
        if any(not channel.startswith(own) for state in states for channel in state.channels):
            return Busy(person.id)
        contacts = tuple(contact for state in states for contact in state.contacts)
        return Free(person.id, contacts) if contacts else Away(person.id, Why.UNREACHABLE)

    async def _look(self, phone: str, caller: str) -> PhoneState:
        try:
            return await self._phones.look(phone, caller)
        except AwayError:
            # Asterisk says nothing in time: ring the phone rather than leave the caller to nobody.
            return PhoneState((Contact(phone, phone),))

    def _waiters(self) -> dict[PersonId, tuple[Person, Call]]:
        """Whoever is waited for and is not with a call of ours, and who waits for him longest."""
        engaged = frozenset(self._reserved).union(*(interest.engaged for interest in self._interests.values()))
        waiters: dict[PersonId, tuple[Person, Call]] = {}
        for interest in sorted(self._interests.values(), key=lambda one: (one.since, one.call.id)):
            for person in interest.waiting - engaged - waiters.keys():
                waiters[person] = (interest.person(person), interest.call)
        return waiters

    async def _look_again(self, person: Person, call: Call) -> None:
        if not isinstance(await self._presence(person, call), Busy):
            self._changed(call.id, person.id)
