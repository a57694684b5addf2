"""What goes out, whichever way, and what may go wrong with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import Instant

_LONGEST = 200


class NotTakenError(AwayError):
    """It was not taken this time: the receiver is away, too busy, or we are not set up to reach it. Try again."""


class RefusedError(CallrouterError):
    """The receiver will never take it: trying again does not help."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a letter."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """Something written to somebody."""

    key: str
    """The same for each repetition."""
    kind: str
    """`export`, `notice`."""
    subject: str
    text: str
    html: str | None
    at: Instant
    """When it was written."""
    files: tuple[File, ...] = ()

    @property
    def id(self) -> str:
        """Return the key as a word that fits into every header; it tells nothing of the receiver."""
        return hashlib.sha256(self.key.encode("utf-8", "replace")).hexdigest()[:32]


def one_line(text: str) -> str:
    """Return a text as one printable line of bounded length: it fits into a header, and nothing in it ends one."""
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
