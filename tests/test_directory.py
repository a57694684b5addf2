"""Who is free, in virtual time: one call at a time, first come first served, and who gets free is noticed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from callrouter.core.call import Call
from callrouter.core.climb import Reaction
from callrouter.core.errors import AwayError
from callrouter.core.events import Away, Busy, Contact, Event, Free
from callrouter.core.facts import PhoneState
from callrouter.core.ladder import Person
from callrouter.core.machine import advance, arrive
from callrouter.core.words import CallId, PersonId, Why
from callrouter.directory import Directory
from tests import virtual
from tests.core.calls import ANNA, BORIS, DEPARTMENT, PERSON, VERA, arrived, ask, found


@dataclass
class Desks:
    """The phones: what each is doing. `away`: Asterisk does not say."""

    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unregistered: set[str] = field(default_factory=set)
    away: bool = False
    takes: float = 0.0
    changes: list[tuple[float, str, str]] = field(default_factory=list)

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how it stands."""
        await asyncio.sleep(self.takes)
        if self.away:
            raise AwayError("no answer")
        contacts = () if phone in self.unregistered else (Contact(phone, f"{phone}/1"),)
        return PhoneState(contacts, self.channels.get(phone, ()))

    def changed(self, call: CallId, person: PersonId) -> None:
        """Keep it."""
        self.changes.append((round(virtual.clock(), 3), call, person))


def a_call(name: str, at: float) -> Call:
    """Return a call that has just arrived and asks for the department."""
    return _arrive(name, at)[0]


def _arrive(name: str, at: float) -> Reaction:
    event = arrived(DEPARTMENT, arrived_at=1000 + at, asterisk_id=f"{name}-caller")
    return arrive(CallId(name), event)


def after(call: Call, *events: Event) -> Call:
    """Return the call after these events."""
    for event in events:
        call, _ = advance(call, event)
    return call


def test_nobody_is_free_for_two_calls() -> None:
    """Two calls that ask at one instant, while Asterisk takes its time, do not both get him."""

    async def story() -> None:
        directory = Directory(desks := Desks(takes=0.1), desks.changed)
        one, two = a_call("one", 0), a_call("two", 1)
        first, second = await asyncio.gather(directory.ask(one, ask(1, ANNA)), directory.ask(two, ask(1, ANNA)))
        assert first == (Free(ANNA, (Contact("PJSIP/101", "PJSIP/101/1"),)),)
        assert second == (Busy(ANNA),)

    virtual.run(story())


def test_a_reservation_ends_when_the_call_is_looked_at_again() -> None:
    """Who was reserved and not rung is free for the next one; who rings is not."""

    async def story() -> None:
        directory = Directory(desks := Desks(), desks.changed)
        one, two = a_call("one", 0), a_call("two", 1)
        await directory.ask(one, ask(1, ANNA, BORIS))
        rings = after(one, found(0, 1, ANNA))
        directory.observe(rings)
        anna, boris = await directory.ask(two, ask(1, ANNA, BORIS))
        assert isinstance(anna, Busy)
        assert isinstance(boris, Free)
        directory.forget(CallId("one"))
        (anna,) = await directory.ask(two, ask(1, ANNA))
        assert isinstance(anna, Free)

    virtual.run(story())


def test_who_has_waited_longer_is_served_first() -> None:
    """A free person whom an earlier call waits for is busy for a later one, not the other way round."""

    async def story() -> None:
        directory = Directory(desks := Desks(), desks.changed)
        early = after(a_call("early", 0), found(0, 1, Busy(ANNA), Busy(BORIS), Busy(VERA)))
        late = after(a_call("late", 1), found(1, 1, Busy(ANNA), Busy(BORIS), Busy(VERA)))
        directory.observe(early)
        directory.observe(late)
        assert await directory.ask(late, ask(1, ANNA)) == (Busy(ANNA),)
        (anna,) = await directory.ask(early, ask(1, ANNA))
        assert isinstance(anna, Free)

    virtual.run(story())


def test_who_hangs_up_elsewhere_is_noticed_within_a_second() -> None:
    """A call that is not ours ends: the one who waits longest is told, once in each look, and nobody else."""

    async def story() -> None:
        directory = Directory(desks := Desks(channels={f"PJSIP/10{n}": ("theirs",) for n in (1, 2, 3)}), desks.changed)
        running = asyncio.create_task(directory.run())
        for name, at in (("late", 1.0), ("early", 0.0)):
            directory.observe(after(a_call(name, at), found(at, 1, Busy(ANNA), Busy(BORIS), Busy(VERA))))
        await asyncio.sleep(5)
        assert not desks.changes
        desks.channels["PJSIP/102"] = ()
        freed = virtual.clock()
        await asyncio.sleep(1)
        assert desks.changes[0][1:] == ("early", BORIS)
        assert desks.changes[0][0] - freed <= 1
        assert {change[1:] for change in desks.changes} == {("early", BORIS)}
        directory.forget(CallId("early"))
        await asyncio.sleep(0.5)
        assert ("late", BORIS) in {change[1:] for change in desks.changes}
        directory.forget(CallId("late"))
        await asyncio.sleep(1)
        quiet = len(desks.changes)
        await asyncio.sleep(10)
        assert len(desks.changes) == quiet, "somebody is looked at whom nobody waits for"
        running.cancel()

    virtual.run(story())


def test_ones_own_legs_do_not_make_one_busy() -> None:
    """A channel that the asking call itself made on a phone is no reason not to ring it."""

    async def story() -> None:
        directory = Directory(desks := Desks(channels={"PJSIP/101": ("one.1.1.anna",)}), desks.changed)
        (anna,) = await directory.ask(a_call("one", 0), ask(1, ANNA))
        assert isinstance(anna, Free)
        desks.channels["PJSIP/101"] = ("oneself.1.1.anna",)
        assert await directory.ask(a_call("one", 0), ask(1, ANNA)) == (Busy(ANNA),)

    virtual.run(story())


def test_a_person_is_busy_on_all_phones_if_on_one() -> None:
    """Who talks on the softphone is not rung on the desk phone; without any contact he is away."""

    async def story() -> None:
        directory = Directory(desks := Desks(channels={"PJSIP/2": ("theirs",)}), desks.changed)
        both = Person(ANNA, "Анна", ("PJSIP/1", "PJSIP/2"))
        question = replace(ask(1, ANNA), people=(both,))
        assert await directory.ask(a_call("one", 0), question) == (Busy(ANNA),)
        desks.channels.clear()
        desks.unregistered = {"PJSIP/2"}
        (anna,) = await directory.ask(a_call("one", 0), question)
        assert anna == Free(ANNA, (Contact("PJSIP/1", "PJSIP/1/1"),))
        desks.unregistered = {"PJSIP/1", "PJSIP/2"}
        assert await directory.ask(a_call("one", 0), question) == (Away(ANNA, Why.UNREACHABLE),)

    virtual.run(story())


def test_where_asterisk_does_not_say_the_phone_is_rung() -> None:
    """Better a phone that is rung in vain than a caller whom nobody hears."""

    async def story() -> None:
        directory = Directory(desks := Desks(away=True), desks.changed)
        (anna,) = await directory.ask(a_call("one", 0), ask(1, ANNA))
        assert anna == Free(ANNA, (Contact(*PERSON[ANNA].phones * 2),))

    virtual.run(story())
