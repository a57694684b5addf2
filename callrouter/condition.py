"""How a worker is: read off its parts at the moment somebody looks, so that no call pays for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from callrouter.core.call import Phase
from callrouter.reception import Reception
from callrouter.store.outbox import Depth
from callrouter.store.shipper import Shipper
from callrouter.web.live import Figures, ToSend

SILENT = 3.0
"""Seconds without an answer after which the database is away; it is asked each second."""
PHASES = ("reception", *(phase.value for phase in Phase if phase is not Phase.OVER))


class Way(Protocol):
    """How calls come."""

    @property
    def reconnects(self) -> int:
        """Return how often it was tried to connect again."""
        ...

    def fault(self) -> str | None:
        """Return why no call comes; None: they come."""
        ...

    def phases(self) -> Mapping[str, int]:
        """Return how many calls are in each phase; those in which there is none may be missing."""
        ...


class Condition:
    """See `callrouter.web.live.Live`."""

    def __init__(
        self,
        way: Way,
        reception: Reception,
        shipper: Shipper,
        is_closing: Callable[[], bool],
        lease_age: Callable[[], float | None],
        outbox: Callable[[], Depth | None],
    ) -> None:
        self._way = way
        self._reception = reception
        self._shipper = shipper
        self._is_closing = is_closing
        self._lease_age = lease_age
        self._outbox = outbox
        self._answered_at = time.monotonic()

    def database_answered(self) -> None:
        """Note that the database is there."""
        self._answered_at = time.monotonic()

    @property
    def role(self) -> str:
        """See `Live`."""
        return "closing" if self._is_closing() else "active"

    def why(self) -> list[str]:
        """See `Live`."""
        fault = self._way.fault()
        faults = {
            fault or "": fault is not None,
            "no scheme is applied: `callrouter scheme apply`": self._reception.current is None,
            "the database does not answer": time.monotonic() - self._answered_at > SILENT,
            "the database does not take the journal": self._shipper.is_stuck,
            "the spool cannot be written: is the disk of DATA_DIR full?": self._shipper.journal.waiting > 0,
            "stopping: new calls go to the fallback": self._is_closing(),
        }
        return [said for said, is_so in faults.items() if is_so]

    def figures(self) -> Figures:
        """See `Live`."""
        calls = {**dict.fromkeys(PHASES, 0), **self._way.phases()}
        journal = self._shipper.journal
        return Figures(
            calls=calls,
            reconnects=self._way.reconnects,
            spool=self._spool(),
            memory=journal.waiting,
            failures=journal.failures,
            dropped=self._shipper.dropped,
            lease_age=self._lease_age(),
            outbox=self._to_send(),
        )

    def _to_send(self) -> ToSend | None:
        depth = self._outbox()
        if depth is None:
            return None
        age = 0.0 if depth.oldest is None else max(time.time() - depth.oldest, 0.0)
        return ToSend(depth.waiting, depth.dead, age)

    def _spool(self) -> int | None:
        try:
            return self._shipper.behind()
        except OSError:  # DATA_DIR is gone
            return None
