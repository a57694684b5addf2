"""Calls that live as the machine has them, told event by event."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from callrouter.core import events as ev
from callrouter.core.ladder import Person, Step
from callrouter.core.machine import advance, arrive
from callrouter.core.words import Action, CallId, IfBusy, PersonId

if TYPE_CHECKING:
    from callrouter.core.call import Call
    from callrouter.store.journal import Journal

ANNA, BORIS, GLEB = PersonId("anna"), PersonId("boris"), PersonId("gleb")
PEOPLE = tuple(Person(key, key.title(), (f"PJSIP/{key}",)) for key in (ANNA, BORIS, GLEB))
ARRIVED = ev.CallArrived(
    at=1_795_000_000.5,
    arrived_at=1_795_000_000.25,
    asterisk_id="1795000000.1",
    line="+74951234567",
    caller="+79161234567",
    caller_raw="89161234567",
    department="sales",
    ladder=(
        Step(Action.RING, "department", (ANNA, BORIS), 10.0, IfBusy.WAIT),
        Step(Action.ADD, "head", (GLEB,), None, IfBusy.SKIP),
    ),
    people=PEOPLE,
    claimants=(ANNA, BORIS),
    scheme_revision=3,
)


class Life:
    """One call, and the journal it is written to."""

    def __init__(self, journal: Journal, call_id: str, arrived: ev.CallArrived = ARRIVED) -> None:
        self.journal = journal
        self.id = CallId(call_id)
        self.start = arrived.at
        self.call: Call
        self.call, commands = arrive(self.id, arrived)
        journal.write(self.id, arrived, commands)

    def meets(self, *events: ev.Event) -> Life:
        """Let events happen."""
        for event in events:
            self.call, commands = advance(self.call, event)
            self.journal.write(self.id, event, commands)
        return self

    def rings(self, *people: PersonId, after: float = 0.125) -> Life:
        """Let these people be free, and their phones ring."""
        at = self.start + after
        free = tuple(ev.Free(one, (ev.Contact(f"PJSIP/{one}", f"PJSIP/{one}/sip:x"),)) for one in people)
        self.meets(ev.Found(at, self.call.steps[-1].step, free))
        return self.meets(*(ev.LegRinging(at + 0.125, leg.id) for leg in self.call.legs))

    def answers(self, person: PersonId, after: float = 3.0) -> Life:
        """Let a person pick up and be connected."""
        at = self.start + after
        leg = next(leg.id for leg in self.call.legs if leg.person == person)
        return self.meets(ev.LegAnswered(at, leg), ev.Joined(at + 0.0625, leg), ev.Joined(at + 0.0625, None))

    def ends(self, after: float) -> Life:
        """Let the caller hang up and every leg go."""
        at = self.start + after
        self.meets(ev.CallerGone(at))
        return self.meets(*(ev.LegEnded(at + 0.125, leg.id, ev.End.REFUSED) for leg in self.call.legs))


def answered(journal: Journal, call_id: str, by: PersonId = ANNA, talk: float = 60.0, **fields: Any) -> Life:
    """A call that somebody answers after 3 s."""
    life = Life(journal, call_id, replace(ARRIVED, **fields))
    return life.rings(ANNA, BORIS).answers(by).ends(3.0 + talk)


def abandoned(journal: Journal, call_id: str, after: float = 8.0, **fields: Any) -> Life:
    """A call whose caller gives up."""
    life = Life(journal, call_id, replace(ARRIVED, **fields))
    return life.rings(ANNA, BORIS).ends(after)
