"""A document being read: its table, the faults found so far, and what its parts may refer to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from callrouter.routing.document import PERSON_KEY, Part, read_part
from callrouter.routing.faults import Fault, closest, place, quoted
from callrouter.routing.numbers import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T", bound=Part)

_KEY_RULE = "a key has 1 to 40 letters, digits, underscores, dots or dashes, neither of the last two first"
_WHAT = {
    "people": "person",
    "departments": "department",
    "ladders": "ladder",
    "calendars": "calendar",
    "segments": "segment",
    "lines": "line",
}


class Source:
    """One document being read; `faults` grows as it goes on."""

    def __init__(self, content: dict[str, Any], faults: list[Fault]) -> None:
        self.content = content
        self.faults = faults
        self.timezone = "UTC"
        """The scheme's, once it is known."""
        self.country = ""
        """The scheme's, once it is known."""

    def wrong(self, message: str, *at: str | int, meant: str | None = None) -> None:
        """Add a fault."""
        self.faults.append(Fault(place(*at), message, meant))

    def section(self, key: str) -> dict[str, Any]:
        """Return a section's table; empty if it is not there or not one."""
        section = self.content.get(key, {})
        if isinstance(section, dict):
            return section
        self.wrong(f"must be a table, [{key}]", key)
        return {}

    def entries(self, section: str) -> Iterator[tuple[str, Any]]:
        """Yield what a section has by key, if the key may be one."""
        for key, value in self.section(section).items():
            if re.fullmatch(PERSON_KEY, key):
                yield key, value
            else:
                self.wrong(_KEY_RULE, section, key)

    def parts(self, section: str, model: type[T]) -> Iterator[tuple[str, T]]:
        """Yield the parts of a section by key; a wrong one is a fault."""
        for key, value in self.entries(section):
            part = self.part(model, value, section, key)
            if part is not None:
                yield key, part

    def listed(self, section: str, model: type[T]) -> Iterator[tuple[int, T]]:
        """Yield the parts of a section that is a list of tables; a wrong one is a fault."""
        values = self.content.get(section, [])
        if not isinstance(values, list):
            self.wrong(f"must be a list of tables, [[{section}]]", section)
            return
        for number, value in enumerate(values):
            part = self.part(model, value, section, number)
            if part is not None:
                yield number, part

    def part(self, model: type[T], value: Any, *at: str | int) -> T | None:
        """Return a part of the document, or None after adding its faults."""
        return read_part(model, value, at, self.faults)

    def refer(self, key: str | None, section: str, *at: str | int) -> None:
        """Check that what is called so is in its section; a section of the wrong kind is a fault of its own."""
        known = self.content.get(section, {})
        if key is None or not isinstance(known, dict) or key in known:
            return
        self.wrong(f"no {_WHAT[section]} is called {quoted(key)}", *at, meant=closest(key, known))

    def refer_each(self, keys: Iterable[str], section: str, *at: str | int) -> None:
        """Check a list of keys: each exists and is there once."""
        seen: set[str] = set()
        for number, key in enumerate(keys):
            self.refer(key, section, *at, number)
            if key in seen:
                self.wrong(f"{quoted(key)} is listed twice", *at, number)
            seen.add(key)

    def zone(self, name: str | None, *at: str | int) -> str:
        """Check the name of a time zone; return the scheme's if there is none."""
        if name is None:
            return self.timezone
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            self.wrong(f"no time zone is called {quoted(name)}", *at, meant=closest(name, available_timezones()))
            return self.timezone
        return name

    def keys(self, section: str) -> Iterable[str]:
        """Return what a section knows, whatever faults it has."""
        known = self.content.get(section)
        return known if isinstance(known, dict) else ()

    def numbers(self, texts: Iterable[str], *at: str | int) -> tuple[str, ...]:
        """Return telephone numbers as E.164; one that is none is a fault."""
        found = (self.number(text, *at, which) for which, text in enumerate(texts))
        return tuple(number for number in found if number is not None)

    def number(self, text: str, *at: str | int) -> str | None:
        """Return a telephone number as E.164; one that is none is a fault."""
        e164 = read(text, self.country).e164
        if e164 is None:
            self.wrong(f"{quoted(text)} is no valid telephone number", *at)
        return e164
