"""Clients as a CRM knows them: on the real Asterisk, while it answers, is slow, is dead and says nonsense."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callrouter.lookup.breaker import FAILURES
from tests.lab import Moment
from tests.lookup.server import Server, answer
from tests.real.rig import LINE, Rig, legs, scheme, skipped

SECRET = "crm-token-of-the-test"
KNOWN = "+79161234567"
BOUND = 0.3
"""Seconds a look-up may delay the first ring."""
LOADED = 0.5
"""Seconds a loaded machine may need besides."""
NUMBERS = """
[segments]
key = {members = ["vera"]}
[[rules]]
name = "key clients"
when = {segment = "key", region = "Москва"}
ladder = "key"
[[rules]]
name = "nobody"
when = {priority = "X"}
refuse = true
[numbers]
blocked = ["+79001112233"]
not_client = {"+79002223344" = "supplier"}
"""
DOCUMENT = scheme(company='not_people = ["lead-exchange"]') + NUMBERS
DOCUMENT = DOCUMENT.replace("[lines]", 'key = [{ring = "segment", seconds = 5}]\n[lines]', 1)
TABLE = f"phone,name,responsible\n{KNOWN},Из таблицы,boris\n+79161230003,Таблица,boris\n"


class CrmRig(Rig):
    """A rig whose router asks a CRM."""

    def __init__(self, server: Server) -> None:
        super().__init__(DOCUMENT, clients=TABLE)
        self._server = server

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings, with where the CRM is."""
        own = {"CALLROUTER_LOOKUP_URL": self._server.url, "CALLROUTER_LOOKUP_TOKEN": SECRET}
        return super().environment | own

    async def inbound(self) -> list[dict[str, Any]]:
        """Return every call of the trunk's, whatever it counts as."""
        return await self.calls()

    async def rings(self, caller: str, person: str) -> tuple[Moment, Moment]:
        """Let somebody call and leave once this person rings; return when he called, and when it rang."""
        call = await self.trunk.dial(LINE, caller=caller)
        rung = await self.phone(person).incoming()
        while rung.shown.number != caller:  # a department's phone has heard the calls before, too
            rung = await self.phone(person).incoming()
        await rung.wait("ringing")
        await call.hangup()
        await call.wait("ended")
        return call.invited_at, rung.invited_at


async def test_the_crm_decides_who_rings() -> None:
    """Its responsible, its segment and its refusal; whom it does not know the table does; pseudo-users are nobody."""
    people = {
        KNOWN: {"name": "Ромашка", "responsible": "anna"},
        "+79161230001": {"name": "Ключевой", "segment": "key", "region": "Москва"},
        "+79161230002": {"name": "Не интересен", "priority": "X"},
        "+79161230004": {"name": "Лид", "responsible": "lead-exchange"},
        "+79161230005": {"name": "Чужой", "responsible": "who-is-that"},
    }
    async with Server({number: answer(said) for number, said in people.items()}) as crm, CrmRig(crm) as rig:
        await rig.rings(KNOWN, "anna")
        await rig.rings("+79161230001", "vera")
        refused = await rig.trunk.dial(LINE, caller="+79161230002")
        await refused.wait("ended")
        assert refused.status == 603
        await rig.rings("+79161230003", "boris")
        await rig.rings("+79161230004", "anna")
        await rig.rings("+79161230005", "vera")
        rows = await rig.ended(6)
        shown = json.loads(await rig.run("calls", "show", rows[1]["id"], "--json"))
    assert [(row["client"], row["responsible"], row["lost_reason"]) for row in rows] == [
        ("Ромашка", "anna", "abandoned"),
        ("Ключевой", None, "abandoned"),
        ("Не интересен", None, "rejected"),
        ("Таблица", "boris", "abandoned"),
        ("Лид", None, "abandoned"),
        ("Чужой", None, "abandoned"),
    ]
    assert legs(rows[1]) == {"vera": ["cancelled"]}
    assert [skipped(row)[0] for row in rows[4:]] == ["no_responsible"] * 2
    assert shown["segment"] == "key"
    assert crm.numbers == [KNOWN, *(f"+7916123000{number}" for number in range(1, 6))]


