"""A figure is the length of a list: blocks of figures keep the lists, and are printed as their lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, Union

from callrouter.core.outcome import CallRow
from callrouter.ledger.period import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Calls: TypeAlias = tuple[CallRow, ...]
Value: TypeAlias = Union["Block", "list[Value]", Calls, float, int, str, None]
Block: TypeAlias = Mapping[str, Value]
"""Named figures: where calls are counted their list stands, beside what is computed from it."""
KEY = "key"
"""What tells the blocks of a list apart."""


def printed(block: Block) -> dict[str, object]:
    """Return the block with each list of calls as its length."""
    return {name: _printed(value) for name, value in block.items()}


def behind(block: Block) -> dict[str, Calls]:
    """Return the calls behind each figure, by its name with dots: `clients.ignored`, `people.anna.missed`."""
    return dict(_behind(block, ()))


def once(rows: Iterable[CallRow]) -> Calls:
    """Return each call once, in their order."""
    return tuple({id(row): row for row in rows}.values())


def seconds(parts: Iterable[int]) -> float:
    """Return the sum of microseconds in seconds, to the millisecond."""
    return round(sum(parts) / MICRO, 3)


def share(part: float, whole: float) -> float | None:
    """Return how much of the whole this is, 0 to 1; None of nothing."""
    return part / whole if whole else None


def _printed(value: Value) -> object:
    if isinstance(value, Mapping):
        return printed(value)
    if isinstance(value, list):
        return [_printed(one) for one in value]
    return len(value) if isinstance(value, tuple) else value


def _behind(value: Value, path: tuple[str, ...]) -> Iterator[tuple[str, Calls]]:
    if isinstance(value, tuple):
        yield ".".join(path), value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _behind(inner, (*path, name))
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, Mapping):
                yield from _behind(one, (*path, "-" if one[KEY] is None else str(one[KEY])))
