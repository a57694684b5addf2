"""The Lost Call Rate by lcr/1."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, strategies as st

from callrouter.core.outcome import CallRow
from callrouter.core.words import LostReason, PersonId
from callrouter.ledger.groups import By, group_of
from callrouter.ledger.period import Period, day
from callrouter.ledger.rate import DEFINITION, defined, document, inbound, rate
from callrouter.ledger.tally import left_at_once, talked, waited
from tests.ledger.rows import at, call

MOSCOW = "Europe/Moscow"
FRIDAY = day(date(2026, 11, 20), MOSCOW)
CALLS = (
    call("2026-11-20T00:00:00+03:00"),
    call("2026-11-20T09:15:00+03:00", answered_by=PersonId("boris"), answered_step=2, responsible=PersonId("anna")),
    call("2026-11-20T09:59:59.999+03:00", lost=LostReason.ABANDONED, wait=4.9, lost_step=None),
    call("2026-11-20T10:00:00+03:00", lost=LostReason.ABANDONED, wait=5.0, responsible=PersonId("vera")),
    call("2026-11-20T11:00:00+03:00", lost=LostReason.NO_ANSWER, wait=60.0, line="+74950000000", department=None),
    call("2026-11-20T23:59:59.999+03:00", lost=LostReason.FAILURE, wait=0.1),
)
NIGHT = "2026-11-20T03:00:00+03:00"
ELSEWHERE = (
    call("2026-11-19T23:59:59.999+03:00"),
    call("2026-11-21T00:00:00+03:00", lost=LostReason.CLOSED),
    call("2026-11-20T12:00:00+03:00", direction="out"),
    call("2026-11-20T12:00:00+03:00", direction="internal", lost=LostReason.NO_ANSWER),
    call("2026-11-20T12:00:00+03:00", outcome=None, answered_at=None, ended_at=None),
)


def test_the_headline_is_lost_by_inbound_calls() -> None:
    """All ended inbound calls of the half-open period count, none is excluded, and nothing else counts."""
    figures = rate((*ELSEWHERE, *CALLS), FRIDAY)
    assert (figures.all.answered, figures.all.lost) == (CALLS[:2], CALLS[2:])
    assert (figures.all.calls, figures.all.lcr) == (6, 4 / 6)
    assert figures.groups == ()


def test_every_reason_is_listed_with_its_calls() -> None:
    """Reasons without calls are there too; together they are the lost calls."""
    by_reason = rate(CALLS, FRIDAY).lost_by_reason
    assert {reason.value: len(rows) for reason, rows in by_reason.items()} == {
        "abandoned": 2,
        "no_answer": 1,
        "unreachable": 0,
        "closed": 0,
        "rejected": 0,
        "failure": 1,
    }


def test_the_companion_leaves_out_who_left_at_once() -> None:
    """Only callers who left by themselves in under 5 s are left out: 5.0 s counts, and so does our quick failure."""
    figures = rate(CALLS, FRIDAY).without_short
    assert (figures.calls, len(figures.lost)) == (5, 3)
    assert [left_at_once(row) for row in CALLS] == [False, False, True, False, False, False]


def test_working_hours_are_those_of_the_moment() -> None:
    """Each call's row says whether the line was open; one that was answered all the same is closed."""
    calls = (
        *CALLS,
        call("2026-11-20T20:00:00+03:00", is_closed=True),
        call(NIGHT, lost=LostReason.CLOSED, is_closed=True),
    )
    figures = rate(calls, FRIDAY)
    assert (figures.all.calls, figures.working_hours.rows) == (8, CALLS)


