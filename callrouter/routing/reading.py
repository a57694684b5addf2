"""From the document's table to the scheme: each part by itself, then what they say of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import phonenumbers

from callrouter.routing.document import VERSION
from callrouter.routing.faults import closest, quoted
from callrouter.routing.reading_calendars import calendars
from callrouter.routing.reading_calls import ladders, rules
from callrouter.routing.reading_lines import check_extensions, lines, outsiders, prefixes, spelled
from callrouter.routing.reading_people import company, departments, duties, notices, people, retention, segments
from callrouter.routing.reading_report import report
from callrouter.routing.source import Source
from callrouter.routing.values import Scheme

if TYPE_CHECKING:
    from callrouter.routing.faults import Fault

_KEYS = (
    "version",
    "timezone",
    "country",
    "company",
    "notices",
    "retention",
    "report",
    "calendars",
    "people",
    "departments",
    "segments",
    "duty",
    "rules",
    "ladders",
    "lines",
    "prefixes",
    "numbers",
)


def read(content: dict[str, Any], faults: list[Fault]) -> Scheme | None:
    """Return the scheme that a document's table says; it holds only if no fault was added."""
    source = Source(content, faults)
    if not _version(source):
        return None
    for key in content:
        if key not in _KEYS:
            source.wrong("there is no such key", key, meant=closest(key, _KEYS))
    source.timezone = source.zone(_text(source, "timezone", "Europe/Moscow"), "timezone")
    source.country = _country(source)
    return _scheme(source)


def _scheme(source: Source) -> Scheme:
    firm = company(source)
    known = calendars(source)
    persons = people(source)
    groups = departments(source)
    specialists = segments(source)
    duty = duties(source)
    steps = ladders(source)
    numbers = lines(source, steps)
    by_spelling = spelled(source, numbers)
    check_extensions(source, persons, groups)
    blocked, not_clients = outsiders(source)
    return Scheme(
        timezone=source.timezone,
        country=source.country,
        company=firm,
        people=persons,
        departments=groups,
        ladders=steps,
        lines=numbers,
        spelled=by_spelling,
        calendars=known,
        segments=specialists,
        rules=rules(source),
        duties=duty,
        prefixes=prefixes(source),
        blocked=blocked,
        not_clients=not_clients,
        notices=notices(source),
        retention=retention(source),
        report=report(source, firm, persons),
    )


def _version(source: Source) -> bool:
    version = source.content.get("version")
    if type(version) is int and version == VERSION:
        return True
    said = "is missing" if version is None else f"this callrouter reads version {VERSION} only"
    source.wrong(f"{said}: write version = {VERSION}", "version")
    return False


def _text(source: Source, key: str, example: str) -> str | None:
    value = source.content.get(key)
    if isinstance(value, str):
        return value
    said = "is missing" if value is None else "must be a string, in quotes"
    source.wrong(f'{said}, such as {key} = "{example}"', key)
    return None


def _country(source: Source) -> str:
    name = _text(source, "country", "RU")
    if name is not None and name not in phonenumbers.SUPPORTED_REGIONS:
        meant = name.strip().upper()
        known = meant in phonenumbers.SUPPORTED_REGIONS
        source.wrong(f"no country has the code {quoted(name)}", "country", meant=meant if known else None)
    return name or ""
