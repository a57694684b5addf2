"""The inbound calls of the date, each way of looking at them taken once, however many pages are made of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from callrouter.ledger.escalation import BEYOND, Escalation, escalations
from callrouter.ledger.people import missed_by
from callrouter.ledger.rate import inbound
from callrouter.report.night import Count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.figure import Calls
    from callrouter.report.night import Night

Groups: TypeAlias = tuple[tuple[str | None, Count], ...]


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
        """Return by their ids those that may have reached the head or beyond."""
        return {one.row.id: one.row for one in self._night.calls.reached(BEYOND)}

    @cached_property
    def escalations(self) -> tuple[Escalation, ...]:
        """Return those that reached the head or beyond."""
        return escalations(inbound(self.by_id.values(), self._night.period))

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
        return self._grouped("client", "caller")

    @cached_property
    def by_source(self) -> Groups:
        """Return them by where callers have the number from, the most first."""
        return self._grouped("source")

    def _grouped(self, name: str, otherwise: str | None = None) -> Groups:
        """Return the calls by a column of theirs, and where nothing stands in it by another one."""
        calls = self._night.calls
        key, other, outcome, way = (calls.names.index(one) for one in (name, otherwise or name, "outcome", "direction"))
        rang = [own for own in calls.own if own[way] == "in"]
        every = Counter(own[key] or own[other] for own in rang)
        lost = Counter(own[key] or own[other] for own in rang if own[outcome] == "lost")
        named = [*sorted(one for one in every if one is not None), *([None] if None in every else [])]
        named.sort(key=lambda one: (-every[one], -lost[one]))
        return tuple((one, Count(every[one], lost[one])) for one in named)
