"""The ladder in native `Dial`, for the calls that come while the router is not there.

What Asterisk does by itself is measured in `tests/test_fallback.py`: an empty place in a dial string is passed over,
the phones that lost are told "completed elsewhere", and cause 19 is SIP 480, 34 is 503.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import PhoneMetadata

from callrouter.core.words import Action
from callrouter.routing.caller import ANYBODY
from callrouter.routing.choose import choose
from callrouter.routing.lines import find_line
from callrouter.routing.values import DEFAULT_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.core.ladder import Step
    from callrouter.core.words import PersonId
    from callrouter.routing.values import Line, Scheme

FILE = "callrouter-fallback.conf"
_MARK = re.compile(r"; callrouter-fallback\.conf: revision ([0-9]{1,9}) of the scheme, sha256 ([0-9a-f]{64})\s*$")
_REGISTERED = re.compile(r"PJSIP/[^/@]+")
_ANY = "_[+0-9a-zA-Z]."
_OPTIONS = "ri"
"""r: the caller hears ringing, whatever a phone sends; i: a phone's forwarding (302) is not followed."""
_MARKED = "Set(CDR(callrouter_by)=fallback)"
"""Says in Asterisk's record who served the call: the router gives callers to this file by itself, too."""

_HEAD = """\
; Written by `callrouter dialplan render` from the scheme: change the scheme, not this file.
; After a change: callrouter dialplan render --out {file}, then asterisk -rx "dialplan reload".
;
; It serves the calls that the router does not take, and is simpler than the router:
; - without the step `responsible`, which needs the database: such a step is left out;
; - seconds are whole, rounded up; `add` is a new Dial of all, so phones that ring begin to ring anew;
; - nobody waits for a busy person: a step in which all phones are busy or refuse ends at once;
; - who refused may be rung again by a later step;
; - its calls come into the list of calls from Asterisk's own records, seconds after their end (cdr_custom.conf).
; Modules: app_dial, chan_pjsip, func_cdr, func_logic, func_strings; for prompts app_playback or app_playtones.
"""


def render(scheme: Scheme, revision: int, sha256: str) -> str:
    """Return the dialplan for a revision of the scheme, its document's SHA-256 beside it in the first line."""
    parts = [f"; {FILE}: revision {revision} of the scheme, sha256 {sha256}", _HEAD.format(file=FILE)]
    parts.append("[callrouter-fallback]")
    for key, line in scheme.lines.items():
        extension = _ANY if key == DEFAULT_LINE else key
        parts.append(f"; {line.name}: ladder {line.ladder}")
        parts.extend(_extension(extension, _Ladder(scheme, line, revision).priorities()))
        if key != DEFAULT_LINE:
            parts.extend(f"exten => {other},1,Goto({key},1)" for other in _spellings(scheme, line) if other != key)
        parts.append("")
    if DEFAULT_LINE not in scheme.lines:
        parts.append("; Any other number: the scheme has no line `default`.")
        warning = "Log(WARNING,callrouter: ${EXTEN} is no line of the scheme)"
        unknown = (_MARKED, warning, _ended("failure"), "Hangup(34)")
        parts.extend(_extension(_ANY, unknown))
    return "\n".join(parts).rstrip("\n") + "\n"


def revision_of(text: str) -> int | None:
    """Return the revision that a rendered file was made from; None: it is none of ours."""
    found = _MARK.match(text.partition("\n")[0])
    return None if found is None else int(found[1])


def is_current(text: str, sha256: str) -> bool:
    """Return whether a rendered file was made from the document with this SHA-256."""
    found = _MARK.match(text.partition("\n")[0])
    return found is not None and found[2] == sha256


def _extension(extension: str, priorities: Iterable[str]) -> Iterator[str]:
    for number, priority in enumerate(priorities):
        label, _, application = priority.rpartition("| ")
        at = f" same => n{f'({label})' if label else ''}" if number else f"exten => {extension},1"
        yield f"{at},{application}"


def _spellings(scheme: Scheme, line: Line) -> Iterator[str]:
    """Yield every way in which a trunk may write the line, of those that the router would take as this line."""
    candidates = [line.key]
    if line.e164 is not None:
        number = phonenumbers.parse(line.e164)
        national = phonenumbers.national_significant_number(number)
        home = PhoneMetadata.metadata_for_region(scheme.country)
        trunk = (home and home.national_prefix) or ""
        candidates += [line.e164, line.e164[1:], trunk + national, national, f"00{line.e164[1:]}"]
    yield from (text for text in dict.fromkeys(candidates) if find_line(scheme, text) is line)


@dataclass(frozen=True, slots=True)
class _Rung:
    number: int
    step: Step
    people: frozenset[PersonId]
    """Who rings for certain once this step has taken effect."""


