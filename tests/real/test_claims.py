"""Who answers a new client gets the client: the first call of a number makes the second ring its manager first."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.real.company import ANNAS, CLAIM_AFTER
from tests.real.house import House, talk
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
LONG = int(CLAIM_AFTER / 0.02) + 15
"""Packets of audio in a conversation long enough to get a client by."""


async def _answered_by(house: House, person: str, line: str, caller: str, packets: int) -> dict[str, Any]:
    """A call that this person answers and talks on for so many packets of audio; return its row."""
    call = await house.call(line, caller)
    (rung,) = await house.rings(person)
    rung.answer()
    await talk(call, rung, packets)
    await call.hangup()
    rows = await house.rows(len(house.trunk.calls))
    return rows[-1]


async def _whose(house: House, number: str) -> list[dict[str, Any]]:
    """Whose this client is now, as `clients show` has it."""
    shown = orjson.loads(await house.run("clients", "show", number, "--json"))
    return [tenure for tenure in shown["responsibles"] if tenure["until"] is None]


async def test_who_answers_a_new_client_gets_him(house: House) -> None:
    """Boris answers a number that has never called: the client is his, and the second call rings Boris alone first."""
    stranger = house.stranger()
    first = await _answered_by(house, "boris", "climb", stranger, LONG)
    assert (first["client"], first["responsible"], first["claimed_by"]) == (None, None, "boris")
    assert skipped(first) == ["no_responsible", None]
    (tenure,) = await _whose(house, stranger)
    assert (tenure["person"], tenure["department"], tenure["how"]) == ("boris", "sales", "answered")
    assert tenure["by_call"] == first["id"]
    anna, vera = len(house.phone("anna").invites), len(house.phone("vera").invites)
    second = await _answered_by(house, "boris", "climb", stranger, LONG)
    assert (second["responsible"], second["claimed_by"], second["answered_step"]) == ("boris", None, 1)
    assert legs(second) == {"boris": ["answered"]}
    assert (len(house.phone("anna").invites), len(house.phone("vera").invites)) == (anna, vera) == (1, 1)


async def test_a_short_talk_claims_nothing(house: House) -> None:
    """A few words make a card for the number, but not a responsible."""
    stranger = house.stranger()
    while (row := await _answered_by(house, "vera", "climb", stranger, 2))["talk_seconds"] >= CLAIM_AFTER:
        stranger = house.stranger()  # a machine that stands still makes a long talk of a few words
    assert row["claimed_by"] is None
    assert await _whose(house, stranger) == []


@pytest.mark.parametrize(("person", "line"), [("gleb", "head-all-head"), ("irina", "owner")])
async def test_head_and_owner_do_not_claim(house: House, person: str, line: str) -> None:
    """However long head or owner talk to a new client, he stays nobody's."""
    stranger = house.stranger()
    row = await _answered_by(house, person, line, stranger, LONG)
    assert (row["answered_by"], row["claimed_by"]) == (person, None)
    assert await _whose(house, stranger) == []


async def test_a_client_never_changes_hands_by_a_call(house: House) -> None:
    """Boris answers Anna's client and talks long: the client is Anna's as before."""
    call = await house.call("climb", ANNAS)
    anna, boris, _ = await house.rings("anna", "boris", "vera")
    boris.answer()
    await talk(call, boris, LONG)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["responsible"], row["claimed_by"]) == ("boris", "anna", None)
    assert anna.ended_at is not None
    assert [(one["person"], one["how"]) for one in await _whose(house, ANNAS)] == [("anna", "imported")]


async def test_a_lost_call_makes_a_card(house: House) -> None:
    """A new caller who gives up has a card afterwards, and is nobody's."""
    stranger = house.stranger()
    call = await house.call("climb", stranger)
    await house.rings("anna")
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["claimed_by"]) == ("lost", None)
    assert await _whose(house, stranger) == []


async def test_an_unknown_client_with_a_card_is_claimed(house: House) -> None:
    """A client of the table without a responsible is got in the same way, by the name he has."""
    row = await _answered_by(house, "vera", "climb", "89161230005", LONG)
    assert (row["client"], row["claimed_by"]) == ("ООО Астра", "vera")


async def test_who_picks_up_claims(house: House) -> None:
    """A member of the department who takes the ringing call over has answered it, and gets the client."""
    stranger = house.stranger()
    call = await house.call("anna-then-all", stranger)
    await house.rings("anna")
    taken = await house.phone("boris").dial("*8")
    await talk(call, taken, LONG)
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["claimed_by"]) == ("boris", "boris")
    assert legs(row) == {"anna": ["elsewhere"], "boris": ["answered"]}
