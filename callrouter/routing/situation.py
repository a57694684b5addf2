"""What a decision looks at: the scheme, the line, who calls, and the instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.routing import availability

if TYPE_CHECKING:
    from callrouter.core.words import Instant, PersonId, Why
    from callrouter.routing.caller import Client, Talked
    from callrouter.routing.order import Standing
    from callrouter.routing.values import Department, Line, Scheme

NO_PRIORITY = "none"


class Situation:
    """One call as it arrives; without an instant the line is open and nobody is away."""

    def __init__(
        self,
        scheme: Scheme,
        line: Line,
        client: Client,
        last: tuple[Talked, ...],
        at: Instant | None,
        standing: Standing,
    ) -> None:
        self.scheme = scheme
        self.line = line
        self.client = client
        self.last = last
        self.at = at
        self.standing = standing
        self.department: Department | None = None if line.department is None else scheme.departments[line.department]
        self.is_open = at is None or availability.is_line_open(scheme, line, at)
        self.facts: dict[str, str | bool | None] = {
            **dict(client.attributes),
            "segment": client.segment,
            "priority": client.priority or NO_PRIORITY,
            "stage": client.stage,
            "line": line.listed_as or line.key,
            "department": line.department,
            "source": line.source,
            "known": client.known_from not in (None, "prefix"),
            "responsible": client.responsible in scheme.people,
            "open": self.is_open,
        }
        """What a condition may look at."""
        self._away: dict[PersonId, Why | None] = {}

    def away(self, person: PersonId) -> Why | None:
        """Return why somebody is not rung, whatever his phones say."""
        if self.at is None:
            return None
        if person not in self._away:
            self._away[person] = availability.away(self.scheme, person, self.at)
        return self._away[person]
