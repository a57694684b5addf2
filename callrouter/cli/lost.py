"""`callrouter lost`: the clients nobody has talked to yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.routing.worklist import LostClient, Waiting
    from callrouter.store.database import Database
    from callrouter.store.notices import Settled
    from callrouter.store.worklist import Entry, LostCall


@click.group()
def lost() -> None:
    """Lost clients, until somebody has talked to them: list, show, take, snooze, done."""


@lost.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the lost clients: A, B, C, none, X, and first who has waited longest; `waits` is working time, h:mm."""
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.notified import is_unheard
    from callrouter.cli.opening import needed_scheme, now, with_database
    from callrouter.cli.show import json_value, table
    from callrouter.routing.worklist import worklist
    from callrouter.store import notices, worklist as stored

    async def work(database: Database) -> tuple[list[tuple[Waiting, list[LostCall], list[Settled]]], Scheme]:
        async with database.reading() as connection:
            scheme = await needed_scheme(connection)
            found = await stored.lost_clients(connection)
            calls = await stored.lost_calls(connection, found)
            told = await notices.of_tasks(connection, [one.task for one in found])
            listed = worklist(found, scheme, now())
            return [(one, calls[one.client.task], told[one.client.task]) for one in listed], scheme

    listed, scheme = with_database(work)
    if wants_json:
        json_value([shown.document(one, calls) | {"is_unheard": is_unheard(told)} for one, calls, told in listed])
    else:
        lines = [shown.cells(one, calls, scheme, is_unheard=is_unheard(told)) for one, calls, told in listed]
        table(shown.COLUMNS, lines)


@lost.command()
@click.argument("client")
@as_json
def show(client: str, *, wants_json: bool) -> None:
    """Show a lost client, also one who is off the list: his calls, who rang in vain, what was done, who was told."""
    from callrouter.cli import lost_shown as shown, notified
    from callrouter.cli.opening import needed_scheme, now, with_database
    from callrouter.cli.show import json_value
    from callrouter.routing.worklist import worklist
    from callrouter.store import notices, worklist as stored

    async def work(database: Database) -> tuple[Waiting, list[LostCall], tuple[Entry, ...], list[Settled], Scheme]:
        async with database.reading() as connection:
            scheme = await needed_scheme(connection)
            found = await _meant(connection, client, scheme)
            (one,) = worklist([found], scheme, now())
            calls = await stored.lost_calls(connection, [found])
            told = await notices.of_tasks(connection, [found.task])
            return one, calls[found.task], await stored.history(connection, found.task), told[found.task], scheme

    one, calls, history, told, scheme = with_database(work)
    if wants_json:
        more = {"history": list(map(shown.noted, history)), "notices": list(map(notified.document, told))}
        json_value(shown.document(one, calls) | {"is_unheard": notified.is_unheard(told)} | more)
    else:
        shown.tell(one, calls, history, scheme, is_unheard=notified.is_unheard(told))
        notified.print_told(told, scheme)


@lost.command()
@click.argument("client")
@click.argument("person")
@click.option("--from", "had", metavar="PERSON", help="Take him over from who has taken him.")
@click.pass_context
def take(ctx: click.Context, client: str, person: str, had: str | None) -> None:
    """Let a person call a client back; exits 1 if another has taken him."""
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.applying import user
    from callrouter.cli.opening import now, with_database
    from callrouter.cli.people import scheme_with
    from callrouter.core.words import PersonId
    from callrouter.store import tasks

    async def work(database: Database) -> tuple[LostClient, bool, Scheme]:
        async with database.writing() as connection:
            scheme = await scheme_with(connection, person)
            found = await _open(connection, client, scheme)
            if found.taken_by == person:
                return found, True, scheme
            before = None if had is None else PersonId(had)
            taken = await tasks.take(connection, found.task, PersonId(person), before, now(), user())
            return (found if taken else await _open(connection, client, scheme)), taken, scheme

    found, is_his, scheme = with_database(work)
    if is_his:
        click.echo(f"{shown.called(found)}: {shown.named(PersonId(person), scheme)} calls back", err=True)
        return
    has = "nobody has taken him" if found.taken_by is None else f"{shown.named(found.taken_by, scheme)} has taken him"
    over = "" if found.taken_by is None else f" (--from {found.taken_by} takes him over)"
    click.echo(f"{shown.called(found)}: {has}{over}", err=True)
    ctx.exit(1)


