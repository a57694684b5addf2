"""The lines of FastAGI, without a socket: bytes go in, what they mean comes out. Everything is bounded, nothing raises.

What a caller sends may stand in it: his number and name come in headers, line feeds and all, and Asterisk passes them
on as they are. So of a header that comes twice the first one counts, those that come before his; whoever converses
begins with a word that nobody else can know (`asking.py`), and what comes before the answer to that is no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LINE_MOST = 65_536
"""Bytes of a line that are kept; the rest of a longer one is passed over."""
HEAD_MOST = 262_144
"""Bytes before the first command; who sends more is no Asterisk."""
HEADERS_MOST = 200
"""Headers that are kept."""
VALUE_MOST = 4_000
"""Bytes of one word of a command: Asterisk takes 8,192 of the whole."""
_FIRST = re.compile(rb"agi_network: yes\r?")
_HEADER = re.compile(r"(agi_[a-z0-9_]{1,40}): ?(.*)", re.DOTALL)
_REPLY = re.compile(r"([0-9]{3})([ -])(?:result=(-?[0-9]+)(?: \((.*)\))?)?")


@dataclass(frozen=True, slots=True)
class Request:
    """What a channel wants of us: `route` of `agi://host/route`."""

    script: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a command: 200, or that it was not understood (510, 520), or not possible any more (511)."""

    code: int
    result: int | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller's channel is gone; Asterisk answers commands still."""


@dataclass(frozen=True, slots=True)
class Nonsense:
    """It is no Asterisk that speaks: nothing more is heard of it."""


Heard = Request | Reply | HungUp | Nonsense


class Decoder:
    """One connection's lines; it does not matter how the bytes are split."""

    def __init__(self) -> None:
        self._line = b""
        self._headers: dict[str, str] | None = {}
        """None: the request is complete."""
        self._seen = 0
        self._is_nonsense = False

    def feed(self, data: bytes) -> list[Heard]:
        """Return what these bytes mean together with those before."""
        heard: list[Heard] = []
        first, *others = data.split(b"\n")
        self._take(first)
        for following in others:
            heard += self._end_line()
            self._take(following)
        return heard

    def _take(self, piece: bytes) -> None:
        self._seen += len(piece)
        self._line += piece[: LINE_MOST - len(self._line)]

    def _end_line(self) -> list[Heard]:
        line, self._line = self._line, b""
        if self._is_nonsense:
            return []
        if self._headers is not None:
            return self._header(line, self._headers)
        text = line.decode("utf-8", "replace").removesuffix("\r")
        if text == "HANGUP":
            return [HungUp()]
        reply = _REPLY.fullmatch(text) or _REPLY.match(text)
        if reply is None or reply[2] == "-":  # in the middle of an explanation, or what a caller has sent
            return []
        return [Reply(int(reply[1]), None if reply[3] is None else int(reply[3]), reply[4])]

    def _header(self, line: bytes, headers: dict[str, str]) -> list[Heard]:
        if (not headers and not _FIRST.fullmatch(line)) or self._seen > HEAD_MOST:
            self._is_nonsense = True
            return [Nonsense()]
        text = line.decode("utf-8", "replace").removesuffix("\r")
        if not text:
            self._headers = None
            return [Request(headers.get("agi_network_script", "").partition("?")[0].strip("/"), headers)]
        found = _HEADER.fullmatch(text)
        if found is not None and len(headers) < HEADERS_MOST:
            headers.setdefault(found[1], found[2])
        return []


def command(*words: str) -> bytes:
    """Return a command with each word quoted, so that no word can be two, or a second command."""
    return " ".join(map(_quoted, words)).encode("utf-8", "replace") + b"\n"


def _quoted(word: str) -> str:
    kept = "".join(sign if sign.isprintable() else " " for sign in word)
    kept = kept.encode("utf-8", "replace")[:VALUE_MOST].decode("utf-8", "ignore")
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'
