"""`callrouter scheme`: the routing document, in revisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from callrouter.cli.init import init
from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from callrouter.cli.applying import Applied, Proposal
    from callrouter.store.database import Database
    from callrouter.store.schemes import Revision

REVISION = click.IntRange(1, 2**31 - 1)
clients_to_option = click.option(
    "--clients-to", metavar="PERSON|nobody", help="Who gets the clients of people who are removed."
)
tests_option = click.option(
    "--tests", type=click.Path(path_type=Path), metavar="FILE", help="The tests; default: beside the document."
)
comment_option = click.option("--comment", metavar="TEXT", help="Why; kept with the revision.")


@click.group()
def scheme() -> None:
    """The routing document: plan, apply, show, history, roll back."""


scheme.add_command(init)


@scheme.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Exit 1 if applying the document would change anything.")
@as_json
@click.pass_context
def plan(ctx: click.Context, file: Path, *, check: bool, wants_json: bool) -> None:
    """Say what applying the document would change, for callers too, and what in it is odd. Changes nothing."""
    from callrouter.cli.applying import propose
    from callrouter.cli.opening import content_of, with_database
    from callrouter.cli.planning import for_callers, plan_document, print_plan
    from callrouter.cli.show import json_value

    content = content_of(file)

    async def work(database: Database) -> Proposal:
        async with database.reading() as connection:
            return await propose(connection, content, str(file))

    found = with_database(work)
    compared = for_callers(found)
    if wants_json:
        json_value(plan_document(found, compared))
    else:
        print_plan(found, compared)
    ctx.exit(1 if check and found.plan.changes else 0)


@scheme.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@tests_option
@as_json
@click.pass_context
def test_(ctx: click.Context, file: Path, tests: Path | None, *, wants_json: bool) -> None:
    """Check the calls that are expected of a document. They stand beside it: scheme.toml, scheme.tests.toml."""
    from callrouter.cli.opening import content_of
    from callrouter.cli.show import json_value
    from callrouter.cli.testing import needed_tests, print_verdicts, verdicts_document, verdicts_of

    verdicts = verdicts_of(content_of(file), file, needed_tests(file, tests))
    if wants_json:
        json_value(verdicts_document(verdicts))
    else:
        print_verdicts(verdicts)
    ctx.exit(1 if any(one.wrong for one in verdicts) else 0)


@scheme.command()
@click.argument("file", type=click.Path(path_type=Path))
@clients_to_option
@comment_option
@tests_option
@click.pass_context
def apply(ctx: click.Context, file: Path, clients_to: str | None, comment: str | None, tests: Path | None) -> None:
    """Put the document in force, if the tests beside it hold. Running workers take it up within two seconds.

    Calls that go on keep the revision they arrived under.
    """
    from callrouter.cli.opening import content_of
    from callrouter.cli.testing import hold, tests_of

    content = content_of(file)
    beside = tests_of(file, tests)
    if beside is not None and not hold(content, file, beside):
        ctx.exit(1)
    apply_content(content, str(file), clients_to, comment)


@scheme.command()
@click.option("--revision", type=REVISION, metavar="N", help="Not the one in force, but this.")
@as_json
def show(revision: int | None, *, wants_json: bool) -> None:
    """Print the document, byte for byte."""
    from callrouter.cli.show import json_value

    found = _revision(revision)
    if wants_json:
        json_value(_document(found) | {"document": found.document.decode("utf-8-sig")})
    else:
        click.echo(found.document, nl=False)


@scheme.command()
@as_json
def history(*, wants_json: bool) -> None:
    """List the revisions, oldest first."""
    from callrouter.cli.opening import with_database, zone
    from callrouter.cli.show import clock, json_value, table
    from callrouter.store import schemes

    async def work(database: Database) -> tuple[tuple[Revision, ...], str]:
        async with database.reading() as connection:
            return await schemes.history(connection), await zone(connection)

    found, timezone = with_database(work)
    if wants_json:
        json_value([_document(revision) for revision in found])
        return
    lines = [
        (one.revision, clock(one.applied_at, timezone), one.applied_by, one.sha256[:12], one.comment) for one in found
    ]
    table(("revision", "applied", "by", "sha256", "comment"), lines)


@scheme.command()
@click.argument("revision", type=REVISION, metavar="N")
@clients_to_option
@comment_option
def rollback(revision: int, clients_to: str | None, comment: str | None) -> None:
    """Put the bytes of revision N in force again, as a new revision. No tests are asked: it was in force."""
    found = _revision(revision)
    why = f"rollback to revision {revision}" + (f": {comment}" if comment else "")
    apply_content(found.document, f"revision {revision}", clients_to, why)


def _revision(number: int | None) -> Revision:
    from callrouter.cli.opening import WrongInputError, with_database
    from callrouter.store import schemes

    async def work(database: Database) -> tuple[Revision | None, Revision | None]:
        async with database.reading() as connection:
            current = await schemes.current(connection)
            return (current if number is None else await schemes.get(connection, number)), current

    found, current = with_database(work)
    if current is None:
        raise WrongInputError("there is no scheme yet: run `callrouter scheme apply FILE` first")
    if found is None:
        raise WrongInputError(f"there is no revision {number}; there are 1 to {current.revision}")
    return found


def revision_in_force() -> Revision:
    """Return the revision in force; without one there is nothing to work on."""
    return _revision(None)


def apply_content(
    content: bytes, file: str, clients_to: str | None, comment: str | None, *, onto: Revision | None = None
) -> None:
    """Put a document in force, made from this revision if any, and say what that changed."""
    from callrouter import settings
    from callrouter.cli.applying import apply, behind
    from callrouter.cli.opening import with_database
    from callrouter.cli.planning import print_changes

    async def work(database: Database) -> Applied:
        return await apply(database, content, file, clients_to=clients_to, comment=comment, onto=onto)

    done = with_database(work)
    number = done.revision.revision
    if done.is_new:
        print_changes("change: ", done.plan.changes)
        print_changes("warning: ", done.plan.warnings)
        for person, count in done.handed.items():
            click.echo(f"clients of {person}: {count} now {clients_to}'s", err=True)
        click.echo(f"revision {number} is in force", err=True)
    else:
        click.echo(f"revision {number} has these bytes and is in force already: nothing to do", err=True)
    stale = behind(settings.load().data_dir, done.revision)
    if stale is not None:
        click.echo(f"fallback: {stale}", err=True)


def _document(found: Revision) -> dict[str, object]:
    from callrouter.ledger.period import rfc3339

    return {
        "revision": found.revision,
        "applied_at": rfc3339(found.applied_at),
        "applied_by": found.applied_by,
        "sha256": found.sha256,
        "comment": found.comment,
    }
