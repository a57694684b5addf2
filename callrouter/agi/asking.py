"""What a channel is asked and told, over one connection."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from callrouter.core.errors import CallrouterError
from callrouter.core.facts import Arrival
from callrouter.core.recorded import call_of, phone_of, recording_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.agi.protocol import Reply
    from callrouter.core.words import Instant

AT_ONCE = 16
"""Questions, or variables, in one command; Asterisk sets 24 at the most."""
NOISE_MOST = 1_000
"""Replies that are not ours, before ours: a caller who sends more of them is not served here."""
_OF_A_CHANNEL = ("UNIQUEID", "CHANNEL(linkedid)", "CHANNEL(name)", "CALLERID(num)", "CALLROUTER_LINE", "EXTEN",
                 "MIXMONITOR_FILENAME")  # fmt: skip
_EVALUATED = re.compile(r"[${}\[\]\"\\`]")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{0,80}")
_DIALLED = re.compile(r"[^\s,&|${}()\[\]\"'\\]+")


class PeerError(CallrouterError):
    """Who speaks at the other end speaks no AGI, or is gone."""


class Line(Protocol):
    """A conversation with a channel."""

    async def say(self, *words: str) -> None:
        """Send a command; raise PeerError."""
        ...

    async def hear(self) -> Reply:
        """Return the next reply; raise PeerError."""
        ...


async def read(line: Line, expressions: Iterable[str]) -> list[str]:
    """Return what Asterisk has for these variables and functions, nothing as an empty string.

    A caller's own words stand in some: Asterisk encodes them, so they are on one line and are never evaluated.
    """
    asked = list(expressions)
    found: list[str] = []
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        said = await _evaluated(line, ",".join(f"${{URIENCODE(${{{one}}})}}" for one in some))
        values = [unquote(one, errors="replace") for one in said.split(",")]
        found += values if len(values) == len(some) else [""] * len(some)
    return found


async def tell(line: Line, variable: str, value: str | float | None) -> None:
    """Set a variable of the channel."""
    await line.say("SET", "VARIABLE", variable, "" if value is None else str(value))
    await _done(line, variable)


async def tell_all(line: Line, values: Iterable[tuple[str, str | float | None]]) -> None:
    """Set many variables; those of letters and digits, most of them, many in one command."""
    plain: list[str] = []
    for variable, value in values:
        text = "" if value is None else str(value)
        if _PLAIN.fullmatch(text):
            plain.append(f"{variable}={text}")
        else:
            await tell(line, variable, text)
    for start in range(0, len(plain), AT_ONCE):
        await line.say("EXEC", "MSet", ",".join(plain[start : start + AT_ONCE]))
        await _done(line, "many variables")


async def _done(line: Line, what: str) -> None:
    reply = await line.hear()
    if reply.code != 200 or reply.result == -2:  # noqa: PLR2004 - AGI's "done", and "no such application"
        raise PeerError(f"Asterisk does not set {what} ({reply.code})")


async def arrival(line: Line, at: Instant) -> tuple[Arrival, bool]:
    """Return the call of the channel, and whether it is the far end of a transfer."""
    channel, linked, name, caller, dialled, extension, recording = await read(line, _OF_A_CHANNEL)
    if not channel:
        raise PeerError("Asterisk does not tell the channel's id: is func_uri loaded?")
    line_called, kept = dialled or extension, recording_at(recording)
    there = Arrival(call_of(channel), at, channel, line_called, caller, phone_of(name), recording=kept)
    return there, bool(linked) and linked != channel


def harmless(text: str | None) -> str:
    """Return what a client is called so that no dialplan evaluates anything in it, however often it looks."""
    return "" if text is None else _EVALUATED.sub("'", text)


def can_be_dialled(dial: str) -> bool:
    """Whether this is one phone for Dial, and nothing else in it besides."""
    return _DIALLED.fullmatch(dial) is not None


async def _evaluated(line: Line, expression: str) -> str:
    """Return an expression's value; a word before it that nobody but us knows says that it is no other's answer."""
    word = secrets.token_hex(8)
    await line.say("GET", "FULL", "VARIABLE", f"{word},{expression}")
    for _ in range(NOISE_MOST):
        reply = await line.hear()
        if reply.value is not None and reply.value.startswith(f"{word},"):
            return reply.value.removeprefix(f"{word},")
    raise PeerError("no answer among so many")
