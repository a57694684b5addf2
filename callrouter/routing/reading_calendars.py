"""When something is open, as a document says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holidays import country_holidays
from holidays.utils import list_supported_countries

from callrouter.routing import times
from callrouter.routing.calendar import known
from callrouter.routing.document_people import CalendarPart
from callrouter.routing.faults import closest, quoted
from callrouter.routing.values import Calendar

if TYPE_CHECKING:
    from callrouter.routing.source import Source


def calendars(source: Source) -> dict[str, Calendar]:
    """Return the calendars by key."""
    found: dict[str, Calendar] = {}
    for key, part in source.parts("calendars", CalendarPart):
        at = ("calendars", key)
        for number, (other, day) in times.overlapping(part.hours).items():
            source.wrong(f"overlaps {quoted(part.hours[other])} on {day}", *at, "hours", number)
        timezone = source.zone(part.timezone, *at, "timezone")
        holidays = _holidays(source, part.holidays, *at, "holidays")
        days = tuple(sorted((times.day(day), times.otherwise(hours)) for day, hours in part.days.items()))
        found[key] = known(Calendar(key, timezone, times.week(part.hours), holidays, part.short_before_holidays, days))
    return found


def _holidays(source: Source, name: str | None, *at: str) -> str | None:
    """Return whose holidays these are; by default the country's, if they are known."""
    if name == "none":
        return None
    if name is None:
        return source.country if _known(source.country) else None
    if not _known(name):
        source.wrong(f"no country or part of one with known holidays is called {quoted(name)}", *at, meant=_meant(name))
    return name


def _known(name: str) -> bool:
    country, _, part = name.partition("-")
    if not re.fullmatch("[A-Z]{2}", country):
        return False
    try:
        country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        return False
    return True


def _meant(name: str) -> str | None:
    known = list_supported_countries(include_aliases=False)
    country = name.partition("-")[0].upper()
    return closest(name, [*known, *(f"{country}-{part}" for part in known.get(country, ()))])
