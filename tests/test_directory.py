"""Who is free, in virtual time: one call at a time, first come first served, and who gets free is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from callrouter.core import events as ev
from callrouter.core.call import Call
from callrouter.core.errors import AwayError
from callrouter.core.events import Away, Busy, Contact, Event, Free, Presence
from callrouter.core.facts import PhoneState
from callrouter.core.ladder import Person
from callrouter.core.machine import advance, arrive
from callrouter.core.running import Reaction
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
    paused: set[str] = field(default_factory=set)
    states: dict[str, Why] = field(default_factory=dict)
    writes_up: dict[str, float] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how it stands."""
        self.looked.append(phone)
        await asyncio.sleep(self.takes)
        if self.away:
            raise AwayError("no answer")
        contacts = () if phone in self.unregistered else (Contact(phone, f"{phone}/1"),)
        until = self.writes_up.get(phone, 0.0)
        return PhoneState(contacts, self.channels.get(phone, ()), self.states.get(phone), until)

    async def write_up(self, phones: Iterable[str], until: float) -> None:
        """Keep it, as Asterisk does for every worker."""
        await asyncio.sleep(self.takes)
        if self.away:
            raise AwayError("no answer")
        self.writes_up |= dict.fromkeys(phones, until)

    def changed(self, call: CallId, person: PersonId) -> None:
        """Keep it."""
        self.changes.append((round(virtual.clock(), 3), call, person))


def of(desks: Desks) -> Directory:
    """Return a directory of these desks."""
    return Directory(desks, desks.changed, virtual.clock, desks.paused.__contains__)


def a_call(name: str, at: float, **facts: Any) -> Call:
    """Return a call that has just arrived and asks for the department."""
    return _arrive(name, at, **facts)[0]


def _arrive(name: str, at: float, **facts: Any) -> Reaction:
    event = arrived(DEPARTMENT, arrived_at=1000 + at, asterisk_id=f"{name}-caller", **facts)
    return arrive(CallId(name), event)


def after(call: Call, *events: Event) -> Call:
    """Return the call after these events."""
    for event in events:
        call, _ = advance(call, event)
    return call


def test_nobody_is_free_for_two_calls() -> None:
    """Two calls that ask at one instant, while Asterisk takes its time, do not both get him."""

    async def story() -> None:
        directory = of(Desks(takes=0.1))
        one, two = a_call("one", 0), a_call("two", 1)
        first, second = await asyncio.gather(directory.ask(one, ask(1, ANNA)), directory.ask(two, ask(1, ANNA)))
        assert first == (Free(ANNA, (Contact("PJSIP/101", "PJSIP/101/1"),)),)
        assert second == (Busy(ANNA),)

    virtual.run(story())


def test_a_reservation_ends_when_the_call_is_looked_at_again() -> None:
    """Who was reserved and not rung is free for the next one; who rings is not."""

    async def story() -> None:
        directory = of(Desks())
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


def test_a_reservation_outlives_what_happens_before_its_answer_is_heard() -> None:
    """The colleague's phone failed meanwhile: who was found free for the next turn is nobody else's."""

    async def story() -> None:
        directory = of(Desks())
        in_turn = replace(DEPARTMENT, at_once=1)
        one, _ = arrive(CallId("one"), arrived(in_turn, asterisk_id="one-caller"))
        one = after(one, ev.Found(1000, 1, (Busy(ANNA),)))
        (boris,) = await directory.ask(one, ask(1, BORIS))
        directory.observe(after(one, ev.AnnouncementEnded(1000, "any")))
        assert isinstance(boris, Free)
        assert await directory.ask(a_call("two", 1), ask(1, BORIS)) == (Busy(BORIS),)
        directory.observe(after(one, ev.Found(1000, 1, (Away(BORIS, Why.PAUSED),))))
        (boris,) = await directory.ask(a_call("two", 1), ask(1, BORIS))
        assert isinstance(boris, Free)

    virtual.run(story())


def test_who_pauses_while_he_is_waited_for_is_not_waited_for() -> None:
    """He talks still, and is not to be rung after it: the call that waits for him is told within a second."""

    async def story() -> None:
        directory = of(desks := Desks(channels={"PJSIP/101": ("theirs",)}))
        running = asyncio.create_task(directory.run())
        directory.observe(after(a_call("one", 0), found(0, 1, Busy(ANNA), Away(BORIS, Why.ABSENT), VERA)))
        await asyncio.sleep(2)
        assert not desks.changes
        desks.paused.add(ANNA)
        await asyncio.sleep(0.5)
        assert desks.changes[0][1:] == ("one", ANNA)
        running.cancel()

    virtual.run(story())


def test_who_has_waited_longer_is_served_first() -> None:
    """A free person whom an earlier call waits for is busy for a later one, not the other way round."""

    async def story() -> None:
        directory = of(Desks())
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
        directory = of(desks := Desks(channels={f"PJSIP/10{n}": ("theirs",) for n in (1, 2, 3)}))
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
        directory = of(desks := Desks(channels={"PJSIP/101": ("one.1.1.anna",)}))
        (anna,) = await directory.ask(a_call("one", 0), ask(1, ANNA))
        assert isinstance(anna, Free)
        desks.channels["PJSIP/101"] = ("oneself.1.1.anna",)
        assert await directory.ask(a_call("one", 0), ask(1, ANNA)) == (Busy(ANNA),)

    virtual.run(story())


def test_a_person_is_busy_on_all_phones_if_on_one() -> None:
    """Who talks on the softphone is not rung on the desk phone; without any contact he is away."""

    async def story() -> None:
        directory = of(desks := Desks(channels={"PJSIP/2": ("theirs",)}))
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
        directory = of(Desks(away=True))
        (anna,) = await directory.ask(a_call("one", 0), ask(1, ANNA))
        assert anna == Free(ANNA, (Contact(*PERSON[ANNA].phones * 2),))

    virtual.run(story())