def test_nothing_has_no_rate() -> None:
    """Without calls the rate is null, not zero and not a fault."""
    assert document(rate((), FRIDAY, By.DAY)) == {
        "definition": "lcr/1",
        "from": "2026-11-19T21:00:00.000Z",
        "to": "2026-11-20T21:00:00.000Z",
        "timezone": "Europe/Moscow",
        "calls": 0,
        "answered": 0,
        "lost": 0,
        "lcr": None,
        "lost_by_reason": dict.fromkeys(("abandoned", "no_answer", "unreachable", "closed", "rejected", "failure"), 0),
        "working_hours": {"calls": 0, "answered": 0, "lost": 0, "lcr": None},
        "without_short": {"under_seconds": 5, "calls": 0, "answered": 0, "lost": 0, "lcr": None},
        "clients": None,
        "groups": [],
    }


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (By.HOUR, [(0, 1, 0), (9, 2, 1), (10, 1, 1), (11, 1, 1), (23, 1, 1)]),
        (By.DAY, [("2026-11-20", 6, 4)]),
        (By.LINE, [("+74950000000", 1, 1), ("+74951234567", 5, 3)]),
        (By.DEPARTMENT, [("sales", 5, 3), (None, 1, 1)]),
        (By.PERSON, [("anna", 1, 0), ("boris", 1, 0), ("vera", 1, 1), (None, 3, 3)]),
        (By.STEP, [(1, 1, 0), (2, 2, 1), (None, 3, 3)]),
        (By.REASON, [("abandoned", 2, 2), ("failure", 1, 1), ("no_answer", 1, 1), (None, 2, 0)]),
        (By.WEEK, [("2026-W47", 6, 4)]),
        (By.MONTH, [("2026-11", 6, 4)]),
        (By.SOURCE, [(None, 6, 4)]),
        (By.CLIENT, [("+79161234567", 6, 4)]),
        (By.PRIORITY, [(None, 6, 4)]),
        (By.SEGMENT, [(None, 6, 4)]),
    ],
)
def test_every_call_is_in_one_group(by: By, expected: list[tuple[object, int, int]]) -> None:
    """Groups are ordered by their key, nobody's last, and together they are the headline."""
    printed = document(rate(CALLS, FRIDAY, by))["groups"]
    assert isinstance(printed, list)
    assert [(group["key"], group["calls"], group["lost"]) for group in printed] == expected


def test_the_hour_is_the_clocks() -> None:
    """The hour that comes twice in autumn is one group; days are the zone's."""
    night = day(date(2026, 10, 25), "Europe/Berlin")
    calls = (call("2026-10-25T02:30:00+02:00"), call("2026-10-25T02:30:00+01:00"))
    assert [(key, tally.calls) for key, tally in rate(calls, night, By.HOUR).groups] == [(2, 2)]
    assert [key for key, _ in rate(calls, night, By.DAY).groups] == ["2026-10-25"]


def test_waiting_and_talking() -> None:
    """Waiting ends with the answer, or with the end of a lost call; talking with the end; open ones have none."""
    answered, lost = CALLS[0], CALLS[4]
    assert (waited(answered), talked(answered)) == (10.0, 60.0)
    assert (waited(lost), talked(lost)) == (60.0, None)
    ringing = call("2026-11-20T12:00:00+03:00", answered_at=None, ended_at=None, outcome=None)
    talking = call("2026-11-20T12:00:00+03:00", ended_at=None, outcome=None)
    assert (waited(ringing), talked(ringing), talked(talking)) == (None, None, None)
    assert not left_at_once(call("2026-11-20T12:00:00+03:00", lost=LostReason.ABANDONED, ended_at=None))


def test_a_block_that_is_kept_alone_says_by_which_definition() -> None:
    """Each block of figures has the id, and what the period is compared with; what is not known stays null."""
    told = document(rate(CALLS, FRIDAY)) | {"compared": {"day_before": {"calls": 3}}}
    blocks = defined(told)
    named = [blocks["working_hours"], blocks["without_short"], blocks["compared"]["day_before"]]
    assert [one["definition"] for one in named] == [DEFINITION] * 3
    assert blocks["clients"] is None
    assert "compared" not in defined(document(rate(CALLS, FRIDAY)))
    assert {name: blocks[name] for name in ("calls", "lost", "lost_by_reason")} == {
        name: told[name] for name in ("calls", "lost", "lost_by_reason")
    }


INSTANTS = st.floats(at("2026-11-19T00:00:00+00:00"), at("2026-11-22T00:00:00+00:00"))
ANY_CALL = st.builds(
    lambda start, lost, direction, line, step: call(
        datetime.fromtimestamp(start, UTC).isoformat(), lost=lost, direction=direction, line=line, lost_step=step
    ),
    INSTANTS,
    st.none() | st.sampled_from(LostReason),
    st.sampled_from(["in", "in", "out"]),
    st.sampled_from(["+1", "+2"]),
    st.none() | st.integers(1, 3),
)


@given(st.lists(ANY_CALL, max_size=30), INSTANTS, INSTANTS, st.sampled_from(By))
def test_a_figure_is_the_length_of_a_list(calls: list[CallRow], one: float, other: float, by: By) -> None:
    """Whatever the calls: headline, reasons and groups split the very same calls, none twice and none left out."""
    period = Period(min(one, other), max(one, other), MOSCOW)
    rows = inbound(calls, period)
    figures = rate(rows, period, by)
    assert sorted(figures.all.answered + figures.all.lost, key=id) == sorted(rows, key=id)
    assert sum(len(reason) for reason in figures.lost_by_reason.values()) == len(figures.all.lost)
    assert sum(tally.calls for _, tally in figures.groups) == figures.all.calls
    for key, tally in figures.groups:
        assert {group_of(row, by, MOSCOW) for row in tally.answered + tally.lost} == {key}
