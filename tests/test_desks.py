"""What people dial on their own phones, and the lamps that follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callrouter.core.errors import AwayError
from callrouter.core.facts import PhoneState, Stands
from callrouter.core.words import PersonId
from callrouter.desks import Desks
from callrouter.pauses import Pauses
from callrouter.store import schema
from callrouter.store.database import Database

ANNA = PersonId("anna")
PHONES = {"PJSIP/101": ANNA, "PJSIP/9": ANNA, "PJSIP/102": PersonId("boris")}


@dataclass
class Wires:
    """Asterisk: until when a phone writes up, and what its lamps show. `away`: it does not answer."""

    writes_up: dict[str, float] = field(default_factory=dict)
    lit: list[Mapping[str, bool]] = field(default_factory=list)
    written_up: list[PersonId] = field(default_factory=list)
    away: bool = False
    connections: int = 1

    async def look(self, phone: str, caller: str) -> PhoneState:
        """Return how it stands."""
        assert caller == "channel"
        if self.away:
            raise AwayError("no answer")
        return PhoneState((), writes_up_until=self.writes_up.get(phone, 0.0))

    async def write_up(self, phones: Iterable[str], until: float) -> None:
        """Keep it."""
        self.writes_up |= dict.fromkeys(phones, until)

    async def light(self, phones: Mapping[str, bool]) -> None:
        """Keep it."""
        if self.away:
            raise AwayError("no answer")
        self.lit.append(phones)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Yield an empty database."""
    there = Database(f"sqlite:///{tmp_path}/callrouter.db")
    await schema.upgrade(there)
    yield there
    await there.close()


def of(wires: Wires, database: Database) -> tuple[Desks, Pauses]:
    """Return the desks of three phones, at the instant 1000."""
    pauses = Pauses(database, lambda: 1000.0)
    return Desks(lambda: PHONES, pauses, wires, wires.written_up.append, lambda: 1000.0), pauses


async def test_who_dials_hears_how_he_stands(database: Database) -> None:
    """Pause, back, the key that does both, the question; a phone that is nobody's is told so."""
    desks, pauses = of(wires := Wires({"PJSIP/101": 1010.0}), database)

    async def dial(code: str, phone: str = "PJSIP/101") -> Stands:
        return await desks.dial(phone, "channel", code, "обед")

    assert [await dial(code) for code in ("state", "pause", "state", "back")] == [
        Stands.WRITING_UP,
        Stands.PAUSED,
        Stands.PAUSED,
        Stands.WRITING_UP,
    ]
    assert await dial("done") is Stands.FREE
    assert (wires.writes_up, wires.written_up) == ({"PJSIP/101": 0.0, "PJSIP/9": 0.0}, [ANNA])
    assert await dial("toggle", "PJSIP/9") is Stands.PAUSED
    assert (pauses.known[ANNA].reason, pauses.known[ANNA].by) == ("обед", "PJSIP/9")
    assert await dial("toggle") is Stands.FREE
    assert await dial("pause", "PJSIP/555") is Stands.UNKNOWN
    assert pauses.known == {}


async def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    """Where the database does not take a pause nobody has paused, and who dialled hears that it came to nothing."""
    nothing = Database(f"sqlite:///{tmp_path}/nowhere/x.db")
    desks, pauses = of(Wires(), nothing)
    assert await desks.dial("PJSIP/101", "channel", "pause", "") is Stands.FAILED
    assert not pauses.is_on(ANNA)
    await nothing.close()


async def test_lamps_follow_whoever_pauses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All phones of who has paused are lit; told once, and again after a gap or when it could not be told."""
    monkeypatch.setattr("callrouter.desks.LOOK_EVERY", 0.01)
    desks, pauses = of(wires := Wires(), database)
    keeping = asyncio.create_task(desks.keep_lamps(wires.light, lambda: wires.connections))
    await _until(wires, 1)
    wires.away = True
    await pauses.begin(ANNA, "", "")
    await asyncio.sleep(0.05)
    wires.away = False
    await _until(wires, 2)
    wires.connections += 1
    await _until(wires, 3)
    await asyncio.sleep(0.05)
    keeping.cancel()
    dark = dict.fromkeys(PHONES, False)
    lit = dark | {"PJSIP/101": True, "PJSIP/9": True}
    assert wires.lit == [dark, lit, lit]


async def _until(wires: Wires, count: int) -> None:
    async with asyncio.timeout(2.0):
        while len(wires.lit) < count:  # noqa: ASYNC110 - the task's
            await asyncio.sleep(0.005)
