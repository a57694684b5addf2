"""What a person at a terminal sees: tables, and the live view."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cli.conftest import apply, ship
from tests.store.lives import ANNA, BORIS, Life, answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

HOSTILE = "[red]\x1b[2J[/red]"


def _calls(journal: Journal) -> None:
    answered(journal, "0191-a", client=HOSTILE)
    Life(journal, "0199-l").rings(ANNA, BORIS)


def _on_terminal(*arguments: str, until: str) -> tuple[str, int]:
    """Run a command on a terminal of 160 columns; Ctrl-C once this text is there."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "160", "LINES": "40", "TERM": "xterm"}
    command = [sys.executable, "-m", "callrouter.cli", *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen = b""
        while until.encode() not in seen:
            seen += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        try:
            while more := os.read(ours, 65_536):
                seen += more
        except OSError:  # that is how Linux says that the other side is closed
            pass
    os.close(ours)
    return seen.decode(), process.returncode


def test_the_live_view(ready: Callable[..., Said]) -> None:
    """On a terminal the live calls are a table that is drawn anew; Ctrl-C ends it with 0 and no traceback."""
    asyncio.run(apply())
    asyncio.run(ship(_calls))
    seen, code = _on_terminal("calls", "watch", until="0199-l")
    assert code == 0
    assert "1 call goes on" in seen
    assert "anna, boris" in seen
    assert "Traceback" not in seen


def test_a_table_takes_no_orders(ready: Callable[..., Said]) -> None:
    """Names from outside are printed as text: neither rich's marks nor the terminal's own are obeyed."""
    asyncio.run(apply())
    asyncio.run(ship(_calls))
    seen, _ = _on_terminal("calls", "list", until="talk")
    assert "[red]\N{REPLACEMENT CHARACTER}[2J[/red]" in seen
    assert "\x1b[2J" not in seen