async def _asked(directory: Directory, call: Call, **facts: Any) -> Presence:
    """Return how Anna stands when she is such."""
    (presence,) = await directory.ask(call, replace(ask(1, ANNA), people=(replace(PERSON[ANNA], **facts),)))
    return presence


def test_who_is_away_is_not_looked_at() -> None:
    """Who is absent, off shift or off hours, or has paused, is passed over without a question to Asterisk."""

    async def story() -> None:
        directory = of(desks := Desks())
        assert await _asked(directory, a_call("one", 0), away=Why.ABSENT) == Away(ANNA, Why.ABSENT)
        desks.paused.add(ANNA)
        assert await _asked(directory, a_call("one", 0)) == Away(ANNA, Why.PAUSED)
        assert await _asked(directory, a_call("one", 0), away=Why.OFF_SHIFT) == Away(ANNA, Why.PAUSED)
        assert not desks.looked
        desks.paused.clear()
        assert isinstance(await _asked(directory, a_call("one", 0)), Free)

    virtual.run(story())


def test_do_not_disturb_holds_on_every_phone() -> None:
    """Who does not want to be disturbed, or has forwarded his phone, is away; that he talks goes before."""

    async def story() -> None:
        directory = of(desks := Desks(states={"PJSIP/101": Why.FORWARDED}))
        both = ("PJSIP/101", "PJSIP/9")
        assert await _asked(directory, a_call("one", 0), phones=both) == Away(ANNA, Why.FORWARDED)
        desks.channels["PJSIP/9"] = ("theirs",)
        assert await _asked(directory, a_call("one", 0), phones=both) == Busy(ANNA)

    virtual.run(story())


def talked(name: str, at: float, wrap_up: float) -> tuple[Call, Call]:
    """Return a call in which Anna talks, and how it is when she has hung up."""
    people = (replace(PERSON[ANNA], wrap_up=wrap_up),)
    call = after(a_call(name, at, people=people), found(at, 1, ANNA))
    leg = call.legs[0].id
    call = after(call, ev.LegAnswered(1000 + at, leg), ev.Joined(1000 + at, leg), ev.Joined(1000 + at, None))
    return call, after(call, ev.LegEnded(1000 + at + 5, leg, ev.End.REFUSED))


def test_a_conversation_is_written_up() -> None:
    """Who has hung up is busy for so many seconds, for every worker; who waits for him is told when they are over."""

    async def story() -> None:
        directory, other = of(desks := Desks()), of(desks)
        await asyncio.sleep(5)
        talks, over = talked("one", virtual.clock() - 1005, 15)
        directory.observe(talks)
        directory.observe(over)
        two = a_call("two", 6)
        assert await directory.ask(two, ask(1, ANNA)) == (Busy(ANNA, Why.WRAP_UP),)
        await asyncio.sleep(0)
        assert await other.ask(two, ask(1, ANNA)) == (Busy(ANNA, Why.WRAP_UP),)
        directory.observe(over)
        directory.forget(CallId("one"))
        desks.writes_up["PJSIP/101"] = 0.0  # ended by a feature code, at whichever worker
        directory.observe(after(two, found(6, 1, Busy(ANNA), BORIS, VERA)))
        (anna,) = await directory.ask(two, ask(1, ANNA))
        assert isinstance(anna, Free)

    virtual.run(story())


def test_what_asterisk_cannot_be_told_is_known_here() -> None:
    """Where Asterisk does not take it, the worker that had the call knows of the wrap-up, until it is over."""

    async def story() -> None:
        directory = of(desks := Desks(away=True))
        _, over = talked("one", virtual.clock() - 1005, 15)
        directory.observe(over)
        await asyncio.sleep(1)
        desks.away = False
        two = a_call("two", 6)
        assert await directory.ask(two, ask(1, ANNA)) == (Busy(ANNA, Why.WRAP_UP),)
        await asyncio.sleep(14)
        assert isinstance((await directory.ask(two, ask(1, ANNA)))[0], Free)
        directory.observe(over)  # told again of what was long ago
        assert not desks.writes_up
        _, over = talked("three", virtual.clock() - 1005, 15)
        desks.away = True
        directory.observe(over)
        await asyncio.sleep(0.1)
        directory.written_up(ANNA)
        desks.away = False
        assert isinstance((await directory.ask(two, ask(1, ANNA)))[0], Free)

    virtual.run(story())


def test_weight_goes_before_patience() -> None:
    """A before B before C before no priority before X, whoever waits longer; the free colleague is offered in turn."""

    async def story() -> None:
        directory = of(desks := Desks(channels={"PJSIP/101": ("theirs",)}))
        order = ["A", "B", "C", None, "X"]
        waiting = [a_call(f"{priority}", 0.5 - place / 10, priority=priority) for place, priority in enumerate(order)]
        for call in (*reversed(waiting), a_call("A late", 0.6, priority="A")):
            directory.observe(after(call, found(1, 1, Busy(ANNA), Busy(BORIS), Busy(VERA))))
        running = asyncio.create_task(directory.run())
        served = []
        desks.channels.clear()
        for _ in range(6):
            await asyncio.sleep(1)
            served.append(next(call for _, call, person in reversed(desks.changes) if person == ANNA))
            assert isinstance((await directory.ask(waiting[4], ask(1, ANNA)))[0], Free) == (served[-1] == "X")
            directory.forget(CallId(served[-1]))
        running.cancel()
        assert served == ["A", "A late", "B", "C", "None", "X"]

    virtual.run(story())
