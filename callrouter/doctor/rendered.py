"""The rendered fallback: whether it is of the scheme in force, and until when it knows holidays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from callrouter.doctor.finding import Check, Finding, unknown, warn
from callrouter.routing.fallback import is_current, revision_of, runs_out
from callrouter.store.schemes import Revision

LEAST = 30
"""Days that the rendered fallback has to know holidays for."""
_RENDER = warn('callrouter dialplan render --out {file}, then asterisk -rx "dialplan reload"')
AGE = Check(
    "fallback",
    "The rendered fallback is of the scheme in force.",
    {
        "none": warn(
            "callrouter dialplan render --out /etc/asterisk/callrouter-fallback.conf, on Asterisk's host; "
            'then asterisk -rx "dialplan reload"'
        ),
        "old": _RENDER,
        "closed": unknown("run it as a user who may read {file}"),
    },
)
HOLIDAYS = Check(
    "fallback holidays",
    f"It knows holidays and duties for {LEAST} days more; no line where it needs none.",
    {"late": _RENDER},
)
CHECKS = (AGE, HOLIDAYS)


def look(file: Path | None, revision: Revision | None, today: date) -> Iterator[Finding]:
    """Yield how old it is. `file`: the one that is in use, as far as is known; `revision`: the scheme in force."""
    if file is None:
        yield AGE.fault("none", "no rendered fallback is known here")
        return
    try:
        text = file.read_text("utf-8", "replace")
    except OSError as error:
        yield AGE.fault("closed", f"{file}: {error.strerror}", file=file)
        return
    was = revision_of(text)
    if revision is not None:
        of = "none of ours" if was is None else f"of revision {was}"
        seen = f"{file} is {of}"
        is_right = is_current(text, revision.sha256)
        now = f", in force is {revision.revision}"
        yield AGE.ok(seen) if is_right else AGE.fault("old", seen + now, file=file)
    if (day := runs_out(text)) is not None:
        seen = f"{file} knows holidays and duties until {day}"
        is_long = (day - today).days > LEAST
        yield HOLIDAYS.ok(seen) if is_long else HOLIDAYS.fault("late", seen, file=file)
