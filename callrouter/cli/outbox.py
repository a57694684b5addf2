"""`callrouter outbox`: what is on its way to people, and what did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Coroutine

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.database import Database
    from callrouter.store.outbox import Listed

COLUMNS = ("id", "state", "put", "next", "attempts", "kind", "to", "subject", "error")
LARGEST = 2**31


@click.group()
def outbox() -> None:
    """Exports and notices on their way, and those that did not arrive: list, retry, drop, send."""


@outbox.command(
    "list",
    epilog="""\b
Examples:
  callrouter outbox list           what waits and what was given up, oldest first
  callrouter outbox list --dead    what was given up: nobody tries it any more
""",
)
@click.option("--dead", is_flag=True, help="Only what was given up.")
@as_json
def list_(*, dead: bool, wants_json: bool) -> None:
    """List what has not arrived; `next` is the next attempt."""
    from callrouter.cli.opening import with_database, zone
    from callrouter.cli.show import json_value, table
    from callrouter.store import outbox as stored

    async def work(database: Database) -> tuple[tuple[Listed, ...], str]:
        async with database.reading() as connection:
            states = (stored.DEAD,) if dead else (stored.WAITING, stored.DEAD)
            return await stored.listed(connection, states), await zone(connection)

    found, timezone = with_database(work)
    if wants_json:
        json_value([_document(one) for one in found])
    else:
        table(COLUMNS, [_cells(one, timezone) for one in found])


@outbox.command()
@click.argument("message", metavar="ID", type=click.IntRange(1, LARGEST))
def retry(message: int) -> None:
    """Try a message anew from now on, with all its attempts."""
    from callrouter.store import outbox as stored

    _decide(message, stored.retry, "is tried anew: `serve` sends it, or `callrouter outbox send`")


@outbox.command()
@click.argument("message", metavar="ID", type=click.IntRange(1, LARGEST))
def drop(message: int) -> None:
    """Try a message no more."""
    from callrouter.store import outbox as stored

    _decide(message, stored.drop, "is dropped")


@outbox.command(
    epilog="""\b
Example, where no router runs by itself at night:
  callrouter export --deliver && callrouter outbox send
""",
)
@as_json
def send(*, wants_json: bool) -> int:
    """Send what is due, then end; `serve` does so by itself. Exits 1 if something did not arrive."""
    import secrets
    import time

    from callrouter import log, settings
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value
    from callrouter.delivery.ways import Ways
    from callrouter.jobs.sending import Sender

    log.configure()
    told = settings.load()
    ways = Ways(told.mail_server(), told.smtp_from, told.hook_key())

    async def work(database: Database) -> Counter[str]:
        sender = Sender(database, ways, secrets.token_hex(8), time.time)
        await sender.run()
        return sender.done

    done = with_database(work)
    if wants_json:
        json_value(dict(done))
    else:
        click.echo(", ".join(f"{state} {count}" for state, count in sorted(done.items())) or "nothing is due", err=True)
    return int(bool(set(done) - {"delivered"}))


def _decide(
    message: int, decide: Callable[[AsyncConnection, int, Instant], Coroutine[Any, Any, bool]], said: str
) -> None:
    from callrouter.cli.opening import WrongInputError, now, with_database

    async def work(database: Database) -> bool:
        async with database.writing() as connection:
            return await decide(connection, message, now())

    if not with_database(work):
        raise WrongInputError(f"no message {message} waits or was given up: `callrouter outbox list` has them")
    click.echo(f"message {message} {said}", err=True)


def _document(one: Listed) -> dict[str, object]:
    from callrouter.jobs.sending import shown
    from callrouter.ledger.period import rfc3339

    return {
        "id": one.id,
        "state": one.state,
        "kind": one.kind,
        "to": shown(one.to),
        "subject": one.subject,
        "put_at": rfc3339(one.put_at),
        "next_at": rfc3339(one.due_at) if one.state == "waiting" else None,
        "attempts": one.attempts,
        "error": one.error,
    }


def _cells(one: Listed, timezone: str) -> tuple[object, ...]:
    from callrouter.cli.show import clock
    from callrouter.jobs.sending import shown

    due = clock(one.due_at, timezone) if one.state == "waiting" else ""
    put = clock(one.put_at, timezone)
    return one.id, one.state, put, due, one.attempts, one.kind, shown(one.to), one.subject, one.error
