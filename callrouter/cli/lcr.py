"""`callrouter lcr`: the Lost Call Rate and its kin."""

from __future__ import annotations

import gc
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from callrouter.cli import before
from callrouter.cli.show import as_json, end_option, start_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.callback import HoursOf
    from callrouter.ledger.figure import Block, Calls
    from callrouter.routing.calendar import Hours
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.queries import Recorded

GROUPS = (
    *("hour", "day", "week", "month", "line", "source", "department", "person", "step", "reason", "client"),
    *("priority", "segment"),
)
ALL = "calls"


@click.command(
    epilog="""\b
Examples:
  callrouter lcr                                    today
  callrouter lcr --from 2026-11-01 --to 2026-12-01 --by person
  callrouter lcr --rows clients.ignored             whom nobody called back
  callrouter lcr --from-cdr Master.csv --timezone Europe/Moscow
  mysqldump asteriskcdrdb cdr | callrouter lcr --from-cdr - --by day
""",
)
@start_option
@end_option
@click.option("--by", type=click.Choice(GROUPS), help="The same figures for each of these.")
@click.option(
    "--rows",
    "wanted",
    is_flag=False,
    flag_value=ALL,
    metavar="[FIGURE]",
    help="List the calls behind a figure, by its name in --json with dots (clients.ignored); default: all that count.",
)
@before.options
@as_json
def lcr(
    start: str | None, end: str | None, by: str | None, wanted: str | None, *, wants_json: bool, **cdr: Any
) -> None:
    """Print the Lost Call Rate by lcr/1: lost / inbound calls of the period, today unless one is given.

    With --from-cdr it is computed from the records of the PBX there is, before callrouter routes anything: of the 90
    days up to the last call in the file, unless a period is given. That needs neither a database nor a scheme.
    """
    from callrouter.cli.figures import tell
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value
    from callrouter.ledger.rate import defined
    from callrouter.store.queries import Recorded

    pbx = before.meant(**cdr)
    if pbx is not None:
        block, timezone = before.figures_of(pbx, start, end, by, has_legs=wanted is not None)
        listed = None if wanted is None else [Recorded(row, None) for row in _behind(block, wanted)]
        _tell(block, by, listed, timezone, wants_json=wants_json)
        return
    gc.disable()  # most that is read stays to the end: to look for what is left over would cost half of the time
    click.get_current_context().call_on_close(gc.enable)
    if wanted is None:
        told = with_database(lambda database: _counted(database, start, end, by, lists=wants_json))
        if wants_json:
            json_value(defined(told))
        else:
            tell(told, by)
        return

    async def work(database: Database) -> tuple[Block, dict[str, Recorded], str]:
        return await _listed(database, start, end, by)

    block, recorded, timezone = with_database(work)
    _tell(block, by, [recorded[row.id] for row in _behind(block, wanted)], timezone, wants_json=wants_json)


def _tell(block: Block, by: str | None, rows: Sequence[Recorded] | None, timezone: str, *, wants_json: bool) -> None:
    """Print the figures, and the calls behind one of them (None: none are wanted)."""
    from callrouter.cli.figures import tell
    from callrouter.cli.show import json_value
    from callrouter.ledger import call
    from callrouter.ledger.figure import printed
    from callrouter.ledger.rate import defined

    told = printed(block)
    if wants_json:
        extra = {} if rows is None else {"rows": [call.document(one.row, one.claimed_by) for one in rows]}
        json_value(defined(told) | extra)
        return
    tell(told, by)
    if rows is not None:
        _print_rows(rows, timezone)


async def _counted(
    database: Database, start: str | None, end: str | None, by: str | None, *, lists: bool
) -> dict[str, object]:
    """Return the figures as the database counts them; what a person does not read is counted for JSON only."""
    from callrouter.cli.opening import UTC, scheme_in_force
    from callrouter.cli.when import period
    from callrouter.ledger.groups import By
    from callrouter.store.figures import figures, headline

    async with database.reading() as connection:
        scheme = await scheme_in_force(connection)
        meant = period(start, end, UTC if scheme is None else scheme.timezone)
        grouped = By(by) if by else None
        if grouped is not None and not lists:
            return await headline(connection, meant, grouped)
        return await figures(connection, meant, hours_of(scheme), grouped, lists=lists)


async def _listed(
    database: Database, start: str | None, end: str | None, by: str | None
) -> tuple[Block, dict[str, Recorded], str]:
    """Return the figures with the calls behind them, and every call that is known for them by its id."""
    from callrouter.cli.opening import UTC, scheme_in_force
    from callrouter.cli.when import period
    from callrouter.ledger.figures import figures, needed_from
    from callrouter.ledger.groups import By
    from callrouter.store import queries

    async with database.reading() as connection:
        scheme = await scheme_in_force(connection)
        meant = period(start, end, UTC if scheme is None else scheme.timezone)
        since = needed_from(meant)
        to_us = await queries.ended_calls(connection, queries.Wanted(since))
        out = await queries.ended_calls(connection, queries.Wanted(since, direction="out"))
    recorded: dict[str, Recorded] = {one.row.id: one for one in (*to_us, *out)}
    rows = [one.row for one in recorded.values()]
    return figures(rows, meant, hours_of(scheme), By(by) if by else None), recorded, meant.timezone


def hours_of(scheme: Scheme | None) -> HoursOf:
    """Return how the hours of the line that a call came to are found in the scheme in force."""
    from callrouter.routing.availability import calendar_of
    from callrouter.routing.lines import find_line

    def hours(row: CallRow) -> Hours | None:
        line = None if scheme is None else find_line(scheme, row.line)
        return None if scheme is None or line is None else calendar_of(scheme, line)

    return hours


def _behind(block: Block, wanted: str) -> Calls:
    from callrouter.cli.opening import WrongInputError
    from callrouter.ledger.figure import behind

    found: Mapping[str, Calls] = behind(block)
    if wanted not in found:
        near = get_close_matches(wanted, found)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise WrongInputError(f"--rows: no figure of this period is called {wanted!r}{meant}; --json has their names")
    return found[wanted]


def _print_rows(rows: Sequence[Recorded], timezone: str) -> None:
    from callrouter.cli.calls import print_calls

    click.echo("")
    print_calls(tuple(rows), timezone)
