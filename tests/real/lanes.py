"""Many lines side by side, each with people and desks of its own: a race is run on all of them at once."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.lab import Call, Phone, patience
from tests.real.generated import Department, Firm, Line, Step
from tests.real.rig import Rig, legs

LANES = 16
SEATS = ("anna", "boris", "vera")


def firm(*ladder: Step) -> Firm:
    """Return a company whose lines all have this ladder, each with an Anna, a Boris and a Vera of its own."""
    company = Firm(ring_at_most=30)
    for lane in range(LANES):
        team = tuple(company.hire(f"{seat}{lane}", f"{seat} {lane}").key for seat in SEATS)
        company.departments[f"d{lane}"] = Department(f"d{lane}", f"Отдел {lane}", team, None)
        own = tuple(Step(s.action, f"{s.target}{lane}" if ":" in s.target else s.target, s.seconds) for s in ladder)
        company.lines.append(Line(f"+7495{lane:07}", f"d{lane}", own))
    return company


@dataclass(slots=True)
class Round:
    """What the phones saw of one call, `side` who won the race; and what the ledger says of it."""

    caller: Call
    calls: dict[str, Call]
    """By seat, of those whose phones rang."""
    side: str
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def winner(self) -> str | None:
        """The seat that answered, by the ledger."""
        return None if self.row["answered_by"] is None else _seat(self.row["answered_by"])

    @property
    def legs(self) -> dict[str, list[str]]:
        """How each seat's legs ended, by the ledger."""
        return {_seat(person): results for person, results in legs(self.row).items()}

    def heard(self, seat: str) -> int:
        """How many packets the caller and this seat have heard of each other."""
        one, other = self.caller, self.calls[seat]
        assert one.sound is not None
        assert other.sound is not None
        return one.sound.heard[other.phone.voice] + other.sound.heard[one.phone.voice]


@dataclass(slots=True)
class Lane:
    """A line and its three phones."""

    rig: Rig
    index: int
    number: str
    desks: dict[str, Phone]
    console: asyncio.Lock
    _callers: itertools.count[int] = field(default_factory=itertools.count)

    async def call(self) -> Call:
        """A client calls whose number nobody else has."""
        return await self.rig.trunk.dial(self.number, caller=f"+7916{self.index:03}{next(self._callers):04}")

    async def quiet(self, caller: Call) -> None:
        """Wait until nothing rings or talks on this lane, nor is left of it in Asterisk."""
        calls = [caller, *(call for phone in self.desks.values() for call in phone.calls)]
        await asyncio.gather(*(call.wait("ended") for call in calls if not call.ended_at))
        await self._left_asterisk()

    async def over(self, caller: Call, side: str = "") -> Round:
        """When all is quiet, return what was seen; then the phones forget."""
        await self.quiet(caller)
        calls = {seat: phone.calls[-1] for seat, phone in self.desks.items() if phone.calls}
        for phone in self.desks.values():
            assert len(phone.invites) == len(phone.calls) <= 1, f"{phone} was rung twice"
            phone.forget()
        return Round(caller, calls, side)

    async def _left_asterisk(self) -> None:
        ours = tuple(f"PJSIP/{phone.name}-" for phone in self.desks.values())
        async with patience(10.0):
            while True:
                async with self.console:  # it serves one at a time, and tells nobody by itself
                    if not any(name.startswith(ours) for name in await self.rig.lab.asterisk.channels()):
                        return
                await asyncio.sleep(0.02)


def spread(low: float, high: float, count: int, seed: int) -> list[float]:
    """Return that many instants evenly between the two, shuffled: both ends are reached for certain."""
    steps = [low + (high - low) * number / (count - 1) for number in range(count)]
    random.Random(seed).shuffle(steps)
    return steps


def lanes_of(rig: Rig, company: Firm) -> list[Lane]:
    """Return the lanes of a rig that has this company."""
    console = asyncio.Lock()
    desks = [{seat: rig.phone(company.people[f"{seat}{lane}"].desk) for seat in SEATS} for lane in range(LANES)]
    return [Lane(rig, lane, line.number, desks[lane], console) for lane, line in enumerate(company.lines)]


async def run(company: Firm, jitters: Sequence[float], race: Callable[[Lane, float], Awaitable[Round]]) -> list[Round]:
    """Race once for each jitter, on all lanes at once; return what was seen, each with its row of the ledger."""
    async with Rig(company.document(), desks=company.desks) as rig:
        lanes = lanes_of(rig, company)

        async def on(lane: Lane) -> list[Round]:
            return [await race(lane, jitter) for jitter in jitters[lane.index :: LANES]]

        rounds = list(itertools.chain(*await asyncio.gather(*map(on, lanes))))
        await rig.lab.asterisk.audit()
        rows = {row["caller"]: row for row in await rig.ended(len(jitters))}
    for one in rounds:
        one.row = rows.pop(one.caller.dialog.local.partition("sip:")[2].partition("@")[0])
    assert not rows
    return rounds


def _seat(person: str) -> str:
    return person.rstrip("0123456789")
