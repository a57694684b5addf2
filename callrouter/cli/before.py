"""`callrouter lcr --from-cdr`: the figures of a PBX's own CDR, before callrouter routes anything."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from callrouter.cdr.calls import PbxCall
    from callrouter.cdr.pile import Pile
    from callrouter.cdr.reading import Skipped
    from callrouter.cdr.sides import Sides
    from callrouter.core.outcome import CallRow
    from callrouter.jobs.before import Company
    from callrouter.ledger.figure import Block
    from callrouter.ledger.period import Period
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database

DAYS = 90
"""How far back the figures go unless a period is named: the days up to the file's last call."""
COUNTRY = "RU"
"""Where numbers are from that do not say it, without a scheme."""
_OPTIONS = {"scheme_file": "--scheme", "timezone": "--timezone", "country": "--country", "trunks": "--trunk"}
NAMED = 5
"""Trunks and phones that are named on stderr."""


@dataclass(frozen=True, slots=True)
class Before:
    """The file, and what the command was told of the company."""

    file: BinaryIO
    scheme_file: Path | None = None
    timezone: str | None = None
    country: str | None = None
    trunks: tuple[str, ...] = ()


@dataclass(slots=True)
class Told:
    """What is counted while calls are read, to be said on stderr."""

    calls: int = 0
    late: int = 0
    """Answered calls of which it is not known when somebody picked up."""
    outside: int = 0
    unrung: int = 0
    """Lost calls that rang nobody."""
    unknown: int = 0
    """Calls in of which the line cannot be told."""

    def see(self, call: PbxCall) -> None:
        """Take note of a call in."""
        self.calls += 1
        self.late += bool(call.spoken) and not call.spoken[0].is_exact
        self.outside += call.is_answered_outside
        self.unrung += call.lost is not None and not call.rung
        self.unknown += not call.called


def figures_of(
    before: Before, start: str | None, end: str | None, by: str | None, *, has_legs: bool
) -> tuple[Block, str]:
    """Return the figures of a file, and the zone they are in; what has to be said of them goes to stderr.

    The calls behind them have the phones that were tried only where `has_legs` asks for it.
    """
    from callrouter.cdr.pile import Pile
    from callrouter.cdr.reading import Skipped, read
    from callrouter.cli.lcr import hours_of
    from callrouter.ledger.figures import figures
    from callrouter.ledger.groups import By

    scheme = _scheme(before.scheme_file)
    timezone = _zone(scheme, before.timezone)
    skipped = Skipped()
    with Pile(timezone) as pile:
        pile.take(read(before.file, skipped), _progress())
        _say_what_was_read(pile, skipped, timezone)
        sides = _sides(pile, before.trunks, scheme)
        period = _period(pile, start, end, timezone)
        company = _company(scheme, before.country, has_legs=has_legs)
        rows = _rows(pile, sides, period, company)
    return figures(rows, period, hours_of(scheme), By(by) if by else None), timezone


def _scheme(file: Path | None) -> Scheme | None:
    """Return the scheme of a file, else the one in force; without a database there is none, which is no fault."""
    from callrouter.cli.opening import content_of, scheme_in_force, with_database
    from callrouter.core.errors import CallrouterError
    from callrouter.routing.scheme import parse
    from callrouter.settings import load
    from callrouter.store.database import Database

    if file is not None:
        return parse(content_of(file), str(file))

    async def in_force(database: Database) -> Scheme | None:
        async with database.reading() as connection:
            return await scheme_in_force(connection)

    try:
        kept = Database(load().database_url.get_secret_value()).file
        return None if kept is not None and not kept.exists() else with_database(in_force)
    except CallrouterError as error:
        _say(f"no scheme is used: {error}")
        return None


def _zone(scheme: Scheme | None, named: str | None) -> str:
    from callrouter.cli.opening import UTC, WrongInputError

    if named is None and scheme is None:
        _say("no scheme and no --timezone: times are taken to be UTC")
    timezone = named or (UTC if scheme is None else scheme.timezone)
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        raise WrongInputError(f"--timezone: there is no zone {timezone!r} (Europe/Moscow)") from None
    return timezone


def _progress() -> Callable[[int], None]:
    """Return who tells a person on a terminal how many rows are read."""
    is_seen = sys.stderr.isatty()

    def told(count: int) -> None:
        if is_seen:
            click.echo(f"\r{count:,} rows", err=True, nl=False)

    return told


def _say_what_was_read(pile: Pile, skipped: Skipped, timezone: str) -> None:
    if sys.stderr.isatty():
        click.echo("\r", err=True, nl=False)
    _say(f"{pile.count:,} rows read, {skipped.count:,} lines passed over that are none")
    for line in skipped.first:
        _say(f"  {line}")
    if skipped.count > len(skipped.first):
        _say(f"  and {skipped.count - len(skipped.first):,} more")
    ahead = pile.clocks.other
    if ahead is not None:
        shown = f"UTC{'-' if ahead < 0 else '+'}{abs(ahead) // 3600:02}:{abs(ahead) % 3600 // 60:02}"
        _say(f"the file's times are on the clock of {shown}, not of {timezone}, as the ids tell: they are read so")


