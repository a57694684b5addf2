"""The callers: they come at random, are patient or not, and hang up before, in and after everything."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.soak.wire import Placed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from tests.lab import Call, Trunk

STRANDED = 45.0
"""Seconds after which even a caller with all the patience in the world hangs up: something is wrong."""
APART = 5.0
"""Seconds between two calls of one number, so that it is clear which call a row is about."""
AT_LEAST = 0.05
"""Seconds of patience: whoever leaves before Asterisk's dialplan begins has called no line, and nobody knows of him."""
TALK_AT_MOST = 8.0


@dataclass(frozen=True, slots=True)
class Mood:
    """How long a caller waits to be answered, and then talks, in seconds."""

    patience: float
    talk: float


def mood(dice: Random) -> Mood:
    """Draw one: some leave before they hear anything, most wait to the end."""
    soon, later = dice.uniform(AT_LEAST, 0.3), AT_LEAST + dice.expovariate(1 / 3.0)
    patience = dice.choices((STRANDED, later, soon), weights=(65, 27, 8))[0]
    talk = dice.choices((dice.uniform(0.2, 4.0), dice.uniform(0.0, 0.1), TALK_AT_MOST), weights=(65, 5, 30))[0]
    return Mood(patience, talk)


class Callers:
    """Everybody who calls; `placed` is what became of them. `lines` are those of each team: a caller calls one team."""

    def __init__(
        self,
        trunk: Trunk,
        lines: Sequence[Sequence[str]],
        numbers: Sequence[str],
        voices: Mapping[int, str],
        dice: Random,
    ) -> None:
        self.placed: list[Placed] = []
        self.live: set[asyncio.Task[None]] = set()
        self.last: dict[str, Placed] = {}
        """The last call of each number."""
        self._trunk = trunk
        self._lines = lines
        self._numbers = numbers
        self._voices = voices
        self._dice = dice

    async def come(self, rate: float, seconds: float) -> None:
        """Let so many of them call a second, at random distances, for so long."""
        clock = asyncio.get_running_loop().time
        end, due = clock() + seconds, clock()
        async with asyncio.TaskGroup() as group:
            while (due := due + self._dice.expovariate(rate)) < end:
                await asyncio.sleep(due - clock())
                task = group.create_task(self._call(self._somebody(), mood(self._dice)))
                self.live.add(task)
                task.add_done_callback(self.live.discard)

    def _somebody(self) -> str:
        while True:
            number = self._dice.choice(self._numbers)
            last = self.last.get(number)
            if last is None or (last.ended_at is not None and time.time() - last.ended_at > APART):
                return number

    async def _call(self, number: str, mood: Mood) -> None:
        line = self._dice.choice(self._lines[int(number) % len(self._lines)])
        placed = self.last[number] = Placed(number, line, time.time())
        self.placed.append(placed)
        call = await self._trunk.dial(line, caller=number)
        placed.invited_at = call.invited_at.wall
        if await _comes_to(call, "answered", mood.patience):
            await _comes_to(call, "ended", mood.talk)
        elif not call.ended_at:
            placed.is_stranded = mood.patience == STRANDED
        call.let_go()
        await _comes_to(call, "ended", 10.0)
        self._note(placed, call)

    def _note(self, placed: Placed, call: Call) -> None:
        placed.answered_at = call.answered_at.wall if call.answered_at else None
        placed.ended_at = call.ended_at.wall if call.ended_at else time.time()
        placed.status = call.status
        placed.has_left = bool(call.ended_by_us)
        if call.sound:
            # a tone of Asterisk's is nobody's voice
            placed.heard = frozenset(self._voices[voice] for voice in call.sound.heard if voice in self._voices)


async def _comes_to(call: Call, what: str, within: float) -> bool:
    try:
        await call.wait(what, within)  # type: ignore[arg-type]
    except AssertionError:
        return False
    return True
