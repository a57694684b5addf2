"""What was seen on the wire, and when."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab import standstill

if TYPE_CHECKING:
    from tests.lab.sip import Message


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant on both clocks, in seconds: `time.monotonic()` and `time.time()`."""

    mono: float
    wall: float

    @classmethod
    def now(cls) -> Moment:
        """This instant."""
        return cls(time.monotonic(), time.time())

    @classmethod
    def at(cls, wall: float) -> Moment:
        """An instant of the wall clock."""
        now = cls.now()
        return cls(now.mono + wall - now.wall, wall)

    def __sub__(self, other: Moment) -> float:
        return self.mono - other.mono

    def after(self, other: Moment) -> float:
        """Return how long after that this was, less what the machine stood still: for what may not last."""
        return self.mono - other.mono - standstill.between(other.mono, self.mono)

    def long_after(self, other: Moment) -> float:
        """Return how long after that this was at most, as that may have been seen late: for what has to last."""
        return self.mono - other.mono + standstill.delay(other.mono)

    def comes(self, seconds: float, other: Moment, *, give_or_take: float) -> bool:
        """Whether it is so long after the other: neither sooner nor later but for a standstill."""
        return self.long_after(other) > seconds - give_or_take and self.after(other) < seconds + give_or_take

    def apart(self, other: Moment) -> float:
        """Return how far the two are from one another, whichever came first, less a standstill between them."""
        first, last = sorted((self, other), key=lambda one: one.mono)
        return last.after(first)


@dataclass(frozen=True, slots=True)
class Seen:
    """One message that passed."""

    at: Moment
    sent: bool
    message: Message

    @property
    def reason(self) -> str:
        """The text of the Reason header, such as `Call completed elsewhere`; the whole header when it has none."""
        said = ", ".join(self.message.all("Reason"))
        found = re.search(r'text="([^"]*)"', said)
        return found[1] if found else said

    def __str__(self) -> str:
        arrow = "->" if self.sent else "<-"
        return f"{self.at.mono:.3f} {arrow} {self.message.start} ({self.message.get('CSeq')})"
