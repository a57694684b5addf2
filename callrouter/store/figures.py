"""All figures of a period by definition lcr/1, counted by SQL: the same, to the last digit, as `ledger.figures` prints.

`ledger/` is the definition, and lists the calls behind a figure. Here the databases count, and only the few calls whose
figures no query can say (lost clients and their working time, escalations, shared clients) come into Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.ledger import compare, escalation
from callrouter.ledger.figure import printed
from callrouter.ledger.groups import By
from callrouter.store import figures_calls, figures_clients, figures_parts, figures_printed
from callrouter.store.counts import Counts

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.period import Period

_CLOCK = frozenset({By.HOUR, By.DAY, By.WEEK, By.MONTH})


async def headline(connection: AsyncConnection, period: Period, by: By | None = None) -> dict[str, object]:
    """Return the Lost Call Rate, its companions, reasons and groups, as `ledger.rate` prints them."""
    counts = await _rate(connection, period, by)
    if by in _CLOCK:
        await figures_calls.quarters(connection, period, counts)
    return figures_printed.rate(counts, period, by)


async def figures(
    connection: AsyncConnection,
    period: Period,
    hours: HoursOf,
    by: By | None = None,
    *,
    until: Instant | None = None,
) -> dict[str, object]:
    """Return all figures of the period; what became of lost clients by what is known up to an instant (None: all)."""
    counts = await _rate(connection, period, by)
    parts = (
        figures_calls.quarters,
        figures_calls.answered,
        figures_parts.steps,
        figures_parts.missed,
        figures_parts.talk,
    )
    for count in parts:
        await count(connection, period, counts)
    escalated = await figures_parts.escalations(connection, period)
    return {
        **figures_printed.rate(counts, period, by),
        **figures_printed.rest(counts),
        "clients": await figures_clients.block(connection, period, hours, until),
        "compared": await compared(connection, period),
        "escalations": printed(escalation.block(escalated)),
        "shared_clients": await figures_clients.shared_clients(connection, period),
    }


async def compared(connection: AsyncConnection, period: Period) -> dict[str, object]:
    """Return the same figures of the day before, of the week before, and of the same weekday."""
    found: dict[str, object] = {}
    for name, one in compare.periods(period).items():
        counts = Counts()
        await figures_calls.headline(connection, one, counts)
        found[name] = figures_printed.compared(counts, one)
    return found


async def _rate(connection: AsyncConnection, period: Period, by: By | None) -> Counts:
    counts = Counts()
    await figures_calls.headline(connection, period, counts)
    for one in {By.REASON, by} - _CLOCK:
        if one is not None:
            await figures_calls.groups(connection, period, one, counts)
    return counts
