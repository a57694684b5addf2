"""A decision as channel variables: who can ring now, and the ladder as strings for `Dial`."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.agi.asking import can_be_dialled, harmless, read
from callrouter.agi.protocol import VALUE_MOST
from callrouter.core.dialplan import rungs
from callrouter.core.words import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from callrouter.agi.asking import Line
    from callrouter.agi.office import Office
    from callrouter.core.events import CallArrived
    from callrouter.core.ladder import Person

Dials = dict[str, tuple[str, ...]]
"""What to dial for each phone that can ring: every contact of a phone of the PBX, any other as it is written."""
_OF_THE_PBX = re.compile(r"PJSIP/([A-Za-z0-9_.+-]+)")
_IN_USE = {"INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"}


async def reachable(line: Line, office: Office, arrived: CallArrived) -> tuple[CallArrived, Dials]:
    """Return the call with everybody away who cannot ring now, and with only those of his phones that can."""
    there = [one for one in arrived.people if one.away is None and not office.is_paused(one.id)]
    phones = dict.fromkeys(phone for person in there for phone in person.phones)
    dials = await _contacts(line, phones)
    unwilling = await _unwilling(line, phones) if office.has_custom_states() else {}
    people = tuple(_standing(one, one in there, dials, unwilling) for one in arrived.people)
    return replace(arrived, people=people), dials


def variables(arrived: CallArrived, dials: Dials) -> Iterator[tuple[str, str | float | None]]:
    """Yield what the dialplan is told, without the prefix."""
    yield "CLIENT", harmless(arrived.client)
    yield "RESPONSIBLE", harmless(arrived.responsible)
    yield "PRIORITY", harmless(arrived.priority)
    yield "SEGMENT", harmless(arrived.segment)
    yield "DEPARTMENT", harmless(arrived.department)
    yield "OPEN", 0 if arrived.is_closed else 1
    yield "WHY", harmless(_why(arrived))
    yield "REVISION", arrived.scheme_revision
    yield "REFUSED", arrived.refusal
    yield "MUSIC", harmless(arrived.music)
    yield "GOES_ON", harmless(arrived.goes_on)
    kind, _, prompt = (arrived.prompt or "").partition(":")
    yield "PROMPT_KIND", harmless(kind)
    yield "PROMPT", harmless(prompt)
    yield "RING_AT_MOST", math.ceil(arrived.ring_at_most)
    plan = () if arrived.refusal is not None else rungs(arrived)
    people = {person.id: person for person in arrived.people}
    for number, rung in enumerate(plan, start=1):
        yield f"STEP_{number}", rung.step
        phones = (phone for person in rung.people for phone in people[person].phones)
        yield f"DIAL_{number}", _dial(one for phone in phones for one in dials.get(phone, ()))
        yield f"SECONDS_{number}", "" if rung.seconds is None else math.ceil(rung.seconds)
        yield f"LASTS_{number}", "" if rung.lasts is None else math.ceil(rung.lasts)
    yield "RUNGS", len(plan)


async def _contacts(line: Line, phones: Iterable[str]) -> Dials:
    own = _of_the_pbx(phones)
    said = await read(line, [f"PJSIP_DIAL_CONTACTS({resource})" for resource in own.values()])
    dials: Dials = {phone: (phone,) for phone in phones if phone not in own}
    for phone, contacts in zip(own, said, strict=True):  # a phone registers itself: it may call its contact anything
        dials[phone] = tuple(one for one in contacts.split("&") if one.startswith(f"{phone}/"))
    return {phone: kept for phone, some in dials.items() if (kept := tuple(filter(can_be_dialled, some)))}


async def _unwilling(line: Line, phones: Iterable[str]) -> dict[str, Why]:
    own = _of_the_pbx(phones)
    found: dict[str, Why] = {}
    for kind, why in (("CF", Why.FORWARDED), ("DND", Why.DO_NOT_DISTURB)):
        states = await read(line, [f"DEVICE_STATE(Custom:{kind}{resource})" for resource in own.values()])
        found |= {phone: why for phone, state in zip(own, states, strict=True) if state in _IN_USE}
    return found


def _of_the_pbx(phones: Iterable[str]) -> dict[str, str]:
    """Return the resource of each phone that Asterisk can be asked about."""
    return {phone: match[1] for phone in phones if (match := _OF_THE_PBX.fullmatch(phone))}


def _standing(person: Person, is_there: bool, dials: Dials, unwilling: Mapping[str, Why]) -> Person:  # noqa: FBT001
    if person.away is not None:
        return person
    if not is_there:
        return replace(person, away=Why.PAUSED)
    phones = tuple(phone for phone in person.phones if phone in dials and phone not in unwilling)
    if phones:
        return replace(person, phones=phones)
    return replace(person, away=next((unwilling[one] for one in person.phones if one in unwilling), Why.UNREACHABLE))


def _dial(contacts: Iterable[str]) -> str:
    """Return what Dial is told; what would be too long for a variable does not ring."""
    told = ""
    for contact in dict.fromkeys(contacts):
        longer = f"{told}&{contact}" if told else contact
        if len(longer.encode()) > VALUE_MOST:
            break
        told = longer
    return told


def _why(arrived: CallArrived) -> str:
    if arrived.refusal is not None:
        return f"refused, {arrived.refusal}"
    state = "closed" if arrived.is_closed else "open"
    return f"{state}, {f'rule {arrived.rule}' if arrived.rule else f'ladder {arrived.ladder_name}'}"
