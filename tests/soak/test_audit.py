"""The soak's audit: whatever the two sides do not say alike is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from callrouter.core.recorded import Record
from tests.core.test_recorded import RUNG
from tests.soak.audit import Audit
from tests.soak.faults import Fault
from tests.soak.late import wire_agrees
from tests.soak.memory import Life, grown
from tests.soak.wire import Placed, Rung

ANNA = Rung("anna", 100.1, 100.2, 101.0, 110.0, is_ended_by_phone=True, status=200)
TALKED = Placed("+79160000001", "+7495", 100.0, 101.0, 110.1, 200, heard=frozenset({"anna"}), rang=[ANNA])
BRIEF = replace(TALKED, heard=frozenset(), ended_at=101.9, rang=[replace(ANNA, ended_at=101.8)])
LOST = Placed("+79160000001", "+7495", 100.0, None, 104.0, 480, rang=[replace(ANNA, answered_at=None, ended_at=104.0)])
LEFT = replace(LOST, status=487, has_left=True)
GIVEN_UP = replace(LEFT, rang=[replace(LOST.rang[0], is_ended_by_phone=False)])
RECORD = replace(RUNG, caller=LEFT.number, started_at=100.1)
NEAR = Fault("killed", "first", 103.0, 104.0)


def row(**more: Any) -> dict[str, Any]:
    """Return the row of the conversation, with something else in it."""
    own = {"id": "1", "caller": TALKED.number, "arrived_at": datetime.fromtimestamp(100.05, UTC).isoformat()}
    outcome = {"outcome": "answered", "lost_reason": None, "answered_by": "anna"}
    return own | outcome | {"routed_by": "router", "recovered": False} | more


def stamp(at: float) -> str:
    """Return an instant as the ledger writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def lost(reason: str) -> dict[str, Any]:
    """Return the row of a lost call."""
    return row(outcome="lost", lost_reason=reason, answered_by=None)


def found(placed: Placed | None, *rows: dict[str, Any], fault: Fault | None = None) -> list[str]:
    """Return what the audit says of one call."""
    calls, faults = [placed] if placed else [], [fault] if fault else []
    return [one.what for one in Audit(calls, rows, faults).differences()]


@pytest.mark.parametrize(
    ("placed", "ledger"),
    [
        (TALKED, row()),
        (LOST, lost("no_answer")),
        (LEFT, lost("abandoned")),
        (replace(LOST, status=503), lost("failure")),
        (replace(LOST, rang=[]), lost("unreachable")),
        (replace(TALKED, rang=[replace(ANNA, ended_at=101.3)], ended_at=101.05), lost("abandoned")),
        (replace(TALKED, rang=[replace(ANNA, ended_at=101.05)], ended_at=102.0), lost("no_answer")),
        (BRIEF, lost("abandoned")),
    ],
)
def test_what_agrees(placed: Placed, ledger: dict[str, Any]) -> None:
    """Nothing is said of it; within a moment two may have been brought together or not; who heard nobody was not."""
    assert found(placed, ledger) == []


@pytest.mark.parametrize(
    ("placed", "ledger", "what"),
    [
        (TALKED, [], "0 rows"),
        (TALKED, [row(), row(id="2")], "2 rows"),
        (TALKED, [lost("abandoned")], "lost, not answered"),
        (replace(TALKED, rang=[]), [lost("abandoned")], "lost, not answered"),
        (TALKED, [row(answered_by="boris")], "answered by boris, not anna, who heard anna"),
        (LOST, [row()], "answered, not lost"),
        (LOST, [lost("unreachable")], "unreachable, not no_answer"),
        (LOST, [lost("abandoned")], "abandoned, not no_answer"),
        (LEFT, [lost("no_answer")], "no_answer, not abandoned"),
        (GIVEN_UP, [lost("no_answer")], "no_answer, not abandoned"),
        (replace(BRIEF, heard=TALKED.heard), [lost("abandoned")], "lost, not answered"),
        (replace(TALKED, heard=frozenset()), [lost("abandoned")], "lost, not answered"),
        (replace(LEFT, is_stranded=True), [lost("abandoned")], "nobody came, and nobody said so"),
        (replace(LEFT, rang=[replace(ANNA, ended_at=None)]), [lost("abandoned")], "the call of anna has never ended"),
        (replace(TALKED, ended_at=113.0), [row()], "the caller was alone for 3.0 s after anna hung up"),
        (replace(TALKED, ended_at=107.0), [row()], "anna's call ended 3.0 s after the caller's"),
    ],
)
def test_what_does_not_agree(placed: Placed, ledger: list[dict[str, Any]], what: str) -> None:
    """It is said what it is, nothing else."""
    assert found(placed, *ledger) == [what]