@lost.command()
@click.argument("client")
@click.option("--reason", required=True, help="Why nobody has to call him back any more.")
def done(client: str, reason: str) -> None:
    """Take a client off the list without a conversation; whoever was talked to leaves it by himself."""
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.applying import user
    from callrouter.cli.opening import needed_scheme, now, with_database
    from callrouter.store import tasks

    async def work(database: Database) -> LostClient:
        async with database.writing() as connection:
            found = await _open(connection, client, await needed_scheme(connection))
            if not await tasks.done(connection, found.task, _said(reason), now(), user()):
                raise _off(found)
            return found

    click.echo(f"{shown.called(with_database(work))} is off the list", err=True)


@lost.command(
    epilog="""\b
Example:
  callrouter lost snooze 89161234567 --until 2026-12-15T10:00 --reason "просил после обеда"
""",
)
@click.argument("client")
@click.option("--reason", required=True, help="Why not now.")
@click.option("--until", metavar="ISO", help="A date or time in the scheme's zone.")
@click.option("--for", "duration", metavar="TIME", help="For so long: 90s, 45m, 2h or 1d.")
def snooze(client: str, reason: str, until: str | None, duration: str | None) -> None:
    """Put a client at the end of the list for a while; if he is lost again he is back at once."""
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.applying import user
    from callrouter.cli.opening import WrongInputError, needed_scheme, now, with_database
    from callrouter.cli.people import ending
    from callrouter.cli.show import clock
    from callrouter.store import tasks

    async def work(database: Database) -> tuple[LostClient, Instant, str]:
        async with database.writing() as connection:
            scheme = await needed_scheme(connection)
            ends = ending(now(), until, duration, scheme.timezone, "a snooze")
            if ends is None:
                raise WrongInputError("until when? give --until or --for")
            found = await _open(connection, client, scheme)
            if not await tasks.snooze(connection, found.task, ends, _said(reason), now(), user()):
                raise _off(found)
            return found, ends, scheme.timezone

    found, ends, timezone = with_database(work)
    click.echo(f"{shown.called(found)} is at the end of the list until {clock(ends, timezone)}", err=True)


async def _open(connection: AsyncConnection, client: str, scheme: Scheme) -> LostClient:
    """Return the client, who has to be on the list."""
    found = await _meant(connection, client, scheme)
    if found.closed_at is not None:
        raise _off(found)
    return found


async def _meant(connection: AsyncConnection, client: str, scheme: Scheme) -> LostClient:
    """Return who is on the list, else who was last, with this number or id."""
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.opening import WrongInputError
    from callrouter.routing import numbers
    from callrouter.store import worklist as stored

    e164 = numbers.read(client, scheme.country).e164
    is_id = e164 is None and client.isascii() and client.isdecimal() and len(client) <= len("999999999")
    found: tuple[LostClient, ...] = ()
    if e164 is not None:
        found = await stored.by_number(connection, e164)
    elif is_id:
        found = await stored.by_id(connection, int(client))
    open_ = [one for one in found if one.closed_at is None]
    if len(open_) > 1:
        ids = ", ".join(f"{one.task} ({shown.called(one)})" for one in open_)
        raise WrongInputError(f"several lost clients have the number {client}: name one by his id: {ids}")
    if not found:
        raise WrongInputError(f"no lost client has the number or id {client!r}: `callrouter lost list` has them")
    return (open_ or list(found))[-1]


def _off(client: LostClient) -> Exception:
    from callrouter.cli import lost_shown as shown
    from callrouter.cli.opening import WrongInputError

    how = client.closed_how or "closed in this moment"
    return WrongInputError(f"{shown.called(client)} is not on the list ({how})")


def _said(reason: str) -> str:
    from callrouter.cli.opening import WrongInputError

    if not reason.strip():
        raise WrongInputError("--reason: say why")
    return reason.strip()
