"""The inbound calls of the date by client and by where the number is known from; every call is in exactly one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.ledger.groups import By, groups
from callrouter.ledger.rate import inbound

if TYPE_CHECKING:
    from callrouter.ledger.groups import Key
    from callrouter.ledger.tally import Tally
    from callrouter.report.night import Night


def grouped(night: Night, by: By) -> tuple[tuple[Key, Tally], ...]:
    """Return the groups with the most calls first."""
    counted = inbound((one.row for one in night.calls), night.period)
    found = groups(counted, by, night.period.timezone)
    return tuple(sorted(found, key=lambda one: (-one[1].calls, -len(one[1].lost))))
