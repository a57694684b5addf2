"""A million random events, sensible and not: no promise of the core is ever broken."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from callrouter.core import commands as cm, events as ev, machine
from callrouter.core.call import Phase
from callrouter.core.ladder import Person, Step
from callrouter.core.words import Action, IfBusy, Instant, LegId, LostReason, PersonId, Result, Why
from tests.core.witness import Witness

EVENTS = 1_000_000
PARTS = 8
PEOPLE = tuple(PersonId(name) for name in ("anna", "boris", "vera", "gleb", "irina"))
AWAY = (Why.UNREACHABLE, Why.PAUSED, Why.ABSENT, Why.CLOSED, Why.UNKNOWN_PERSON)


def arrival(random: Random) -> ev.CallArrived:
    """Return a call with a ladder that nobody would write, but that could be written."""
    at = 1_000_000.0 + random.random()
    ladder = [ladder_step(random) for _ in range(random.randint(0, 8))]
    if ladder and random.random() < 0.5:
        last = ladder[-1]
        ladder[-1] = replace(last, seconds=None)
    return ev.CallArrived(
        at=at,
        arrived_at=at - random.random() / 4,
        asterisk_id="caller",
        line="+74951234567",
        caller="+79161234567",
        caller_raw="89161234567",
        responsible=random.choice((None, *PEOPLE)),
        ladder=tuple(ladder),
        people=tuple(person(random, one) for one in PEOPLE),
        ring_at_most=random.choice((20.0, 60.0)),
        prompt=random.choice((None, "sound:sorry")),
        refusal=LostReason.FAILURE if random.random() < 0.01 else None,
        left_at=at if random.random() < 0.01 else None,
        is_closed=random.random() < 0.1,
        music=random.choice((None, "default")),
        goes_on=random.choice((None, "voicemail,1,1")),
    )


def person(random: Random, name: PersonId) -> Person:
    """Return somebody whose phone is perhaps outside, or who is perhaps away by the scheme."""
    phones = (f"PJSIP/{name}",)
    away = Why.ABSENT if random.random() < 0.05 else None
    return Person(name, name, phones, phones if random.random() < 0.3 else (), away)


def ladder_step(random: Random) -> Step:
    """Return any step."""
    people = tuple(random.sample(PEOPLE, random.randint(0, 4)))
    nobody = None if people else random.choice((None, Why.NO_RESPONSIBLE))
    seconds = random.choice((0.3, 1.0, 5.0, 10.0))
    step = Step(random.choice(tuple(Action)), "department", people, seconds, random.choice(tuple(IfBusy)), nobody)
    return replace(
        step,
        at_once=random.choice((None, None, 1, 2)),
        each=random.choice((None, 0.2, 1.0, 5.0)),
        announce=random.choice((None, "sound:moment")),
        announce_away=random.choice((None, "sound:away")),
        announce_busy=random.choice((None, "sound:busy")),
    )


class Walk:
    """One call and a stream of events for it: mostly what could come next, sometimes what never should."""

    def __init__(self, random: Random) -> None:
        self.random = random
        arrived = arrival(random)
        self.at = arrived.at
        self.asked: list[cm.Ask] = []
        self.witness = Witness(arrived, punctual=True)
        self._remember(machine.arrive(self.witness.call.id, arrived)[1])

    def step(self) -> ev.Event:
        """Let the next event happen; the call's deadlines come in time."""
        if self.random.random() < (0.05 if self.asked else 0.6):
            self.at += self.random.expovariate(0.8)
        due = machine.deadline(self.witness.call)
        if due is not None and due <= self.at:
            self.at = due
            event: ev.Event = ev.Elapsed(due)
        else:
            event = self._any()
        self._remember(self.witness.saw(event))
        return event

    def _remember(self, commands: tuple[cm.Command, ...]) -> None:
        self.asked += [command for command in commands if isinstance(command, cm.Ask)]

    def _any(self) -> ev.Event:
        at, roll, call = self.at, self.random.random(), self.witness.call
        if self.asked and roll < 0.7:
            return self._found(self.asked.pop())
        if call.phase is Phase.CONNECTING and roll < 0.6:
            return ev.Joined(at, self.random.choice((None, call.winner)))
        if call.phase is Phase.TALKING and roll < 0.1:
            return self._transferred(at, call.winner or self._leg())
        if roll < 0.85:
            return self._about_a_leg(at)
        return self._rarely(at)

    def _transferred(self, at: Instant, leg: LegId) -> ev.Transferred:
        to = replace(arrival(self.random), at=at, arrived_at=at, line="600", left_at=None)
        return ev.Transferred(at, leg if self.random.random() < 0.8 else self._leg(), to)

    def _found(self, ask: cm.Ask) -> ev.Found:
        people = [one.id for one in ask.people if self.random.random() < 0.95]
        if self.random.random() < 0.05:
            people += [self.random.choice(PEOPLE), PersonId("stranger")]
        step = ask.step if self.random.random() < 0.97 else self.random.randint(0, 9)
        return ev.Found(self.at, step, tuple(self._presence(one) for one in people))

    def _presence(self, person: PersonId) -> ev.Presence:
        roll = self.random.random()
        if roll < 0.25:
            return ev.Busy(person, self.random.choice((Why.BUSY, Why.WRAP_UP)))
        if roll < 0.35:
            return ev.Away(person, self.random.choice(AWAY))
        phone = f"PJSIP/{person}"
        return ev.Free(person, (ev.Contact(phone, phone),) * self.random.choice((0, 1, 1, 1, 1, 2, 3)))

    def _leg(self) -> LegId:
        known = self.witness.call.legs
        if not known or self.random.random() < 0.03:
            return LegId(self.random.choice(("stranger", "c.1.1.anna", "a.b.c.d")))
        return self.random.choice(known[-6:]).id

    def _about_a_leg(self, at: Instant) -> ev.Event:
        leg, roll = self._leg(), self.random.random()
        if roll < 0.4:
            return ev.LegRinging(at, leg)
        if roll < 0.53:
            return ev.LegAnswered(at, leg)
        if roll < 0.57:
            return ev.KeyPressed(at, leg, self.random.choice("125"))
        if roll < 0.85:
            return ev.LegEnded(at, leg, self.random.choice(tuple(ev.End)))
        if roll < 0.89:
            person = self.random.choice((None, *PEOPLE))
            by = self._leg() if self.random.random() < 0.2 else LegId(f"other{self.random.randint(0, 99)}")
            return ev.LegReplaced(at, leg, by, "PJSIP/109", person, is_up=self.random.random() < 0.5)
        if roll < 0.91:
            return ev.LeadsTo(at, leg, "PJSIP/109", self.random.choice((None, *PEOPLE)))
        return ev.Joined(at, self.random.choice((None, leg)))

    def _rarely(self, at: Instant) -> ev.Event:
        roll = self.random.random()
        if roll < 0.4:
            return ev.PersonChanged(at, self.random.choice((*PEOPLE, PersonId("stranger"))))
        if roll < 0.5:
            return ev.ConnectFailed(at, self._leg())
        if roll < 0.6:
            return ev.PromptEnded(at)
        if roll < 0.7:
            return ev.AnnouncementEnded(at, f"c.announcement{self.random.randint(1, 3)}")
        if roll < 0.8:
            return ev.CallerGone(at)
        if roll < 0.85:
            return ev.RouterFailed(at, "a defect")
        if roll < 0.9:
            return ev.CallerReplaced(at, "another")
        return self.random.choice((ev.Elapsed(at), self.witness.arrived))


@pytest.mark.parametrize("part", range(PARTS))
def test_walk(part: int) -> None:
    """No promise is broken by any event, and the walk has been everywhere."""
    random = Random(part)
    been: Counter[str] = Counter()
    events = 0
    while events < EVENTS // PARTS:
        walk, after = Walk(random), 3
        while after:
            walk.step()
            events += 1
            been[walk.witness.call.phase] += 1
            after -= walk.witness.call.phase is Phase.OVER
        call = walk.witness.call
        been.update(f"{leg.result}" for leg in call.legs)
        been.update((f"{len(call.transfers)} transfers", "dropped" if call.sent_at is not None else "kept"))
        been.update((f"{call.lost}", f"{len(call.steps)} steps", f"{len(call.talk)} talks", f"{call.bridges} bridges"))
    places = {phase for phase in Phase if phase is not Phase.DIALPLAN}  # there the call is the dialplan's
    reasons = {"abandoned", "no_answer", "unreachable", "failure", "closed"}
    assert been.keys() >= {*places, *Result, *reasons, "8 steps", "2 talks", "3 bridges", "2 transfers", "dropped"}