class _Ladder:
    """One line's ladder as priorities of an extension, each `label| application` or an application."""

    def __init__(self, scheme: Scheme, line: Line, revision: int) -> None:
        self.scheme = scheme
        self.revision = revision
        self.line = line
        self.chosen = choose(scheme, line, ANYBODY, None)
        self.rungs: list[_Rung] = []

    def priorities(self) -> Iterator[str]:
        until = math.ceil(self.chosen.ring_at_most)
        yield _MARKED
        yield f"Set(CALLROUTER_UNTIL=$[${{EPOCH}} + {until}])"
        yield "Set(CALLROUTER_RING=)"
        yield "Set(CALLROUTER_RANG=)"
        yield "Set(CALLROUTER_STEP=0)"
        yield f"Set(CDR(callrouter_revision)={self.revision})"
        for number, step in enumerate(self.chosen.ladder, start=1):
            if step.people:
                yield from self._step(number, step)
        yield f"end| {_ended('${IF($[${LEN(${CALLROUTER_RANG})} > 0]?no_answer:unreachable)}')}"
        yield from _prompt(self.chosen.prompt)
        yield "Hangup(19)"

    def _step(self, number: int, step: Step) -> Iterator[str]:
        wanted = self._contacts(step.people)
        yield f"Set(CALLROUTER_NEXT={wanted})"
        if self._may_be_empty(step.people):
            yield f"GotoIf($[${{LEN(${{CALLROUTER_NEXT}})}} = {wanted.count('&')}]?past{number})"
        if step.action is Action.ADD and self.rungs:
            joining = "&".join(self._joining(step))
            yield f"Set(CALLROUTER_RING=${{CALLROUTER_RING}}{'&' if joining else ''}{joining})"
        else:
            yield "Set(CALLROUTER_RING=${CALLROUTER_NEXT})"
        yield f"Set(CALLROUTER_STEP={number})"
        yield f"Set(CDR(callrouter_step)={number})"
        yield from _dial(step.seconds)
        yield "Set(CALLROUTER_RANG=${CALLROUTER_RANG}${RINGTIME_MS}${PROGRESSTIME_MS})"
        yield f"past{number}| NoOp(after step {number})"
        self.rungs.append(_Rung(number, step, self._certain(step)))

    def _phones(self, people: Iterable[PersonId]) -> list[str]:
        return [phone for person in people for phone in self.scheme.people[person].phones]

    def _contacts(self, people: Iterable[PersonId]) -> str:
        return "&".join(_contact(phone) for phone in self._phones(people))

    def _may_be_empty(self, people: Iterable[PersonId]) -> bool:
        """Return whether all phones of these people may be unregistered, so that the step is skipped."""
        return all(_REGISTERED.fullmatch(phone) for phone in self._phones(people))

    def _before(self) -> list[_Rung]:
        """Return the steps whose people may be ringing now: the last, and those before a step that may be skipped."""
        found: list[_Rung] = []
        for rung in reversed(self.rungs):
            found.append(rung)
            if not self._may_be_empty(rung.step.people):
                break
        return found

    def _certain(self, step: Step) -> frozenset[PersonId]:
        people = frozenset(step.people)
        if step.action is Action.ADD and self.rungs:
            people |= frozenset.intersection(*(rung.people for rung in self._before()))
        return people

    def _joining(self, step: Step) -> Iterator[str]:
        """Yield the contacts that an `add` brings: nobody who rings is dialled twice."""
        before = self._before()
        for person in step.people:
            ringing = [rung.number for rung in before if person in rung.people]
            contacts = self._contacts([person])
            if not ringing:
                yield contacts
            elif len(ringing) < len(before):
                there = " | ".join(f"${{CALLROUTER_STEP}} = {number}" for number in ringing)
                yield f"${{IF($[{there}]?:{contacts})}}"


def _contact(phone: str) -> str:
    """Return what Dial is told: every contact of a registered phone, any other as it is written."""
    return f"${{PJSIP_DIAL_CONTACTS({phone.removeprefix('PJSIP/')})}}" if _REGISTERED.fullmatch(phone) else phone


def _dial(seconds: float | None) -> Iterator[str]:
    if seconds is not None:
        yield f"Dial(${{CALLROUTER_RING}},{math.ceil(seconds)},{_OPTIONS})"
        return
    yield "Set(CALLROUTER_LEFT=$[${CALLROUTER_UNTIL} - ${EPOCH}])"
    yield "GotoIf($[${CALLROUTER_LEFT} < 1]?end)"
    yield f"Dial(${{CALLROUTER_RING}},${{CALLROUTER_LEFT}},{_OPTIONS})"


def _ended(how: str) -> str:
    """Return what says in Asterisk's record how it ended; without it the caller has left."""
    return f"Set(CDR(callrouter_end)={how})"


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
