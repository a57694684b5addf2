"""The people of the company: what each does with a call is drawn anew for every call."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab import Behaviour, answers, refuses, rejects, rings
from tests.soak.wire import Placed, Rung

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from tests.lab import Call, Phone

ALL_DAY = 86_400.0
SWEEP_EVERY = 1.0
"""Seconds between two looks at which of the phones' calls are over."""


def behaviour(dice: Random) -> Behaviour:
    """Draw what somebody does when his phone rings."""
    talk = dice.choice((None, dice.uniform(0.05, 5.0)))
    drawn = dice.choices(
        (
            answers(dice.uniform(0.1, 1.5), hangup_after=talk),
            Behaviour(ring_after=0.4, answer_after=dice.uniform(0.5, 2.5), hangup_after=talk),
            rings(),
            Behaviour(crosses=True, hangup_after=talk),
            refuses(dice.choice((486, 603)), dice.uniform(0.05, 1.0)),
            rejects(dice.choice((486, 480, 302))),
        ),
        weights=(50, 10, 18, 5, 9, 8),
    )[0]
    return replace(drawn, one_call=True)


class People:
    """Everybody with a phone; they note who was rung for whom."""

    def __init__(self, phones: Mapping[str, Phone], last: Mapping[str, Placed], dice: Random) -> None:
        self.strange: list[str] = []
        """Calls of nobody who had called."""
        self._phones = phones
        self._last = last
        self._dice = dice
        self._open: list[tuple[Rung, Call]] = []

    async def work(self) -> None:
        """Answer phones until cancelled."""
        async with asyncio.TaskGroup() as group:
            for person, phone in self._phones.items():
                group.create_task(self._sit(person, phone))
            while True:
                await asyncio.sleep(SWEEP_EVERY)
                self.sweep()

    async def _sit(self, person: str, phone: Phone) -> None:
        while True:
            phone.behaviour = behaviour(self._dice)
            call = await phone.incoming(ALL_DAY)
            rung = Rung(person, call.invited_at.wall)
            self._open.append((rung, call))
            caller = self._last.get(call.shown.number)
            if caller is None:
                self.strange.append(f"{person}: a call of {call.shown}")
            else:
                caller.rang.append(rung)

    def sweep(self) -> None:
        """Note what is over, and let the phones forget it."""
        still = []
        for rung, call in self._open:
            _note(rung, call)
            if not call.ended_at:
                still.append((rung, call))
        self._open = still
        for phone in self._phones.values():
            phone.forget_what_is_over()


def _note(rung: Rung, call: Call) -> None:
    rung.ringing_at = call.ringing_at.wall if call.ringing_at else None
    rung.answered_at = call.answered_at.wall if call.answered_at else None
    rung.ended_at = call.ended_at.wall if call.ended_at else None
    rung.is_ended_by_phone = bool(call.ended_by_us)
    rung.status = call.status
