"""`callrouter clients`: who the clients are, and whose."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.cli.admitting import Admitted
    from callrouter.cli.forgetting import Asked, Done
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.notices import Undistributed
    from callrouter.store.queries import Known


@click.group()
def clients() -> None:
    """Clients and whose they are: import, show, find, assign, undistributed, forget."""


@clients.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Import the good lines; exits 1 if there were bad ones.")
@click.option("--encoding", type=click.Choice(["utf-8", "cp1251"]), default="utf-8", show_default=True)
@click.pass_context
def import_(ctx: click.Context, file: Path, encoding: str, *, skip_bad: bool) -> None:
    """
    Import clients from a CSV file; importing again updates them.

    Columns: phone, name, responsible, priority (A B C X AAA BBB CCC), segment; any others are kept as attributes. An
    empty cell changes nothing. Several phones are separated by spaces.
    """
    from callrouter.cli.admitting import admit
    from callrouter.cli.opening import WrongInputError, with_database

    try:
        content = file.read_bytes()
    except OSError as error:
        raise WrongInputError(f"{file}: {error.strerror}") from None

    async def work(database: Database) -> Admitted:
        return await admit(database, content, encoding, str(file), skip_bad=skip_bad)

    admitted = with_database(work)
    for bad in admitted.bad:
        click.echo(f"{file}:{bad.line}: {bad.column}: {bad.reason}", err=True)
    count = len({bad.line for bad in admitted.bad})
    if admitted.bad and not skip_bad:
        lines = "1 bad line" if count == 1 else f"{count} bad lines"
        raise WrongInputError(f"{file}: {lines}, nothing imported (--skip-bad imports the rest)")
    for e164 in admitted.shared:
        click.echo(f"{e164} belongs to several clients: `callrouter clients show {e164}` says who is meant", err=True)
    click.echo(f"{admitted.new} new, {admitted.changed} changed, {admitted.same} unchanged", err=True)
    ctx.exit(1 if admitted.bad else 0)


@clients.command()
@click.argument("number")
@as_json
def show(number: str, *, wants_json: bool) -> None:
    """Show the client who has this number, and whose he was and is."""
    from callrouter.cli.opening import with_database, zone
    from callrouter.cli.show import json_value

    async def work(database: Database) -> tuple[Known, str]:
        async with database.reading() as connection:
            return await _known(connection, number), await zone(connection)

    known, timezone = with_database(work)
    if wants_json:
        json_value(client_document(known))
    else:
        _print_client(known, timezone)


@clients.command()
@click.argument("name")
@as_json
def find(name: str, *, wants_json: bool) -> None:
    """List the clients whose name contains this."""
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value, table
    from callrouter.store import queries

    async def work(database: Database) -> tuple[Known, ...]:
        async with database.reading() as connection:
            return await queries.known_by_name(connection, name)

    found = with_database(work)
    if wants_json:
        json_value([client_document(known) for known in found])
        return
    lines = [(known.name, " ".join(known.numbers), _whose(known), known.priority, known.segment) for known in found]
    table(("name", "phones", "responsible", "priority", "segment"), lines)


@clients.command()
@click.argument("number")
@click.argument("person", metavar="PERSON|nobody")
def assign(number: str, person: str) -> None:
    """Make a person responsible for a client, in every department; `nobody` takes him from whom he has."""
    from callrouter.cli.opening import WrongInputError, needed_scheme, now, with_database
    from callrouter.core.words import PersonId
    from callrouter.store import clients as book

    async def work(database: Database) -> tuple[Known, bool]:
        async with database.writing() as connection:
            scheme = await needed_scheme(connection)
            if person != "nobody" and person not in scheme.people:
                people = ", ".join(scheme.people)
                raise WrongInputError(f"nobody is called {person!r} in the scheme; there are {people}, or nobody")
            known = await _known(connection, number)
            to = None if person == "nobody" else PersonId(person)
            return known, await book.assign(connection, known.id, to, now(), "assigned")

    known, is_news = with_database(work)
    said = "is now" if is_news else "was already"
    click.echo(f"{known.name or number}: responsible {said} {person}", err=True)


@clients.command(
    epilog="""\b
Examples:
  callrouter clients forget 89161234567                 says what would go, and asks
  callrouter clients forget +79161234567 --yes --json   for scripts