def _sides(pile: Pile, trunks: Sequence[str], scheme: Scheme | None) -> Sides:
    from callrouter.cdr.sides import Sides
    from callrouter.cli.opening import WrongInputError

    sides = Sides(pile.seen, trunks, () if scheme is None else scheme.phones)
    if not sides.outside:
        raise WrongInputError(
            "no call in this file came from outside, as far as its rows tell: name with --trunk what calls come by,"
            f" of {', '.join(sides.inside[:20]) or 'nothing'}"
        )
    names = list(sides.outside)
    _say(f"outside: {_some(names)}; ours: {_some(sides.inside)} (--trunk NAME says otherwise)")
    return sides


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return (", ".join(names[:NAMED]) or "nobody") + more


def _period(pile: Pile, start: str | None, end: str | None, timezone: str) -> Period:
    """Return the period: what is left out is the end of the last call's day, or 90 days before the period's end."""
    from callrouter.cli.when import period
    from callrouter.ledger.period import date_at, local

    last = date_at(pile.last or 0.0, timezone) + timedelta(days=1)
    until = end or last.isoformat()
    if start is None:
        start = (local(period("1970-01-02", until, timezone).end, timezone) - timedelta(days=DAYS)).isoformat()
    return period(start, until, timezone)


def _company(scheme: Scheme | None, country: str | None, *, has_legs: bool) -> Company:
    from callrouter.jobs.before import Company

    if scheme is None and country is None:
        _say(f"no scheme and no --country: numbers are taken to be of {COUNTRY}")
    return Company(scheme, country or (COUNTRY if scheme is None else scheme.country), has_legs)


def _rows(pile: Pile, sides: Sides, period: Period, company: Company) -> list[CallRow]:
    from callrouter.cdr.calls import call, gather
    from callrouter.ledger.figures import needed_from

    since, told, rows = needed_from(period), Told(), []
    counts = dict.fromkeys(("in", "out", "internal"), 0)
    for found in gather(pile.rows(since)):
        if max(row.end for row in found) < since:
            continue
        one = call(found, sides)
        if period.holds(one.started_at):
            counts[one.direction] += 1
            if one.direction == "in":
                told.see(one)
        if one.direction != "internal":
            rows.append(company.row(one))
    _say_what_it_is(told, counts)
    return sorted(rows, key=lambda row: row.arrived_at)


def _say_what_it_is(told: Told, counts: dict[str, int]) -> None:
    """Say what the figures rest on, and what no CDR tells."""
    _say(f"calls of the period: {counts['in']:,} in, {counts['out']:,} out, {counts['internal']:,} internal")
    for count, what in (
        (told.late, "answered, but when is not known (the PBX had answered before: they waited longer than is shown)"),
        (told.unrung, "lost without a phone that rang (a menu, an announcement, voicemail alone)"),
        (told.outside, "answered outside (sent on to a mobile, or its voicemail)"),
        (told.unknown, "to a line that is not known"),
    ):
        if count:
            _say(f"  {what}: {count:,}")
    _say(
        "a CDR does not tell: the step, who heard his phone ring (nobody missed a call here), what a caller did in a"
        " menu, and, unless the PBX records what is unanswered, who left before anything rang"
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Add to a command what it needs to read a PBX's own CDR."""
    for option in (
        click.option(
            "--country", metavar="CC", help="For --from-cdr: whose numbers they are; else the scheme's or RU."
        ),
        click.option("--timezone", metavar="ZONE", help="For --from-cdr: the PBX's clock; else the scheme's, or UTC."),
        click.option(
            "--trunk",
            "trunks",
            multiple=True,
            metavar="NAME",
            help="For --from-cdr: a channel's name (PJSIP/mango) or a context by which calls come from outside.",
        ),
        click.option(
            "--scheme",
            "scheme_file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="For --from-cdr: lines, people, hours and zone are this document's; else the scheme's in force.",
        ),
        click.option(
            "--from-cdr",
            "from_cdr",
            type=click.File("rb"),
            metavar="FILE",
            help="Read a PBX's own CDR instead: Asterisk's Master.csv, a dump or CSV export of FreePBX's table cdr.",
        ),
    ):
        command = option(command)
    return command


def meant(from_cdr: BinaryIO | None, **given: Any) -> Before | None:
    """Return what was told of the company; None without a file, when nothing of it may be told either."""
    if from_cdr is not None:
        return Before(from_cdr, **given)
    for name, value in given.items():
        if value:
            raise click.UsageError(f"{_OPTIONS[name]} goes with --from-cdr FILE")
    return None
