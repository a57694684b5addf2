"""How late a message came, whatever the two clocks say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callrouter.ari.lateness import Lateness


def at(seconds: float) -> str:
    """Return an instant as Asterisk writes it: in whole milliseconds, with its zone."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


@pytest.mark.parametrize("skew", [0.0, 3600.0, -3600.0])
def test_the_quickest_message_compares_the_clocks(skew: float) -> None:
    """What takes longer than that is late, by whatever it takes longer."""
    lateness = Lateness()
    assert lateness.of(at(1000.0 + skew), 1000.2) == 0.0
    assert lateness.of(at(1001.0 + skew), 1001.0) == 0.0
    assert lateness.of(at(1002.0 + skew), 1002.01) == 0.0
    assert lateness.of(at(1002.0 + skew), 1006.0) == pytest.approx(4.0)


def test_a_clock_that_was_set_is_believed_again_after_a_while() -> None:
    """Asterisk's clock goes back an hour: no message is an hour late, and after two spans lateness is seen anew."""
    lateness = Lateness()
    assert lateness.of(at(1000.0), 1000.0) == 0.0
    assert [lateness.of(at(now - 3600.0), now) for now in (1010.0, 1070.0, 1140.0)] == [0.0, 0.0, 0.0]
    assert lateness.of(at(1141.0 - 3600.0), 1143.0) == pytest.approx(2.0)


@pytest.mark.parametrize("nonsense", ["", "now", None])
def test_what_is_no_time_is_not_late(nonsense: str) -> None:
    """It is passed over."""
    assert Lateness().of(nonsense, 1000.0) == 0.0
