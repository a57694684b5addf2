"""Counts that can be added up: of a day and a day, of a line and a line; in SQL they are made, here they are summed."""

from __future__ import annotations

import operator
from array import array
from base64 import b64encode
from binascii import a2b_base64
from typing import TYPE_CHECKING, Any

import orjson

from callrouter.ledger.figure import share

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

Key = str | int | None
Keys = Key | tuple[Key, ...]
NOTHING = (0,) * 5
"""As long as the longest."""
_DIGITS = 18


class Counts:
    """Whole numbers by part and key: `line`, `+74951234567`: calls, answered, lost."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[Keys, list[int]]] = {}
        self._taken: dict[tuple[str, str], list[int]] = {}
        """Numbers in a row by part and keys, as they are kept: dates mostly have the same keys."""
        self.shared: set[int | str] = set()
        """Numbers that are counted once however many dates they are of; those in E.164 as integers."""

    def add(self, part: str, key: Keys, numbers: Iterable[int | None]) -> None:
        """Add these to what is there; NULL is what SQL makes of a sum of nothing."""
        found = self._parts.setdefault(part, {})
        there = found.get(key)
        if there is None:
            found[key] = [int(number or 0) for number in numbers]
        else:
            for place, number in enumerate(numbers):
                there[place] += int(number or 0)

    def take(self, document: Mapping[str, tuple[str, list[int]]], only: Container[str] | None) -> None:
        """Add what `document` has given, of these parts (None: of all)."""
        for part, (keys, numbers) in document.items():
            if only is None or part in only:
                there = self._taken.get((part, keys))
                self._taken[part, keys] = numbers if there is None else list(map(operator.add, there, numbers))

    def document(self) -> dict[str, tuple[str, list[int]]]:
        """Return what JSON can keep: of each part its keys, and their numbers in a row."""
        made = {}
        for part in self._added():
            keys = sorted(self._parts[part], key=str)
            numbers = [number for key in keys for number in self._parts[part][key]]
            made[part] = orjson.dumps(keys).decode(), numbers
        return made

    def _added(self) -> Mapping[str, Mapping[Keys, Sequence[int]]]:
        """Return all parts, with what was taken."""
        for (part, text), numbers in self._taken.items():
            keys = orjson.loads(text)
            width = len(numbers) // len(keys)
            for place, key in enumerate(keys):
                own = numbers[place * width : (place + 1) * width]
                self.add(part, tuple(key) if isinstance(key, list) else key, own)
        self._taken.clear()
        return self._parts

    def add_shared(self, numbers: Iterable[str]) -> None:
        """Add numbers that are counted once."""
        self.shared.update(map(_short, numbers))

    def share(self, document: Mapping[str, Any]) -> None:
        """Add the numbers that `shared_document` has given."""
        self.shared.update(document.get("others", ()))
        packed = array("q")
        packed.frombytes(a2b_base64(document.get("packed", "")))
        self.shared.update(packed)

    def numbers(self) -> list[str]:
        """Return the numbers that are counted once."""
        return [f"+{one}" if isinstance(one, int) else one for one in self.shared]

    def shared_document(self) -> dict[str, object]:
        """Return what JSON can keep of the numbers that are counted once."""
        packed = array("q", sorted(one for one in self.shared if isinstance(one, int)))
        others = sorted(one for one in self.shared if isinstance(one, str))
        return {"packed": b64encode(packed.tobytes()).decode(), "others": others}

    def of(self, part: str) -> Mapping[Keys, Sequence[int]]:
        """Return the numbers of a part by key."""
        return self._added().get(part, {})

    def one(self, part: str, key: Keys = None) -> Sequence[int]:
        """Return the numbers at a key, noughts if there are none."""
        return self.of(part).get(key, NOTHING)


def tally(numbers: Sequence[int], without: Sequence[int] = NOTHING) -> dict[str, object]:
    """Return the figures of calls, answered and lost ones, without some of them."""
    calls, answered, lost = (all_ - less for all_, less in zip(numbers[:3], without[:3], strict=True))
    return {"calls": calls, "answered": answered, "lost": lost, "lcr": share(lost, calls)}


def in_order(keys: Iterable[Keys]) -> list[Keys]:
    """Return the keys in their order, nobody's last."""
    return sorted(keys, key=lambda key: (key is None, key if isinstance(key, int) else 0, str(key)))


def _short(number: str) -> int | str:
    """Return a number in E.164 as an integer, anything else as it is."""
    digits = number[1:]
    is_one = number.startswith("+") and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
    return int(digits) if is_one and digits[0] != "0" else number
