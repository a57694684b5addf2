"""`callrouter reconcile`: Asterisk's own records read back, and the ledger audited by them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from callrouter.cdr.audit import Difference
    from callrouter.store.database import Database

AT_LEAST = 1.0
"""Seconds since a call's end, before which its row or its record may yet come."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was read, and what does not agree."""

    file: Path
    records: int
    bad: int
    made: int
    audited: int
    differences: tuple[Difference, ...]
    timezone: str


@click.command(
    epilog="""\b
Examples:
  callrouter reconcile                              read what is new in CDR_FILE, then audit
  callrouter reconcile --file callrouter.csv.1      a file that was rotated, or comes from elsewhere
  callrouter reconcile --json | jq .differences
""",
)
@click.option("--file", "path", type=click.Path(path_type=Path), metavar="FILE", help="Default: CDR_FILE.")
@as_json
def reconcile(path: Path | None, *, wants_json: bool) -> int:
    """Read Asterisk's records, and list the calls to a line of which they and the ledger differ (then exit 1).

    What was read before is not read again: run it as often as you like, beside `serve` too.
    """
    from callrouter import log, settings
    from callrouter.cli.opening import WrongInputError, with_database

    log.configure()
    if path is not None and not path.is_file():
        raise WrongInputError(f"there is no file {path}: --file names what Asterisk writes by cdr_custom.conf")
    wanted = (path or settings.load().cdr_file).absolute()
    found = with_database(lambda database: _reconciled(database, wanted))
    if not wanted.exists():
        click.echo(f"note: there is no file {found.file} (CDR_FILE): see dialplan/cdr_custom.conf", err=True)
    (_print_json if wants_json else _print)(found)
    return int(bool(found.differences))


async def _reconciled(database: Database, path: Path) -> Reconciled:
    from callrouter.cdr.audit import audit, without_record
    from callrouter.cdr.intake import Intake
    from callrouter.cli.opening import now, zone
    from callrouter.store import records

    intake = Intake(path, records.Records(database, now))
    until = now() - AT_LEAST
    made = await intake.finish()
    audited = 0
    differences: list[Difference] = []
    async with database.reading() as connection:
        async for recorded, rows in records.lines_called(connection):
            over = [one for one in recorded if one.ended_at < until]
            audited += len(over)
            differences += audit(over, rows)
        differences += map(without_record, await records.without_record(connection, until))
        timezone = await zone(connection)
    return Reconciled(path, intake.taken, intake.bad, made, audited, tuple(differences), timezone)


def _print_json(found: Reconciled) -> None:
    from callrouter.cli.show import json_value
    from callrouter.ledger.period import rfc3339

    def said(value: str | float | None) -> str | None:
        return rfc3339(value) if isinstance(value, float) else value

    json_value(
        {
            "file": str(found.file),
            "records": found.records,
            "bad_lines": found.bad,
            "rows_made": found.made,
            "calls_audited": found.audited,
            "differences": [
                {
                    "asterisk_id": one.asterisk_id,
                    "call": one.call,
                    "what": one.what,
                    "asterisk": said(one.asterisk),
                    "ledger": said(one.ledger),
                }
                for one in found.differences
            ],
        }
    )


def _print(found: Reconciled) -> None:
    from callrouter.cli.show import clock, table

    def said(value: str | float | None) -> str | None:
        return clock(value, found.timezone) if isinstance(value, float) else value

    bad = f", {found.bad} bad lines" if found.bad else ""
    click.echo(f"{found.file}: {found.records} new records{bad}; {found.made} rows made of records")
    click.echo(f"{found.audited} calls to a line audited, {len(found.differences)} differences")
    if found.differences:
        columns = ("asterisk id", "call", "what", f"asterisk ({found.timezone})", "ledger")
        lines = [
            (one.asterisk_id, one.call, one.what, said(one.asterisk), said(one.ledger)) for one in found.differences
        ]
        table(columns, lines)
