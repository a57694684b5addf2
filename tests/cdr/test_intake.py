"""The intake: it follows the file in the background, says what is wrong once, and is asked for one channel's end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from callrouter.cdr.intake import Intake
from callrouter.core.errors import AwayError
from callrouter.core.recorded import Ending, Portion, Position, gather
from tests.cdr.written import line
from tests.virtual import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from callrouter.core.recorded import Record


class Memory:
    """A shelf that forgets; `away` and `broken` are how many more times it fails."""

    def __init__(self, away: int = 0, broken: int = 0) -> None:
        self.away = away
        self.broken = broken
        self.position: Position | None = None
        self.kept: list[Record] = []
        self.due = 0
        self.takes = 0

    async def take(self, name: str, read: Callable[[Position | None], Portion | None]) -> Portion | None:
        """Keep what is read."""
        assert name.endswith("callrouter.csv")
        self.takes += 1
        if self.away:
            self.away -= 1
            raise AwayError("the database is away")
        if self.broken:
            self.broken -= 1
            raise ZeroDivisionError
        if (portion := read(self.position)) is not None:
            self.position = portion.position
            self.kept += portion.records
            self.due += len(portion.records)
        return portion

    async def settle(self, patience: float) -> tuple[int, bool]:
        """Nothing waits for long."""
        assert patience > 0
        made, self.due = self.due, 0
        return made, made > 0

    async def ending(self, asterisk_id: str) -> Ending | None:
        """Return the end of a channel that is kept."""
        found = [one for one in gather(self.kept) if one.asterisk_id == asterisk_id]
        return Ending(found[0].ended_at, found[0].answered_at) if found else None


def follow(path: Path, shelf: Memory, change: Callable[[], object], seconds: float) -> Intake:
    """Run an intake for so long in virtual time; after a second something changes."""
    intake = Intake(path, shelf)

    async def scene() -> None:
        following = asyncio.create_task(intake.run())
        await asyncio.sleep(1.0)
        change()
        await asyncio.sleep(seconds)
        following.cancel()

    run(scene())
    return intake


def test_a_file_that_comes_is_followed(tmp_path: Path) -> None:
    """Within a second what is written is read; while nothing changes the store is not asked."""
    path = tmp_path / "callrouter.csv"
    shelf = Memory()
    follow(path, shelf, lambda: path.write_bytes(line()), 0.6)
    assert (len(shelf.kept), shelf.due) == (1, 0)
    takes = shelf.takes
    follow(path, shelf, lambda: None, 100.0)
    assert shelf.takes == takes + 1


def test_faults_are_said_once_and_tried_again(tmp_path: Path) -> None:
    """A database that is away, a defect, a line of garbage: the intake goes on."""
    path = tmp_path / "callrouter.csv"
    path.write_bytes(b"garbage\n" + line())
    shelf = Memory(away=3, broken=1)
    with structlog.testing.capture_logs() as logged:
        intake = follow(path, shelf, lambda: None, 60.0)
    assert (len(shelf.kept), intake.taken, intake.bad) == (1, 1, 1)
    assert [one["log_level"] for one in logged] == ["warning", "error", "warning"]


async def test_the_end_of_a_channel_is_read_first(tmp_path: Path) -> None:
    """Who asks has the file's newest lines read; what Asterisk has not written it does not know."""
    path = tmp_path / "callrouter.csv"
    intake = Intake(path, Memory())
    assert await intake.ended("1795310378.12") is None
    path.write_bytes(line())
    assert await intake.ended("1795310378.12") == Ending(1795310378.900135, 1795310378.394456)
