"""`callrouter dialplan`: what Asterisk does without the router."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.checking import check
from callrouter.cli.installing import install

if TYPE_CHECKING:
    from callrouter.store.database import Database


@click.group()
def dialplan() -> None:
    """Asterisk's side: the way into callrouter, and the fallback ladder in native Dial."""


dialplan.add_command(install)
dialplan.add_command(check)


@dialplan.command()
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write it there instead of to stdout.")
def render(out: Path | None) -> None:
    """
    Render the fallback of the scheme in force.

    With --out the file is replaced in one step, and `scheme apply` says later when it is out of date.
    """
    from callrouter import settings
    from callrouter.cli.applying import remember_fallback
    from callrouter.cli.opening import with_database
    from callrouter.routing.fallback import runs_out

    text = with_database(rendered)
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text)
    remember_fallback(settings.load().data_dir, out)
    click.echo(f'{out} is written; now: asterisk -rx "dialplan reload"', err=True)
    day = runs_out(text)
    if day is not None:
        click.echo(f"it knows holidays and duties until {day}: render it anew before", err=True)


async def rendered(database: Database) -> str:
    """Return the fallback of the scheme in force."""
    from callrouter.cli.opening import WrongInputError, now
    from callrouter.routing import fallback, scheme
    from callrouter.store import schemes

    async with database.reading() as connection:
        current = await schemes.current(connection)
    if current is None:
        raise WrongInputError("there is no scheme yet: run `callrouter scheme apply FILE` first")
    parsed = scheme.parse(current.document, f"revision {current.revision}")
    return fallback.render(parsed, current.revision, current.sha256, now())


def _write(out: Path, text: str) -> None:
    """Replace the file in one step: Asterisk must never read half of it."""
    from callrouter.cli.opening import WrongInputError

    whole = out.with_name(f".{out.name}.new")
    try:
        whole.write_text(text, "utf-8")
        whole.replace(out)
    except OSError as error:
        raise WrongInputError(f"{out}: {error.strerror}") from None
