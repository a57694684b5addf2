"""Lines of a journal's segment, as far as they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.store.codec import Record, TornRecordError, decode

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a segment: where it begins, and what it says (None: nothing we understand)."""

    offset: int
    text: bytes
    record: Record | None


def read(segment: Path, offset: int, size: int) -> list[Line]:
    """Return the whole lines that begin in the next `size` bytes, at least one if there is one."""
    with segment.open("rb") as file:
        file.seek(offset)
        text = file.read(size)
        if not text.endswith(b"\n"):
            text += file.readline()
    whole = text[: text.rfind(b"\n") + 1]
    lines = []
    for one in whole.split(b"\n")[:-1]:
        lines.append(Line(offset, one + b"\n", _understood(one)))
        offset += len(one) + 1
    return lines


def _understood(line: bytes) -> Record | None:
    try:
        return decode(line)
    except TornRecordError:
        return None
