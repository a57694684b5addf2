"""Faults of a scheme document: all of them at once, each with its place and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from callrouter.core.errors import CallrouterError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (`lines."+74951234567".department`), what, and what was probably meant."""

    path: str
    message: str
    meant: str | None = None

    def __str__(self) -> str:
        hint = "" if self.meant is None else f" (did you mean {quoted(self.meant)}?)"
        return f"{self.path}: {self.message}{hint}"


class WrongScheme(CallrouterError):  # noqa: N818 -- the contract's word; what it holds are the faults
    """The document is refused whole; `str()` is what the user reads: a line per fault and the sum."""

    def __init__(self, file: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(file, faults)
        self.file = file
        self.faults = faults

    def __str__(self) -> str:
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        lines = [f"{self.file}: {fault}" for fault in self.faults]
        return "\n".join([*lines, f"error: {self.file}: {count}, nothing applied"])


def quoted(text: str) -> str:
    """Return the text as TOML would write it, control characters made visible."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\u{ord(sign):04X}" for sign in plain) + '"'


def place(*keys: str | int) -> str:
    """Return the path of a value as a TOML reader would write it; list items and steps count from 1."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key + 1}]"
        else:
            path += ("." if path else "") + (key if _BARE.fullmatch(key) else quoted(key))
    return path


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, if any is near enough."""
    by_folded = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.65)
    return by_folded[near[0]] if near else None
