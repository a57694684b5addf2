"""What an export says, before it is put into words: the ledger's figures of the date, and what they do not hold."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from callrouter.ledger.period import date_at, local
from callrouter.report.audit import Audit, audit
from callrouter.report.inbound import Inbound
from callrouter.report.night import DAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callrouter.report.night import Night
    from callrouter.store.queries import Quarter


@dataclass(slots=True)
class Count:
    """Inbound calls, and how many of these were lost."""

    calls: int = 0
    lost: int = 0

    @property
    def lcr(self) -> float | None:
        """Return the Lost Call Rate, None without calls."""
        return self.lost / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Content:
    """Everything an export of a date says."""

    night: Night
    figures: Mapping[str, Any]
    days: Mapping[date, Count]
    """Of the last days, oldest first, those without calls among them."""
    hours: Mapping[tuple[int, int], Count]
    """By weekday (Monday is 1) and hour of the clock, of the last days: those with calls."""
    audit: Audit
    inbound: Inbound


def content(night: Night) -> Content:
    """Return what is to be said of a date."""
    return Content(
        night=night,
        figures=night.figures,
        days=by_day(night.quarters, night.date, night.period.timezone),
        hours=by_hour(night.quarters, night.period.timezone),
        audit=audit(night),
        inbound=Inbound(night),
    )


def by_day(quarters: Iterable[Quarter], until: date, timezone: str) -> dict[date, Count]:
    """Return the counts of each of the last days."""
    found = {until - timedelta(days=ago): Count() for ago in reversed(range(DAYS))}
    for one in quarters:
        _add(found[date_at(one.start, timezone)], one)
    return found


def by_hour(quarters: Iterable[Quarter], timezone: str) -> dict[tuple[int, int], Count]:
    """Return the counts of each hour of the week."""
    found: defaultdict[tuple[int, int], Count] = defaultdict(Count)
    for one in quarters:
        at = local(one.start, timezone)
        _add(found[at.isoweekday(), at.hour], one)
    return dict(sorted(found.items()))


def _add(count: Count, quarter: Quarter) -> None:
    count.calls += quarter.calls
    count.lost += quarter.lost
