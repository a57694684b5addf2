"""`callrouter doctor`: is everything as it has to be? One line each, with the mend."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from callrouter.cli.show import as_json, clean, json_value

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "blue"}


@click.command(
    epilog="""\b
Examples:
  callrouter doctor
  callrouter doctor --etc /srv/asterisk/etc    where Asterisk has its settings
  callrouter doctor --json | jq '.[] | select(.state == "fail")'
""",
)
@click.option(
    "--etc",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Read Asterisk's settings from this folder; else Asterisk is asked, then /etc/asterisk is read if it is its.",
)
@as_json
def doctor(etc: Path | None, *, wants_json: bool) -> int:
    """
    Look at everything the router needs, from the database to each phone; nobody is rung, and nothing is changed.

    One line each: ok, warn (calls go through, and something is lost), fail, unknown (it cannot be seen from here), with
    the mend. What is dead costs its own lines only. Exit 1 when something fails.
    """
    from callrouter import settings
    from callrouter.cli.applying import fallback_file
    from callrouter.cli.installing import files
    from callrouter.cli.opening import WrongInputError
    from callrouter.doctor.examination import Case, examine
    from callrouter.pbx.etc import records_line

    if etc is not None and not etc.is_dir():
        raise WrongInputError(f"--etc: there is no folder {etc}")
    told = settings.load()
    case = Case(told, etc, fallback_file(told.data_dir), records_line(files()["cdr_custom.conf"]))
    found = asyncio.run(examine(case))
    if wants_json:
        json_value([asdict(one) for one in found])
    for one in () if wants_json else found:
        state = click.style(f"{one.state:8}", fg=COLOURS[one.state])
        mend = f" -> {clean(one.mend)}" if one.mend else ""
        click.echo(f"{state}{clean(one.check)}: {clean(one.seen)}{mend}")
    return int(any(one.state == "fail" for one in found))
