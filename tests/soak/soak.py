"""The soak itself: calls and faults for so long, a line of progress every ten seconds, then the audit."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from callrouter.cdr import lines
from tests.soak.audit import Audit, is_barely
from tests.soak.callers import Callers
from tests.soak.company import numbers
from tests.soak.faults import Faults
from tests.soak.late import wire_agrees
from tests.soak.memory import Life, grown
from tests.soak.people import SWEEP_EVERY, People
from tests.soak.report import report
from tests.soak.result import Result
from tests.soak.stage import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.soak.wire import Placed

SAY_EVERY = 10.0
LEDGER_AT_MOST = 20.0
"""Seconds the last rows may take."""


class Soak:
    """One soak on its stage."""

    def __init__(self, on: Stage, dice: Random, say: Callable[[str], None]) -> None:
        phones = on.phones
        voices = {phone.voice: person for person, phone in phones.items()}
        teams = [[line.number for line in on.firm.lines if line.department == key] for key in on.firm.departments]
        self._on = on
        self._say = say
        self._callers = Callers(on.rig.trunk, teams, numbers(), voices, Random(dice.random()))
        self._people = People(phones, self._callers.last, Random(dice.random()))
        self._faults = Faults(on.workers, on.postgres, Random(dice.random()))
        self._lives: dict[int, Life] = {}
        self._began = time.monotonic()

    async def play(self, seconds: float, rate: float, fault_every: float) -> Result:
        """Let everybody call, break things, wait until all is over, and compare."""
        background = [asyncio.create_task(work) for work in (self._people.work(), self._watch())]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._callers.come(rate, seconds))
                group.create_task(self._faults.run(fault_every, seconds))
            await self._on.rig.lab.quiet()
            await asyncio.sleep(2 * SWEEP_EVERY)
            self._on.rig.trunk.forget_what_is_over()
            self._tell()
        finally:
            for task in background:
                task.cancel()
            ended = await asyncio.gather(*background, return_exceptions=True)
        faults = [str(one) for one in ended if isinstance(one, Exception)]
        return await self._audited(faults)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(SAY_EVERY)
            self._on.rig.trunk.forget_what_is_over()
            for worker in self._on.workers:
                pid = worker.router.process.pid
                life = self._lives.setdefault(pid, Life(worker.name, pid))
                age = time.monotonic() - worker.born
                if kilobytes := worker.kilobytes:
                    life.samples.append((age, kilobytes, len(self._callers.placed)))
            self._tell()

    def _tell(self) -> None:
        placed = self._callers.placed
        over = [one for one in placed if one.ended_at is not None]
        answered = sum(one.is_answered for one in over)
        megabytes = "/".join(f"{worker.kilobytes / 1024:.0f}" for worker in self._on.workers)
        faults = self._faults.done
        last = f" (last: {faults[-1].kind} {faults[-1].whom}".rstrip() + ")" if faults else ""
        self._say(
            f"{time.monotonic() - self._began:6.0f} s  {len(placed)} calls, {len(self._callers.live)} live, "
            f"{len(over)} ended: {answered} answered, {len(over) - answered} lost; {len(faults)} faults{last}; "
            f"workers {megabytes} MB, load {os.getloadavg()[0]:.1f}"
        )

    async def _audited(self, wrong: list[str]) -> Result:
        placed, rig = self._callers.placed, self._on.rig
        try:
            await rig.lab.asterisk.audit(within=10.0)
        except AssertionError as left:
            wrong.append(str(left).splitlines()[0])
        wrong += self._people.strange
        wrong += [
            f"{one.name} has ended by itself" for one in self._on.workers if one.router.process.returncode is not None
        ]
        wrong += [f"{phone} rings still" for phone in rig.lab.phones if phone.ringing]
        rows = await self._ledger()
        live = await rig.run("calls", "watch", "--once", "--json")
        if '"calls":[]' not in live.replace(" ", ""):
            wrong.append(f"calls that live in the ledger: {live}")
        answered = [one for one in placed if one.is_answered]
        result = Result(len(placed), len(answered), sum(map(is_barely, answered)), len(rows))
        for row in rows:
            result.by[str(row["routed_by"])] += 1
            result.by["recovered"] += bool(row["recovered"])
        result.faults, result.lives = self._faults.done, list(self._lives.values())
        recorded, _, _ = lines.read(rig.lab.asterisk.cdr_file.read_bytes())
        audit = Audit(placed, rows, self._faults.done, recorded)
        for one in audit.differences():
            (result.known if one.is_known else result.differences).append(one)
        result.wrong = wrong + grown(result.lives)
        self._reconcile(result, await self._on.reconciled(), audit.calls)
        return result

    def _reconcile(self, result: Result, reconciled: dict[str, Any], calls: Mapping[str, Placed]) -> None:
        """Sort what Asterisk's own records say otherwise."""
        result.suspects = [row["id"] for one in result.differences for row in one.rows]
        for one in reconciled["differences"]:
            is_so = wire_agrees(one, calls.get(one["call"]))
            (result.late if is_so else result.wrong).append(f"reconcile: {one}")
            result.suspects += [one["call"]] if one["call"] else []
        if reconciled["bad_lines"]:
            result.wrong.append(f"bad lines of Asterisk's: {reconciled['bad_lines']}")

    async def _ledger(self) -> list[dict[str, object]]:
        """Return all rows, once there are as many as calls, or none have come for long."""
        end = time.monotonic() + LEDGER_AT_MOST
        while len(rows := await self._on.rig.inbound()) < len(self._callers.placed) and time.monotonic() < end:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(1.0)
        return rows


async def soak(seconds: float, rate: float, fault_every: float, seed: int, say: Callable[[str], None]) -> Result:
    """Play a soak from beginning to end."""
    dice = Random(seed)
    async with stage(dice) as on:
        one = Soak(on, dice, say)
        result = await one.play(seconds, rate, fault_every)
        say(report(result))
        if not result.is_fine:
            say(f"what the workers have said: {_kept(on)}")
        for call in result.suspects[:TRACED]:
            say(await on.rig.run("calls", "show", call))
        return result


TRACED = 8
"""So many of the calls that differ are told with their traces."""


def _kept(on: Stage) -> Path:
    """Keep the workers' logs; return where."""
    folder = Path(tempfile.mkdtemp(prefix="callrouter-soak-"))
    for worker in on.workers:
        (folder / f"{worker.name}.log").write_text("\n".join([*worker.log, *worker.router.log]), "utf-8")
    return folder
