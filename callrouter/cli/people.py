"""`callrouter people`: who works here, who has paused, and until when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from callrouter.cli.editing import add_person, remove_person
from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant, PersonId
    from callrouter.routing.values import Scheme, SchemePerson
    from callrouter.store.database import Database
    from callrouter.store.people import Pause

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.group()
def people() -> None:
    """People and their pauses: list, add, remove, pause, resume."""


people.add_command(add_person)
people.add_command(remove_person)


@people.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List everybody of the scheme in force, and who has paused."""
    from callrouter.cli.opening import needed_scheme, now, with_database
    from callrouter.cli.show import clock, json_value, table
    from callrouter.store import people as states

    async def work(database: Database) -> tuple[Scheme, Mapping[PersonId, Pause]]:
        async with database.reading() as connection:
            return await needed_scheme(connection), await states.pauses(connection)

    scheme, open_ = with_database(work)
    at = now()
    pauses = {person: pause for person, pause in open_.items() if pause.holds(at)}
    if wants_json:
        json_value([_document(person, pauses.get(person.id)) for person in scheme.people.values()])
        return
    lines = []
    for person in scheme.people.values():
        row = [person.id, person.name, " ".join(person.phones)]
        if (pause := pauses.get(person.id)) is not None:
            times = (clock(pause.since, scheme.timezone), clock(pause.until, scheme.timezone))
            row += ["paused", pause.reason, *times, pause.by]
        lines.append(row + [""] * (len(COLUMNS) - len(row)))
    table(COLUMNS, lines)


COLUMNS = ("person", "name", "phones", "state", "reason", "since", "until", "by")


@people.command(
    epilog="""\b
Examples:
  callrouter people pause anna --reason lunch --for 45m
  callrouter people pause anna --reason отпуск --until 2026-12-15
""",
)
@click.argument("person")
@click.option("--reason", default="", help="Why, for lists and reports.")
@click.option("--until", metavar="ISO", help="It ends by itself then: a date or time in the scheme's zone.")
@click.option("--for", "duration", metavar="TIME", help="It ends by itself after so long: 90s, 45m, 2h or 1d.")
def pause(person: str, reason: str, until: str | None, duration: str | None) -> None:
    """Do not ring a person any more; who rings now rings on. Without an end it lasts until `people resume`."""
    from callrouter.cli.applying import user
    from callrouter.cli.opening import now, with_database
    from callrouter.cli.show import clean, clock
    from callrouter.store import people as states
    from callrouter.store.people import Pause

    async def work(database: Database) -> tuple[Pause, str]:
        async with database.writing() as connection:
            scheme = await scheme_with(connection, person)
            at = now()
            ends = ending(at, until, duration, scheme.timezone, "a pause")
            wanted = Pause(scheme.people[_id(person)].id, reason, at, ends, user() or "")
            await states.pause(connection, wanted)
            return wanted, scheme.timezone

    wanted, timezone = with_database(work)
    ends = f"until {clock(wanted.until, timezone)}" if wanted.until else "until `callrouter people resume`"
    click.echo(f"{clean(person)} has paused {ends}", err=True)


@people.command()
@click.argument("person")
def resume(person: str) -> None:
    """End a person's pause: he is rung again."""
    from callrouter.cli.applying import user
    from callrouter.cli.opening import now, with_database
    from callrouter.cli.show import clean
    from callrouter.store import people as states

    async def work(database: Database) -> bool:
        async with database.writing() as connection:
            await scheme_with(connection, person)
            return await states.resume(connection, _id(person), now(), user() or "")

    said = "is back" if with_database(work) else "had not paused"
    click.echo(f"{clean(person)} {said}", err=True)


def _document(person: SchemePerson, pause: Pause | None) -> dict[str, object]:
    from callrouter.ledger.period import rfc3339

    paused = None
    if pause is not None:
        paused = {
            "reason": pause.reason,
            "since": rfc3339(pause.since),
            "until": rfc3339(pause.until),
            "by": pause.by,
        }
    return {"person": person.id, "name": person.name, "phones": list(person.phones), "paused": paused}


def _id(person: str) -> PersonId:
    from callrouter.core.words import PersonId

    return PersonId(person)


async def scheme_with(connection: AsyncConnection, person: str) -> Scheme:
    """Return the scheme in force, which has this person."""
    from callrouter.cli.opening import WrongInputError, needed_scheme
    from callrouter.routing.faults import closest, quoted

    scheme = await needed_scheme(connection)
    if person not in scheme.people:
        meant = closest(person, scheme.people)
        hint = f"did you mean {quoted(meant)}?" if meant else f"there are {', '.join(scheme.people)}"
        raise WrongInputError(f"nobody is called {quoted(person)} in the scheme ({hint})")
    return scheme


def ending(at: Instant, until: str | None, duration: str | None, timezone: str, what: str) -> Instant | None:
    """Return when what begins now ends, as --until or --for say; None: neither does."""
    from callrouter.cli.opening import WrongInputError
    from callrouter.cli.when import LATEST, instant

    if until is not None and duration is not None:
        raise WrongInputError("--until and --for say the same: give one of them")
    ends = None if until is None else instant(until, "--until", timezone)
    if duration is not None:
        said = re.fullmatch(r"(\d{1,9})([smhd])", duration)
        ends = LATEST if said is None else at + int(said[1]) * SECONDS[said[2]]
        if ends >= LATEST:
            raise WrongInputError(f"--for: {duration!r} is no time such as 90s, 45m, 2h or 1d")
    if ends is not None and ends <= at:
        raise WrongInputError(f"{what} ends after it begins: it would be over already")
    return ends
