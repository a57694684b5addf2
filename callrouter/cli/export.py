"""`callrouter export`: the calls and the Lost Call Rate of one date, as files; the same rows make the same bytes."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from callrouter.ledger.period import Period
    from callrouter.store.database import Database
    from callrouter.store.queries import Recorded

FORMATS = ("csv", "json")
COLUMNS = (
    *("id", "line", "department", "caller", "caller_raw", "client", "responsible", "priority", "segment"),
    *("claimed_by", "direction", "arrived_at", "answered_at", "ended_at", "outcome", "lost_reason", "lost_step"),
    *("answered_by", "answered_step", "wait_seconds", "talk_seconds", "scheme_revision", "routed_by", "recovered"),
    *("asterisk_id", "recording"),
)
"""The call of the contract without its steps, legs and talk, for which a line of a spreadsheet has no place."""
NUMBERS = frozenset({"line", "caller"})
"""Our own E.164 columns."""
_E164 = re.compile(r"\+[0-9]{1,15}")


@click.command()
@click.option("--date", "named", metavar="D", help="The date, in the scheme's zone; default: yesterday.")
@click.option("--out", type=click.Path(path_type=Path), help="The directory; default: DATA_DIR/exports.")
@click.option("--format", "formats", default=",".join(FORMATS), show_default=True, metavar="csv,json")
@as_json
def export(named: str | None, out: Path | None, formats: str, *, wants_json: bool) -> None:
    """Write the calls and the Lost Call Rate of one date; again: the same bytes. Prints the files it wrote."""
    from callrouter import settings
    from callrouter.cli.opening import WrongInputError, with_database
    from callrouter.cli.show import json_value

    asked = _formats(formats)
    directory = out or settings.load().data_dir / "exports"

    async def work(database: Database) -> tuple[date, Period, tuple[Recorded, ...]]:
        return await _calls(database, named)

    of, period, calls = with_database(work)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        written = [_write(directory / name, content) for name, content in files(of, period, calls, asked).items()]
    except OSError as error:
        raise WrongInputError(f"cannot write to {directory}: {error.strerror}") from None
    if wants_json:
        json_value(written)
    else:
        click.echo("\n".join(written))


def files(of: date, period: Period, calls: Sequence[Recorded], formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files of a date, by name."""
    from callrouter.ledger import call
    from callrouter.ledger.rate import document, rate

    made: dict[str, bytes] = {}
    documents = [call.document(one.row, one.claimed_by) for one in calls]
    if "csv" in formats:
        made[f"calls-{of}.csv"] = spreadsheet(documents)
    if "json" in formats:
        made[f"calls-{of}.json"] = _json(documents)
        made[f"lcr-{of}.json"] = _json(document(rate([one.row for one in calls], period)))
    return made


def spreadsheet(documents: Sequence[dict[str, object]]) -> bytes:
    """Return CSV as a Russian Excel opens it: UTF-8 with BOM, `;` between cells, CRLF, and no cell a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerow(COLUMNS)
    for one in documents:
        writer.writerow([harmless(name, one[name]) for name in COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def harmless(column: str, value: object) -> object:
    """Return a cell that no spreadsheet computes; our own E.164 numbers stay as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) or (column in NUMBERS and _E164.fullmatch(value)):
        return value
    value = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else value


def _formats(text: str) -> list[str]:
    from callrouter.cli.opening import WrongInputError

    asked = [name.strip() for name in text.split(",") if name.strip()]
    for name in asked:
        if name not in FORMATS:
            raise WrongInputError(f"--format: {name!r} is none of {', '.join(FORMATS)}")
    return asked


async def _calls(database: Database, named: str | None) -> tuple[date, Period, tuple[Recorded, ...]]:
    from callrouter.cli.opening import now, zone
    from callrouter.cli.when import whole_day
    from callrouter.store import queries

    async with database.reading() as connection:
        of, period = whole_day(named, await zone(connection))
        calls = await queries.ended_calls(connection, queries.Wanted(period.start, period.end))
        live = await queries.live_between(connection, period.start, period.end)
    if period.end > now():
        click.echo(f"note: {of} is not over yet: export it again afterwards", err=True)
    elif live:
        said = "1 call still goes on" if live == 1 else f"{live} calls still go on"
        click.echo(f"note: {of}: {said}: export it again afterwards", err=True)
    return of, period, calls


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _write(path: Path, content: bytes) -> str:
    """Write beside it and rename: who reads meanwhile sees the old file or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
    return str(path)
