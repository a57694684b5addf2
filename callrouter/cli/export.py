"""`callrouter export`: what the ledger knows of one date, as files; the same rows make the same bytes."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from callrouter.report.night import Night
    from callrouter.store.database import Database

FORMATS = ("csv", "json", "xlsx", "html", "text")
DEFAULT = "csv,json"
LANGUAGES = ("ru", "en")
AT_LEAST = 1.0
"""Seconds since a call's end, before which its row or its record may yet come."""


@click.command(
    epilog="""\b
Examples:
  callrouter export                                        yesterday's calls and figures, for machines
  callrouter export --format html,xlsx,text --language en  the owner's page, the accountant's sheets, one line to paste
  callrouter export --date 2026-11-20 --out /tmp --mask    phone numbers without their middle
  callrouter export --deliver && callrouter outbox send    what is due by the scheme's [report], once for each date
  callrouter export --for anna                             her own page: her clients, what she missed, her talk
""",
)
@click.option("--date", "named", metavar="D", help="The date, in the scheme's zone; default: yesterday.")
@click.option("--out", type=click.Path(path_type=Path), help="The directory; default: DATA_DIR/exports.")
@click.option("--format", "formats", default=DEFAULT, show_default=True, metavar=",".join(FORMATS))
@click.option("--language", type=click.Choice(LANGUAGES), default="ru", show_default=True, help="Of html, xlsx, text.")
@click.option("--mask", is_flag=True, help="Hide the middle of phone numbers.")
@click.option(
    "--for",
    "person",
    metavar="PERSON",
    help="Instead: the page and the line of a person; a head's are his departments', the owner's the company's.",
)
@click.option("--deliver", is_flag=True, help="Instead: what is due by the scheme's [report], into the outbox.")
@as_json
@click.pass_context
def export(
    ctx: click.Context,
    named: str | None,
    out: Path | None,
    formats: str,
    language: str,
    person: str | None,
    *,
    mask: bool,
    deliver: bool,
    wants_json: bool,
) -> None:
    """Write the calls and the Lost Call Rate of one date; again: the same bytes. Prints the files it wrote."""
    from callrouter import settings
    from callrouter.cli import delivering
    from callrouter.cli.opening import WrongInputError, with_database
    from callrouter.cli.show import json_value

    if deliver:
        delivering.deliver(ctx, wants_json=wants_json)
        return
    gc.disable()  # most that is read stays to the end: to look for what is left over would cost half of the time
    ctx.call_on_close(gc.enable)
    asked = _formats(formats)
    directory = out or settings.load().data_dir / "exports"
    found = with_database(lambda database: _night(database, named))
    made = _files(found, asked, language, person, mask=mask)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = [_write(directory / name, content) for name, content in made.items()]
    except OSError as error:
        raise WrongInputError(f"cannot write to {directory}: {error.strerror}") from None
    if wants_json:
        json_value(written)
    else:
        click.echo("\n".join(written))


def _files(found: Night, asked: list[str], language: str, person: str | None, *, mask: bool) -> dict[str, bytes]:
    from callrouter.cli.opening import WrongInputError
    from callrouter.report import export, personal

    if person is None:
        return export.files(found, asked, language, mask=mask)
    if person not in found.company.people:
        raise WrongInputError(f"--for: {person!r} is nobody in the scheme of {found.date}")
    return personal.files(found, person, language, mask=mask)


def _formats(text: str) -> list[str]:
    from callrouter.cli.opening import WrongInputError

    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in asked:
        if name not in FORMATS:
            raise WrongInputError(f"--format: {name!r} is none of {', '.join(FORMATS)}")
    return asked


async def _night(database: Database, named: str | None) -> Night:
    from callrouter.cli.opening import now, zone
    from callrouter.cli.when import whole_day
    from callrouter.jobs.night import night

    async with database.reading() as connection:
        timezone = await zone(connection)
        of, period = whole_day(named, timezone)
        found = await night(connection, of, timezone, now() - AT_LEAST)
    if period.end > now():
        click.echo(f"note: {of} is not over yet: export it again afterwards", err=True)
    elif found.live:
        said = "1 call still goes on" if found.live == 1 else f"{found.live} calls still go on"
        click.echo(f"note: {of}: {said}: export it again afterwards", err=True)
    return found


def _write(path: Path, content: bytes) -> str:
    """Write beside it and rename: who reads meanwhile sees the old file or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
    return str(path)
