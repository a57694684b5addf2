"""`callrouter db prune`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import abandoned

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said


async def test_what_would_go_is_said_first(ready: Callable[..., Said]) -> None:
    """Without --yes nothing goes, and the exit code says that something is old; with it the trace has gone."""
    await apply(SCHEME + "[retention]\njournal = 1\n")
    await ship(lambda journal: abandoned(journal, "0191-a", at=1_500_000_000.5, arrived_at=1_500_000_000.25))
    asked = await asyncio.to_thread(ready, "db", "prune", "--json")
    assert (asked.code, asked.json["deleted"]) == (1, {})
    count = asked.json["old"]["journal"]
    assert count > 0
    assert f"journal  {count} rows for more than 1 days" in asked.err
    assert "calls" not in asked.json["old"]
    done = await asyncio.to_thread(ready, "db", "prune", "--yes", "--json")
    assert (done.code, done.json["deleted"]) == (0, {"journal": count})
    assert f"deleted: journal {count}" in done.err
    again = await asyncio.to_thread(ready, "db", "prune", "--yes")
    assert (again.code, "deleted" in again.err) == (0, False)
    shown = await asyncio.to_thread(ready, "calls", "show", "0191-a")
    assert "gone: it is older than [retention]" in shown.out
