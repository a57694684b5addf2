"""Who was told of what, as the command line shows it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from callrouter.jobs.notices import Notices
from callrouter.routing.scheme import parse
from callrouter.store.database import Database
from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import ANNA, ARRIVED, BORIS, GLEB, Life, abandoned

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

NUMBER = "+79161234567"
MAIL = SCHEME.replace('["PJSIP/gleb"]', '["PJSIP/gleb"], mail = "gleb@example.org"')


async def _tell(document: str) -> None:
    """Let a worker tell whom it has to."""
    database = Database("sqlite:///callrouter.db")
    await Notices(database, lambda: parse(document.encode()), time.time).tell()
    await database.close()


def _lost(journal: Journal) -> None:
    ago = time.time() - 60
    abandoned(journal, "0191-a", at=ago, arrived_at=ago, responsible=ANNA)


def _answered(journal: Journal) -> None:
    step = replace(ARRIVED.ladder[0], people=(ANNA, BORIS, GLEB))
    Life(journal, "0191-b", replace(ARRIVED, ladder=(step,), client="Ромашка")).rings(GLEB).answers(GLEB).ends(60.0)


async def test_who_was_told_of_a_lost_client(ready: Callable[..., Said]) -> None:
    """The head, since Anna has no mail; `lost show` and `calls show` say so, with the letter's way."""
    await apply(MAIL)
    await ship(_lost)
    assert "is told soon" in (await asyncio.to_thread(ready, "lost", "show", NUMBER)).out
    await _tell(MAIL)
    shown = (await asyncio.to_thread(ready, "lost", "show", NUMBER, "--json")).json
    (notice,) = shown["notices"]
    assert notice.pop("at") is not None
    instead = [{"person": "anna", "why": "no_mail"}]
    told = {"kind": "lost", "call": "0191-a", "outcome": "told", "person": "gleb", "instead_of": instead}
    assert notice == told | {"letter": "waiting"}
    (again,) = (await asyncio.to_thread(ready, "calls", "show", "0191-a", "--json")).json["notices"]
    assert again["person"] == "gleb"
    said = "lost: to Глеб Титов (gleb) (Анна Петрова (anna): no_mail), waiting"
    for command in (("lost", "show", NUMBER), ("calls", "show", "0191-a")):
        assert said in (await asyncio.to_thread(ready, *command)).out
    (listed,) = (await asyncio.to_thread(ready, "lost", "list", "--json")).json
    assert (shown["is_unheard"], listed["is_unheard"]) == (False, False)


async def test_nobody_could_be_told(ready: Callable[..., Said]) -> None:
    """The list says so, and the doctor whose mail is missing; not where nobody wants to be told."""
    await apply(SCHEME)
    await ship(_lost)
    await _tell(SCHEME)
    assert "\twaits, nobody could be told\n" in (await asyncio.to_thread(ready, "lost", "list")).out
    assert "nobody can be told (Анна" in (await asyncio.to_thread(ready, "lost", "show", NUMBER)).out
    silent, unheard = await _doctor(ready)
    assert (silent["state"], silent["mend"]) == ("warn", "people.KEY.mail in the scheme, or [notices] kinds = []")
    assert silent["seen"].endswith("who is told of lost clients: sales")
    assert unheard["seen"] == "1 of the last 24 h reached nobody"
    await apply(f"{SCHEME}[notices]\nkinds = []\n")
    assert await _doctor(ready) == []


@pytest.mark.parametrize("more", ["", '[company]\nowner = "gleb2"\n'])
async def test_nobody_tells(ready: Callable[..., Said], more: str) -> None:
    """No worker has run for a while: the doctor sees what waits; else it says that all is well."""
    document = f"{MAIL}{more}"
    if more:
        document = document.replace('["PJSIP/gleb2"]', '["PJSIP/gleb2"], mail = "gleb2@example.org"')
    await apply(document)
    assert [one["state"] for one in await _doctor(ready)] == ["ok"]
    await ship(lambda journal: [abandoned(journal, "0191-a")])
    (late,) = await _doctor(ready)
    assert (late["seen"], late["mend"]) == ("1 wait to be told", "callrouter serve")


async def test_clients_to_be_given_to_somebody(ready: Callable[..., Said]) -> None:
    """Who talked to the head is listed until he is somebody's."""
    await apply(MAIL)
    await ship(_answered)
    (one,) = (await asyncio.to_thread(ready, "clients", "undistributed", "--json")).json
    assert one.pop("since") == "2026-11-18T11:07:40.500Z"
    assert one == {
        "id": 1,
        "name": "Ромашка",
        "phones": [NUMBER],
        "department": "sales",
        "answered_by": "gleb",
        "call": "0191-b",
    }
    assert f"Ромашка\t{NUMBER}\tsales\t" in (await asyncio.to_thread(ready, "clients", "undistributed")).out
    await _tell(MAIL)
    assert (
        "undistributed: to Глеб Титов (gleb), waiting"
        in (await asyncio.to_thread(ready, "calls", "show", "0191-b")).out
    )
    assert (await asyncio.to_thread(ready, "clients", "assign", NUMBER, "boris")).code == 0
    assert (await asyncio.to_thread(ready, "clients", "undistributed", "--json")).json == []


async def _doctor(ready: Callable[..., Said]) -> list[dict[str, str]]:
    found = (await asyncio.to_thread(ready, "doctor", "--json")).json
    return [one for one in found if one["check"] == "notices"]
