"""Who there is, as a document says it: the company, its people and their absences, departments, duty."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.core.words import PersonId
from callrouter.routing import times
from callrouter.routing.document_people import (
    AbsencePart,
    CompanyPart,
    DepartmentPart,
    DutyPart,
    NoticesPart,
    PersonPart,
    PhonePart,
    RetentionPart,
    SegmentPart,
)
from callrouter.routing.faults import quoted
from callrouter.routing.standing_in import check_deputies, check_superiors
from callrouter.routing.values import (
    Absence,
    Company,
    Department,
    Duty,
    Notice,
    Notices,
    Retention,
    SchemePerson,
    Shift,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.core.words import Instant
    from callrouter.routing.document_people import ShiftPart
    from callrouter.routing.source import Source

_NOBODY = "nobody"


def company(source: Source) -> Company:
    """Return what holds for every call."""
    part = source.part(CompanyPart, source.content.get("company", {}), "company")
    if part is None:
        return Company()
    source.refer(part.owner, "people", "company", "owner")
    for number, name in enumerate(part.not_people):
        if name in source.keys("people"):
            source.wrong(f"{quoted(name)} is a person", "company", "not_people", number)
    return Company(
        owner=_id(part.owner),
        ring_at_most=part.ring_at_most,
        claim_after=part.claim_after,
        wrap_up=part.wrap_up,
        language=part.language,
        not_people=tuple(part.not_people),
        custom_states=part.custom_states,
    )


def retention(source: Source) -> Retention:
    """Return for how long what is kept."""
    part = source.part(RetentionPart, source.content.get("retention", {}), "retention")
    return Retention() if part is None else Retention(**part.model_dump())


def notices(source: Source) -> Notices:
    """Return what people are told of by itself."""
    part = source.part(NoticesPart, source.content.get("notices", {}), "notices")
    return Notices() if part is None else Notices(part.head_after, tuple(dict.fromkeys(map(Notice, part.kinds))))


def people(source: Source) -> dict[PersonId, SchemePerson]:
    """Return everybody by key."""
    found: dict[PersonId, SchemePerson] = {}
    phones: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for key, value in source.entries("people"):
        if key == _NOBODY:
            source.wrong('"nobody" means that there is no person: choose another key', "people", key)
        part = source.part(PersonPart, value, "people", key)
        if part is None:
            continue
        person = _person(source, key, part)
        for number, phone in enumerate(person.phones):
            _own(source, phone, phones, "people", key, "phones", number)
        for number, one in enumerate(person.numbers):
            _own(source, one, numbers, "people", key, "numbers", number)
        found[person.id] = person
    check_superiors(source, found)
    check_deputies(source, found)
    return found


def departments(source: Source) -> dict[str, Department]:
    """Return the departments by key."""
    found: dict[str, Department] = {}
    for key, part in source.parts("departments", DepartmentPart):
        at = ("departments", key)
        source.refer_each(part.members, "people", *at, "members")
        source.refer(part.head, "people", *at, "head")
        source.refer(part.hours, "calendars", *at, "hours")
        found[key] = Department(key, part.name or key, _ids(part.members), _id(part.head), part.hours, part.extension)
    return found


def segments(source: Source) -> dict[str, tuple[PersonId, ...]]:
    """Return the specialists of each segment."""
    found: dict[str, tuple[PersonId, ...]] = {}
    for key, part in source.parts("segments", SegmentPart):
        source.refer_each(part.members, "people", "segments", key, "members")
        found[key] = _ids(part.members)
    return found


def duties(source: Source) -> tuple[Duty, ...]:
    """Return who is on duty when."""
    found: list[Duty] = []
    for number, part in source.listed("duty", DutyPart):
        source.refer_each(part.people, "people", "duty", number, "people")
        source.refer(part.department, "departments", "duty", number, "department")
        since, until = _stretch(source, part, "duty", number)
        found.append(Duty(since, until, _ids(part.people), part.department))
    return tuple(found)


def _person(source: Source, key: str, part: PersonPart) -> SchemePerson:
    for section, name in (("calendars", "hours"), ("people", "deputy"), ("people", "reports_to")):
        source.refer(getattr(part, name), section, "people", key, name)
    phones = [phone if isinstance(phone, PhonePart) else PhonePart(phone=phone) for phone in part.phones]
    return SchemePerson(
        id=PersonId(key),
        name=part.name,
        phones=tuple(phone.phone for phone in phones),
        claims=part.claims,
        confirm=tuple(phone.phone for phone in phones if phone.confirm),
        hours=part.hours,
        shift=None if part.shift is None else _shift(source, part.shift, key),
        wrap_up=part.wrap_up,
        absences=tuple(_absences(source, part.absences, key)),
        deputy=_id(part.deputy),
        reports_to=_id(part.reports_to),
        numbers=source.numbers(part.numbers, "people", key, "numbers"),
        extension=part.extension,
        mail=part.mail,
    )


def _own(source: Source, what: str, owners: dict[str, str], *at: str | int) -> None:
    """Check that a phone or a number has one owner."""
    _, key, kind, _ = map(str, at)
    owner = owners.setdefault(what.casefold(), "")
    if owner:
        whose = "is listed twice" if owner == key else f"is the {kind.removesuffix('s')} of {quoted(owner)} already"
        source.wrong(f"{quoted(what)} {whose}", *at)
    owners[what.casefold()] = key


def _shift(source: Source, part: ShiftPart, key: str) -> Shift:
    on, _, off = part.pattern.partition("/")
    timezone = source.zone(part.timezone, "people", key, "shift", "timezone")
    return _one(Shift(int(on), int(off), times.day(part.since), times.span(part.hours), timezone))


@lru_cache(maxsize=1024)
def _one(shift: Shift) -> Shift:
    """Give those who work alike the same value: a calendar's day is then found without comparing."""
    return shift


def _absences(source: Source, parts: list[AbsencePart], key: str) -> Iterator[Absence]:
    for number, part in enumerate(parts):
        at = ("people", key, "absences", number)
        since, until = _stretch(source, part, *at)
        source.refer(part.deputy, "people", *at, "deputy")
        yield Absence(since, until, part.reason or "", _id(part.deputy))


def _stretch(source: Source, part: AbsencePart | DutyPart, *at: str | int) -> tuple[Instant, Instant]:
    zone = ZoneInfo(source.timezone)
    since, until = times.instant(part.since, zone), times.instant(part.until, zone, ends=True)
    if until <= since:
        source.wrong("is not later than from", *at, "to")
    return since, until


def _id(key: str | None) -> PersonId | None:
    return None if key is None else PersonId(key)


def _ids(keys: list[str]) -> tuple[PersonId, ...]:
    return tuple(map(PersonId, keys))
