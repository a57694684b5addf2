"""The Lost Call Rate by definition lcr/1: lost / inbound calls, with the counts and the calls behind it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.core.words import LostReason
from callrouter.ledger.period import Period, local, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callrouter.core.outcome import CallRow

DEFINITION = "lcr/1"
SHORT = 5
"""Seconds: who leaves earlier is left out of the companion figure."""

Key = str | int | None


class By(StrEnum):
    """What the calls are grouped by; every call is in exactly one group."""

    HOUR = "hour"
    """The hour of arrival on the zone's clock, 0 to 23."""
    DAY = "day"
    LINE = "line"
    DEPARTMENT = "department"
    PERSON = "person"
    """Who answered, else whose client it is, else nobody."""
    STEP = "step"
    """The step that answered, else the one in which the caller left, else none."""
    REASON = "reason"
    """Why it was lost; none for answered calls."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The calls of one figure, split by outcome."""

    answered: tuple[CallRow, ...]
    lost: tuple[CallRow, ...]

    @property
    def calls(self) -> int:
        """Return how many calls there were."""
        return len(self.answered) + len(self.lost)

    @property
    def lcr(self) -> float | None:
        """Return the Lost Call Rate, 0 to 1; None without calls."""
        return len(self.lost) / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Rate:
    """The Lost Call Rate of a period, its companions and its groups."""

    period: Period
    all: Tally
    lost_by_reason: Mapping[LostReason, tuple[CallRow, ...]]
    without_short: Tally
    """Without callers who left in under `SHORT` seconds."""
    groups: tuple[tuple[Key, Tally], ...]


def inbound(rows: Iterable[CallRow], period: Period) -> tuple[CallRow, ...]:
    """Return the ended inbound calls that arrived in the period."""
    return tuple(
        row for row in rows if row.direction == "in" and row.outcome is not None and period.holds(row.arrived_at)
    )


def rate(rows: Iterable[CallRow], period: Period, by: By | None = None) -> Rate:
    """Return the figures of the period; calls that do not count are left out here."""
    counted = inbound(rows, period)
    lost = tuple(row for row in counted if row.outcome == "lost")
    return Rate(
        period=period,
        all=_tally(counted),
        lost_by_reason={reason: tuple(row for row in lost if row.lost_reason is reason) for reason in LostReason},
        without_short=_tally(row for row in counted if not left_at_once(row)),
        groups=() if by is None else _groups(counted, by, period.timezone),
    )


def waited(row: CallRow) -> float | None:
    """Return the seconds from arrival to the answer, or to the end of a lost call; None while it is open."""
    until = row.ended_at if row.answered_at is None else row.answered_at
    return None if until is None else round(until - row.arrived_at, 3)


def talked(row: CallRow) -> float | None:
    """Return the seconds from the answer to the end; None for a call that was not answered or goes on."""
    if row.answered_at is None or row.ended_at is None:
        return None
    return round(row.ended_at - row.answered_at, 3)


def left_at_once(row: CallRow) -> bool:
    """Return whether the caller left by himself in under `SHORT` seconds."""
    seconds = waited(row)
    return row.lost_reason is LostReason.ABANDONED and seconds is not None and seconds < SHORT


def group_of(row: CallRow, by: By, timezone: str) -> Key:
    """Return the one group that the call is in."""
    match by:
        case By.HOUR:
            return local(row.arrived_at, timezone).hour
        case By.DAY:
            return local(row.arrived_at, timezone).date().isoformat()
        case By.LINE:
            return row.line
        case By.DEPARTMENT:
            return row.department
        case By.PERSON:
            return row.answered_by or row.responsible
        case By.STEP:
            return row.lost_step if row.answered_step is None else row.answered_step
    return None if row.lost_reason is None else row.lost_reason.value


def document(rate: Rate) -> dict[str, object]:
    """Return the figures as `lcr --json` prints them; what cannot be computed yet is null."""
    return {
        "definition": DEFINITION,
        "from": rfc3339(rate.period.start),
        "to": rfc3339(rate.period.end),
        "timezone": rate.period.timezone,
        **_figures(rate.all),
        "lost_by_reason": {reason.value: len(rows) for reason, rows in rate.lost_by_reason.items()},
        "working_hours": None,
        "without_short": {"under_seconds": SHORT, **_figures(rate.without_short)},
        "clients": None,
        "groups": [{"key": key, **_figures(tally)} for key, tally in rate.groups],
    }


def _figures(tally: Tally) -> dict[str, object]:
    return {"calls": tally.calls, "answered": len(tally.answered), "lost": len(tally.lost), "lcr": tally.lcr}


def _tally(rows: Iterable[CallRow]) -> Tally:
    split: dict[str, list[CallRow]] = {"answered": [], "lost": []}
    for row in rows:
        split[str(row.outcome)].append(row)
    return Tally(tuple(split["answered"]), tuple(split["lost"]))


def _groups(rows: Iterable[CallRow], by: By, timezone: str) -> tuple[tuple[Key, Tally], ...]:
    found: defaultdict[Key, list[CallRow]] = defaultdict(list)
    for row in rows:
        found[group_of(row, by, timezone)].append(row)
    ordered = sorted(found, key=lambda key: (key is None, key if isinstance(key, int) else 0, str(key)))
    return tuple((key, _tally(found[key])) for key in ordered)
