"""Calls split by their outcome, and what each of them says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.words import LostReason
from callrouter.ledger.figure import share
from callrouter.ledger.period import micro

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.ledger.figure import Calls

SHORT = 5
"""Seconds: who leaves earlier is left out of the companion figure; who talked less is a phantom."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The calls of one figure, split by outcome."""

    rows: Calls
    answered: Calls
    lost: Calls

    @property
    def calls(self) -> int:
        """Return how many calls there were."""
        return len(self.rows)

    @property
    def lcr(self) -> float | None:
        """Return the Lost Call Rate, 0 to 1; None without calls."""
        return share(len(self.lost), len(self.rows))

    @property
    def block(self) -> dict[str, Calls | float | None]:
        """Return the figures by their names in the contract."""
        return {"calls": self.rows, "answered": self.answered, "lost": self.lost, "lcr": self.lcr}


def tally(rows: Iterable[CallRow]) -> Tally:
    """Split ended calls by outcome."""
    counted = tuple(rows)
    answered = tuple(row for row in counted if row.outcome == "answered")
    return Tally(counted, answered, tuple(row for row in counted if row.outcome == "lost"))


def waited(row: CallRow) -> float | None:
    """Return the seconds from arrival to the answer, or to the end of a lost call; None while it is open."""
    until = row.ended_at if row.answered_at is None else row.answered_at
    return None if until is None else _to_the_millisecond(row.arrived_at, until)


def talked(row: CallRow) -> float | None:
    """Return the seconds from the answer to the end; None for a call that was not answered or goes on."""
    if row.answered_at is None or row.ended_at is None:
        return None
    return _to_the_millisecond(row.answered_at, row.ended_at)


def _to_the_millisecond(since: Instant, until: Instant) -> float:
    return (micro(since, until) + 500) // 1000 / 1000


def left_at_once(row: CallRow) -> bool:
    """Return whether the caller left by himself in under `SHORT` seconds."""
    seconds = waited(row)
    return row.lost_reason is LostReason.ABANDONED and seconds is not None and seconds < SHORT


def without_short(rows: Iterable[CallRow]) -> Calls:
    """Return the calls without those of callers who left at once."""
    return tuple(row for row in rows if not left_at_once(row))


def in_hours(rows: Iterable[CallRow]) -> Calls:
    """Return the calls that arrived within their line's hours."""
    return tuple(row for row in rows if not row.is_closed)


def phantoms(rows: Iterable[CallRow]) -> Calls:
    """Return the answered calls in which nobody can have talked: they lasted under `SHORT` seconds."""
    return tuple(row for row in rows if (seconds := talked(row)) is not None and seconds < SHORT)
