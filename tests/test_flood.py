"""A flood of calls from one number is counted, and forgotten."""

from __future__ import annotations

from callrouter.flood import MOST, WITHIN, Flood


def test_many_calls_of_one_number() -> None:
    """The eleventh call within ten seconds is one too many, and so is each that follows it."""
    flood = Flood()
    assert [flood.heard("+79161234567", second / 2) for second in range(12)] == list(range(1, 13))
    assert MOST == 10


def test_others_do_not_count() -> None:
    """Many numbers that call once each are no flood."""
    flood = Flood()
    assert {flood.heard(f"+7916{number:07}", 1.0) for number in range(100)} == {1}


def test_what_is_over_is_forgotten() -> None:
    """Calls older than ten seconds do not count, and nothing is kept of them."""
    flood = Flood()
    for number in range(100):
        flood.heard(f"+7916{number:07}", 1.0)
    assert flood.heard("+79160000007", 1.0 + WITHIN) == 1
    assert (len(flood._recent), dict(flood._counts)) == (1, {"+79160000007": 1})
