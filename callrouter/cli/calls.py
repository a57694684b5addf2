"""`callrouter calls`: the list, one call with its trace, the live view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json, end_option, start_option

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.routing.values import Scheme
    from callrouter.store.codec import Record
    from callrouter.store.database import Database
    from callrouter.store.notices import Settled
    from callrouter.store.queries import Recorded, Wanted


_NO_TRACE = "gone: it is older than [retention] keeps it, or its caller was forgotten; or it was Asterisk's alone"


@click.group()
def calls() -> None:
    """Calls: the list, one call with its trace, the live view."""


@calls.command("list")
@start_option
@end_option
@click.option("--outcome", type=click.Choice(["answered", "lost"]))
@click.option("--line", metavar="NUMBER", help="Only calls to this line.")
@click.option("--caller", metavar="NUMBER", help="Only calls from this number.")
@click.option(
    "--direction",
    type=click.Choice(["in", "out", "internal", "blocked", "not_client"]),
    help="Only these; default: all but out. Of a call out, the line is the number that was dialled.",
)
@as_json
def list_(*, start: str | None, end: str | None, wants_json: bool, **conditions: str | None) -> None:
    """List the ended calls to the lines, oldest first; calls out with --direction out."""
    from callrouter.cli.opening import with_database, zone
    from callrouter.cli.show import json_value
    from callrouter.ledger.call import document
    from callrouter.store import queries

    async def work(database: Database) -> tuple[tuple[Recorded, ...], str]:
        async with database.reading() as connection:
            timezone = await zone(connection)
            wanted = await _wanted(connection, (start, end, timezone), **conditions)
            return await queries.ended_calls(connection, wanted), timezone

    found, timezone = with_database(work)
    if wants_json:
        json_value([document(one.row, one.claimed_by) for one in found])
    else:
        print_calls(found, timezone)


@calls.command()
@click.argument("call_id", metavar="ID")
@as_json
def show(call_id: str, *, wants_json: bool) -> None:
    """Show one call, ended or live, with its trace. The beginning of the id is enough when only one call has it."""
    from callrouter.cli import notified
    from callrouter.cli.opening import UTC, scheme_in_force, with_database
    from callrouter.cli.retold import explained
    from callrouter.cli.show import json_value
    from callrouter.ledger.call import document
    from callrouter.store import history, notices, queries

    async def work(database: Database) -> tuple[Recorded, tuple[Record, ...], tuple[Settled, ...], Scheme | None]:
        async with database.reading() as connection:
            found = await queries.call_by_id(connection, call_id)
            told = await notices.of_call(connection, found.row.id)
            return found, await history.records(connection, found.row.id), told, await scheme_in_force(connection)

    found, records, told, scheme = with_database(work)
    if wants_json:
        more = {"notices": list(map(notified.document, told)), "trace": trace(records)}
        json_value(document(found.row, found.claimed_by) | explained(found.row, records) | more)
    else:
        _print_call(found, records, UTC if scheme is None else scheme.timezone)
        notified.print_told(told, scheme)


@calls.command()
@click.option("--once", is_flag=True, help="Print what there is now, and end.")
@as_json
def watch(*, once: bool, wants_json: bool) -> None:
    """Watch the calls that go on: each with its step, who rings or waits, and for how long. Ends on Ctrl-C."""
    from callrouter.cli import watch as view

    view.run(once=once, wants_json=wants_json)


def trace(records: tuple[Record, ...]) -> list[str]:
    """Return the trace: one line per record, with seconds since the call arrived."""
    from callrouter.core.events import CallArrived
    from callrouter.core.story import tell

    first = records[0].event if records else None
    since = first.arrived_at if isinstance(first, CallArrived) else 0.0
    return [tell(record.event, record.commands, since) for record in records]


def print_calls(found: tuple[Recorded, ...], timezone: str) -> None:
    """Print calls as a table; on a terminal so that it fits: the beginning of an id is enough for `calls show`."""
    from callrouter.cli.show import clock, on_terminal, table
    from callrouter.ledger.tally import talked, waited

    columns = ("id", f"arrived ({timezone})", "line", "caller", "client", "outcome", "by", "step", "wait", "talk")
    lines = []
    for row in (one.row for one in found):
        reason = row.outcome if row.lost_reason is None else f"{row.outcome}: {row.lost_reason.value}"
        step = row.lost_step if row.answered_step is None else row.answered_step
        caller = row.caller or row.caller_raw
        arrived = clock(row.arrived_at, timezone)
        call_id, arrived = (row.id[:18], arrived[5:]) if on_terminal() else (row.id, arrived)
        line = (call_id, arrived, row.line, caller, row.client, reason, row.answered_by, step, waited(row), talked(row))
        lines.append(line)
    table(columns, lines)


def _print_call(found: Recorded, records: tuple[Record, ...], timezone: str) -> None:
    from callrouter.cli.retold import print_explained
    from callrouter.cli.show import clean, clock
    from callrouter.ledger.call import document

    for name, value in document(found.row, found.claimed_by).items():
        if isinstance(value, list):
            continue
        shown = clock(getattr(found.row, name), timezone) if name.endswith("_at") else value
        click.echo(f"{name:16} {'-' if shown in (None, '') else clean(shown)}")
    print_explained(found.row, records)
    click.echo(f"\ntrace (seconds since the call arrived; times are {timezone})")
    for line in trace(records) or [_NO_TRACE]:
        click.echo(f"  {clean(line)}")


async def _wanted(
    connection: AsyncConnection,
    when: tuple[str | None, str | None, str],
    outcome: str | None,
    line: str | None,
    caller: str | None,
    direction: str | None,
) -> Wanted:
    from callrouter.cli.opening import scheme_in_force
    from callrouter.cli.when import instant
    from callrouter.routing import numbers
    from callrouter.store.queries import Wanted

    start, end, timezone = when
    scheme = await scheme_in_force(connection)
    country = "RU" if scheme is None else scheme.country
    return Wanted(
        start=None if start is None else instant(start, "--from", timezone),
        end=None if end is None else instant(end, "--to", timezone),
        outcome=outcome,
        line=None if line is None else await _line(connection, line, direction, country),
        direction=direction,
        caller=None if caller is None else numbers.read(caller, country).known or caller,
    )


async def _line(connection: AsyncConnection, line: str, direction: str | None, country: str) -> str:
    """Return the line as the ledger has it; one that nobody knows is a mistake, not an empty list."""
    from callrouter.cli.opening import WrongInputError, scheme_in_force
    from callrouter.routing import numbers
    from callrouter.routing.lines import find_line
    from callrouter.store import queries

    if direction == "out":
        return numbers.read(line, country).known or line
    if await queries.line_was_called(connection, line):
        return line
    scheme = await scheme_in_force(connection)
    found = None if scheme is None else find_line(scheme, line)
    known = found is not None and scheme is not None and found.key in scheme.lines
    if found is None or not (known or await queries.line_was_called(connection, found.key)):
        raise WrongInputError(f"no line is called {line!r}: `callrouter scheme show` has the lines")
    return found.key
