"""The export looks at itself: hours and lines without calls, and when that is nothing strange."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.report.audit import audit
from callrouter.report.night import Line
from tests.ledger.rows import call
from tests.ledger.table import BERLIN
from tests.report.nights import COMPANY, MONDAY, night

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow

ZONE = ZoneInfo(BERLIN)
SITE = replace(COMPANY, lines=(Line("site", "Сайт", frozenset(range(9, 18))),))
SHUT = replace(COMPANY, lines=(Line("site", "Сайт", frozenset()),))


def _at(hour: int, *ago: int, line: str = "site") -> list[CallRow]:
    days = (MONDAY - timedelta(days=one) for one in ago)
    return [call(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).isoformat(), line=line) for day in days]


def test_an_hour_that_usually_has_calls_is_missed() -> None:
    """Three of the seven days before had some at that hour, the line is open, and none came."""
    calls = [*_at(10, 0, 1, 2, 3), *_at(11, 1, 2), *_at(12, 1, 2, 3), *_at(20, 1, 2, 3)]
    assert audit(night(*calls, company=SITE)).hours == (12,)
    assert audit(night(*calls, company=SHUT)).hours == ()


def test_a_line_is_silent_when_it_is_open_and_nobody_calls_it() -> None:
    """With its last call of the week before, if it had one; on a day off it may be silent."""
    (silent,) = audit(night(*_at(10, 0, line="hotline"), *_at(10, 3), company=SITE)).silent
    assert (silent.line.key, silent.last_at) == ("site", call("2026-03-27T10:00:00+01:00").arrived_at)
    (never,) = audit(night(*_at(10, 0, line="hotline"), company=SITE)).silent
    assert never.last_at is None
    assert audit(night(*_at(10, 0), company=SITE)).silent == ()
    assert audit(night(*_at(10, 0, line="hotline"), company=SHUT)).silent == ()


def test_it_is_clean_only_when_it_was_compared() -> None:
    """Without Asterisk's records nothing is proved."""
    calls = _at(10, 0)
    assert audit(night(*calls, company=SITE)).is_clean
    assert not audit(night(*calls, company=SITE, records=0)).is_clean
    assert not audit(night(*calls, company=SITE, live=1)).is_clean
