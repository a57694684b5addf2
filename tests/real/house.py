"""One company for many tests: a Rig that stays up from test to test, with a line of its own for each ladder."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from tests.lab import Behaviour, Call, Company, Moment, Phone, patience
from tests.real.company import CLIENTS, DESKS, DIALPLAN, FALLBACK, LINES, MORE, document
from tests.real.rig import PEOPLE, Rig


class House(Rig):
    """The company with its router; `tidy` between two tests."""

    def __init__(self) -> None:
        company = Company(fallback=FALLBACK, dialplan=DIALPLAN)
        super().__init__(document(), desks=DESKS, company=company, clients=CLIENTS)
        self._since = time.time()
        self._rows: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def phone(self, person: str) -> Phone:
        """A person's first phone, or the phone of a number."""
        return self.lab.phone((PEOPLE | MORE).get(person, person))

    def stranger(self) -> str:
        """A number that has never called."""
        return f"8926{next(self._numbers):07}"

    async def call(self, line: str, caller: str | None = None, **more: str) -> Call:
        """A client calls; without `caller` a new one."""
        return await self.trunk.dial(LINES[line].number, caller=caller or self.stranger(), **more)  # type: ignore[arg-type]

    async def rings(self, *people: str) -> list[Call]:
        """Wait until the next call rings on the phones of these people; return their calls."""
        calls = await asyncio.gather(*(self.phone(person).incoming() for person in people))
        await asyncio.gather(*(call.wait("ringing") for call in calls))
        return list(calls)

    async def engage(self, *people: str) -> list[Call]:
        """Each of these people talks on a call that is not the router's."""
        calls = await asyncio.gather(*(self.phone(person).dial("*43") for person in people))
        await asyncio.gather(*(call.wait("answered") for call in calls))
        return calls

    async def rows(self, count: int, within: float = 20.0) -> list[dict[str, Any]]:
        """Wait until that many calls of this test have ended, transfers and colleagues' included; return them."""
        try:
            async with patience(within):
                while len(await self._look()) < count:  # noqa: ASYNC110 - another process's ledger: it can only be asked
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{len(self._rows)} rows of {count}: {self._rows}") from None
        assert len(self._rows) == count, self._rows
        return self._rows

    async def row(self) -> dict[str, Any]:
        """Wait for the row of the only call of this test."""
        return (await self.rows(1))[0]

    async def _look(self) -> list[dict[str, Any]]:
        self._rows = [row for row in await self.calls() if since(row["arrived_at"]) >= self._since]
        return self._rows

    async def tidy(self) -> None:
        """End all calls; nothing is left in Asterisk, and every call from outside has one row with one outcome."""
        await self.lab.quiet()
        await self.lab.asterisk.audit()
        placed = len(self.trunk.calls)
        if len(self._inbound(self._rows)) != placed:
            async with patience(20.0):
                while len(self._inbound(await self._look())) < placed:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
        assert len(self._inbound(self._rows)) == placed
        assert {row["outcome"] for row in self._rows} <= {"answered", "lost"}
        for phone in (*self.lab.phones, self.trunk):
            phone.forget()
            phone.behaviour = Behaviour()
        self._since, self._rows = time.time(), []

    def _inbound(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["direction"] == "in"]

    async def holds(self, call: Call) -> None:
        """Wait until a caller's ladder waits for somebody who talks."""
        assert not call.ended_at
        async with patience(15.0):
            while not any(step.waiting for one in await self.live() for step in one.steps[-1:]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


class Street:
    """The house of a test process: opened when first needed, opened anew after a test has failed in it."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._house: House | None = None

    async def open(self) -> House:
        """Return the house."""
        if self._house is None:
            self._house = await self._stack.enter_async_context(House())
        return self._house

    async def leave(self, why: Exception | None = None) -> None:
        """Close the house; nothing is asserted of it after a failure."""
        stack, self._stack, self._house = self._stack, AsyncExitStack(), None
        await stack.__aexit__(None if why is None else type(why), why, None)


def since(instant: str) -> float:
    """Return an instant of the ledger as the wall clock's seconds."""
    return datetime.fromisoformat(instant).timestamp()


def at(instant: str) -> Moment:
    """Return an instant of the ledger beside what was seen on the wire."""
    return Moment.at(since(instant))


def untouched(phone: Phone, until: Moment) -> bool:
    """Whether a phone saw one INVITE, and no CANCEL before that moment."""
    return len(phone.invites) == 1 and all(cancel.at.mono >= until.mono for cancel in phone.cancels)


async def told(phone: Phone, within: float = 2.0) -> list[str]:
    """Wait until a phone rings no more; return what the CANCELs that came gave as their reason (empty: missed)."""
    await asyncio.gather(*(call.wait("ended", within) for call in phone.calls if not call.answered_at))
    return [cancel.reason for cancel in phone.cancels]


async def talk(one: Call, other: Call | Phone, packets: int = 3) -> None:
    """Wait until the caller is answered and the two have heard each other."""
    await one.wait("answered")
    theirs = other if isinstance(other, Call) else other.talking[-1]
    await asyncio.gather(one.hears(theirs, packets), theirs.hears(one, packets))


async def hears_something(call: Call, packets: int = 5, within: float = 10.0) -> None:
    """Wait until that many more packets of any sound have come in."""
    sound = call.sound
    assert sound is not None
    wanted = sound.received + packets
    async with patience(within):
        while sound.received < wanted:
            sound._changed.clear()
            await sound._changed.wait()
