"""One company for many tests: a Rig that stays up from test to test, with a line of its own for each ladder."""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from tests.lab import Behaviour, Call, Company, Desk, Moment, Phone
from tests.real.rig import PEOPLE, Rig

RING_AT_MOST = 3.0
"""Seconds after arrival at which a last step without seconds ends, in this company."""
CLAIM_AFTER = 0.5
"""Seconds of talk that make a client somebody's, in this company."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the company and its ladder: `responsible 0.7, department 2 skip, +owner`; `+` adds."""

    number: str
    ladder: str
    department: str = "sales"
    prompt: str = ""

    @property
    def steps(self) -> str:
        """The ladder as the scheme document has it."""
        return ", ".join(_step(*step.split()) for step in self.ladder.split(", "))


def _step(target: str, seconds: str = "", if_busy: str = "") -> str:
    fields = [f'{"add" if target[0] == "+" else "ring"} = "{target.lstrip("+")}"']
    fields += [f"seconds = {seconds}"] if seconds else []
    fields += [f'if_busy = "{if_busy}"'] if if_busy else []
    return "{" + ", ".join(fields) + "}"


CLIMB = "responsible 0.7, department 0.7, head 0.7, +owner"
LINES = {
    "climb": Line("+74951234567", CLIMB),
    "headless": Line("+74951230001", CLIMB, "headless"),
    "prompt": Line("+74951230002", "department 0.3", prompt="recording:sorry"),
    "tone": Line("+74951230003", "department 0.3", prompt="tone:busy"),
    "empty": Line("+74951230004", "responsible 2, department 2, head 2", "ghosts"),
    "hold": Line("+74951230005", "department 30, head 1"),
    "hold-short": Line("+74951230006", "department 0.5, head 5"),
    "skip": Line("+74951230007", "department 5 skip, head 5"),
    "wait": Line("+74951230008", "responsible 30 wait, head 1"),
    "twice": Line("+74951230009", "department 0.7, department 0.7"),
    "head-all-head": Line("+74951230010", "head 2, department 0.7, head 2"),
    "anna-then-all": Line("+74951230011", "person:anna 2, department 2"),
    "pavel": Line("+74951230012", "person:pavel 2, department 2", "pair"),
    "duo": Line("+74951230013", "person:duo 2"),
    "half": Line("+74951230014", "person:half 1"),
    "owner": Line("+74951230016", "owner 2"),
    "nobody": Line("+74951230017", "head 2, owner 2", "ghosts"),
}
MORE = {"egor": "130", "fedor": "131", "pavel": "141", "duo": "150", "half": "160"}
DESKS: list[str | Desk] = [
    *PEOPLE.values(),
    Desk("130", devices=0),
    Desk("131", devices=0),
    "141",
    "142",
    Desk("150", devices=2),
    Desk("160", dead=True),
    "201",  # a phone of the PBX that is nobody's in the scheme
]
ANNAS = "89161234567"
"""The number of a client whose responsible is Anna; the others' follow."""
CLIENTS = f"""phone,name,responsible,priority,segment
{ANNAS},ООО Ромашка,anna,A,key
89161230002,ЗАО Лютик,boris,B,
89161230003,ИП Фиалка,egor,C,
89161230004,ООО Мак,,,
"""
FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/201,20)
 same => n,Hangup(${HANGUPCAUSE})
"""


def document() -> str:
    """Return the scheme of the company."""
    phones = {key: [number] for key, number in (PEOPLE | MORE).items()} | {"pavel": ["141", "142"]}
    names = {"anna": "Анна Петрова", "boris": "Борис Орлов", "vera": "Вера Ильина"}
    people = "\n".join(
        f'{key} = {{name = "{names.get(key, key.title())}", phones = {[f"PJSIP/{number}" for number in numbers]}}}'
        for key, numbers in phones.items()
    )
    ladders = "\n".join(f"{key} = [{line.steps}]" for key, line in LINES.items())
    lines = "\n".join(
        f'"{line.number}" = {{department = "{line.department}", ladder = "{key}"'
        f"{f', prompt = {line.prompt!r}' if line.prompt else ''}}}"
        for key, line in LINES.items()
    )
    return f"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
{people}
[company]
owner = "irina"
ring_at_most = {RING_AT_MOST}
claim_after = {CLAIM_AFTER}
[departments]
sales = {{members = ["anna", "boris", "vera"], head = "gleb"}}
headless = {{members = ["anna", "boris", "vera"], head = "egor"}}
ghosts = {{members = ["egor", "fedor"], head = "egor"}}
pair = {{members = ["pavel", "boris"], head = "gleb"}}
[ladders]
{ladders}
[lines]
{lines}
"""


_WATCH = ("calls", "watch", "--once", "--json")


class House(Rig):
    """The company with its router; `tidy` between two tests."""

    def __init__(self) -> None:
        super().__init__(document(), desks=DESKS, company=Company(fallback=FALLBACK), clients=CLIENTS)
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

    async def engage(self, person: str) -> Call:
        """This person talks on a call that is not the router's."""
        call = await self.phone(person).dial("*43")
        await call.wait("answered")
        return call

    async def rows(self, count: int, within: float = 20.0) -> list[dict[str, Any]]:
        """Wait until that many calls of this test have ended, transfers and colleagues' included; return them."""
        try:
            async with asyncio.timeout(within):
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
            async with asyncio.timeout(20.0):
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
        async with asyncio.timeout(15.0):
            while not any(live["waits_for"] for live in orjson.loads(await self.run(*_WATCH))["calls"]):  # noqa: ASYNC110
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


async def hears_something(call: Call, packets: int = 5, within: float = 5.0) -> None:
    """Wait until that many more packets of any sound have come in."""
    sound = call.sound
    assert sound is not None
    wanted = sound.received + packets
    async with asyncio.timeout(within):
        while sound.received < wanted:
            sound._changed.clear()
            await sound._changed.wait()
