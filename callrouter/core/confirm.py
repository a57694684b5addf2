"""Phones outside the exchange, on which only a key accepts: a mobile's voicemail never answers a client."""

from __future__ import annotations

from dataclasses import replace

from callrouter.core import legs
from callrouter.core.call import Call, Leg, LegState
from callrouter.core.commands import Command, Confirm
from callrouter.core.words import Instant

ACCEPTS, DECLINES = "1", "2"


def is_asked(call: Call, leg: Leg) -> bool:
    """Whether picking up this phone is not enough."""
    return any(leg.person == person.id and leg.phone in person.confirm for person in call.plan.people)


def ask(call: Call, leg: Leg, at: Instant) -> tuple[Call, tuple[Command, ...]]:
    """Somebody, or his voicemail, picked up: the phone goes on counting as ringing."""
    asked = legs.move(leg, legs.Signal.ASKED)
    if asked is None:
        return call, ()
    asked = replace(asked, ringing_at=leg.ringing_at or at)
    return legs.put(call, asked), (question(call, asked),)


def question(call: Call, leg: Leg) -> Confirm:
    """Return what is asked on a leg."""
    return Confirm(leg.id, call.plan.caller, call.plan.language, leg.until)


def questions(call: Call) -> tuple[Command, ...]:
    """Return what has to be asked anew: nobody knows how much of it was heard."""
    return tuple(question(call, leg) for leg in call.legs if leg.state is LegState.ASKED)
