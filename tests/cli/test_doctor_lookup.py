"""`callrouter doctor` asks the CRM as a call would."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from tests.lookup.server import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said


@pytest.mark.parametrize(
    ("said", "state", "seen"),
    [
        (None, "ok", "answers in "),
        (answer({"name": "Ромашка"}), "ok", "answers in "),
        (answer([1]), "fail", "answers, but it is no JSON object"),
        (answer(b"", "401 Unauthorized"), "fail", ": it answered 401"),
    ],
)
async def test_the_look_up(
    said: bytes | None, state: str, seen: str, run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line: where it is, how quickly it answers, or what is wrong; never its token or its address's own words."""
    async with Server(always=said) as server:
        monkeypatch.setenv("CALLROUTER_LOOKUP_URL", server.url)
        monkeypatch.setenv("CALLROUTER_LOOKUP_TOKEN", "hidden")
        found = json.loads((await asyncio.to_thread(run, "doctor", "--json")).out)
    (line,) = (one for one in found if one["check"] == "look-up")
    assert line["state"] == state
    assert f"127.0.0.1:{server.port}" in line["seen"]
    assert seen in line["seen"]
    assert "hidden" not in str(line)
    assert "version=2" not in str(line)


async def test_without_a_crm_nothing_is_said(run: Callable[..., Said]) -> None:
    """There is no line where nobody is asked."""
    found = json.loads((await asyncio.to_thread(run, "doctor", "--json")).out)
    assert not [one for one in found if one["check"] == "look-up"]
