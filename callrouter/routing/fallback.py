"""The ladders in native `Dial`, for the calls that come while the router is not there.

Cause 19 is SIP 480, 34 is 503 (measured in `tests/test_fallback.py`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import PhoneMetadata

from callrouter.routing.availability import calendar_of
from callrouter.routing.caller import ANYBODY
from callrouter.routing.choose import choose
from callrouter.routing.fallback_hours import CONTEXT, Clock
from callrouter.routing.fallback_ladder import Ladder, contacts, ended
from callrouter.routing.lines import find_line
from callrouter.routing.values import DEFAULT_LINE, AtEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.choose import Chosen
    from callrouter.routing.values import Line, Scheme

FILE = "callrouter-fallback.conf"
_MARK = re.compile(r"; callrouter-fallback\.conf: revision ([0-9]{1,9}) of the scheme, sha256 ([0-9a-f]{64})\s*$")
_DATED = re.compile(r"^; Holidays and duties are written until ([0-9]{4}-[0-9]{2}-[0-9]{2}):", re.MULTILINE)
_LABELLED = re.compile(r"(?:(\w+)\| )?(.*)")
_ANY = "_[+0-9a-zA-Z]."
_MARKED = "Set(CDR(callrouter_by)=fallback)"
"""Says in Asterisk's record who served the call: the router gives callers to this file by itself, too."""
_CLOSED = "callrouter-fallback-closed"

_HEAD = """\
; Written by `callrouter dialplan render` from the scheme: change the scheme, not this file.
; After a change: callrouter dialplan render --out {file}, then asterisk -rx "dialplan reload".
;
; It serves the calls that the router does not take, and is simpler than the router:
; - every caller is a stranger to it: the steps `responsible`, `last` and `segment`, steps for other callers, and all
;   rules are left out, and nobody is blocked;
; - everybody is taken to be there: absences, shifts, people's hours, pauses and do not disturb count for nothing;
;   `on_duty` rings whom the duty table names, without a table the whole department;
; - seconds are whole, rounded up; `add` is a new Dial of all, so phones that ring begin to ring anew;
; - people who ring a few at a time do so as they are listed, and stop when the next step begins;
; - whoever picks up has the call: nobody is asked to press 1;
; - the caller hears ringing, and no announcement but the prompt at the end;
; - nobody waits for a busy person: a step in which all phones are busy or refuse ends at once;
; - who refused may be rung again by a later step;
; - its calls come into the list of calls from Asterisk's own records, seconds after their end (cdr_custom.conf).
{dated}; Modules: app_dial, chan_pjsip, func_cdr, func_logic, func_strings; for prompts app_playback or app_playtones;
; for hours app_stack.
"""
_DATES = """\
; Holidays and duties are written until {day}: render it anew before. The week's hours hold on.
"""


def render(scheme: Scheme, revision: int, sha256: str, at: Instant) -> str:
    """Return the dialplan for a revision of the scheme (its document's SHA-256 beside it), as written at an instant."""
    clock = Clock(scheme, at)
    lines, closed = _Lines(scheme, revision, clock), _Lines(scheme, revision, clock)
    for line in (*scheme.lines.values(), *_inside(scheme)):
        lines.add(line, closed)
    if DEFAULT_LINE not in scheme.lines:
        lines.refuse_others()
    parts = [f"; {FILE}: revision {revision} of the scheme, sha256 {sha256}", _head(clock)]
    parts += ["[callrouter-fallback]", *lines.text]
    if closed.text:
        parts += [f"[{_CLOSED}]", *closed.text]
    hours = list(_hours(scheme, clock))
    if hours:
        parts += [f"[{CONTEXT}]", *hours]
    return "\n".join(parts).rstrip("\n") + "\n"


def revision_of(text: str) -> int | None:
    """Return the revision that a rendered file was made from; None: it is none of ours."""
    found = _MARK.match(text.partition("\n")[0])
    return None if found is None else int(found[1])


def is_current(text: str, sha256: str) -> bool:
    """Return whether a rendered file was made from the document with this SHA-256."""
    found = _MARK.match(text.partition("\n")[0])
    return found is not None and found[2] == sha256


def runs_out(text: str) -> date | None:
    """Return the day from which on a rendered file lacks holidays and duties; None: it needs none."""
    found = _DATED.search(text)
    return None if found is None else date.fromisoformat(found[1])


