"""One ladder of the fallback as priorities of an extension, in native `Dial`.

What Asterisk does by itself is measured in `tests/test_fallback.py`: an empty place in a dial string is passed over,
the phones that lost are told "completed elsewhere", and cause 19 is SIP 480.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.words import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.core.ladder import Step
    from callrouter.core.words import PersonId
    from callrouter.routing.choose import Chosen
    from callrouter.routing.fallback_hours import Clock
    from callrouter.routing.values import Scheme

_REGISTERED = re.compile(r"PJSIP/[^/@]+")
_OPTIONS = "ri"
"""r: the caller hears ringing, whatever a phone sends; i: a phone's forwarding (302) is not followed."""
_LADDER_END = "${IF($[${LEN(${CALLROUTER_RANG})} > 0]?no_answer:unreachable)}"


@dataclass(frozen=True, slots=True)
class _Rung:
    number: int
    people: frozenset[PersonId]
    """Who rings for certain once this step has taken effect."""
    may_be_skipped: bool
    """Because no phone of it is registered."""


class Ladder:
    """The steps of a decision, each priority `label| application` or an application."""

    def __init__(self, scheme: Scheme, chosen: Chosen, clock: Clock, *, is_closed: bool) -> None:
        self._scheme = scheme
        self._chosen = chosen
        self._clock = clock
        self._is_closed = is_closed
        self._rungs: list[_Rung] = []

    def priorities(self, revision: int) -> Iterator[str]:
        """Yield them from the first step to the caller's end."""
        yield f"Set(CALLROUTER_UNTIL=$[${{EPOCH}} + {math.ceil(self._chosen.ring_at_most)}])"
        yield "Set(CALLROUTER_RING=)"
        yield "Set(CALLROUTER_RANG=)"
        yield "Set(CALLROUTER_STEP=0)"
        yield f"Set(CDR(callrouter_revision)={revision})"
        for number, step in enumerate(self._chosen.ladder, start=1):
            department = self._chosen.department
            on_duty = self._clock.duty(department, self._kept(step)) if step.target == "on_duty" else None
            if on_duty is not None:
                yield from self._duty(number, step, on_duty)
            elif step.people and step.at_once is not None and step.at_once < len(step.people):
                yield from self._in_turn(number, step, step.at_once)
            elif step.people:
                yield from self._together(number, step)
        yield f"end| {ended('closed' if self._is_closed else _LADDER_END)}"
        if self._chosen.goes_on is not None:
            yield f"Goto({self._chosen.goes_on})"
            return
        yield from _prompt(self._chosen.prompt)
        yield "Hangup(19)"

    def _together(self, number: int, step: Step) -> Iterator[str]:
        """Yield a step whose people ring all at once."""
        wanted = contacts(self._scheme, step.people)
        may_be_skipped = _may_be_empty(self._scheme, step.people)
        yield f"Set(CALLROUTER_NEXT={wanted})"
        if may_be_skipped:
            yield f"GotoIf($[${{LEN(${{CALLROUTER_NEXT}})}} = {wanted.count('&')}]?past{number})"
        if self._joins(step):
            joining = "&".join(self._joining(step))
            yield f"Set(CALLROUTER_RING=${{CALLROUTER_RING}}{'&' if joining else ''}{joining})"
        else:
            yield "Set(CALLROUTER_RING=${CALLROUTER_NEXT})"
        yield from self._dialled(number, step)
        self._rungs.append(_Rung(number, frozenset(step.people) | self._kept(step), may_be_skipped))

    def _duty(self, number: int, step: Step, on_duty: str) -> Iterator[str]:
        """Yield a step whose people the duty table names when the call comes."""
        yield on_duty
        yield f"GotoIf($[${{LEN(${{STRREPLACE(CALLROUTER_DUTY,&)}})}} = 0]?past{number})"
        before = "${CALLROUTER_RING}" if self._joins(step) else ""
        yield f"Set(CALLROUTER_RING={before}${{CALLROUTER_DUTY}})"
        yield from self._dialled(number, step)
        self._rungs.append(_Rung(number, self._kept(step), may_be_skipped=True))

    def _in_turn(self, number: int, step: Step, at_once: int) -> Iterator[str]:
        """Yield a step whose people ring a few at a time; with its end they stop, whatever comes next."""
        joins = self._joins(step)
        phones = list(self._joining(step)) if joins else [contacts(self._scheme, [one]) for one in step.people]
        until = "${CALLROUTER_UNTIL}" if step.seconds is None else f"$[${{EPOCH}} + {math.ceil(step.seconds)}]"
        yield f"Set(CALLROUTER_BY={until})"
        if not joins:
            yield "Set(CALLROUTER_RING=)"
            yield f"Set(CALLROUTER_STEP={number})"
        for turn in range(0, len(phones), at_once):
            yield from self._turn(number, step, f"next{number}x{turn}", "&".join(phones[turn : turn + at_once]))
        yield f"past{number}| NoOp(after step {number})"
        if not joins:
            self._rungs.append(_Rung(number, frozenset(), may_be_skipped=False))

    def _turn(self, number: int, step: Step, label: str, phones: str) -> Iterator[str]:
        yield f"Set(CALLROUTER_NEXT={phones})"
        yield f"GotoIf($[${{LEN(${{STRREPLACE(CALLROUTER_NEXT,&)}})}} = 0]?{label})"
        yield "Set(CALLROUTER_LEFT=$[${CALLROUTER_BY} - ${EPOCH}])"
        yield f"GotoIf($[${{CALLROUTER_LEFT}} < 1]?past{number})"
        if step.each is not None:
            each = math.ceil(step.each)
            yield f"Set(CALLROUTER_LEFT=${{IF($[${{CALLROUTER_LEFT}} > {each}]?{each}:${{CALLROUTER_LEFT}})}})"
        yield f"Set(CDR(callrouter_step)={number})"
        yield f"Dial(${{CALLROUTER_RING}}&${{CALLROUTER_NEXT}},${{CALLROUTER_LEFT}},{_OPTIONS})"
        yield "Set(CALLROUTER_RANG=${CALLROUTER_RANG}${RINGTIME_MS}${PROGRESSTIME_MS})"
        yield f"{label}| NoOp(next)"

    def _dialled(self, number: int, step: Step) -> Iterator[str]:
        yield f"Set(CALLROUTER_STEP={number})"
        yield f"Set(CDR(callrouter_step)={number})"
        yield from _dial(step.seconds)
        yield "Set(CALLROUTER_RANG=${CALLROUTER_RANG}${RINGTIME_MS}${PROGRESSTIME_MS})"
        yield f"past{number}| NoOp(after step {number})"

    def _joins(self, step: Step) -> bool:
        """Return whether those who ring go on ringing with this step."""
        return step.action is Action.ADD and bool(self._rungs)

    def _before(self) -> list[_Rung]:
        """Return the steps whose people may be ringing now: the last, and those before a step that may be skipped."""
        found: list[_Rung] = []
        for rung in reversed(self._rungs):
            found.append(rung)
            if not rung.may_be_skipped:
                break
        return found

    def _kept(self, step: Step) -> frozenset[PersonId]:
        """Return who rings on for certain."""
        return frozenset.intersection(*(rung.people for rung in self._before())) if self._joins(step) else frozenset()

    def _joining(self, step: Step) -> Iterator[str]:
        """Yield the contacts that an `add` brings: nobody who rings is dialled twice."""
        before = self._before()
        for person in step.people:
            ringing = [rung.number for rung in before if person in rung.people]
            phones = contacts(self._scheme, [person])
            if not ringing:
                yield phones
            elif len(ringing) < len(before):
                there = " | ".join(f"${{CALLROUTER_STEP}} = {number}" for number in ringing)
                yield f"${{IF($[{there}]?:{phones})}}"


