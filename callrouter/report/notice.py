"""The letters of the notices: one thing or several of a kind that somebody is told of, in his language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from callrouter.report.language import LOCALES, language
from callrouter.report.safe import clean, masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST = 50
"""Clients in one letter; of the others it says how many there are."""
DROPPED = "dropped"
"""The reason of a call that was lost after somebody had talked to the caller, and sent him on."""
_SHOWN_AS = {
    "lost": ("number", "line", "called", "missed", "tally", "whose", "taken", "take"),
    "waiting": ("number", "line", "since", "missed", "tally", "whose", "taken", "call_back"),
    "answered": ("number", "line", "talked"),
    "undistributed": ("number", "line", "talked", "assign"),
}
_FOOT = {"lost": "lost_foot", "waiting": "lost_foot", "undistributed": "undistributed_foot"}
_REST = {
    "lost": "rest_lost",
    "waiting": "rest_lost",
    "answered": "rest_answered",
    "undistributed": "rest_undistributed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One client of a letter; names as people read them."""

    client: str | None
    number: str
    priority: str | None
    line: str
    at: float
    """The instant at which he called, or since which he waits."""
    wait: float = 0.0
    reason: str = ""
    """Why the call was lost, by `lcr/1`; or `DROPPED`."""
    missed: tuple[str, ...] = ()
    lost: int = 0
    attempts: int = 0
    whose: str | None = None
    taken: str | None = None
    answered_by: str | None = None
    """None: nobody whom the scheme knows."""
    talk: float = 0.0


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody is told."""

    kind: str
    """lost | waiting | answered | undistributed"""
    person: str
    """His key, as commands take it."""
    told: Sequence[Told]
    passed: tuple[tuple[str, str], ...]
    """For whom it was meant before him: the name, and why that one is not told."""
    minutes: float
    """After which the head hears of a client whom nobody calls back."""
    timezone: str


def prepare() -> None:
    """Read what letters are made of: it takes a tenth of a second, once."""
    for code in LOCALES:
        _words(code)
        there = language(code)
        there.clock(0.0, "UTC")
        there.count("clients", 1)


def subject(letter: Letter, code: str) -> str:
    """Return the line that a list of mails shows: a client's name, else his number without its middle."""
    if len(letter.told) > 1:
        return _say(code, f"{letter.kind}_many", clients=language(code).count("clients", len(letter.told)))
    one = letter.told[0]
    return _say(code, f"{letter.kind}_one", client=masked(clean(one.client or one.number)))


def text(letter: Letter, code: str) -> str:
    """Return the letter, with whole numbers and the commands that see to it."""
    there = language(code)
    several = "texts" if len(letter.told) > 1 else "text"
    blocks = [_say(code, f"{letter.kind}_{several}", minutes=there.number(letter.minutes))]
    for number, one in enumerate(letter.told[:MOST], start=1):
        title = clean(one.client or one.number) + (f" · {clean(one.priority)}" if one.priority else "")
        head = f"{number}. {title}" if len(letter.told) > 1 else title
        blocks.append("\n".join([head, *_Lines(letter, one, code).told()]))
    if len(letter.told) > MOST:
        rest = there.count("clients", len(letter.told) - MOST)
        blocks.append(_say(code, _REST[letter.kind], clients=rest))
    if letter.kind in _FOOT:
        blocks.append(_say(code, _FOOT[letter.kind]))
    blocks.extend(_meant(letter, code))
    return "\n\n".join(blocks) + "\n"


class _Lines:
    """What is said of one client."""

    def __init__(self, letter: Letter, one: Told, code: str) -> None:
        self._letter = letter
        self._one = one
        self._code = code
        self._language = language(code)

    def told(self) -> Iterator[str]:
        """Yield a line for each thing that is known, the things that belong to this kind."""
        for key in _SHOWN_AS[self._letter.kind]:
            values = self._values(key)
            if all(value != "" for value in values.values()):
                yield _say(self._code, key, **values)

    def _values(self, key: str) -> dict[str, object]:
        """Return what a line says; something empty: it is left out."""
        one, there = self._one, self._language
        at = there.clock(one.at, self._letter.timezone)
        number = clean(one.number)
        known: dict[str, dict[str, object]] = {
            "number": {"number": number},
            "line": {"line": clean(one.line)},
            "called": {"at": at, "wait": there.seconds(one.wait), "reason": self._reason()},
            "since": {"at": at},
            "missed": {"people": ", ".join(map(clean, one.missed))},
            "tally": {"lost": there.number(one.lost), "attempts": there.number(one.attempts)},
            "whose": {"person": clean(one.whose or "")},
            "taken": {"person": clean(one.taken or "")},
            "talked": {
                "person": clean(one.answered_by or _say(self._code, "somebody")),
                "at": at,
                "talk": there.seconds(one.talk),
            },
            "take": {"number": number, "person": clean(self._letter.person)},
            "call_back": {"number": number},
            "assign": {"number": number},
        }
        return known[key]

    def _reason(self) -> str:
        reason = self._one.reason
        return _say(self._code, reason) if reason == DROPPED else self._language.name("reasons", reason)


def _meant(letter: Letter, code: str) -> Iterator[str]:
    """Yield for whom else the letter was meant, and why he did not get it."""
    for why in dict.fromkeys(why for _, why in letter.passed):
        people = ", ".join(clean(name) for name, reason in letter.passed if reason == why)
        yield _say(code, why, people=people)


def _say(code: str, key: str, **values: object) -> str:
    return _words(code)[key].format(**values)


@lru_cache
def _words(code: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads(
        files("callrouter.report").joinpath(f"notices.{code}.toml").read_text("utf-8")
    )
    return found
