"""The inbound calls of the date, each way of looking at them taken once, however many pages are made of them."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from callrouter.ledger.escalation import Escalation, escalations
from callrouter.ledger.groups import By, Key, groups
from callrouter.ledger.people import missed_by
from callrouter.ledger.rate import inbound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.figure import Calls
    from callrouter.ledger.tally import Tally
    from callrouter.report.night import Night

Groups = tuple[tuple[Key, "Tally"], ...]


class Inbound:
    """The calls that count in the Lost Call Rate of a date."""

    def __init__(self, night: Night) -> None:
        """Keep what they are taken from."""
        self._night = night

    @cached_property
    def rows(self) -> Calls:
        """Return them in the order in which they came."""
        return inbound((one.row for one in self._night.calls), self._night.period)

    @cached_property
    def by_id(self) -> Mapping[str, CallRow]:
        """Return them by their ids."""
        return {row.id: row for row in self.rows}

    @cached_property
    def escalations(self) -> tuple[Escalation, ...]:
        """Return those that reached the head or beyond."""
        return escalations(self.rows)

    @cached_property
    def missed(self) -> Mapping[str, list[CallRow]]:
        """Return by person those that rang for him in vain."""
        found: defaultdict[str, list[CallRow]] = defaultdict(list)
        for row in self.rows:
            for person in missed_by(row):
                found[person].append(row)
        return found

    @cached_property
    def by_client(self) -> Groups:
        """Return them by client, who called most first; every call is in exactly one group."""
        return self._grouped(By.CLIENT)

    @cached_property
    def by_source(self) -> Groups:
        """Return them by where callers have the number from, the most first."""
        return self._grouped(By.SOURCE)

    def _grouped(self, by: By) -> Groups:
        found = groups(self.rows, by, self._night.period.timezone)
        return tuple(sorted(found, key=lambda one: (-one[1].calls, -len(one[1].lost))))
