"""
The journal: a local append-only file of this worker's, written before anything is done.

One `write()` per record and no fsync: it outlives a killed process, and costs microseconds. `shipper` takes it to SQL;
while SQL is away it is the spool. When the disk is full the records wait in memory.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import structlog

from callrouter.store.codec import encode

if TYPE_CHECKING:
    from pathlib import Path

    from callrouter.core.commands import Command
    from callrouter.core.events import Event
    from callrouter.core.words import CallId

log = structlog.get_logger(__name__)

SEGMENT_BYTES = 64_000_000
"""From this size on the next record begins a new segment, so that shipped ones can go."""
WAITING_BYTES = 64_000_000
"""How much may wait in memory for a disk that is full."""


class Journal:
    """This worker's journal; nothing it meets is ever raised into a call."""

    def __init__(self, directory: Path, app: str) -> None:
        """Begin a new segment; `directory` is made if need be (OSError: it cannot be)."""
        self.directory = directory
        self.app = app
        self.failures = 0
        """Writes that failed since the start: an alarm."""
        self.written = asyncio.Event()
        """Set by every write; the shipper clears it."""
        self._waiting = b""
        self._size = 0
        self._whole = True
        """Whether the segment ends with a whole record."""
        self._is_due = False
        """Whether the segment is to be left as soon as it ends with a whole record."""
        directory.mkdir(parents=True, exist_ok=True)
        self._begin_segment()

    def write(self, call_id: CallId, event: Event, commands: tuple[Command, ...]) -> None:
        """Append one record."""
        try:
            line = encode(call_id, event, commands)
        except Exception:
            self.failures += 1
            log.exception("journal: an event cannot be written down", call=call_id, kind=type(event).__name__)
            return
        if len(self._waiting) + len(line) > WAITING_BYTES:
            self.failures += 1
            log.critical("journal: no room left in memory either, a record is LOST", call=call_id)
            return
        self._waiting += line
        self.flush()
        self.written.set()

    def flush(self) -> bool:
        """Write what could not be written before; whether nothing waits any more."""
        try:
            if (self._size >= SEGMENT_BYTES or self._is_due) and self._whole:
                self.begin_anew()
            while self._waiting:
                count = os.write(self._file, self._waiting)
                self._size += count
                self._waiting = self._waiting[count:]
                self._whole = not self._waiting
        except OSError as error:
            self.failures += 1
            log.critical("journal: cannot write, records wait in memory", why=str(error), bytes=len(self._waiting))
        return not self._waiting

    def leave_segment(self) -> None:
        """Have what is written by now shipped and deleted, however small it is: somebody in it was forgotten."""
        self._is_due = self._size > 0
        self.flush()
        self.written.set()

    def begin_anew(self) -> None:
        """From now on records go into a new segment (OSError: it cannot be made)."""
        former = self._file
        self._begin_segment()
        os.close(former)

    @property
    def waiting(self) -> int:
        """Bytes that the disk has not taken: an alarm."""
        return len(self._waiting)

    def segments(self) -> list[Path]:
        """Return this worker's segments, oldest first; the last is being written."""
        return sorted(self.directory.glob(f"{self.app}@*.jsonl"))

    def close(self) -> None:
        """Close the file."""
        self.flush()
        os.close(self._file)

    def _begin_segment(self) -> None:
        former = self.segments()
        number = time.time_ns()
        if former:  # a clock that was set back must not put the new segment before the old ones
            number = max(number, int(former[-1].stem.rpartition("@")[2]) + 1)
        self.current = self.directory / f"{self.app}@{number:020d}.jsonl"
        self._file = os.open(self.current, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        self._size = 0
        self._whole = True
        self._is_due = False
