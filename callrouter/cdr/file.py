"""The file Asterisk writes its records to, read on from where it was left, also when it was rotated or truncated."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from callrouter.cdr import lines
from callrouter.core.errors import CallrouterError
from callrouter.core.recorded import Portion, Position

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

BATCH = 65_536
"""Bytes in one reading: calls wait for it, milliseconds."""
BEFORE = 512
"""Bytes by which the place is known again: a whole record, of which no two are alike."""
_PACKED = (".gz", ".bz2", ".xz", ".zst")


class UnreadableError(CallrouterError):
    """The file is there and cannot be read."""


class Stamp(NamedTuple):
    """Which file stands at a path, and how long it is."""

    inode: int
    size: int


def stamp(path: Path) -> Stamp | None:
    """Return what is at the path now; None: nothing, it may come."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    return Stamp(found.st_ino, found.st_size)


def read(path: Path, since: Position | None) -> Portion | None:
    """Return the next records after a position (None: from the beginning); None: there is no file, it may come."""
    try:
        files = _family(path) if since is not None else [path] if path.exists() else []
        inodes = [one.stat().st_ino for one in files]
        if since is None or since.inode not in inodes:
            return _read(path, None, None) if path.exists() else None
        at = inodes.index(since.inode)
        return _read(files[at], since, inodes[at + 1] if at + 1 < len(inodes) else None)
    except FileNotFoundError:  # rotated at this very moment: there is another time
        return None
    except OSError as error:
        raise _unreadable(path, error) from None


def _read(path: Path, since: Position | None, following: int | None) -> Portion:
    """Read on in one file; `following` is the inode of the one that came after it."""
    with path.open("rb") as file:
        inode = os.fstat(file.fileno()).st_ino
        offset = since.offset if since is not None and _is_same(file, since) else 0
        file.seek(offset)
        text = file.read(BATCH)
        records, done, bad = lines.read(text)
        offset += done
        file.seek(max(0, offset - BEFORE))
        position = Position(inode, offset, _mark(file.read(min(BEFORE, offset))))
    is_end = len(text) < BATCH
    if is_end and following is not None:  # a rotated file gets nothing more: what is torn stays torn
        bad += bool(text[done:].strip())
        position = Position(following, 0, b"")
    ours = tuple(record for record in records if record.is_ours)
    return Portion(ours, position, bad, is_last=is_end and following is None)


def _family(path: Path) -> list[Path]:
    """Return the file and what it was rotated to (`callrouter.csv.1`, `callrouter.csv-20261122`), oldest first."""
    beside = [one for one in path.parent.glob(f"{path.name}[.-]*") if one.suffix not in _PACKED]
    beside.sort(key=lambda one: one.stat().st_mtime)
    return [*beside, path] if path.exists() else beside


def _is_same(file: BinaryIO, since: Position) -> bool:
    """Whether the file is still the one that was read so far: not truncated, and no other one on the same inode."""
    if os.fstat(file.fileno()).st_size < since.offset:
        return False
    size = min(BEFORE, since.offset)
    file.seek(since.offset - size)
    return _mark(file.read(size)) == since.before


def _mark(text: bytes) -> bytes:
    """Return what tells this text from another: no more of it, for it is about people who may want to be forgotten."""
    return hashlib.blake2b(text, digest_size=4).digest()


def _unreadable(path: Path, error: OSError) -> UnreadableError:
    return UnreadableError(f"{path}: {error.strerror}: Asterisk's records are not read (CDR_FILE)")
