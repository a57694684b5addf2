"""Whether a call to each line reaches the router, and the fallback without it: it is called, and rings nobody."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack

from callrouter.ari.rehearsal import DOOR, Arrived, Rehearsal, rehearsal
from callrouter.ari.survey import ENTRY
from callrouter.doctor.console import Asked
from callrouter.doctor.finding import Check, Finding, fail, unknown, warn
from callrouter.routing.lines import find_line
from callrouter.routing.values import DEFAULT_LINE, Scheme
from callrouter.settings import Settings

AT_LEAST = 30.0
"""Seconds for the lines, and one more for each number."""
FALLBACK = "callrouter-fallback"
"""The context of the rendered fallback."""
Said = tuple[str, str]
"""One fault: its word in LINE, and what is said of it."""
WAYS_IN = (*ENTRY, "callrouter-agi")
"""The contexts of ours; what leads there from the trunk is the PBX's own, and would ring where it does not."""
_WHOLE = "`callrouter dialplan check --context from-trunk` goes the whole way, from the trunk's context"
_INSTALL = 'callrouter dialplan install --etc DIR, then asterisk -rx "dialplan reload"'
LINE = Check(
    "line {line}",
    f"A call in our context of the dialplan reaches the router, and without it the fallback; nobody is rung. {_WHOLE}.",
    {
        "foreign": unknown(f"{_INSTALL}; nothing where a context of your own leads to Stasis(callrouter)"),
        "old": unknown(f"callrouter.conf is another version's: {_INSTALL}"),
        "lost": fail(f"{_INSTALL}; Asterisk's log says where the call went"),
        "another": fail("correct the number under [lines] of the scheme"),
        "bare": warn(
            "callrouter dialplan render --out /etc/asterisk/callrouter-fallback.conf, "
            'then asterisk -rx "dialplan reload"'
        ),
    },
)
CHECKS = (LINE,)


async def ways_in(asked: Asked, scheme: Scheme) -> dict[str, str | Finding]:
    """Return from which context of ours each line can be called; a finding: from none."""
    found = dict[str, str | Finding]()
    for key, its in dialled(scheme).items():
        contexts = [one for one in WAYS_IN if await asked.has_extension(one, its[0])]
        if not contexts:
            found[key] = LINE.fault("foreign", "the contexts of callrouter.conf do not know it", line=key)
        elif not await asked.has_extension(DOOR, its[0]):
            found[key] = LINE.fault("old", "callrouter.conf has no way to try it", line=key)
        else:
            found[key] = contexts[0]
    return found


async def look(told: Settings, scheme: Scheme, ways: Mapping[str, str | Finding]) -> AsyncGenerator[Finding]:
    """Call each line with every number of its own, and say what becomes of the calls."""
    login = (told.ari_username, told.password())
    opened = dict[str, Rehearsal]()
    async with AsyncExitStack() as stack:
        for key, its in dialled(scheme).items():
            context = ways[key]
            if isinstance(context, Finding):
                yield context
                continue
            if context not in opened:
                opened[context] = await stack.enter_async_context(rehearsal(told.ari_url, login, context))
            yield finding(
                key, [fault for number in its for fault in await faults(opened[context], scheme, key, number)]
            )


def bound(scheme: Scheme) -> float:
    """Return the seconds for all of that; a number that does not arrive takes up to ten of them."""
    return AT_LEAST + sum(len(its) for its in dialled(scheme).values())


async def known(asked: Asked, scheme: Scheme) -> AsyncGenerator[Finding]:
    """Say whether the dialplan has each line: without ARI no call can be placed to try it."""
    for key, its in dialled(scheme).items():
        if not any([await asked.has_extension(one, its[0]) for one in WAYS_IN]):
            yield LINE.fault("foreign", "the contexts of callrouter.conf do not know it", line=key)
        elif not await asked.has_extension(FALLBACK, its[0]):
            yield LINE.fault("bare", "the rendered fallback does not know it", line=key)
        else:
            yield LINE.ok("the dialplan knows it, and so does the fallback; without ARI it was not tried", line=key)


def dialled(scheme: Scheme) -> dict[str, tuple[str, ...]]:
    """Return every line with its numbers; of a pattern one stands for all, and any for the default."""
    return {
        line.key: tuple(number.replace("X", "0") for number in numbers)
        for line in scheme.lines.values()
        if (numbers := (line.numbers or ("00",)) if line.key == DEFAULT_LINE else (line.key, *line.numbers))
    }


async def faults(calls: Rehearsal, scheme: Scheme, key: str, number: str) -> list[Said]:
    """Return what is wrong with a call to a line's number; nothing where it arrives both ways."""
    with_us = await calls.call(number, is_router_there=True)
    without = await calls.call(number, is_router_there=False)
    return judge(scheme, key, with_us, without)


def judge(scheme: Scheme, key: str, with_us: Arrived | None, without: Arrived | None) -> list[Said]:
    """Return what is wrong where such calls came out."""
    found: list[Said] = []
    if with_us is None:
        found.append(("lost", "a call to it does not reach the router"))
    elif with_us.is_released:
        found.append(("lost", "a call to it goes to the fallback, not to the router"))
    elif (line := find_line(scheme, with_us.line)) is None or (line.listed_as or line.key) != key:
        found.append(("another", f"it reaches the router as {with_us.line!r}, which is another line"))
    if without is None or not without.is_released:
        found.append(("lost", "without the router it does not reach the fallback"))
    elif not without.has_fallback:
        found.append(("bare", "the rendered fallback does not know it"))
    return found


def finding(key: str, found: list[Said]) -> Finding:
    """Return the line's line: the worst of what is wrong says what to do."""
    if not found:
        return LINE.ok("reaches the router, and without it the fallback", line=key)
    worst = min((which for which, _ in found), key=("lost", "another", "bare").index)
    return LINE.fault(worst, "; ".join(dict.fromkeys(said for _, said in found)), line=key)
