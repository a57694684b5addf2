"""The intake: what Asterisk wrote down goes to where it is kept, on demand or as it comes. Never in a call's path."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Protocol

import structlog

from callrouter.cdr import file
from callrouter.core.errors import CallrouterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from callrouter.core.recorded import Ending, Portion, Position

LOOK_EVERY = 0.5
"""Seconds between two looks whether the file has grown."""
SETTLED_AFTER = 0.5
"""Seconds after which all records of a channel are there: Asterisk writes them together."""
LOOK_AGAIN = 0.1
"""Seconds between two looks whether all of a channel's records are there, for whom waits for it."""
LOOK_ANYWAY = 10.0
"""Seconds after which it is looked whether another worker has left something unmade."""
RETRY = 5.0
"""Seconds after a fault, of the file's or of the database's."""

_UNREAD = file.Stamp(-1, -1)

log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """Where records are kept, and calls made of them."""

    async def take(self, name: str, read: Callable[[Position | None], Portion | None]) -> Portion | None:
        """Read on from where this file was left, and keep what came: position and records are one transaction."""
        ...

    async def settle(self, patience: float) -> tuple[int, bool]:
        """Make calls of the channels whose records came so long ago; return how many, and whether some wait."""
        ...

    async def ending(self, asterisk_id: str) -> Ending | None:
        """Return what is recorded of a channel's end, None when nothing is."""
        ...


class Intake:
    """Reads one file of records. Any number of workers may: they take turns, and nothing is kept twice."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        """Do nothing yet."""
        self.path = path
        self.bad = 0
        """Lines that were no records."""
        self.taken = 0
        """Records that were read."""
        self._shelf = shelf
        self._reading = asyncio.Lock()
        self._seen: file.Stamp | None = _UNREAD
        self._waits = True

    async def run(self) -> None:
        """Follow the file for ever, until cancelled; what goes wrong is said once, and tried again."""
        said = ""
        for turn in itertools.count(1):
            try:
                self._waits |= turn % round(LOOK_ANYWAY / LOOK_EVERY) == 0
                await self.read()
                await self.settle(SETTLED_AFTER)
                said = ""
            except CallrouterError as error:
                if said != str(error):
                    said = str(error)
                    log.warning("asterisk's records are not read, trying again", why=said)
                await asyncio.sleep(RETRY)
            except Exception:  # nothing in a file from outside may end the worker
                log.exception("asterisk's records are not read, trying again")
                await asyncio.sleep(RETRY)
            await asyncio.sleep(LOOK_EVERY)

    async def read(self) -> None:
        """Read what is new, in bounded portions; whoever comes meanwhile waits for it, and finds it read."""
        async with self._reading:
            await self._read()

    async def _read(self) -> None:
        while (now := file.stamp(self.path)) != self._seen:
            portion = await self._shelf.take(str(self.path), lambda since: file.read(self.path, since))
            if portion is not None:
                self._waits |= bool(portion.records)
                self.taken += len(portion.records)
                self._complain(portion.bad)
            if portion is None or portion.is_last:
                self._seen = now
            await asyncio.sleep(0)

    async def settle(self, patience: float) -> int:
        """Make calls of what has been read, and is complete after so many seconds; return how many."""
        made = 0
        if self._waits:
            made, self._waits = await self._shelf.settle(patience)
        return made

    async def finish(self) -> int:
        """Read all there is now, and make every call that is due, another worker's too; return how many."""
        await self.read()
        made = now = await self.settle(SETTLED_AFTER)
        patience = 2 * SETTLED_AFTER
        while self._waits and (now or patience > 0):
            patience -= 0 if now else LOOK_AGAIN
            await asyncio.sleep(0 if now else LOOK_AGAIN)
            now = await self.settle(SETTLED_AFTER)
            made += now
        return made

    async def ended(self, asterisk_id: str) -> Ending | None:
        """Return what Asterisk recorded of a caller's channel that is gone; None: nothing (it lives, or it crashed)."""
        await self.read()
        return await self._shelf.ending(asterisk_id)

    def _complain(self, bad: int) -> None:
        if bad:
            self.bad += bad
            log.warning("lines that are no records of Asterisk's are passed over", file=str(self.path), lines=bad)
