"""`callrouter serve` with a stopwatch: from an event's arrival to the answer to the last request made for it.

The clock starts when the event was read off the socket (its `at`), so the time it waited in its call's queue counts.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from callrouter import switchboard
from callrouter.cli import main
from callrouter.core import commands as cm, events as ev
from callrouter.core.call import Call
from callrouter.core.machine import advance

FROM_OUTSIDE = (ev.LegRinging, ev.LegAnswered, ev.LegEnded, ev.Joined, ev.CallerGone)
heard: dict[str, ev.Event] = {}
taken: list[tuple[str, float]] = []

perform = switchboard.Switchboard._perform  # noqa: SLF001 - a stopwatch is put around it


def advanced(call: Call, event: ev.Event) -> tuple[Call, tuple[cm.Command, ...]]:
    """Note which event the commands that follow are for."""
    heard[call.id] = event
    return advance(call, event)


async def performed(board: Any, call: Call, commands: tuple[cm.Command, ...]) -> Any:
    """Take the time of a reaction that asks something of Asterisk."""
    found = await perform(board, call, commands)
    event = heard.pop(call.id, None)
    if commands and isinstance(event, FROM_OUTSIDE):
        taken.append((type(event).__name__, board._now() - event.at))  # noqa: SLF001 - see above
    return found


for place, name, watched in ((switchboard, "advance", advanced), (switchboard.Switchboard, "_perform", performed)):
    setattr(place, name, watched)
try:
    main()
finally:
    Path(os.environ["BENCH_TIMES"]).write_text(json.dumps(taken), "utf-8")
    sys.stderr.flush()