async def test_a_slow_crm_delays_the_first_ring_by_its_bound() -> None:
    """Three callers wait 0.3 s, who call after them do not wait; our own table knows them all the same."""
    async with Server(takes=20.0) as crm, CrmRig(crm) as rig:
        took = []
        for number in range(FAILURES + 2):
            caller = KNOWN if number == FAILURES else f"+791655500{number:02}"
            took.append(await rig.rings(caller, "boris"))
        rows = await rig.ended(len(took))
        log = "\n".join(rig.router.log)
    print("first ring after, slow CRM:", [f"{rung - called:.3f}" for called, rung in took])
    assert all(rung - called >= BOUND for called, rung in took[:FAILURES])
    assert _quickest(took[:FAILURES]) < BOUND + LOADED
    assert _quickest(took[FAILURES:]) < LOADED
    assert rows[FAILURES]["responsible"] == "boris"
    assert log.count("the crm was not heard") == FAILURES
    assert len(crm.asked) == FAILURES
    assert SECRET not in log
    assert KNOWN not in log


def _quickest(took: list[tuple[Moment, Moment]]) -> float:
    """Return the shortest of several delays: a machine that has much to do lengthens some, a CRM all of them."""
    return min(rung.after(called) for called, rung in took)


@pytest.mark.parametrize(
    "said",
    [
        None,
        b"\x00\xff nonsense\r\n\r\n",
        answer(b"<html>Error</html>"),
        answer({"responsible": 7}),
        answer(b" " * 70_000),
    ],
    ids=["dead", "garbled", "html", "wrong", "endless"],
)
async def test_a_crm_that_fails_delays_nothing(said: bytes | None) -> None:
    """Dead, garbled, wrong or far too long: the table's client rings his responsible at once."""
    async with Server(always=said) as crm, CrmRig(crm) as rig:
        if said is None:
            await crm.stop()
        took = [await rig.rings(KNOWN, "boris") for _ in range(3)]
        rows = await rig.ended(3)
        log = "\n".join(rig.router.log)
    print("first ring after:", [f"{rung - called:.3f}" for called, rung in took])
    assert _quickest(took) < BOUND + LOADED
    assert {row["client"] for row in rows} == {"Из таблицы"}
    assert SECRET not in log
    assert KNOWN not in log
    assert "the crm" in log


async def test_a_crm_that_comes_back_is_asked_again() -> None:
    """After ten seconds one caller finds out, and the next ones are looked up as before."""
    crm = Server({KNOWN: answer({"name": "Ромашка", "responsible": "anna"})}, takes=20.0)
    async with crm, CrmRig(crm) as rig:
        for number in range(FAILURES):
            await rig.rings(f"+7916555000{number}", "anna")
        crm.takes = 0.0
        await rig.rings(KNOWN, "boris")
        await rig.says("the crm was not heard")
        rig.router.log.clear()
        await _until_it_is_asked(rig, crm)
    assert crm.numbers[-1] == KNOWN


async def _until_it_is_asked(rig: CrmRig, crm: Server) -> None:
    asked = len(crm.asked)
    while len(crm.asked) == asked:
        call = await rig.trunk.dial(LINE, caller=KNOWN)
        await call.wait("ringing")
        await call.hangup()
        await rig.ended(len(rig.trunk.calls))  # no flood: one caller after the other


async def test_a_blocked_caller_and_one_who_is_no_client() -> None:
    """603 at once and no phone rings; a supplier is served, but has no card and is not counted; both are listed."""
    async with Server() as crm, CrmRig(crm) as rig:
        blocked = await rig.trunk.dial(LINE, caller="+79001112233")
        await blocked.wait("ended")
        assert blocked.status == 603
        await rig.rings("+79002223344", "anna")
        rows = await rig.ended(2)
        listed = json.loads(await rig.run("calls", "list", "--direction", "blocked", "--json"))
        rate = json.loads(await rig.run("lcr", "--json"))
        await rig.run("clients", "show", "+79002223344", code=2)
        await rig.run("clients", "show", "+79001112233", code=2)
    assert [(row["direction"], row["lost_reason"]) for row in rows] == [
        ("blocked", "rejected"),
        ("not_client", "abandoned"),
    ]
    assert [row["caller"] for row in listed] == ["+79001112233"]
    assert rate["calls"] == 0
    assert crm.asked == []
