"""Lost clients on the real Asterisk: on the list within a second, off it when somebody talked to them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from callrouter.store.database import Database
from callrouter.store.worklist import lost_clients
from tests.lab import answers, patience, rings
from tests.real.rig import Rig, scheme
from tests.real.test_reconcile import behave, company

if TYPE_CHECKING:
    from collections.abc import Callable

LINE = "+74951234567"
LADDER = '{ring = "responsible", seconds = 1}, {ring = "department", seconds = 4}'
CLIENTS = "phone,name,responsible,priority\n+79161234567 +79167654321,ООО Ромашка,anna,A\n+79160000001,ЗАО Пион,,B\n"


async def listed(there: Rig, holds: Callable[[list[str]], bool], within: float) -> list[str]:
    """Wait until that holds of the names on the list; a command would take a second for each look."""
    database = Database(there.environment["CALLROUTER_DATABASE_URL"])
    try:
        async with patience(within):
            while True:
                async with database.reading() as connection:
                    names = [one.name or one.number for one in await lost_clients(connection)]
                if holds(names):
                    return names
                await asyncio.sleep(0.02)
    finally:
        await database.close()


async def shown(there: Rig, client: str) -> dict[str, Any]:
    """Return what `lost show` says."""
    found: dict[str, Any] = json.loads(await there.run("lost", "show", client, "--json"))
    return found


async def lose(there: Rig, caller: str) -> None:
    """Let somebody call in vain, and hang up when a phone has rung for three seconds."""
    call = await there.trunk.dial(LINE, caller=caller)
    await (await there.phone("boris").incoming()).wait("ringing")
    await asyncio.sleep(3.2)  # who rang for less has missed nothing
    await call.hangup()


async def test_a_lost_client_is_called_back_or_comes_again() -> None:
    """Two are lost and on the list at once; one is called back by his other number, one calls again: both are gone."""
    async with Rig(scheme(LADDER), company=company(has_fallback=False), clients=CLIENTS) as there:
        behave(there, rings())
        for number, name in (("89161234567", "ООО Ромашка"), ("89160000001", "ЗАО Пион")):
            await lose(there, number)
            ended = time.monotonic()
            await listed(there, lambda names, name=name: name in names, 1.0)  # type: ignore[misc]
            print(f"on the list after {time.monotonic() - ended:.3f} s")
        first, second = json.loads(await there.run("lost", "list", "--json"))
        assert (first["client"], first["whose"], first["missed_by"]) == (
            "ООО Ромашка",
            "anna",
            ["anna", "boris", "vera"],
        )
        assert (second["client"], second["whose"]) == ("ЗАО Пион", "gleb")
        await there.run("lost", "take", "89161234567", "boris")
        await there.run("lost", "take", "89161234567", "vera", code=1)
        await _is_rescued(there)
        await _returns(there)
        assert await there.run("lost", "list", "--json") == "[]\n"
        there.trunk.forget()  # the calls back were not to a line


async def _is_rescued(there: Rig) -> None:
    there.trunk.behaviour = rings()
    call = await there.phone("boris").dial("989161234567")
    await call.wait("ended")
    there.trunk.behaviour = answers(0.2)
    call = await there.phone("boris").dial("989167654321")
    await call.wait("answered")
    await call.hears(there.trunk)
    await call.hangup()
    ended = time.monotonic()
    await listed(there, lambda names: names == ["ЗАО Пион"], 5.0)
    print(f"rescued after {time.monotonic() - ended:.3f} s")
    found = await shown(there, "89161234567")
    assert found["closed_how"] == "rescued"
    told = [(one["what"], one["person"]) for one in found["history"]]
    assert told == [("lost", None), ("taken", "boris"), ("attempted", "boris"), ("rescued", "boris")]


async def _returns(there: Rig) -> None:
    behave(there, answers(0.1), "vera")
    call = await there.trunk.dial(LINE, caller="89160000001")
    await call.wait("answered")
    await call.hears(there.phone("vera"), 20)
    await call.hangup()
    await listed(there, lambda names: names == [], 2.0)
    found = await shown(there, "89160000001")
    assert (found["closed_how"], found["history"][-1]["person"]) == ("returned", "vera")
