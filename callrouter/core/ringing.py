"""Phones that begin to ring: until when at the latest, and what they show."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, Leg, LegState
from callrouter.core.commands import Command, Ring
from callrouter.core.events import Free
from callrouter.core.ladder import Person
from callrouter.core.running import Reaction, running, step_end, turn_end, with_run
from callrouter.core.words import Action, Instant, PersonId, Result

GRACE = 2.0
"""Seconds Asterisk's own timer is later than ours."""


def ring_them(call: Call, at: Instant, free: tuple[Free, ...]) -> Reaction:
    """Ring them, instead of those whose turn is over."""
    if not free:
        return call, ()
    (step, run), turn_until = running(call), turn_end(call, at)
    commands: tuple[Command, ...] = ()
    if run.is_turning:
        call, commands = legs.stop(call, lambda leg: leg.person in step.people, Result.NO_ANSWER)
    call = with_run(call, replace(run, turn_until=turn_until, is_turning=False))
    number, caller = run.step, call.plan.caller
    for someone in free:
        until, shows = _until(call, someone.person), _shows(call, someone.person)
        for contact in someone.contacts:
            leg = legs.name(call.id, number, len(call.legs) + 1, someone.person)
            call = legs.put(call, Leg(leg, someone.person, contact.phone, number, LegState.DIALLED, at, until))
            ring = Ring(call.caller, leg, someone.person, contact.phone, contact.dial, number, until, shows, caller)
            commands = (*commands, ring)
    return call, commands


def _until(call: Call, person: PersonId) -> Instant:
    """The latest end of the last step in which this phone could still ring, and a little."""
    end = step_end(call)
    for step in call.plan.ladder[len(call.steps) :]:
        if step.action is Action.ADD or person in step.people:
            last = call.plan.arrived_at + call.plan.ring_at_most
            end = max(end, last) if step.seconds is None else end + step.seconds
    return end + GRACE


def _shows(call: Call, person: PersonId) -> str:
    """`client · responsible`; only the client on the responsible's own phone; the number without a client."""
    plan = call.plan
    who = plan.client or plan.caller or plan.caller_raw
    if plan.responsible is None or plan.responsible == person:
        return who
    return f"{who} · {person_of(call, plan.responsible).name}"


def person_of(call: Call, person: PersonId) -> Person:
    """Return what the call knows of somebody."""
    known = next((one for one in call.plan.people if one.id == person), None)
    return known or Person(person, person, ())
