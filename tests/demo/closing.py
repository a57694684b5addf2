"""What the demo ends with: the list, one trace, the rate, and how to go on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.demo.company import AT_MOST, CLAIM, STEP

if TYPE_CHECKING:
    from tests.demo.stage import Stage
    from tests.demo.view import View

OPENING = f"""callrouter: a sales department's calls on a real Asterisk, with real SIP phones, on this machine only.
The ladder: the responsible manager, then the department, then its head, then the owner is added.
A step lasts {STEP:g} s here instead of 10, the last one ends {AT_MOST:g} s after the call came instead of 60,
and a new client is one's own after {CLAIM:g} s of talk instead of 10; everything else is as shipped."""

GOING_ON = """How to go on, with an Asterisk of your own (22.4 or later) and a scheme of your own:

  . .venv/bin/activate                                    # the command `callrouter`
  cp docs/examples/scheme.toml my-scheme.toml             # people, phones, ladders, lines: docs/scheme.md
  cp dialplan/callrouter.conf /etc/asterisk/              # its head says the three lines your dialplan needs
  export CALLROUTER_ARI_URL=http://127.0.0.1:8088/ari CALLROUTER_ARI_PASSWORD=…   # as in your ari.conf
  callrouter db upgrade                                   # ./callrouter.db; PostgreSQL: CALLROUTER_DATABASE_URL
  callrouter scheme plan my-scheme.toml                   # what it would change, every fault with its place
  callrouter scheme apply my-scheme.toml
  callrouter clients import clients.csv                   # phone,name,responsible,priority,segment
  callrouter dialplan render --out /etc/asterisk/callrouter-fallback.conf && asterisk -rx "dialplan reload"
  callrouter doctor                                       # is everything as it has to be? and how to mend it
  callrouter serve                                        # and in another terminal: callrouter calls watch

docs/operations.md has the settings and what happens when something fails, docs/backup.md what to back up."""

KEPT = Path("var/demo")
"""Where what the owner would read of these calls stays."""


def columns(text: str) -> str:
    """Return tab-separated lines with their columns under one another."""
    rows = [line.split("\t") for line in text.rstrip("\n").split("\n")]
    widths: dict[int, int] = {}
    for row in rows:
        for index, cell in enumerate(row[:-1]):
            widths[index] = max(widths.get(index, 0), len(cell))
    return "\n".join("  ".join(cell.ljust(widths.get(index, 0)) for index, cell in enumerate(row)) for row in rows)


async def show(stage: Stage, view: View, call_id: str) -> None:
    """Let the commands print the list, one trace and the rate."""
    for title, command in (
        ("The calls", ("calls", "list")),
        ("One of them, with its trace", ("calls", "show", call_id)),
        ("The Lost Call Rate", ("lcr", "--from", stage.began, "--by", "step")),
    ):
        view.heading(title)
        view.say(f"$ callrouter {' '.join(command)}", "dim")
        if view.console.is_terminal:
            await stage.show(*command)
        else:
            view.say(columns(await stage.run(*command)))
    await _export(stage, view)


async def _export(stage: Stage, view: View) -> None:
    """Let the nightly export of these calls be made, and say where it is."""
    view.heading("What the owner reads in the morning")
    command = ("export", "--date", stage.began.partition("T")[0], "--format", "html,text", "--out", str(KEPT))
    view.say(f"$ callrouter {' '.join(command)}", "dim")
    written = (await stage.run(*command[:-1], str(KEPT.resolve()))).splitlines()
    page, line = (next(Path(one) for one in written if one.endswith(kind)) for kind in (".html", ".txt"))
    view.say(line.read_text("utf-8").rstrip())
    view.say(f"the page, for a browser: {page}")
