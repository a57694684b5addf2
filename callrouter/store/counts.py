"""Counts that can be added up: of a day and a day, of a line and a line; in SQL they are made, here they are summed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from callrouter.ledger.figure import share

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

Key = str | int | None
Keys = Key | tuple[Key, ...]
NOTHING = (0,) * 5
"""As long as the longest."""
SHARED = "shared"


class Counts:
    """Whole numbers by part and key: `line`, `+74951234567`: calls, answered, lost."""

    def __init__(self) -> None:
        self.parts: dict[str, dict[Keys, list[int]]] = {}
        self.shared: set[str] = set()
        """Numbers that are counted once however many dates they are of."""

    def add(self, part: str, key: Keys, numbers: Iterable[int | None]) -> None:
        """Add these to what is there; NULL is what SQL makes of a sum of nothing."""
        found = self.parts.setdefault(part, {})
        there = found.get(key)
        if there is None:
            found[key] = [int(number or 0) for number in numbers]
        else:
            for place, number in enumerate(numbers):
                there[place] += int(number or 0)

    def take(self, document: Mapping[str, Iterable[Any]], only: Container[str] | None) -> None:
        """Add what `document` has given, of these parts (None: of all)."""
        for part, those in document.items():
            if only is not None and part not in only:
                continue
            if part == SHARED:
                self.shared.update(those)
            else:
                for key, numbers in those:
                    self.add(part, tuple(key) if isinstance(key, list) else key, numbers)

    def document(self) -> dict[str, Sequence[object]]:
        """Return what JSON can keep."""
        return {part: list(those.items()) for part, those in self.parts.items()} | {SHARED: sorted(self.shared)}

    def of(self, part: str) -> Mapping[Keys, Sequence[int]]:
        """Return the numbers of a part by key."""
        return self.parts.get(part, {})

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
