"""Calls through a router to whom the network lies about one kind of request, and what everybody saw of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.lab import Behaviour, Call, Company, Phone, answers, patience, rings
from tests.lab.liar import Liar, Lie
from tests.real.rig import Rig

STEPS = (1.5, 3.0)
"""Seconds of the two steps of each ladder."""
FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/900,5)
 same => n,Hangup(${HANGUPCAUSE})
"""
COMPANY = Company(fallback=FALLBACK)


@dataclass(frozen=True, slots=True)
class Course:
    """How a call goes without a lie: what the phones of the first and the second step do."""

    first: Behaviour
    second: Behaviour
    is_ours: bool = True
    """Whether the line is in the scheme."""


CLIMB = Course(rings(), answers(after=0.3))
ANSWER = Course(answers(after=0.3), answers(after=0.3))
VAIN = Course(rings(), rings())
UNKNOWN = Course(rings(), rings(), is_ours=False)

KINDS: dict[str, tuple[str, Course]] = {
    "ring": ("POST channels/[^/]+/ring", CLIMB),
    "guard": (r"POST channels/[^/]+/variable\?variable=TIMEOUT", CLIMB),
    "endpoint": ("GET endpoints/", CLIMB),
    "contacts": ("PJSIP_DIAL_CONTACTS", CLIMB),
    "create": ("POST channels/create", CLIMB),
    "dial": ("POST channels/[^/]+/dial", CLIMB),
    "stop": ("DELETE channels/[^/?]+\\.1\\.1\\.", CLIMB),
    "bridge": (r"POST bridges/[^/]+\?", ANSWER),
    "join": ("POST bridges/[^/]+/addChannel", ANSWER),
    "pick up": ("POST channels/[^/]+/answer", ANSWER),
    "talked": ("CALLROUTER_TALKED", ANSWER),
    "hang up": ("DELETE channels/[^/?]+\\.1\\.1\\.", ANSWER),
    "close": ("DELETE bridges/", ANSWER),
    "play": ("POST channels/[^/]+/play", VAIN),
    "let go": (r"DELETE channels/[^/?]+\?reason=no_answer", VAIN),
    "lacks": ("DIALPLAN_EXISTS", UNKNOWN),
    "continue": ("POST channels/[^/]+/continue", UNKNOWN),
}
"""Every kind of request a call makes, and a course in which it is made."""

FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "409": {"status": 409},
    "404": {"status": 404},
    "done, but 500": {"status": 500, "passes": True},
    "the request is lost": {"late": None},
    "the reply is lost": {"passes": True, "late": None},
    "the reply is late": {"passes": True, "late": 0.4, "times": 99},
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one call."""

    kind: str
    call: Call
    talked_with: str | None
    """Whom the caller heard, by desk."""
    quiet: float
    """Seconds from the caller's end until no phone of the line rang or talked."""
    row: dict[str, Any]
    told: bool
    """Whether the lie was told."""
    rang: dict[str, bool]
    """Whether the phones `a` and `b` of the two steps rang."""


def number(kind: str) -> str:
    """Return the line of a kind of request."""
    return f"+7495000{list(KINDS).index(kind):04}"


def desks(kind: str) -> tuple[str, str]:
    """Return the phones of its two steps."""
    index = list(KINDS).index(kind)
    return f"{100 + index}", f"{200 + index}"


def document() -> str:
    """Return the scheme: a line, a ladder and two people for each kind."""
    people, ladders, lines = [], [], []
    for index, (kind, (_, course)) in enumerate(KINDS.items()):
        one, two = desks(kind)
        people += [
            f'a{index} = {{name = "A", phones = ["PJSIP/{one}"]}}',
            f'b{index} = {{name = "B", phones = ["PJSIP/{two}"]}}',
        ]
        steps = (
            f'{{ring = "person:{key}{index}", seconds = {seconds}}}' for key, seconds in zip("ab", STEPS, strict=True)
        )
        ladders.append(f"l{index} = [{', '.join(steps)}]")
        prompt = ', prompt = "sound:no-such"' if course is VAIN else ""
        if course.is_ours:
            lines.append(f'"{number(kind)}" = {{department = "d", ladder = "l{index}"{prompt}}}')
    parts = (
        "[people]",
        *people,
        '[departments]\nd = {name = "D", members = ["a0"]}',
        "[ladders]",
        *ladders,
        "[lines]",
        *lines,
    )
    return "\n".join(('version = 1\ntimezone = "Europe/Moscow"\ncountry = "RU"', *parts, ""))


async def place(rig: Rig, liar: Liar, kind: str, fault: str) -> Seen:
    """Call a line while its requests of this kind are lied about; talk to whoever answers; see all phones quiet."""
    pattern, course = KINDS[kind]
    one, two = (rig.lab.phone(desk) for desk in desks(kind))
    one.behaviour, two.behaviour = course.first, course.second
    liar.whose |= {one.name: number(kind), two.name: number(kind)}
    lie = Lie(pattern, **FAULTS[fault])
    liar.lies[number(kind)] = [lie]
    caller = f"+7916{list(FAULTS).index(fault):03}{list(KINDS).index(kind):04}"
    before = len(one.calls), len(two.calls)
    call = await rig.trunk.dial(number(kind), caller=caller)
    talked_with = await _talk(call, [one, two, rig.lab.phone("900")])
    ended = await call.wait("ended", 15.0)
    rung = {"a": one.calls[before[0] :], "b": two.calls[before[1] :]}
    every = [*rung["a"], *rung["b"]]
    last = [await one.wait("ended", 8.0) for one in every]
    quiet = max((at.after(ended) for at in last), default=0.0)
    return Seen(
        kind,
        call,
        talked_with,
        quiet,
        await _row(rig, caller),
        lie.told > 0,
        {key: bool(found) for key, found in rung.items()},
    )


async def _talk(call: Call, phones: list[Phone]) -> str | None:
    """Wait for whatever comes of the call; hang up after a word with whoever is heard, and return his desk."""
    try:
        await call.wait("answered", 15.0)
    except AssertionError:
        assert call.ended_at, f"{call!r} is left in silence"
        return None
    listening = {asyncio.create_task(call.hears(phone, within=2.0)): phone.name for phone in phones}
    done, _ = await asyncio.wait(listening, return_when=asyncio.FIRST_COMPLETED)
    for one in listening:
        one.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    heard = next((listening[one] for one in done if one.exception() is None), None)
    await call.hangup()
    return heard


async def _row(rig: Rig, caller: str) -> dict[str, Any]:
    async with patience(10.0):
        while not (found := [row for row in await rig.calls() if row["caller"] == caller]):  # noqa: ASYNC110 - as in Rig
            await asyncio.sleep(0.1)
    assert len(found) == 1, f"{caller} has {len(found)} rows"
    return found[0]
