"""The export looks at itself: calls without or with two outcomes, hours without data, lines that fell silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.ledger.period import date_at

if TYPE_CHECKING:
    from datetime import date

    from callrouter.report.night import Difference, Failed, Line, Night

USUAL = 3
"""Days of the week before on which an hour had calls: without any it is strange."""
_OUTCOMES = frozenset({"no_row", "several_rows"})


@dataclass(frozen=True, slots=True)
class Silent:
    """A line that was open and had no call, and when its last one of the week before came."""

    line: Line
    last_at: float | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What is strange about a date."""

    is_compared: bool
    """Whether Asterisk recorded anything to compare with."""
    live: int
    """Calls without an outcome yet."""
    outcomes: tuple[Difference, ...]
    """Calls without a row, or with two."""
    differences: tuple[Difference, ...]
    """What else Asterisk's records say otherwise."""
    hours: tuple[int, ...]
    """Hours in which a line was open and no call came, although there usually are some."""
    silent: tuple[Silent, ...]
    failed: tuple[Failed, ...]
    """Messages of former exports and notices that were given up on the date."""

    @property
    def findings(self) -> int:
        """Return how many things there are to look into."""
        found = (self.outcomes, self.differences, self.hours, self.silent, self.failed)
        return self.live + sum(map(len, found))

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to look into."""
        return self.is_compared and not self.findings


def audit(night: Night) -> Audit:
    """Return what is strange about a date."""
    return Audit(
        is_compared=bool(night.records),
        live=night.live,
        outcomes=tuple(one for one in night.differences if one.what in _OUTCOMES),
        differences=tuple(one for one in night.differences if one.what not in _OUTCOMES),
        hours=_without_calls(night),
        silent=_silent(night),
        failed=night.failed,
    )


def _without_calls(night: Night) -> tuple[int, ...]:
    opens = frozenset[int]().union(*(line.opens for line in night.company.lines))
    return tuple(hour for hour in sorted(opens) if _is_strange(night.heard.dates.get(hour, frozenset()), night))


def _is_strange(days: frozenset[date], night: Night) -> bool:
    return night.date not in days and len(days) >= USUAL


def _silent(night: Night) -> tuple[Silent, ...]:
    last: dict[str | None, float] = {}
    for dialled, at in night.heard.last.items():
        key = night.company.line_of(dialled)
        last[key] = max(at, last.get(key, 0.0))
    open_ones = (line for line in night.company.lines if line.opens)
    found = (Silent(line, last.get(line.key)) for line in open_ones)
    return tuple(
        one for one in found if one.last_at is None or date_at(one.last_at, night.period.timezone) < night.date
    )
