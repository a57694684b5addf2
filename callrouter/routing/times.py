"""Times as a document writes them: days of the week, hours to the minute, dates and moments."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError as Wrong

from callrouter.routing.faults import closest
from callrouter.routing.values import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from callrouter.core.words import Instant

DAY = 1440
WEEK = 7 * DAY
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RUSSIAN = ("Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс")
_NUMBER = {name: number % 7 for number, name in enumerate(DAYS + _RUSSIAN)}

TIME = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"
SPAN = rf"{TIME} ?[-–] ?(?:{TIME}|24:00)"
SPANS = rf"{SPAN}(?:, ?{SPAN})*"
OTHERWISE = rf"closed|{SPANS}"
_DAY = "(?:" + "|".join(_NUMBER) + ")"
_DAYS = rf"{_DAY}(?:[-–]{_DAY})?"
HOURS = rf"{_DAYS}(?:, ?{_DAYS})* {SPANS}"
DATE = r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
MOMENT = rf"{DATE}(?: {TIME})?"
_RANGE = re.compile(rf"({_DAY})(?:[-–]({_DAY}))?")
_EACH = re.compile(r"([0-9]{1,2}):([0-9]{2})[^0-9]+([0-9]{1,2}):([0-9]{2})")
_OF_RUSSIA = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.(20[0-9]{2})")


def spans(text: str) -> tuple[Span, ...]:
    """Read the hours of a day, "09:00-13:00, 14:00-18:00"; those over midnight end in the next day."""
    if not re.fullmatch(SPANS, text):
        raise Wrong("hours", 'hours are written "09:00-18:00", several with commas between them')
    found = []
    for begins, at, ends, until in _EACH.findall(text):
        start, end = int(begins) * 60 + int(at), int(ends) * 60 + int(until)
        if start == end:
            raise Wrong("hours", "hours do not end when they begin: a whole day is 00:00-24:00")
        found.append(Span(start, end if end > start else end + DAY))
    if any(after.start < before.end for before, after in pairwise(found)):
        raise Wrong("hours", "the hours of a day stand in their order and do not overlap")
    return tuple(found)


def span(text: str) -> Span:
    """Read the one stretch of a shift, "09:00-21:00"."""
    if not re.fullmatch(SPAN, text):
        raise Wrong("hours", 'the hours of a shift are written "09:00-21:00"')
    return spans(text)[0]


def otherwise(text: str) -> tuple[Span, ...]:
    """Read the hours of one day that is not as others: there are none if it is "closed"."""
    return () if text == "closed" else spans(text)


def hours(text: str) -> tuple[tuple[int, ...], tuple[Span, ...]]:
    """Read "Mon-Fri 09:00-18:00": the days (Monday is 0) and the hours of each."""
    if not re.fullmatch(HOURS, text):
        raise Wrong("hours", 'hours are written "Mon-Fri 09:00-18:00"', {"meant": _meant(text)})
    named = re.split(" (?=[0-9])", text, maxsplit=1)
    days: list[int] = []
    for first, last in _RANGE.findall(named[0]):
        count = (_NUMBER[last or first] - _NUMBER[first]) % 7 + 1
        days.extend((_NUMBER[first] + number) % 7 for number in range(count))
    return tuple(days), spans(named[1])


def week(texts: Sequence[str]) -> tuple[tuple[Span, ...], ...]:
    """Return the hours of every day, Monday first, each day's in their order."""
    found: list[list[Span]] = [[] for _ in DAYS]
    for text in texts:
        days, those = hours(text)
        for day in days:
            found[day].extend(those)
    return tuple(tuple(sorted(day, key=lambda span: span.start)) for day in found)


def overlapping(texts: Sequence[str]) -> dict[int, tuple[int, str]]:
    """Return which text overlaps which other one (or itself), and on which day."""
    laid = sorted(
        (day * DAY + span.start + turn, day * DAY + span.end + turn, number, day)
        for number, (days, those) in enumerate(map(hours, texts))
        for day in days
        for span in those
        for turn in (-WEEK, 0)  # Sunday night reaches into Monday
    )
    found: dict[int, tuple[int, str]] = {}
    for (_, end, one, _), (start, _, other, day) in pairwise(laid):
        if start < end:
            found.setdefault(max(one, other), (min(one, other), DAYS[day]))
    return found


def day(text: str) -> date:
    """Read "2026-12-31"."""
    try:
        if re.fullmatch(DATE, text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # the 31st of June
    raise Wrong("date", 'a date is written "2026-12-31"', {"meant": _dotted(text)})


def moment(text: str) -> str:
    """Check a date, or a date and a time."""
    if re.fullmatch(MOMENT, text):
        day(text[:10])
        return text
    meant = _dotted(text) or text.replace("T", " ")
    known = meant if re.fullmatch(MOMENT, meant) else None
    raise Wrong("moment", 'a moment is written "2026-12-31" or "2026-12-31 14:00"', {"meant": known})


def instant(text: str, zone: ZoneInfo, *, ends: bool = False) -> Instant:
    """Return when a moment is; a date alone is its midnight, or the next one if something `ends` with that day."""
    written, _, time = text.partition(" ")
    begins = datetime.combine(day(written), datetime.min.time(), zone)
    if time:
        begins = begins.replace(hour=int(time[:-3]), minute=int(time[-2:]))
    elif ends:
        begins += timedelta(days=1)
    return begins.timestamp()


def _meant(text: str) -> str | None:
    """Return hours that were probably meant: days left out, or called otherwise."""
    if re.fullmatch(SPANS, text):
        return f"Mon-Fri {text}"
    known = re.sub(r"[^\W\d_]+", lambda found: closest(found[0], _NUMBER) or found[0], text)
    return known if known != text and re.fullmatch(HOURS, known) else None


def _dotted(text: str) -> str | None:
    """Return a date that was written 31.12.2026 as it has to be."""
    found = _OF_RUSSIA.fullmatch(text)
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else None
