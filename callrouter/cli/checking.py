"""`callrouter dialplan check`: a call to each line, which rings nobody."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.ari.rehearsal import Rehearsal
    from callrouter.routing.values import Scheme
    from callrouter.settings import Settings

COLOURS = {True: "green", False: "red"}
CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,79}")


@click.command(
    epilog="""\b
Examples:
  callrouter dialplan check                        the way from the context callrouter on
  callrouter dialplan check --context from-trunk   the whole way, as a call of the trunk goes it
""",
)
@click.option("--context", default="callrouter", show_default=True, help="The context that the calls begin in.")
@as_json
def check(context: str, *, wants_json: bool) -> int:
    """
    Call each line on the running Asterisk and say whether it reaches the router, and the fallback without it.

    The calls end at an application of this command's: nobody is rung, and nothing is recorded. What the dialplan does
    before (a menu, an announcement) is done; with --context a line that it leads elsewhere rings there, for 5 seconds
    at the most. Exit 1 when a line does not arrive.
    """
    from callrouter import settings
    from callrouter.cli.opening import WrongInputError
    from callrouter.cli.show import json_value

    if not CONTEXT.fullmatch(context):
        raise WrongInputError("--context: letters, digits, _ and -")
    found = asyncio.run(_checked(settings.load(), context))
    if wants_json:
        json_value(found)
    for one in () if wants_json else found:
        state = click.style(f"{one['state']:8}", fg=COLOURS[one["state"] == "ok"])
        click.echo(f"{state}{one['line']}: {one['seen']}")
    return int(any(one["state"] != "ok" for one in found))


async def _checked(told: Settings, context: str) -> list[dict[str, str]]:
    from callrouter.ari.rehearsal import rehearsal
    from callrouter.cli.opening import WrongInputError, database, scheme_in_force

    async with database() as there, there.reading() as connection:
        scheme = await scheme_in_force(connection)
    if scheme is None:
        raise WrongInputError("there is no scheme yet: run `callrouter scheme apply FILE` first")
    if not told.has_ari:
        raise WrongInputError("ARI_URL is off: the check places its calls over ARI; call a line from outside instead")
    async with rehearsal(told.ari_url, (told.ari_username, told.password()), context) as calls:
        return [await _line(calls, scheme, key, dialled) for key, dialled in _dialled(scheme)]


def _dialled(scheme: Scheme) -> Iterator[tuple[str, str]]:
    """Yield every line with a number of it; of a pattern one stands for all."""
    from callrouter.routing.values import DEFAULT_LINE

    for line in scheme.lines.values():
        numbers = line.numbers if line.key == DEFAULT_LINE else (line.key, *line.numbers)
        for number in numbers:
            yield line.key, number.replace("X", "0")


async def _line(calls: Rehearsal, scheme: Scheme, key: str, dialled: str) -> dict[str, str]:
    from callrouter.doctor import lines

    found = await lines.faults(calls, scheme, key, dialled)
    said = [
        f"{one}: callrouter dialplan render, then `dialplan reload`" if which == "bare" else one for which, one in found
    ]
    seen = "; ".join(said) or "reaches the router, and without it the fallback"
    return {"line": dialled, "state": "fail" if found else "ok", "seen": seen}
