"""The date's calls by client, by source and by person: each way of looking at them counts what the ledger counts."""

from __future__ import annotations

from datetime import date

import pytest

from callrouter.ledger.groups import By, groups as ledger_groups
from callrouter.report.inbound import Inbound
from callrouter.report.night import Count
from tests.ledger import table
from tests.report.nights import night


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_the_totals_agree(day: int) -> None:
    """Clients and sources add up to all calls and all lost ones, nobody's group comes with them."""
    found = night(of=date(2026, 3, day))
    calls = Inbound(found)
    for by, groups in ((By.CLIENT, calls.by_client), (By.SOURCE, calls.by_source)):
        assert sum(one.calls for _, one in groups) == found.figures["calls"]
        assert sum(one.lost for _, one in groups) == found.figures["lost"]
        listed = [(key, Count(one.calls, len(one.lost))) for key, one in ledger_groups(calls.rows, by, table.BERLIN)]
        assert list(groups) == sorted(listed, key=lambda one: (-one[1].calls, -one[1].lost))
    assert {key: len(those) for key, those in calls.missed.items()} == {
        one["key"]: one["missed"] for one in found.figures["people"] if one["missed"]
    }
    assert len(calls.escalations) == found.figures["escalations"]["calls"]
