"""A client list as people keep it in a spreadsheet: read whole, each fault with its line, column and reason."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callrouter.core.errors import CallrouterError
from callrouter.routing import numbers
from callrouter.routing.caller import PRIORITIES, priority
from callrouter.store.clients import Card

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callrouter.core.words import PersonId
    from callrouter.routing.values import Scheme

OWN = ("phone", "name", "responsible", "priority", "segment")


class SheetError(CallrouterError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Bad:
    """What is wrong with a line."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that is good: a client with his numbers (E.164, and as written) and whose he is to be."""

    line: int
    card: Card
    phones: tuple[tuple[str, str], ...]
    responsible: PersonId | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds."""

    entries: tuple[Entry, ...]
    bad: tuple[Bad, ...]


@dataclass(slots=True)
class _Reading:
    scheme: Scheme
    people: Mapping[str, PersonId | None]
    seen: dict[tuple[str, str], int] = field(default_factory=dict)
    """In which line each number stands with a name."""
    entries: list[Entry] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


def read(content: bytes, encoding: str, scheme: Scheme) -> Sheet:
    """Read the file's bytes; `SheetError` when it is no such file at all."""
    text = _decoded(content, encoding)
    first = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    reading = _Reading(scheme, _people(scheme))
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _check_header(header)
        for cells in rows:
            if any(cell.strip() for cell in cells):
                _line(reading, rows.line_num, header, [cell.strip() for cell in cells])
    except csv.Error as error:
        raise SheetError(f"line {rows.line_num}: {error}") from None
    return Sheet(tuple(reading.entries), tuple(reading.bad))


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "; a file from Windows is often --encoding cp1251" if encoding == "utf-8" else ""
        raise SheetError(f"line {line} is not {encoding}{hint}") from None


def _check_header(header: list[str]) -> None:
    if "phone" not in header:
        raise SheetError(f"line 1: the first line names the columns, `phone` among them ({', '.join(OWN)})")
    twice = [name or "(no name)" for name, count in Counter(header).items() if count > 1 or not name]
    if twice:
        raise SheetError(f"line 1: each column needs a name of its own: {', '.join(twice)}")


def _people(scheme: Scheme) -> dict[str, PersonId | None]:
    """Return who is meant by a key or an exact name; None: several people have that name."""
    names = Counter(person.name for person in scheme.people.values())
    by_name = {person.name: person.id if names[person.name] == 1 else None for person in scheme.people.values()}
    return {**by_name, **{str(key): key for key in scheme.people}}


def _line(reading: _Reading, number: int, header: list[str], cells: list[str]) -> None:
    if len(cells) > len(header):
        reading.bad.append(Bad(number, "-", f"{len(cells)} cells, but {len(header)} columns"))
        return
    values = dict(zip(header, cells, strict=False))
    name = values.get("name", "").casefold()
    phones, bad = _phones(reading, number, values["phone"], name)
    written = values.get("priority", "")
    if written and priority(written) is None:
        bad.append(Bad(number, "priority", f"{values['priority']!r} is none of {', '.join(PRIORITIES)}"))
    responsible = values.get("responsible", "")
    responsible = "" if responsible in reading.scheme.company.not_people else responsible
    person = reading.people.get(responsible)
    if responsible and person is None:
        several = responsible in reading.people
        why = "is the name of several people: give the key" if several else "is nobody in the scheme"
        bad.append(Bad(number, "responsible", f"{responsible!r} {why}"))
    if bad:
        reading.bad.extend(bad)
        return
    reading.seen.update(((e164, name), number) for e164, _ in phones)
    attributes = {name: value for name, value in values.items() if name not in OWN and value}
    card = Card(values.get("name") or None, priority(written), values.get("segment") or None, attributes)
    reading.entries.append(Entry(number, card, phones, person))


def _phones(reading: _Reading, line: int, cell: str, name: str) -> tuple[tuple[tuple[str, str], ...], list[Bad]]:
    if not cell:
        return (), [Bad(line, "phone", "is empty")]
    country = reading.scheme.country
    whole = numbers.read(cell, country).e164  # one number may be written with spaces in it
    parts = [cell] if whole else cell.split()
    found = {e164: part for part in parts if (e164 := numbers.read(part, country).e164)}
    bad = [
        Bad(line, "phone", f"{part!r} is no telephone number")
        for part in parts
        if numbers.read(part, country).e164 is None
    ]
    return tuple(found.items()), bad + _again(reading, line, found, name)


def _again(reading: _Reading, line: int, found: Iterable[str], name: str) -> list[Bad]:
    """Two clients may have one number, but each once."""
    return [
        Bad(line, "phone", f"{e164} stands in line {reading.seen[e164, name]} already")
        for e164 in found
        if (e164, name) in reading.seen
    ]