""",
)
@click.argument("number")
@click.option("--yes", is_flag=True, help="Do not ask; nobody is asked either where input is no terminal.")
@as_json
@click.pass_context
def forget(ctx: click.Context, number: str, *, yes: bool, wants_json: bool) -> None:
    """
    Erase whoever has this number, for good, and keep the counts.

    His cards with all numbers that are only his, name and attributes go, his tasks, the trace of his calls; in the
    calls themselves a word of chance stands for him, so that every figure stays as it was. He is taken out of
    Asterisk's records, messages and kept exports too, and of what workers still hand in of him. Calls from now on are
    a new client's. While a call of his goes on it is refused (exit 1). docs/privacy.md says what it cannot reach.
    """
    from callrouter.cli import forgetting
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import clean, json_value

    asked = with_database(lambda database: forgetting.ask(database, number))
    if not yes and sys.stdin.isatty() and not click.confirm(_what_goes(asked), err=True):
        ctx.exit(1)
    done = with_database(lambda database: forgetting.forget(database, asked))
    if wants_json:
        json_value(done.document())
    for path in () if wants_json else done.recordings:
        click.echo(clean(path))
    _print_forgotten(asked, done)


@clients.command()
@as_json
def undistributed(*, wants_json: bool) -> None:
    """
    List new clients whom somebody answered who gets no clients.

    Whose shall they be? Whoever is given to somebody (`clients assign`) is no longer on the list.
    """
    from callrouter.cli import notified
    from callrouter.cli.opening import needed_scheme, with_database
    from callrouter.cli.show import json_value, table
    from callrouter.store import notices

    async def work(database: Database) -> tuple[tuple[Undistributed, ...], Scheme]:
        async with database.reading() as connection:
            return await notices.undistributed(connection), await needed_scheme(connection)

    found, scheme = with_database(work)
    if wants_json:
        json_value([notified.undistributed_document(one) for one in found])
    else:
        table(notified.COLUMNS, [notified.undistributed(one, scheme) for one in found])


def client_document(known: Known) -> dict[str, object]:
    """Return a client as JSON."""
    from callrouter.ledger.period import rfc3339

    return {
        "id": known.id,
        "name": known.name,
        "phones": list(known.numbers),
        "priority": known.priority,
        "segment": known.segment,
        "attributes": dict(known.attributes),
        "also": list(known.also),
        "responsibles": [
            {
                "department": tenure.department,
                "person": tenure.person,
                "since": rfc3339(tenure.since),
                "until": rfc3339(tenure.until),
                "how": tenure.how,
                "by_call": tenure.by_call,
            }
            for tenure in known.responsibles
        ],
    }


def _whose(known: Known) -> str:
    still = [tenure for tenure in known.responsibles if tenure.until is None]
    return ", ".join(f"{one.person} ({one.department})" if one.department else one.person for one in still)


def _print_client(known: Known, timezone: str) -> None:
    from callrouter.cli.show import clean, clock

    facts = {"name": known.name, "phones": " ".join(known.numbers), "responsible": _whose(known)}
    facts |= {"priority": known.priority, "segment": known.segment, **known.attributes}
    for name, value in facts.items():
        click.echo(f"{clean(name):16} {clean(value) or '-'}")
    if known.also:
        click.echo(f"{'same number':16} {clean(', '.join(known.also))}")
    for tenure in known.responsibles:
        until = clock(tenure.until, timezone) or "still"
        where = tenure.department or "all departments"
        by = f" by call {tenure.by_call}" if tenure.by_call else ""
        click.echo(f"  {clock(tenure.since, timezone)} - {until} {tenure.person} ({where}, {tenure.how}{by})")


def _what_goes(asked: Asked) -> str:
    person = asked.person
    if person is None:
        return f"{asked.number} was forgotten already; erase what is left of it?"
    whose = ", ".join(person.names) or "nobody we know by name"
    return f"erase {' '.join(person.numbers)} ({whose}, {len(person.calls)} calls) for good?"


def _print_forgotten(asked: Asked, done: Done) -> None:
    """Say what was done, without saying of whom: this may go into a log."""
    from callrouter.cli.show import clock

    if done.erased is None:
        click.echo(f"already forgotten, {clock(done.at, asked.timezone)} ({asked.timezone})", err=True)
    else:
        counts = done.document()
        names = ("clients", "numbers", "calls", "trace", "records", "tasks", "messages")
        click.echo("forgotten: " + ", ".join(f"{name} {counts[name]}" for name in names), err=True)
    if done.editions:
        click.echo(f"exports erased in the database: {', '.join(done.editions)}; whoever got them has them", err=True)
    for file in done.files:
        click.echo(f"deleted {file}", err=True)
    if done.recordings:
        click.echo("the PBX has recordings of his calls, and keeps them: delete those that stdout names", err=True)
    for app in done.waiting_for:
        click.echo(f"the journal of {app} still holds him: it goes when that worker is there again", err=True)
    if asked.is_in_scheme:
        click.echo("the scheme names him in `numbers`: apply one that does not; its old revisions stay", err=True)


async def _known(connection: AsyncConnection, number: str) -> Known:
    from callrouter.cli.opening import WrongInputError, scheme_in_force
    from callrouter.routing import numbers
    from callrouter.store import queries

    scheme = await scheme_in_force(connection)
    e164 = numbers.read(number, "RU" if scheme is None else scheme.country).e164
    known = None if e164 is None else await queries.known_by_number(connection, e164)
    if known is None:
        raise WrongInputError(f"no client has the number {number}: `callrouter clients find NAME` looks by name")
    return known
