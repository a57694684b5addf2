"""Nights: what is known of a date, from the calls of the ledger's tests."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from callrouter.ledger.period import day
from callrouter.ledger.rate import inbound
from callrouter.report.night import Company, Line, Night, plotted
from callrouter.store.queries import QUARTER, Quarter, Recorded
from tests.ledger import table

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow

MONDAY = date(2026, 3, 30)
PEOPLE = {"anna": "Анна", "boris": "Борис", "vera": "Вера", "gleb": "Глеб", "irina": "Ирина"}
LINES = (Line("site", "Сайт", frozenset(range(9, 18))), Line("hotline", "Горячая линия", frozenset(range(24))))
COMPANY = Company(PEOPLE, {"sales": "Продажи"}, LINES, lambda dialled: dialled, table.hours_of)


def night(*calls: CallRow, of: date = MONDAY, company: Company = COMPANY, **known: Any) -> Night:
    """A night of these calls, else of the table's, as far as they were known at its end."""
    period, plots = day(of, table.BERLIN), plotted(of, table.BERLIN)
    ended = [row for row in calls or table.calls() if row.outcome is not None and row.arrived_at < period.end]
    to_us = [row for row in ended if row.direction != "out" and period.holds(row.arrived_at)]
    return Night(
        date=of,
        period=period,
        calls=tuple(Recorded(row, None) for row in to_us),
        known=tuple(ended),
        quarters=quarters(inbound(ended, plots)),
        company=company,
        **{"records": len(to_us), **known},
    )


def quarters(counted: tuple[CallRow, ...]) -> tuple[Quarter, ...]:
    """The quarters of these calls, as SQL counts them."""
    calls = Counter(row.arrived_at // QUARTER * QUARTER for row in counted)
    lost = Counter(row.arrived_at // QUARTER * QUARTER for row in counted if row.outcome == "lost")
    return tuple(Quarter(start, calls[start], lost[start]) for start in sorted(calls))
