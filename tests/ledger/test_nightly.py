"""Which business dates are due."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from callrouter.ledger.nightly import due, due_at, newest

BERLIN = "Europe/Berlin"


def at(local: str, fold: int = 0) -> float:
    """The instant of a time in Berlin."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(BERLIN), fold=fold).timestamp()


@pytest.mark.parametrize(
    ("of", "time", "when"),
    [
        ("2026-11-20", "07:00", at("2026-11-21T07:00")),
        ("2026-11-20", "00:00", at("2026-11-21T00:00")),
        ("2026-10-24", "02:30", at("2026-10-25T02:30", 0)),  # the clock shows it twice
        ("2026-10-24", "03:00", at("2026-10-25T03:00")),
        ("2026-03-28", "02:30", at("2026-03-29T03:30")),  # it does not show it
        ("2026-03-28", "07:00", at("2026-03-29T07:00")),
    ],
)
def test_when_a_date_is_due(of: str, time: str, when: float) -> None:
    """By the clock of the day after; the first of two times, and a time there is not when it would be."""
    assert due_at(date.fromisoformat(of), time, BERLIN) == when


def test_a_date_is_due_to_the_instant() -> None:
    """Just before it is the one before it."""
    assert newest(at("2026-11-21T07:00"), "07:00", BERLIN) == date(2026, 11, 20)
    assert newest(at("2026-11-21T07:00") - 0.001, "07:00", BERLIN) == date(2026, 11, 19)


@given(st.floats(at("2026-03-01T00:00"), at("2026-11-30T00:00")), st.integers(0, 1439))
def test_every_instant_has_a_newest_date(now: float, minutes: int) -> None:
    """It is due, and the one after it is not, also when the clocks change."""
    time = f"{minutes // 60:02}:{minutes % 60:02}"
    last = newest(now, time, BERLIN)
    assert due_at(last, time, BERLIN) <= now < due_at(last.fromordinal(last.toordinal() + 1), time, BERLIN)


def test_what_was_missed_is_due_oldest_first() -> None:
    """From the first date ever on, 31 days at most, without those that are done; at the beginning yesterday only."""
    now = at("2026-11-21T08:00")
    assert due(now, "07:00", BERLIN, None, ()) == (date(2026, 11, 20),)
    assert due(now, "07:00", BERLIN, date(2026, 11, 17), {"2026-11-18"}) == (
        date(2026, 11, 17),
        date(2026, 11, 19),
        date(2026, 11, 20),
    )
    found = due(now, "07:00", BERLIN, date(2026, 1, 1), ())
    assert (found[0], found[-1], len(found)) == (date(2026, 10, 21), date(2026, 11, 20), 31)
    assert due(now, "07:00", BERLIN, date(2026, 11, 21), ()) == ()