def test_a_row_of_no_call() -> None:
    """Nobody called then, from this number or at all."""
    assert found(None, row()) == ["a row of no call"]
    late = datetime.fromtimestamp(200.0, UTC).isoformat()
    assert found(TALKED, row(arrived_at=late)) == ["0 rows", "a row of no call"]


def test_a_fault_explains_seconds_and_nothing_else() -> None:
    """Around one the other party may be alone for longer, but not for ever; outcomes have to be right as ever."""
    near = replace(NEAR, began_at=108.0, ended_at=109.0)
    assert found(replace(TALKED, ended_at=113.0), row(), fault=near) == []
    assert found(replace(TALKED, ended_at=120.0), row(), fault=near) != []
    assert found(TALKED, lost("abandoned"), fault=near) == ["lost, not answered"]


@pytest.mark.parametrize(
    ("what", "asterisk", "ledger", "agrees"),
    [
        ("ended_at", 105.0, 110.2, True),
        ("ended_at", 105.0, 108.0, False),
        ("answered_at", 101.1, 97.9, True),
        ("answered_at", 104.0, 97.9, False),
        ("answered_at", 101.1, 95.0, False),
        ("outcome", 101.1, 97.9, False),
    ],
)
def test_what_the_wire_has_seen(what: str, asterisk: float, ledger: float, agrees: bool) -> None:
    """Only times, and only where the phones saw what the ledger says, and the caller what Asterisk says."""
    told = {"asterisk": asterisk, "ledger": ledger}
    difference = {"what": what} | {key: datetime.fromtimestamp(at, UTC).isoformat() for key, at in told.items()}
    placed = replace(TALKED, rang=[replace(ANNA, answered_at=98.0)])
    assert wire_agrees(difference, placed) is agrees
    assert not wire_agrees(difference, None)


def test_no_fault_excuses_an_outcome() -> None:
    """Whoever was killed, or stood still: what the caller met is what the ledger says."""
    for kind in ("killed", "stalled", "nobody", "frozen"):
        fault = Fault(kind, "first", 103.0, 107.0)
        assert found(TALKED, lost("abandoned") | {"recovered": True}, fault=fault) == ["lost, not answered"]
        assert found(LEFT, lost("no_answer"), fault=fault) == ["no_answer, not abandoned"]


@pytest.mark.parametrize(
    ("placed", "records", "known"),
    [
        (replace(LEFT, rang=[]), [], True),
        (replace(LEFT, rang=[]), [replace(RECORD, line="")], True),
        (replace(LEFT, rang=[]), [replace(RECORD, started_at=50.0)], True),
        (replace(LEFT, rang=[]), [RECORD], False),
        (LEFT, [], False),
        (replace(LOST, rang=[]), [], False),
        (TALKED, [], False),
    ],
)
def test_whom_nobody_can_know(placed: Placed, records: list[Record], known: bool) -> None:
    """He left before Asterisk had begun with him: it names no line that he called, and no phone has rung."""
    (one,) = Audit([placed], [], [], records).differences()
    assert (one.what, one.is_known) == ("0 rows", known)


def test_memory_that_grows_is_seen() -> None:
    """Ten minutes of a life are enough, and what comes before it is warm does not count."""
    warming = [(float(age), 50_000 + 100 * min(age, 300), age) for age in range(0, 900, 10)]
    leaking = [(float(age), 80_000 + 20 * age, age) for age in range(0, 900, 10)]
    assert grown([Life("first", 1, warming), Life("second", 2, leaking[:40])]) == []
    assert len(grown([Life("first", 1, leaking)])) == 1
