"""The soak's audit: whatever the two sides do not say alike is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.soak.audit import Audit
from tests.soak.faults import Fault
from tests.soak.late import is_late
from tests.soak.memory import Life, grown
from tests.soak.wire import Placed, Rung

ANNA = Rung("anna", 100.1, 100.2, 101.0, 110.0, is_ended_by_phone=True, status=200)
TALKED = Placed("+79160000001", "+7495", 100.0, 101.0, 110.1, 200, heard=frozenset({"anna"}), rang=[ANNA])
LOST = Placed("+79160000001", "+7495", 100.0, None, 104.0, 480, rang=[replace(ANNA, answered_at=None, ended_at=104.0)])
LEFT = replace(LOST, status=487, has_left=True)
GIVEN_UP = replace(LEFT, rang=[replace(LOST.rang[0], is_ended_by_phone=False)])
NEAR = Fault("killed", "first", 103.0, 104.0)


def row(**more: Any) -> dict[str, Any]:
    """Return the row of the conversation, with something else in it."""
    own = {"id": "1", "caller": TALKED.number, "arrived_at": datetime.fromtimestamp(100.05, UTC).isoformat()}
    outcome = {"outcome": "answered", "lost_reason": None, "answered_by": "anna"}
    return own | outcome | {"routed_by": "router", "recovered": False} | more


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
        (GIVEN_UP, lost("no_answer")),
        (replace(LOST, status=503), lost("failure")),
        (replace(LOST, rang=[]), lost("unreachable")),
        (replace(TALKED, rang=[replace(ANNA, ended_at=101.3)], ended_at=101.05), lost("abandoned")),
        (replace(TALKED, rang=[replace(ANNA, ended_at=101.05)], ended_at=102.0), lost("no_answer")),
    ],
)
def test_what_agrees(placed: Placed, ledger: dict[str, Any]) -> None:
    """Nothing is said of it; within a moment two may have been brought together or not, or the ladder have run out."""
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
        (replace(GIVEN_UP, ended_at=104.2), [lost("no_answer")], "no_answer, not abandoned"),
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
    ("what", "at", "kind", "late"),
    [
        ("ended_at", 105.0, "stalled", True),
        ("ended_at", 99.0, "stalled", False),
        ("ended_at", 105.0, "killed", False),
        ("outcome", 105.0, "stalled", False),
    ],
)
def test_what_was_heard_late(what: str, at: float, kind: str, late: bool) -> None:
    """Only times, and only of what happened while a worker stood still or its connection did."""
    asterisk, ledger = (datetime.fromtimestamp(one, UTC).isoformat() for one in (at, at + 3))
    difference = {"what": what, "asterisk": asterisk, "ledger": ledger}
    assert is_late(difference, [Fault(kind, "first", 104.0, 108.0)], None) is late
    assert is_late(difference, [], replace(TALKED, ended_at=at + 2.5)) is (what == "ended_at")
    assert not is_late(difference, [], TALKED)


@pytest.mark.parametrize(
    ("kind", "killed_at", "recovered", "unshipped"),
    [
        ("killed", 105.0, True, True),
        ("nobody", 111.0, True, True),
        ("killed", 113.0, True, False),
        ("killed", 105.0, False, False),
        ("stalled", 105.0, True, False),
    ],
)
def test_what_only_a_killed_worker_knew(kind: str, killed_at: float, recovered: bool, unshipped: bool) -> None:
    """An outcome of a call that was taken over from a worker killed then, or a moment later; nothing else."""
    faults = [Fault(kind, "first", killed_at, killed_at + 3)]
    (one,) = Audit([TALKED], [lost("abandoned") | {"recovered": recovered}], faults).differences()
    assert one.is_known is unshipped
    (one,) = Audit([TALKED], [], faults).differences()
    assert not one.is_known


@pytest.mark.parametrize(("kind", "known"), [("stalled", True), ("killed", False)])
def test_who_left_while_nobody_heard(kind: str, known: bool) -> None:
    """The ladder ran out before the news came that the caller had left: known, if the worker heard nothing then."""
    (one,) = Audit([LEFT], [lost("no_answer")], [Fault(kind, "first", 103.0, 107.0)]).differences()
    assert one.is_known is known


def test_memory_that_grows_is_seen() -> None:
    """Ten minutes of a life are enough, and what comes before it is warm does not count."""
    warming = [(float(age), 50_000 + 100 * min(age, 300), age) for age in range(0, 900, 10)]
    leaking = [(float(age), 80_000 + 20 * age, age) for age in range(0, 900, 10)]
    assert grown([Life("first", 1, warming), Life("second", 2, leaking[:40])]) == []
    assert len(grown([Life("first", 1, leaking)])) == 1
