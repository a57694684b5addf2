"""What a soak came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.soak.audit import Difference
from tests.soak.faults import Fault
from tests.soak.memory import Life


@dataclass(slots=True)
class Result:
    """Counts, and whatever is not as it has to be."""

    placed: int = 0
    answered: int = 0
    barely: int = 0
    """So many of them for less than a moment (`audit.BARELY`)."""
    rows: int = 0
    by: Counter[str] = field(default_factory=Counter)
    """How many calls the router served, and the fallback; and how many were recovered."""
    faults: list[Fault] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What is not as it has to be; empty: the soak has passed."""
    differences: list[Difference] = field(default_factory=list)
    known: list[Difference] = field(default_factory=list)
    """Calls that nobody can know of (`Difference.is_known`): said, but not held against it."""
    late: list[str] = field(default_factory=list)
    """Instants that Asterisk means otherwise than the ledger, each as the wire saw it: said, not held against it."""
    suspects: list[str] = field(default_factory=list)
    """The ids of the calls that differ."""

    @property
    def is_fine(self) -> bool:
        """Whether both sides tell the same and nothing was left."""
        return not self.wrong and not self.differences
