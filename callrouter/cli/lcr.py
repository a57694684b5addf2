"""`callrouter lcr`: the Lost Call Rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json, end_option, start_option

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow
    from callrouter.ledger.rate import Rate
    from callrouter.ledger.tally import Tally
    from callrouter.store.database import Database
    from callrouter.store.queries import Recorded

GROUPS = (
    *("hour", "day", "week", "month", "line", "source", "department", "person", "step", "reason", "client"),
    *("priority", "segment"),
)


@click.command()
@start_option
@end_option
@click.option("--by", type=click.Choice(GROUPS), help="The same figures for each of these.")
@click.option("--rows", "wants_rows", is_flag=True, help="List the calls behind the figures.")
@as_json
def lcr(start: str | None, end: str | None, by: str | None, *, wants_rows: bool, wants_json: bool) -> None:
    """Print the Lost Call Rate by lcr/1: lost / inbound calls of the period, today unless one is given."""
    from callrouter.cli.opening import with_database, zone
    from callrouter.cli.show import json_value
    from callrouter.cli.when import period
    from callrouter.ledger import call
    from callrouter.ledger.groups import By
    from callrouter.ledger.rate import document, inbound, rate
    from callrouter.store import queries

    async def work(database: Database) -> tuple[Rate, tuple[Recorded, ...]]:
        async with database.reading() as connection:
            meant = period(start, end, await zone(connection))
            rows = await queries.ledger_rows(connection, meant.start, meant.end)
            found = await queries.ended_calls(connection, queries.Wanted(meant.start, meant.end)) if wants_rows else ()
            counted = inbound(rows, meant)
            return rate(counted, meant, By(by) if by else None), _those(found, counted)

    figures, rows = with_database(work)
    if wants_json:
        printed = document(figures)
        if wants_rows:
            printed["rows"] = [call.document(one.row, one.claimed_by) for one in rows]
        json_value(printed)
    else:
        _print(figures, by)
        if wants_rows:
            _print_rows(rows, figures.period.timezone)


def _those(found: tuple[Recorded, ...], counted: tuple[CallRow, ...]) -> tuple[Recorded, ...]:
    ids = {row.id for row in counted}
    return tuple(one for one in found if one.row.id in ids)


def _print(figures: Rate, by: str | None) -> None:
    from callrouter.cli.show import percent, table
    from callrouter.cli.when import spoken
    from callrouter.ledger.rate import DEFINITION
    from callrouter.ledger.tally import SHORT

    def line(name: object, tally: Tally) -> tuple[object, ...]:
        return name, tally.calls, len(tally.answered), len(tally.lost), percent(tally.lcr)

    click.echo(f"Lost Call Rate ({DEFINITION}), {spoken(figures.period)}")
    columns = ("", "calls", "answered", "lost", "lcr")
    short = f"without callers who left in under {SHORT} s"
    hours = "within working hours"
    table(
        columns,
        [line("all calls", figures.all), line(hours, figures.working_hours), line(short, figures.without_short)],
    )
    reasons = ", ".join(f"{reason.value} {len(rows)}" for reason, rows in figures.lost_by_reason.items() if rows)
    click.echo(f"lost by reason: {reasons or 'none'}")
    if by:
        click.echo("")
        table((by, *columns[1:]), [line("-" if key is None else key, tally) for key, tally in figures.groups])


def _print_rows(rows: tuple[Recorded, ...], timezone: str) -> None:
    from callrouter.cli.calls import print_calls

    click.echo("")
    print_calls(rows, timezone)
