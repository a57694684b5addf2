"""A call that is asked about: typed in, and completed with what production would look up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from callrouter import settings
from callrouter.cli.opening import WrongInputError, content_of, now
from callrouter.cli.when import instant
from callrouter.core.words import PersonId
from callrouter.lookup.crm import Crm
from callrouter.routing import numbers, scheme as documents
from callrouter.routing.caller import Caller, direction, joined
from callrouter.routing.choose import choose
from callrouter.routing.faults import closest
from callrouter.routing.forecast import Assumed, answer
from callrouter.routing.lines import find_line
from callrouter.routing.order import NOTHING, UNKNOWN
from callrouter.store import queries, schemes
from callrouter.store.lately import lately

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.caller import Client
    from callrouter.routing.forecast import Answer
    from callrouter.routing.order import Standing
    from callrouter.routing.values import Line, Scheme


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it is typed."""

    line: str
    number: str
    at: str | None
    assume: str | None
    revision: int | None
    file: Path | None


@dataclass(frozen=True, slots=True)
class Question:
    """A call that might come, with all that production would know of it."""

    scheme: Scheme
    revision: int | None
    """None: a document that is not in force."""
    line: Line
    caller: Caller
    at: Instant
    standing: Standing
    assumed: Mapping[PersonId, Assumed] = field(default_factory=dict)

    def answer(self, at: Instant) -> Answer:
        """Return what happens to it at this instant."""
        return answer(self.scheme, self.line, self.caller, at, self.assumed, self.standing, self.revision)


async def question(connection: AsyncConnection, asked: Asked) -> Question:
    """Return what is asked, with all that production would know; `WrongInputError` if it asks for what is not there."""
    scheme, revision = await _scheme(connection, asked)
    line = find_line(scheme, asked.line)
    if line is None:
        known = ", ".join(scheme.lines) or "none"
        raise WrongInputError(f"no line is called {asked.line!r}, and there is no default one; the lines are: {known}")
    at = now() if asked.at is None else instant(asked.at, "--at", scheme.timezone)
    assumed = _assumed(asked.assume, scheme)
    caller, standing = await _known(connection, scheme, line, asked.number, at)
    return Question(scheme, revision, line, caller, at, standing, assumed)


async def _scheme(connection: AsyncConnection, asked: Asked) -> tuple[Scheme, int | None]:
    """Return the document that is asked, and its revision; None: it is in none."""
    if asked.file is not None:
        if asked.revision is not None:
            raise WrongInputError("--revision and --file: choose one")
        return documents.parse(content_of(asked.file), str(asked.file)), None
    current = await schemes.current(connection)
    if current is None:
        raise WrongInputError("there is no scheme yet: run `callrouter scheme apply FILE` first, or say --file FILE")
    found = current if asked.revision is None else await schemes.get(connection, asked.revision)
    if found is None:
        raise WrongInputError(f"there is no revision {asked.revision}; there are 1 to {current.revision}")
    return documents.parse(found.document, f"revision {found.revision}"), found.revision


async def _known(
    connection: AsyncConnection, scheme: Scheme, line: Line, written: str, at: Instant
) -> tuple[Caller, Standing]:
    """Return who calls, and how people stand: what production would look up, without its haste."""
    number = numbers.read(written, scheme.country)
    client = None
    if number.e164 is not None and direction(scheme, number) == "in":
        table = await queries.client_by_number(connection, number.e164, line.department)
        client = joined(scheme, await _crm(number.e164), table)
    caller = Caller(number, client)
    asks = choose(scheme, line, caller, at).asks
    if asks == NOTHING:
        return caller, UNKNOWN
    found = await lately(connection, asks, number.e164, at)
    return replace(caller, last=found.last), found.standing


async def _crm(number: str) -> Client | None:
    configured = settings.load()
    async with Crm(configured.lookup_url, configured.token()) as crm:
        return await crm.look_up(number)


def _assumed(text: str | None, scheme: Scheme) -> dict[PersonId, Assumed]:

    found: dict[PersonId, Assumed] = {}
    for part in text.split(",") if text else ():
        person, _, word = (one.strip() for one in part.partition("="))
        if person not in scheme.people:
            near = closest(person, scheme.people)
            hint = f" (did you mean {near}?)" if near else ""
            raise WrongInputError(f"--assume: nobody is called {person!r}{hint}")
        if word not in list(Assumed):
            raise WrongInputError(
                f"--assume: {part.strip()!r} is not written PERSON=HOW, HOW one of {', '.join(Assumed)}"
            )
        found[PersonId(person)] = Assumed(word)
    return found
