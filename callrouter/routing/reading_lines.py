"""The numbers of a company and of its callers, as a document says them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callrouter.core.words import PersonId
from callrouter.routing import numbers
from callrouter.routing.document import LINE_KEY
from callrouter.routing.document_calls import LinePart, NumbersPart, PrefixPart
from callrouter.routing.faults import quoted
from callrouter.routing.patterns import Claim, clashes, meant, patterns
from callrouter.routing.values import DEFAULT_LINE, AtEnd, Closed, Line, Prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.routing.source import Source
    from callrouter.routing.values import Department, SchemePerson, SchemeStep

    Ladders = Mapping[str, tuple[SchemeStep, ...]]


def lines(source: Source, ladders: Ladders) -> dict[str, Line]:
    """Return the lines by key."""
    found: dict[str, Line] = {}
    for key, value in source.section("lines").items():
        e164 = numbers.read(key, source.country).e164
        if not re.fullmatch(LINE_KEY, key) or (e164 is None and key.startswith("+")):
            said = "a line is a valid phone number, or 2 to 40 ASCII letters and digits"
            many = '; many numbers stand in its "numbers"' if patterns(key, source.country) else ""
            source.wrong(said + many, "lines", key, meant=e164)
        part = source.part(LinePart, value, "lines", key)
        if part is None:
            continue
        _refer(source, key, part)
        _needed(source, ladders, key, part)
        found[key] = _line(source, key, e164, part)
    return found


def spelled(source: Source, known: Mapping[str, Line]) -> dict[str, Line]:
    """Return the listed lines by every key and E.164 form; each number is one line's."""
    found: dict[str, Line] = {}
    for line in known.values():
        if line.key == DEFAULT_LINE:
            continue
        for spelling in {line.key, line.e164 or line.key}:
            other = found.setdefault(spelling, line)
            if other is not line:
                source.wrong(f"is the same line as {quoted(other.key)}", "lines", line.key)
    _check_patterns(source, known)
    return found


def check_extensions(
    source: Source, people: Mapping[PersonId, SchemePerson], departments: Mapping[str, Department]
) -> None:
    """Check that an internal number is somebody's or some department's alone, and no line."""
    owners: dict[str, str] = dict.fromkeys(source.keys("lines"), "a line")
    for section, known in (("people", people), ("departments", departments)):
        for key, one in known.items():
            if one.extension is None:
                continue
            owner = owners.setdefault(one.extension, f"the extension of {quoted(key)}")
            if owner != f"the extension of {quoted(key)}":
                source.wrong(f"{quoted(one.extension)} is {owner} already", section, key, "extension")


def prefixes(source: Source) -> tuple[Prefix, ...]:
    """Return what the beginnings of callers' numbers say."""
    found: dict[str, Prefix] = {}
    for number, part in source.listed("prefixes", PrefixPart):
        source.refer(part.segment, "segments", "prefixes", number, "segment")
        if part.prefix in found:
            source.wrong(f"{quoted(part.prefix)} is listed twice", "prefixes", number, "prefix")
        found[part.prefix] = Prefix(part.prefix, part.segment, tuple(part.__pydantic_extra__.items()))
    return tuple(found.values())


def outsiders(source: Source) -> tuple[frozenset[str], dict[str, str]]:
    """Return the numbers that are refused, and those that are no clients' with what they are."""
    part = source.part(NumbersPart, source.content.get("numbers", {}), "numbers")
    if part is None:
        return frozenset(), {}
    blocked = frozenset(source.numbers(part.blocked, "numbers", "blocked"))
    labels: dict[str, str] = {}
    for text, label in part.not_client.items():
        number = source.number(text, "numbers", "not_client", text)
        if number is not None:
            labels[number] = label
        if number in blocked:
            source.wrong(f"{quoted(text)} is blocked", "numbers", "not_client", text)
    return blocked, labels


def _line(source: Source, key: str, e164: str | None, part: LinePart) -> Line:
    closed, end = part.closed, part.at_end
    return Line(
        key=key,
        e164=e164,
        name=part.name or key,
        department=part.department,
        ladder=part.ladder,
        prompt=part.prompt,
        source=part.source,
        numbers=tuple(_numbers(source, key, part)),
        person=None if part.person is None else PersonId(part.person),
        person_seconds=10.0 if part.person_seconds is None else part.person_seconds,
        hours=part.hours,
        closed=Closed() if closed is None else Closed(closed.ladder, closed.prompt),
        at_end=AtEnd() if end is None else AtEnd(end.again, end.seconds or 20.0, end.ladder, end.context),
        music=part.music,
        fallback=part.fallback,
    )


def _refer(source: Source, key: str, part: LinePart) -> None:
    source.refer(part.department, "departments", "lines", key, "department")
    source.refer(part.ladder, "ladders", "lines", key, "ladder")
    source.refer(part.person, "people", "lines", key, "person")
    source.refer(part.hours, "calendars", "lines", key, "hours")
    if part.closed is not None:
        source.refer(part.closed.ladder, "ladders", "lines", key, "closed", "ladder")
    if part.at_end is not None:
        source.refer(part.at_end.ladder, "ladders", "lines", key, "at_end", "ladder")
        if part.at_end.ladder == part.ladder:
            said = "is the ladder that has run out then: write again = true, or name another"
            source.wrong(said, "lines", key, "at_end", "ladder")


def _needed(source: Source, ladders: Ladders, key: str, part: LinePart) -> None:
    """Check that a line whose ladders ring the department has one."""
    named = [part.ladder, part.closed and part.closed.ladder, part.at_end and part.at_end.ladder]
    for ladder in named if part.department is None else ():
        targets = [target for step in ladders.get(ladder or "", ()) for target in step.targets]
        needing = next((target for target in targets if target in ("department", "head")), None)
        if needing is not None:
            said = f"is missing: the ladder {quoted(ladder or '')} rings the {needing}"
            source.wrong(said, "lines", key, "department")
            return


def _numbers(source: Source, key: str, part: LinePart) -> list[str]:
    if key == DEFAULT_LINE and part.numbers:
        source.wrong("the line default serves every number that is not listed: it lists none", "lines", key, "numbers")
    found: list[str] = []
    for number, text in enumerate(part.numbers):
        those = patterns(text, source.country)
        if not those:
            said = 'numbers are written "+74951234567", "+7495123XXXX" or "+74951234500..+74951234599", and are valid'
            source.wrong(said, "lines", key, "numbers", number, meant=meant(text, source.country))
        found.extend(those)
    return found


def _check_patterns(source: Source, known: Mapping[str, Line]) -> None:
    """Add a fault to every line that lists numbers of another."""
    claims = [
        Claim(number, line.key, place)
        for place, line in enumerate(known.values())
        for number in ([] if line.e164 is None else [line.e164]) + list(line.numbers)
    ]
    for later, earlier in dict.fromkeys(clashes(claims)):
        if known[later.line].e164 == later.pattern == earlier.pattern == known[earlier.line].e164:
            continue  # said of their keys
        said = f"{quoted(later.pattern)} overlaps {quoted(earlier.pattern)}, which the line {quoted(earlier.line)} has"
        source.wrong(said, "lines", later.line)
