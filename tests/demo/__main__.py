"""`python -m tests.demo`: exit 0 when everything was as it has to be, 1 with the differences, 2 when it cannot run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import orjson
from rich.console import Console

from tests.demo import check, closing
from tests.demo.company import STAFF
from tests.demo.scenes import SCENES, Scene
from tests.demo.stage import Stage, StageError, Wire
from tests.demo.view import View
from tests.lab import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERRUPTED = 130
BUSY = 1.5
"""Programs that wait for each processor, from which on a difference may be the machine's."""
SHOWN = "irina"
"""The call that she answered is shown with its trace."""


class Demo:
    """The scenes, one after another, and what they came to."""

    def __init__(self, stage: Stage, view: View) -> None:
        self.stage = stage
        self.view = view
        self.seen: list[Mapping[str, Wire]] = []
        self.faults: list[str] = []

    async def play(self) -> None:
        """Play every scene and say what the phones saw."""
        for scene in SCENES:
            self._announce(scene)
            self.stage.forget()
            try:
                await scene.play(self.stage)
                await self.stage.lull()
            except (AssertionError, TimeoutError, StageError) as error:
                self._fault(scene, [str(error) or "it hung"])
                await self.stage.lab.quiet()
            self.seen.append(seen := self.stage.wires())
            said = "; ".join(f"{one.short} {seen[one.key]}" for one in STAFF if seen[one.key] != Wire())
            self.view.say(f"            the phones saw: {said}", "dim")
            self._fault(scene, list(check.check_phones(scene, seen)))

    def _announce(self, scene: Scene) -> None:
        self.view.heading(f"{_label(scene)}: {scene.title}")

    async def close(self) -> None:
        """Show the ledger, and compare it with what the phones saw."""
        try:
            rows = await self.stage.ledger()
        except (AssertionError, TimeoutError) as error:
            self.faults.append(f"not one row for each of {len(self.stage.placed)} calls {error}")
            return
        shown = next((row["id"] for row in rows if row["answered_by"] == SHOWN), rows[0]["id"])
        await closing.show(self.stage, self.view, shown)
        figures = orjson.loads(await self.stage.run("lcr", "--json", "--from", self.stage.began))
        self.faults += check.check_rate(figures, self.stage.placed)
        for scene, seen in zip(SCENES, self.seen, strict=False):
            here, rows = rows[: len(scene.fates)], rows[len(scene.fates) :]
            self._fault(scene, list(check.check_fates(scene, here)))
            self._fault(scene, list(check.check_legs(here, seen)))

    def _fault(self, scene: Scene, faults: list[str]) -> None:
        self.faults += [f"{_label(scene)}: {fault}" for fault in faults]


def _label(scene: Scene) -> str:
    """Return which calls a scene's are."""
    first = sum(len(one.fates) for one in SCENES[: SCENES.index(scene)]) + 1
    last = first + len(scene.fates) - 1
    return f"Call {first}" if last == first else f"Calls {first}-{last}"


async def run() -> int:
    """Play the demo; return its exit code."""
    began = time.monotonic()
    view = View(Console(highlight=False))
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    view.say(closing.OPENING)
    await asyncio.to_thread(os.sync)  # what the set-up has just written must not hold up the first calls
    view.heading("The stage")
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(view))
        view.say(f"Asterisk {stage.lab.asterisk.version}, SIP on 127.0.0.1:{stage.lab.asterisk.sip_port}; the company:")
        for one in STAFF:
            view.say(f"  {one.number}  {one.name}, {one.role}")
        picture = asyncio.create_task(view.animate())
        stack.callback(picture.cancel)
        demo = Demo(stage, view)
        await demo.play()
        picture.cancel()
        await asyncio.wait([picture])
        await demo.close()
    return _verdict(demo, view, time.monotonic() - began)


def _verdict(demo: Demo, view: View, seconds: float) -> int:
    count = len(demo.stage.placed)
    view.heading("The check")
    if demo.faults:
        for fault in demo.faults:
            view.say(f"differs: {fault}", "red")
        load, processors = os.getloadavg()[0], os.cpu_count() or 1
        if load > BUSY * processors:
            view.say(f"hint: steps this short need an idle machine; {load:.0f} programs share {processors} processors")
        return 1
    view.say(f"{count} calls in {seconds:.0f} s: the ledger and the Lost Call Rate equal what the phones saw.", "green")
    view.say()
    view.say(closing.GOING_ON)
    return 0


def main() -> int:
    """Run it; Ctrl-C ends it tidily."""
    try:
        return asyncio.run(run())
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped; nothing is left behind", file=sys.stderr)
        return INTERRUPTED
    except AssertionError as error:
        print(f"differs: {error}", file=sys.stderr)
        return 1
    except (LabError, StageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
