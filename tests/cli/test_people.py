"""`callrouter people`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from callrouter.ledger.period import read
from tests.cli.conftest import apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said


async def _run(run: Callable[..., Said], *arguments: str) -> Said:
    return await asyncio.to_thread(run, *arguments)


async def _paused(run: Callable[..., Said]) -> dict[str, Any]:
    """Return who has paused, and how."""
    shown = (await _run(run, "people", "list", "--json")).json
    return {one["person"]: one["paused"] for one in shown if one["paused"]}


async def test_somebody_pauses_and_is_back(ready: Callable[..., Said]) -> None:
    """A pause with reason and end is listed with both; who is back has none, and it is said who had not paused."""
    await apply()
    assert await _paused(ready) == {}
    said = await _run(ready, "people", "pause", "anna", "--reason", "обед", "--until", "2199-12-15T14:00")
    assert (said.code, said.out, said.err) == (0, "", "anna has paused until 2199-12-15 14:00:00\n")
    said = await _run(ready, "people", "pause", "boris")
    assert said.err == "boris has paused until `callrouter people resume`\n"
    paused = await _paused(ready)
    assert (paused["anna"]["reason"], paused["anna"]["until"]) == ("обед", "2199-12-15T11:00:00.000Z")
    assert (paused["boris"]["reason"], paused["boris"]["until"]) == ("", None)
    listed = (await _run(ready, "people", "list")).out.splitlines()
    assert listed[0].split("\t") == ["person", "name", "phones", "state", "reason", "since", "until", "by"]
    assert listed[1].split("\t")[:5] == ["anna", "Анна Петрова", "PJSIP/anna", "paused", "обед"]
    assert listed[3].split("\t")[:5] == ["gleb", "Глеб Титов", "PJSIP/gleb", "", ""]
    assert (await _run(ready, "people", "resume", "anna")).err == "anna is back\n"
    assert (await _run(ready, "people", "resume", "anna")).err == "anna had not paused\n"
    assert list(await _paused(ready)) == ["boris"]


async def test_a_pause_for_a_while(ready: Callable[..., Said]) -> None:
    """`--for` counts from now; a pause that is over is no pause any more."""
    await apply()
    await _run(ready, "people", "pause", "anna", "--for", "45m")
    paused = (await _paused(ready))["anna"]
    assert 2699 <= read(paused["until"], "UTC") - read(paused["since"], "UTC") <= 2701
    await _run(ready, "people", "pause", "anna", "--for", "1s")
    await asyncio.sleep(1.0)
    assert await _paused(ready) == {}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("pause", "ana"), 'nobody is called "ana" in the scheme (did you mean "anna"?)'),
        (("resume", "Анна"), 'nobody is called "Анна" in the scheme (there are anna, boris, gleb, gleb2)'),
        (("pause", "anna", "--for", "soon"), "--for: 'soon' is no time such as 90s, 45m, 2h or 1d"),
        (("pause", "anna", "--for", "999999d"), "--for: '999999d' is no time such as 90s, 45m, 2h or 1d"),
        (("pause", "anna", "--for", "1h", "--until", "2030-01-01"), "--until and --for say the same"),
        (("pause", "anna", "--until", "2020-01-01"), "a pause ends after it begins"),
        (("pause", "anna", "--until", "tomorrow"), "--until: 'tomorrow' is no date"),
    ],
)
async def test_what_is_wrong_is_said(ready: Callable[..., Said], arguments: tuple[str, ...], error: str) -> None:
    """Somebody who is not in the scheme, and an end that is none, are refused with what to do."""
    await apply()
    said = await _run(ready, "people", *arguments)
    assert (said.code, said.out) == (2, "")
    assert error in said.err
    assert await _paused(ready) == {}
