"""The rendered fallback: whether it is of the scheme in force, and until when it knows holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from callrouter.doctor.finding import Check, Finding, warn
from callrouter.routing.fallback import runs_out

LEAST = 30
"""Days that the rendered fallback has to know holidays for."""
RENDER = "callrouter dialplan render --out {file}, then `dialplan reload`"
HOLIDAYS = Check(
    "fallback",
    f"It knows holidays and duties for {LEAST} days more; no line where it needs none.",
    {"late": warn(RENDER)},
)
CHECKS = (HOLIDAYS,)


def look(file: Path | None, today: date) -> Iterator[Finding]:
    """Yield how old it is."""
    day = None if file is None else runs_out(file.read_text("utf-8", "replace"))
    if day is None:
        return
    seen = f"{file} knows holidays and duties until {day}"
    is_long = (day - today).days > LEAST
    yield HOLIDAYS.ok(seen) if is_long else HOLIDAYS.fault("late", seen, file=file)
