"""What a session needs of the router, and what it remembers of the calls it has sent on their way."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from callrouter.core.machine import advance, arrive
from callrouter.core.outcome import row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from callrouter.core.events import CallArrived, Event, Reported
    from callrouter.core.facts import Arrival
    from callrouter.core.outcome import CallRow
    from callrouter.core.words import CallId, Instant, PersonId

REMEMBERED = 5_000
"""Calls on their way whose beginning is remembered, for the figures of this worker; the ledger needs none of it."""

log = structlog.get_logger()


@dataclass(slots=True)
class Office:
    """The router, as a session sees it."""

    receive: Callable[[Arrival], Awaitable[CallArrived]]
    """Decide; takes the look-ups' bound at most."""
    name: Callable[[str], Awaitable[str | None]]
    """Who has this number."""
    is_paused: Callable[[PersonId], bool]
    has_custom_states: Callable[[], bool]
    """Whether do not disturb and forwarding are looked for, as FreePBX keeps them."""
    is_closing: Callable[[], bool]
    """No new calls."""
    write: Callable[[CallId, Event], None]
    """Write down; never waits, never raises."""
    ended: Callable[[CallRow], None]
    now: Callable[[], Instant]
    _begun: OrderedDict[CallId, CallArrived] = field(default_factory=OrderedDict)

    def begin(self, call: CallId, event: CallArrived) -> None:
        """A call is on its way, written down before Asterisk is told."""
        self.write(call, event)
        self._begun[call] = event
        while len(self._begun) > REMEMBERED:
            self._begun.popitem(last=False)

    def end(self, call: CallId, event: Reported) -> None:
        """A call is over; one that ends twice ended the first time."""
        self.write(call, event)
        begun = self._begun.pop(call, None)
        if begun is None:
            return
        final = row(advance(arrive(call, begun)[0], event)[0])
        log.info(
            "call",
            call=call,
            line=final.line,
            routed_by=final.routed_by,
            outcome=final.outcome,
            lost_reason=final.lost_reason,
            answered_by=final.answered_by,
            answered_step=final.answered_step,
        )
        self.ended(final)
