"""Nights: what is known of a date, from the calls of the ledger's tests."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from callrouter.ledger.clients import SETTLED, lost_clients
from callrouter.ledger.period import day
from callrouter.ledger.rate import inbound
from callrouter.report.night import Company, Department, Line, Night, Waiting, plotted
from callrouter.store.queries import QUARTER, Quarter, Recorded
from tests.ledger import table

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow

MONDAY = date(2026, 3, 30)
PEOPLE = {"anna": "Анна", "boris": "Борис", "vera": "Вера", "gleb": "Глеб", "irina": "Ирина"}
LINES = (Line("site", "Сайт", frozenset(range(9, 18))), Line("hotline", "Горячая линия", frozenset(range(24))))
STAFF = (Department("sales", "Продажи", ("anna", "boris", "vera"), "gleb"),)
COMPANY = Company(PEOPLE, {"sales": "Продажи"}, LINES, lambda dialled: dialled, table.hours_of, STAFF, "irina")


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
        **{"records": len(to_us), "waiting": waiting(ended, period.end), **known},
    )


def waiting(ended: list[CallRow], at: float) -> tuple[Waiting, ...]:
    """Who is on the list of lost clients by these calls, as SQL keeps it; A first, then who waits longest."""
    found = lost_clients([row for row in ended if row.direction == "in"], ended)
    listed = [
        Waiting(
            number=one.number,
            name=one.last.client,
            priority=one.last.priority,
            line=one.last.line,
            department=one.last.department,
            whose=one.last.responsible or "gleb",
            lost=len(one.lost),
            since=one.lost[0].arrived_at,
            seconds=at - one.lost[0].arrived_at,
            attempts=len(one.attempts),
        )
        for one in found
        if one.fate not in SETTLED
    ]
    return tuple(sorted(listed, key=lambda one: (one.priority or "D", one.since, one.number)))


def quarters(counted: tuple[CallRow, ...]) -> tuple[Quarter, ...]:
    """The quarters of these calls, as SQL counts them."""
    calls = Counter(row.arrived_at // QUARTER * QUARTER for row in counted)
    lost = Counter(row.arrived_at // QUARTER * QUARTER for row in counted if row.outcome == "lost")
    return tuple(Quarter(start, calls[start], lost[start]) for start in sorted(calls))
