"""The Lost Call Rate by definition lcr/1: lost / inbound calls, with the counts and the calls behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.words import LostReason
from callrouter.ledger.figure import printed
from callrouter.ledger.groups import By, Key, groups
from callrouter.ledger.period import Period, rfc3339
from callrouter.ledger.tally import SHORT, Tally, in_hours, tally, without_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.figure import Block, Calls

DEFINITION = "lcr/1"
BLOCKS = ("working_hours", "without_short", "clients", "talk", "escalations", "shared_clients")
"""Blocks of figures that are kept without the others; what the period is compared with has several."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The Lost Call Rate of a period, its companions and its groups."""

    period: Period
    all: Tally
    lost_by_reason: Mapping[LostReason, Calls]
    working_hours: Tally
    """Within the hours of the line."""
    without_short: Tally
    """Without callers who left in under `SHORT` seconds."""
    groups: tuple[tuple[Key, Tally], ...]


def inbound(rows: Iterable[CallRow], period: Period) -> Calls:
    """Return the ended inbound calls that arrived in the period."""
    return tuple(
        row for row in rows if row.direction == "in" and row.outcome is not None and period.holds(row.arrived_at)
    )


def rate(rows: Iterable[CallRow], period: Period, by: By | None = None) -> Rate:
    """Return the figures of the period; calls that do not count are left out here."""
    counted = inbound(rows, period)
    every = tally(counted)
    return Rate(
        period=period,
        all=every,
        lost_by_reason={reason: tuple(row for row in every.lost if row.lost_reason is reason) for reason in LostReason},
        working_hours=tally(in_hours(counted)),
        without_short=tally(without_short(counted)),
        groups=() if by is None else groups(counted, by, period.timezone),
    )


def block(rate: Rate) -> Block:
    """Return the figures as the contract names them; the second ledger is not among them."""
    return {
        "definition": DEFINITION,
        "from": rfc3339(rate.period.start),
        "to": rfc3339(rate.period.end),
        "timezone": rate.period.timezone,
        **rate.all.block,
        "lost_by_reason": {reason.value: rows for reason, rows in rate.lost_by_reason.items()},
        "working_hours": rate.working_hours.block,
        "without_short": {"under_seconds": SHORT, **rate.without_short.block},
        "clients": None,
        "groups": [{"key": key, **found.block} for key, found in rate.groups],
    }


def defined(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures as they are printed with the definition's id on each block, for who keeps it without the rest."""
    blocks = {name: {"definition": DEFINITION, **told[name]} for name in BLOCKS if told.get(name) is not None}
    compared = {name: {"definition": DEFINITION, **one} for name, one in told.get("compared", {}).items()}
    return {**told, **blocks} | ({"compared": compared} if compared else {})


def document(rate: Rate) -> dict[str, object]:
    """Return the figures as `lcr --json` prints them; what is not known from these calls alone is null."""
    return printed(block(rate))
