"""The two sides compared: what callers and phones saw on the wire, and what the ledger says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from callrouter.core.connect import CONNECT_AT_MOST
from callrouter.core.recorded import Record
from tests.soak.faults import Fault
from tests.soak.wire import Placed

EARLY, LATE = 1.0, 3.0
"""Seconds before a call's INVITE and after its end within which its row may say that it came."""
AT_ONCE = 2.0
"""Seconds within which the other party is released, and every phone is quiet, while nothing is broken."""
TAKEOVER = 9.0
"""The same around a fault: a frozen worker's calls, and the other's lease, take this long at the most."""
BARELY = 0.1
"""Seconds between the later 200 and the earlier end in which two may be brought together, or not: the ledger says.
Longer, up to what bringing them together may take, only where the caller has heard nobody."""

NO_ROW = "0 rows"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One call of which the two sides do not say the same."""

    what: str
    placed: Placed | None
    rows: tuple[Row, ...]
    fault: str
    """What was broken then."""
    is_known: bool = False
    """The one that nobody can know: he left before Asterisk's dialplan had begun, and Asterisk has no line of his."""

    def __str__(self) -> str:
        shown = "; ".join(
            f"{row['id']} {row['outcome']} {row['lost_reason'] or row['answered_by']}"
            f" by {row['routed_by']}{' recovered' if row['recovered'] else ''}"
            for row in self.rows
        )
        return (
            f"{self.what} [{self.fault or 'nothing broken'}]\n    wire: {self.placed}\n    ledger: {shown or 'nothing'}"
        )


class Audit:
    """Of all calls of a soak."""

    def __init__(
        self, placed: Sequence[Placed], rows: Sequence[Row], faults: Sequence[Fault], recorded: Sequence[Record] = ()
    ) -> None:
        self._placed = placed
        self._rows = rows
        self._faults = faults
        self._recorded = recorded
        self.calls: dict[str, Placed] = {}
        """Which call each row is about, by the row's id."""

    def differences(self) -> Iterator[Difference]:
        """Yield them."""
        by_number: dict[str, list[tuple[float, Row]]] = defaultdict(list)
        for row in self._rows:
            by_number[row["caller"]].append((_instant(row["arrived_at"]), row))
        for placed in self._placed:
            assert placed.ended_at is not None
            began, ended = placed.invited_at - EARLY, placed.ended_at + LATE
            rows = tuple(row for at, row in by_number[placed.number] if began <= at <= ended)
            self.calls |= {row["id"]: placed for row in rows}
            fault = self._around(placed.invited_at, placed.ended_at + AT_ONCE)  # his phones have so long to stop
            for what in self._one(placed, rows, fault):
                yield Difference(what, placed, rows, fault, what == NO_ROW and self._called_no_line(placed))
            for what in _outcome(placed, rows[0]) if len(rows) == 1 else ():
                yield Difference(what, placed, rows, fault)
        for row in self._rows:
            if row["id"] not in self.calls:
                at = _instant(row["arrived_at"])
                yield Difference("a row of no call", None, (row,), self._around(at, at))

    def _one(self, placed: Placed, rows: Sequence[Row], fault: str) -> Iterator[str]:
        if placed.is_stranded:
            yield "nobody came, and nobody said so"
        yield from _quiet(placed, TAKEOVER if fault else AT_ONCE)
        if len(rows) != 1:
            yield f"{len(rows)} rows"

    def _called_no_line(self, placed: Placed) -> bool:
        """Whether he left unheard, and not even Asterisk's own records name a line that he had called then."""
        assert placed.ended_at is not None
        began, ended = placed.invited_at - EARLY, placed.ended_at + LATE
        called = any(
            one.line and one.caller == placed.number and began <= one.started_at <= ended for one in self._recorded
        )
        return placed.has_left and not placed.is_answered and not placed.rang and not called

    def _around(self, began: float, ended: float) -> str:
        """Return what was broken during a call, or shortly before it."""
        near = [
            one for one in self._faults if one.began_at <= ended and began <= (one.ended_at or one.began_at) + TAKEOVER
        ]
        return ", ".join(f"{one.kind} {one.whom} {placed_in(one, began):+.1f} s".replace("  ", " ") for one in near)


def placed_in(fault: Fault, began: float) -> float:
    """Return when the fault began, counted from the call's beginning."""
    return fault.began_at - began


def _outcome(placed: Placed, row: Row) -> Iterator[str]:
    expected = "answered" if placed.is_answered else "lost"
    if row["outcome"] != expected:
        if expected == "answered" and is_barely(placed):
            return
        yield f"{row['outcome']}, not {expected}"
    elif expected == "answered":
        yield from _who(placed, row)
    elif row["lost_reason"] not in _reasons(placed):
        yield f"{row['lost_reason']}, not {' or '.join(_reasons(placed))}"


def is_barely(placed: Placed) -> bool:
    """Whether nobody was up together with the caller long enough to be brought together with him, or to be heard."""
    assert placed.ended_at is not None
    caller = placed.answered_at or placed.ended_at
    together = [
        min(placed.ended_at, one.ended_at or placed.ended_at) - max(caller, one.answered_at or caller)
        for one in placed.talked
    ]
    return max(together, default=inf) < (BARELY if placed.heard else CONNECT_AT_MOST)


def _who(placed: Placed, row: Row) -> Iterator[str]:
    people = {one.person for one in placed.talked}
    if row["answered_by"] not in (placed.heard or people) & people:
        heard = f", who heard {', '.join(placed.heard)}" if placed.heard else ""
        yield f"answered by {row['answered_by']}, not {' or '.join(sorted(people)) or 'anybody'}{heard}"


def _reasons(placed: Placed) -> Iterable[str]:
    """Return what the caller's final code may mean."""
    if placed.has_left and placed.status in {0, 487}:
        return ("abandoned",)
    if placed.status == 480:
        was_there = any(one.ringing_at is not None or one.status == 486 for one in placed.rang)
        return ("no_answer",) if was_there else ("no_answer", "unreachable")
    return ("failure",)


def _quiet(placed: Placed, within: float) -> Iterator[str]:
    """Who is left alone is released, and no phone rings for a caller who is gone."""
    assert placed.ended_at is not None
    for rung in placed.rang:
        if rung.ended_at is None:
            yield f"the call of {rung.person} has never ended"
        elif rung.ended_at - placed.ended_at > within:
            yield f"{rung.person}'s call ended {rung.ended_at - placed.ended_at:.1f} s after the caller's"
        elif rung.is_ended_by_phone and rung is placed.partner:
            alone = placed.ended_at - rung.ended_at
            if alone > within:
                yield f"the caller was alone for {alone:.1f} s after {rung.person} hung up"


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
