"""All figures of a period by definition lcr/1, counted by SQL: the same, to the last digit, as `ledger.figures` prints.

`ledger/` is the definition, and lists the calls behind a figure. Here the databases count, dates that are over are
added up (`days.py`), so that a period is the sum of its dates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.ledger import compare, escalation
from callrouter.ledger.figure import printed
from callrouter.ledger.groups import By
from callrouter.store import days, figures_calls, figures_clients, figures_parts, figures_printed, figures_shared
from callrouter.store.counts import tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.period import Period
    from callrouter.store.counts import Counts

_OF_THE_CLOCK = frozenset({By.HOUR, By.DAY, By.WEEK, By.MONTH})


async def headline(connection: AsyncConnection, period: Period, by: By | None = None) -> dict[str, object]:
    """Return the Lost Call Rate, its companions, reasons and groups, as `ledger.rate` prints them."""
    groups = {"day", "week"} if by in _OF_THE_CLOCK else {f"by_{by.value}"} if by else set()
    counts = await days.counted(connection, period, days.RATE | groups)
    return await _rate(connection, counts, period, by)


async def figures(
    connection: AsyncConnection,
    period: Period,
    hours: HoursOf,
    by: By | None = None,
    *,
    until: Instant | None = None,
    lists: bool = True,
    reached: Iterable[CallRow] | None = None,
) -> dict[str, object]:
    """Return all figures of the period; what became of lost clients by what is known up to an instant (None: all).

    Without `lists` escalations and shared clients are counted, but not listed. `reached`: the inbound calls that may
    have reached the head or beyond, for who has them already.
    """
    counts = await days.counted(connection, period)
    clients = await figures_clients.block(connection, period, hours, until)
    made = {
        **await _rate(connection, counts, period, by),
        **figures_printed.rest(counts),
        "clients": clients | {"without_number": tally(counts.one("withheld"))},
        "compared": await compared(connection, period),
        "escalations": figures_printed.escalations(counts),
        "shared_clients": {"clients": len(counts.shared)},
    }
    return made | (await _listed(connection, period, counts, reached) if lists else {})


async def compared(connection: AsyncConnection, period: Period) -> dict[str, object]:
    """Return the same figures of the day before, of the week before, and of the same weekday."""
    only = frozenset({"all", "closed"})
    return {
        name: figures_printed.compared(await days.counted(connection, one, only), one)
        for name, one in compare.periods(period).items()
    }


async def _rate(connection: AsyncConnection, counts: Counts, period: Period, by: By | None) -> dict[str, object]:
    if by is By.CLIENT:
        await figures_calls.groups(connection, period, by, counts)
    return figures_printed.rate(counts, period, by)


async def _listed(
    connection: AsyncConnection, period: Period, counts: Counts, reached: Iterable[CallRow] | None
) -> dict[str, object]:
    if reached is None:
        escalated = await figures_parts.escalations(connection, period)
    else:
        escalated = escalation.escalations(reached)
    return {
        "escalations": printed(escalation.block(escalated)),
        "shared_clients": await figures_shared.block(connection, period, counts.numbers()),
    }
