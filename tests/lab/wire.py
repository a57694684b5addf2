"""What was seen on the wire, and when."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

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

    def __sub__(self, other: Moment) -> float:
        return self.mono - other.mono


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
