"""`callrouter doctor`: is everything as it has to be? One line each, with the mend."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from callrouter.cli.show import as_json, clean, json_value

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "blue"}


@click.command(
    epilog="""\b
Examples:
  callrouter doctor
  callrouter doctor --json | jq '.[] | select(.state == "fail")'
""",
)
@as_json
def doctor(*, wants_json: bool) -> int:
    """Look at everything the router needs; exit 1 when something fails."""
    from callrouter import settings
    from callrouter.cli.applying import fallback_file
    from callrouter.doctor.examination import examine

    told = settings.load()
    found = asyncio.run(examine(told, fallback_file(told.data_dir)))
    if wants_json:
        json_value([asdict(one) for one in found])
    for one in () if wants_json else found:
        state = click.style(f"{one.state:8}", fg=COLOURS[one.state])
        mend = f" -> {clean(one.mend)}" if one.mend else ""
        click.echo(f"{state}{clean(one.check)}: {clean(one.seen)}{mend}")
    return int(any(one.state == "fail" for one in found))
