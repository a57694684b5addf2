"""The same figures for each hour, line, person …: every call is in exactly one group."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.ledger.period import local
from callrouter.ledger.tally import tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.figure import Value
    from callrouter.ledger.tally import Tally

Key = str | int | None


class By(StrEnum):
    """What the calls are grouped by."""

    HOUR = "hour"
    """The hour of arrival on the zone's clock, 0 to 23."""
    DAY = "day"
    WEEK = "week"
    """As ISO 8601 counts them: `2026-W47`, Monday first."""
    MONTH = "month"
    LINE = "line"
    SOURCE = "source"
    """Where callers have the line's number from."""
    DEPARTMENT = "department"
    PERSON = "person"
    """Who answered, else whose client it is, else nobody."""
    STEP = "step"
    """The step that answered, else the one in which the caller left, else none."""
    REASON = "reason"
    """Why it was lost; none for answered calls."""
    CLIENT = "client"
    """The client's name, else the number."""
    PRIORITY = "priority"
    """The client's, at the time of the call."""
    SEGMENT = "segment"


_OWN: Mapping[By, Callable[[CallRow], Key]] = {
    By.LINE: lambda row: row.line,
    By.SOURCE: lambda row: row.source,
    By.DEPARTMENT: lambda row: row.department,
    By.PERSON: lambda row: row.answered_by or row.responsible,
    By.STEP: lambda row: row.lost_step if row.answered_step is None else row.answered_step,
    By.REASON: lambda row: None if row.lost_reason is None else row.lost_reason.value,
    By.CLIENT: lambda row: row.client or row.caller,
    By.PRIORITY: lambda row: row.priority,
    By.SEGMENT: lambda row: row.segment,
}
_OF_THE_CLOCK: Mapping[By, Callable[[datetime], Key]] = {
    By.HOUR: lambda at: at.hour,
    By.DAY: lambda at: at.date().isoformat(),
    By.WEEK: lambda at: f"{at:%G-W%V}",
    By.MONTH: lambda at: f"{at:%Y-%m}",
}


def group_of(row: CallRow, by: By, timezone: str) -> Key:
    """Return the one group that the call is in."""
    own = _OWN.get(by)
    return _OF_THE_CLOCK[by](local(row.arrived_at, timezone)) if own is None else own(row)


def groups(rows: Iterable[CallRow], by: By, timezone: str) -> tuple[tuple[Key, Tally], ...]:
    """Return the groups in the order of their keys, nobody's last."""
    found: defaultdict[Key, list[CallRow]] = defaultdict(list)
    for row in rows:
        found[group_of(row, by, timezone)].append(row)
    ordered = sorted(found, key=lambda key: (key is None, key if isinstance(key, int) else 0, str(key)))
    return tuple((key, tally(found[key])) for key in ordered)


def hours_of_the_week(rows: Iterable[CallRow], timezone: str) -> list[Value]:
    """Return the figures of each hour of each weekday (Monday is 1) in which there was a call."""
    found: defaultdict[tuple[int, int], list[CallRow]] = defaultdict(list)
    for row in rows:
        at = local(row.arrived_at, timezone)
        found[at.isoweekday(), at.hour].append(row)
    return [
        {"key": f"{day}-{hour:02}", "weekday": day, "hour": hour, **tally(found[day, hour]).block}
        for day, hour in sorted(found)
    ]
