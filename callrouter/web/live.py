"""The port through which a worker's state is seen at this moment; whoever runs the worker fills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ToSend:
    """What is on its way to people."""

    waiting: int
    """Messages that wait to be delivered, …"""
    dead: int
    """… and those that were given up."""
    age: float
    """Seconds the oldest message waits; 0: nothing waits."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be read off a worker; what only grows is counted since its start."""

    calls: Mapping[str, int] = field(default_factory=dict)
    """Live calls by phase."""
    reconnects: int = 0
    """Attempts to connect to Asterisk again."""
    spool: int | None = None
    """Bytes of the journal that the database has not got; None: the journal cannot be looked at."""
    memory: int = 0
    """Bytes of the journal that the disk does not take."""
    failures: int = 0
    """Writes to the journal that failed."""
    dropped: int = 0
    """Records that could not be read or stored."""
    lease_age: float | None = None
    """Seconds since the last confirmed beat of the lease; None: there is no lease."""
    outbox: ToSend | None = None
    """What is on its way to people; None: it cannot be looked at."""


class Live(Protocol):
    """A worker, or what stands in its place before there is one."""

    @property
    def role(self) -> str:
        """What it is at the moment: starting, standby, active, closing."""
        ...

    def why(self) -> list[str]:
        """Return what keeps it from taking calls in full health; nothing: it is ready."""
        ...

    def figures(self) -> Figures:
        """Return what can be read off it now."""
        ...


@dataclass(frozen=True, slots=True)
class Idle:
    """No worker runs yet, for this reason."""

    role: str
    reason: str

    def why(self) -> list[str]:
        """See `Live`."""
        return [self.reason]

    def figures(self) -> Figures:
        """See `Live`."""
        return Figures()