class _Lines:
    """The lines of one context."""

    def __init__(self, scheme: Scheme, revision: int, clock: Clock) -> None:
        self._scheme = scheme
        self._revision = revision
        self._clock = clock
        self.text: list[str] = []
        """What stands in it, line by line."""

    def add(self, line: Line, closed: _Lines) -> None:
        """Write a line with its ladder, and where it has hours, what it does when it is closed."""
        if line.fallback is not None:
            going_on = f"Set(CDR(callrouter_revision)={self._revision})", f"Goto({line.fallback})"
            self._extension(line, f"goes on at {line.fallback}", [_MARKED, *going_on])
        else:
            self._ladder(line, closed)
        for other in _spellings(self._scheme, line):
            self.text.append(f"exten => {other},1,Goto({line.key},1)")
        self.text.append("")

    def write(self, line: Line, said: str, first: list[str], chosen: Chosen) -> None:
        """Write the extension of a line with a decision's ladder."""
        ladder = Ladder(self._scheme, chosen, self._clock, is_closed=chosen.is_closed)
        self._extension(line, said, [*first, *ladder.priorities(self._revision)])

    def _ladder(self, line: Line, closed: _Lines) -> None:
        calendar = calendar_of(self._scheme, line)
        first = [_MARKED]
        if calendar is not None:
            first += [self._clock.open(calendar), f"GotoIf($[${{GOSUB_RETVAL}} = 0]?{_CLOSED},${{EXTEN}},1)"]
            shut = _shut(self._scheme, line)
            closed.write(line, f"closed, {'no ladder' if line.closed.ladder is None else line.closed.ladder}", [], shut)
        self.write(line, f"ladder {line.ladder}", first, choose(self._scheme, line, ANYBODY, None))

    def _extension(self, line: Line, said: str, priorities: Iterable[str]) -> None:
        self.text.append(f"; {line.name}: {said}")
        self.text.extend(_extension(_ANY if line.key == DEFAULT_LINE else line.key, priorities))

    def refuse_others(self) -> None:
        """Write what becomes of a number that is no line."""
        self.text.append("; Any other number: the scheme has no line `default`.")
        warning = "Log(WARNING,callrouter: ${EXTEN} is no line of the scheme)"
        self.text.extend(_extension(_ANY, (_MARKED, warning, ended("failure"), "Hangup(34)")))
        self.text.append("")


def _head(clock: Clock) -> str:
    day = clock.runs_out
    dated = "" if day is None else _DATES.format(day=day)
    return _HEAD.format(file=FILE, dated=dated)


def _hours(scheme: Scheme, clock: Clock) -> Iterator[str]:
    def phones(people: Iterable[PersonId]) -> str:
        return contacts(scheme, people)

    for extension, said, priorities in clock.subroutines(phones):
        yield f"; {said}"
        yield from _extension(extension, priorities)
        yield ""


def _inside(scheme: Scheme) -> Iterator[Line]:
    """Yield the lines behind the departments' internal numbers."""
    for extension in scheme.extensions:
        line = None if extension in scheme.spelled else find_line(scheme, extension)
        if line is not None:
            yield line


def _shut(scheme: Scheme, line: Line) -> Chosen:
    """Return what a line does when it is closed: its ladder for that, without the steps for open hours."""
    steps = () if line.closed.ladder is None else scheme.ladders[line.closed.ladder]
    meant = tuple(replace(step, when=replace(step.when, open=None)) for step in steps if step.when.open is not True)
    as_closed = replace(line, ladder=_CLOSED, prompt=line.closed.prompt, person=None, at_end=AtEnd())
    chosen = choose(replace(scheme, ladders={**scheme.ladders, _CLOSED: meant}), as_closed, ANYBODY, None)
    return replace(chosen, is_closed=True)


def _extension(extension: str, priorities: Iterable[str]) -> Iterator[str]:
    for number, priority in enumerate(priorities):
        label, application = _LABELLED.findall(priority)[0]
        at = f" same => n{f'({label})' if label else ''}" if number else f"exten => {extension},1"
        yield f"{at},{application}"


def _spellings(scheme: Scheme, line: Line) -> Iterator[str]:
    """Yield every way in which a trunk may write the line, of those that the router would take as this line."""
    written = {line.key, DEFAULT_LINE}
    for number in (line.e164, *line.numbers):
        for spelling in () if number is None else _ways(number, scheme.country):
            if spelling not in written and _is(scheme, spelling, line):
                written.add(spelling)
                yield f"_{spelling}" if "X" in spelling else spelling


def _ways(number: str, country: str) -> Iterator[str]:
    """Yield how a number (X: any digit) may be written."""
    places = number.count("X")
    open_end = "X" * places
    parsed = phonenumbers.parse(number.replace("X", "0"))
    national = phonenumbers.national_significant_number(parsed)
    home = PhoneMetadata.metadata_for_region(country)
    trunk = (home and home.national_prefix) or ""
    for spelling in (number, number[1:], trunk + national, national, f"00{number[1:]}"):
        yield spelling[: len(spelling) - places] + open_end


def _is(scheme: Scheme, spelling: str, line: Line) -> bool:
    """Return whether the router takes what is written so as this line, a pattern with any digit at least."""
    found = (find_line(scheme, spelling.replace("X", digit)) for digit in ("0123456789" if "X" in spelling else "0"))
    return any(one is not None and (one.listed_as or one.key) == line.key for one in found)