def contacts(scheme: Scheme, people: Iterable[PersonId]) -> str:
    """Return what Dial is told: every contact of a registered phone, any other as it is written."""
    return "&".join(map(_contact, _phones(scheme, people)))


def ended(how: str) -> str:
    """Return what says in Asterisk's record how it ended; without it the caller has left."""
    return f"Set(CDR(callrouter_end)={how})"


def _phones(scheme: Scheme, people: Iterable[PersonId]) -> list[str]:
    return [phone for person in people for phone in scheme.people[person].phones]


def _may_be_empty(scheme: Scheme, people: Iterable[PersonId]) -> bool:
    """Return whether all phones of these people may be unregistered, so that the step is skipped."""
    return all(_REGISTERED.fullmatch(phone) for phone in _phones(scheme, people))


def _contact(phone: str) -> str:
    return f"${{PJSIP_DIAL_CONTACTS({phone.removeprefix('PJSIP/')})}}" if _REGISTERED.fullmatch(phone) else phone


def _dial(seconds: float | None) -> Iterator[str]:
    if seconds is not None:
        yield f"Dial(${{CALLROUTER_RING}},{math.ceil(seconds)},{_OPTIONS})"
        return
    yield "Set(CALLROUTER_LEFT=$[${CALLROUTER_UNTIL} - ${EPOCH}])"
    yield "GotoIf($[${CALLROUTER_LEFT} < 1]?end)"
    yield f"Dial(${{CALLROUTER_RING}},${{CALLROUTER_LEFT}},{_OPTIONS})"


def _prompt(media: str | None) -> Iterator[str]:
    """Yield what plays the closing prompt to a caller who is not answered."""
    if media is None:
        return
    yield "Progress()"
    kind, _, name = media.partition(":")
    yield {
        "sound": f"Playback({name},noanswer)",
        "recording": f"Playback(${{ASTSPOOLDIR}}/recording/{name},noanswer)",
        "digits": f"SayDigits({name})",
        "number": f"SayNumber({name})",
        "tone": f"Playtones({name})",
    }[kind]
    if kind == "tone":
        yield "Wait(5)"
