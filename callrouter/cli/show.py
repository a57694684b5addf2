"""Printing: JSON for scripts, tables for a terminal, tab-separated lines for everything else."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from callrouter.ledger.period import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from callrouter.core.words import Instant

start_option = click.option("--from", "start", metavar="ISO", help="From this date or time on.")
end_option = click.option("--to", "end", metavar="ISO", help="Up to, without, this date or time.")
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON on stdout.")


def json_value(value: object) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def json_line(value: object) -> None:
    """Print one JSON value on one line, at once."""
    click.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """Print a table; text that came from outside can neither style nor move anything."""
    cells = [[clean(cell) for cell in line] for line in lines]
    if not on_terminal():
        for line in [list(columns), *cells]:
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for line in cells:
        drawn.add_row(*(Text(cell) for cell in line))
    Console().print(drawn)


def on_terminal() -> bool:
    """Whether a person reads along."""
    return sys.stdout.isatty()


def clean(cell: object) -> str:
    """Return text for one cell: nothing for None, no control characters."""
    if cell is None:
        return ""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(cell))


def clock(at: Instant | None, timezone: str) -> str:
    """Return date and time on the zone's clock, to the second."""
    return "" if at is None else local(at, timezone).strftime("%Y-%m-%d %H:%M:%S")


def percent(share: float | None) -> str:
    """Return a rate as people write it."""
    return "-" if share is None else f"{share:.1%}"
