"""From the document's table to the scheme: each part by itself, then what they say of each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers

from callrouter.core.words import Action, IfBusy, PersonId
from callrouter.routing import numbers
from callrouter.routing.document import (
    LINE_KEY,
    MOST_STEPS,
    PERSON_KEY,
    VERSION,
    CompanyPart,
    DepartmentPart,
    LinePart,
    PersonPart,
    StepPart,
    read_part,
)
from callrouter.routing.faults import Fault, closest, place, quoted
from callrouter.routing.values import DEFAULT_LINE, Company, Department, Line, Scheme, SchemePerson, SchemeStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KEYS = ("version", "timezone", "country", "company", "people", "departments", "ladders", "lines")
_NOBODY = "nobody"
_WORDS = ("responsible", "department", "head", "owner")
_KEY_RULE = "a key has 1 to 40 letters, digits, underscores, dots or dashes, neither of the last two first"


class Reading:
    """One document being read; `faults` grows as it goes on."""

    def __init__(self, content: dict[str, Any], faults: list[Fault]) -> None:
        self.content = content
        self.faults = faults

    def scheme(self) -> Scheme | None:
        """Return the scheme; it holds only if no fault was added."""
        if not self._version():
            return None
        for key in self.content:
            if key not in _KEYS:
                self._wrong("there is no such key", key, meant=closest(key, _KEYS))
        timezone, country = self._timezone(), self._country()
        company = self._company()
        people = self._people()
        departments = self._departments()
        ladders = self._ladders()
        lines = self._lines(country, ladders)
        return Scheme(timezone, country, company, people, departments, ladders, lines, self._spelled(lines))

    def _wrong(self, message: str, *at: str | int, meant: str | None = None) -> None:
        self.faults.append(Fault(place(*at), message, meant))

    def _version(self) -> bool:
        version = self.content.get("version")
        if type(version) is int and version == VERSION:
            return True
        said = "is missing" if version is None else f"this callrouter reads version {VERSION} only"
        self._wrong(f"{said}: write version = {VERSION}", "version")
        return False

    def _text(self, key: str, example: str) -> str | None:
        value = self.content.get(key)
        if isinstance(value, str):
            return value
        said = "is missing" if value is None else "must be a string, in quotes"
        self._wrong(f'{said}, such as {key} = "{example}"', key)
        return None

    def _timezone(self) -> str:
        name = self._text("timezone", "Europe/Moscow")
        if name is None:
            return ""
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            self._wrong(
                f"no time zone is called {quoted(name)}", "timezone", meant=closest(name, available_timezones())
            )
        return name

    def _country(self) -> str:
        name = self._text("country", "RU")
        if name is not None and name not in phonenumbers.SUPPORTED_REGIONS:
            meant = name.strip().upper()
            known = meant in phonenumbers.SUPPORTED_REGIONS
            self._wrong(f"no country has the code {quoted(name)}", "country", meant=meant if known else None)
        return name or ""

    def _section(self, key: str) -> dict[str, Any]:
        section = self.content.get(key, {})
        if isinstance(section, dict):
            return section
        self._wrong(f"must be a table, [{key}]", key)
        return {}

    def _entries(self, section: str) -> Iterator[tuple[str, Any]]:
        for key, value in self._section(section).items():
            if re.fullmatch(PERSON_KEY, key):
                yield key, value
            else:
                self._wrong(_KEY_RULE, section, key)

    def _refer(self, key: str | None, section: str, *at: str | int) -> None:
        """Check that a person, department or ladder of this key is in its section."""
        known = self.content.get(section, {})
        if key is None or not isinstance(known, dict) or key in known:
            return
        what = {"people": "person", "departments": "department", "ladders": "ladder"}[section]
        self._wrong(f"no {what} is called {quoted(key)}", *at, meant=closest(key, known))

    def _company(self) -> Company:
        part = read_part(CompanyPart, self.content.get("company", {}), ("company",), self.faults)
        if part is None:
            return Company()
        self._refer(part.owner, "people", "company", "owner")
        owner = None if part.owner is None else PersonId(part.owner)
        return Company(owner, part.ring_at_most, part.claim_after)

    def _people(self) -> dict[PersonId, SchemePerson]:
        people: dict[PersonId, SchemePerson] = {}
        owners: dict[str, str] = {}
        for key, value in self._entries("people"):
            if key == _NOBODY:
                self._wrong('"nobody" means that there is no person: choose another key', "people", key)
            part = read_part(PersonPart, value, ("people", key), self.faults)
            if part is None:
                continue
            for number, phone in enumerate(part.phones):
                holder = owners.get(phone.casefold())
                if holder is not None:
                    whose = "is listed twice" if holder == key else f"is the phone of {quoted(holder)} already"
                    self._wrong(f"{quoted(phone)} {whose}", "people", key, "phones", number)
                owners[phone.casefold()] = key
            people[PersonId(key)] = SchemePerson(PersonId(key), part.name, tuple(part.phones), part.claims)
        return people

    def _departments(self) -> dict[str, Department]:
        departments: dict[str, Department] = {}
        for key, value in self._entries("departments"):
            part = read_part(DepartmentPart, value, ("departments", key), self.faults)
            if part is None:
                continue
            for number, member in enumerate(part.members):
                self._refer(member, "people", "departments", key, "members", number)
                if member in part.members[:number]:
                    self._wrong(f"{quoted(member)} is listed twice", "departments", key, "members", number)
            self._refer(part.head, "people", "departments", key, "head")
            members = tuple(PersonId(member) for member in part.members)
            head = None if part.head is None else PersonId(part.head)
            departments[key] = Department(key, part.name or key, members, head)
        return departments

    def _ladders(self) -> dict[str, tuple[SchemeStep, ...]]:
        ladders: dict[str, tuple[SchemeStep, ...]] = {}
        for key, value in self._entries("ladders"):
            if not isinstance(value, list):
                self._wrong("must be a list of steps, in brackets", "ladders", key)
                continue
            if not 1 <= len(value) <= MOST_STEPS:
                self._wrong(f"a ladder has 1 to {MOST_STEPS} steps, this one has {len(value)}", "ladders", key)
            steps = [self._step(step, key, number, len(value)) for number, step in enumerate(value)]
            ladders[key] = tuple(step for step in steps if step is not None)
        return ladders

    def _step(self, value: Any, ladder: str, number: int, count: int) -> SchemeStep | None:
        at = ("ladders", ladder, number)
        part = read_part(StepPart, value, at, self.faults)
        if part is None:
            return None
        action = Action.ADD if part.ring is None else Action.RING
        target = part.add or part.ring or ""
        self._target(target, *at, action.value)
        if part.seconds is None and number + 1 < count:
            self._wrong("is missing: only the last step may leave it out", *at, "seconds")
        whole = target.partition(":")[0] == "department"
        usual = IfBusy.WAIT if whole else IfBusy.SKIP
        return SchemeStep(action, target, part.seconds, usual if part.if_busy is None else IfBusy(part.if_busy))

    def _target(self, target: str, *at: str | int) -> None:
        word, colon, key = target.partition(":")
        if colon and word in ("person", "department"):
            self._refer(key, "people" if word == "person" else "departments", *at)
        elif target not in _WORDS:
            people = (f"person:{key}" for key in self._section_keys("people"))
            departments = (f"department:{key}" for key in self._section_keys("departments"))
            known = [*_WORDS, *people, *departments]
            meant = closest(target, known) or (f"person:{target}" if f"person:{target}" in known else None)
            self._wrong(f"a step rings {', '.join(_WORDS)}, department:KEY or person:KEY", *at, meant=meant)
        elif target == "owner" and not self._has_owner():
            self._wrong("there is no company.owner", *at)

    def _section_keys(self, key: str) -> Iterable[str]:
        section = self.content.get(key)
        return section if isinstance(section, dict) else ()

    def _has_owner(self) -> bool:
        company = self.content.get("company", {})
        return not isinstance(company, dict) or "owner" in company

    def _lines(self, country: str, ladders: Mapping[str, tuple[SchemeStep, ...]]) -> dict[str, Line]:
        lines: dict[str, Line] = {}
        for key, value in self._section("lines").items():
            e164 = numbers.read(key, country).e164
            if not re.fullmatch(LINE_KEY, key) or (e164 is None and key.startswith("+")):
                self._wrong(
                    "a line is a valid phone number, or 2 to 40 ASCII letters and digits", "lines", key, meant=e164
                )
            part = read_part(LinePart, value, ("lines", key), self.faults)
            if part is None:
                continue
            self._refer(part.department, "departments", "lines", key, "department")
            self._refer(part.ladder, "ladders", "lines", key, "ladder")
            targets = [step.target for step in ladders.get(part.ladder, ())]
            needing = next((target for target in targets if target in ("department", "head")), None)
            if part.department is None and needing is not None:
                self._wrong(
                    f"is missing: the ladder {quoted(part.ladder)} rings the {needing}", "lines", key, "department"
                )
            lines[key] = Line(key, e164, part.name or key, part.department, part.ladder, part.prompt)
        return lines

    def _spelled(self, lines: Mapping[str, Line]) -> dict[str, Line]:
        spelled: dict[str, Line] = {}
        for line in lines.values():
            if line.key == DEFAULT_LINE:
                continue
            for spelling in {line.key, line.e164 or line.key}:
                other = spelled.setdefault(spelling, line)
                if other is not line:
                    self._wrong(f"is the same line as {quoted(other.key)}", "lines", line.key)
        return spelled
