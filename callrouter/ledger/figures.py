"""All figures of a period by definition lcr/1, each with the calls it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from callrouter.ledger import clients, compare, escalation, people, rate, service, shared, talk
from callrouter.ledger.groups import By, hours_of_the_week
from callrouter.ledger.period import date_at, midnight
from callrouter.ledger.tally import phantoms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.figure import Block
    from callrouter.ledger.period import Period


def needed_from(period: Period) -> Instant:
    """Return since when calls have to be known: the comparisons and shared clients look back."""
    week = date_at(period.start, period.timezone) - timedelta(days=compare.DAYS)
    return min(midnight(week, period.timezone), period.start - shared.WITHIN)


def figures(rows: Iterable[CallRow], period: Period, hours: HoursOf, by: By | None = None) -> Block:
    """Return the figures of the period by all that is known: calls in and out, from before it and from after it."""
    known = tuple(rows)
    counted = rate.inbound(known, period)
    spoken = talk.segments(talk.conversations(known, period))
    return {
        **rate.block(rate.rate(counted, period, by)),
        "clients": clients.block(counted, known, hours, period.timezone),
        "phantom": phantoms(counted),
        "service_level": service.service_level(counted),
        "asa_seconds": service.asa(tuple(row for row in counted if row.outcome == "answered")),
        "steps": service.rescue(counted),
        "people": people.block(counted, spoken),
        "talk": {**talk.block(spoken), "by_priority": talk.by_priority(spoken)},
        "hours_of_the_week": hours_of_the_week(counted, period.timezone),
        "compared": compare.block(known, period),
        "escalations": escalation.block(escalation.escalations(counted)),
        "shared_clients": shared.block(shared.shared_clients(talk.segments(known_talk(known, period)), period)),
    }


def known_talk(rows: Iterable[CallRow], period: Period) -> tuple[CallRow, ...]:
    """Return the conversations up to the end of the period."""
    return tuple(row for row in rows if talk.is_conversation(row) and row.arrived_at < period.end)
