"""How somebody is forgotten: in the database at once, then in every copy of what was there."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from callrouter import settings
from callrouter.cli.opening import WrongInputError, now, scheme_in_force
from callrouter.routing import numbers
from callrouter.routing.lines import find_line
from callrouter.store import forgetting, forgotten, leftovers, mentions
from callrouter.store.traces import Traces

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.forgetting import Erased, Person, Tokens

LET_GO_WITHIN = 10.0
"""Seconds for the workers to let go of their journals; who is not there does so when he comes back."""
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is to be forgotten."""

    number: str
    """E.164."""
    person: Person | None
    before: Instant | None
    """When the number was forgotten last."""
    not_him: frozenset[str]
    """Names of the company's people, which say nothing of a client of the same name."""
    is_in_scheme: bool
    """The scheme's `numbers` name him: only another revision takes that out."""
    timezone: str


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it."""

    at: Instant
    erased: Erased | None = None
    """None: it had been done before."""
    messages: int = 0
    editions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    recordings: tuple[str, ...] = ()
    """Where the PBX has recorded him: nobody knows it any more once this is told."""
    waiting_for: tuple[str, ...] = ()
    tokens: Tokens = field(default_factory=dict, repr=False)

    def document(self) -> dict[str, object]:
        """Return what `--json` prints."""
        counts = dict.fromkeys(forgetting.Erased.__slots__, 0) if self.erased is None else asdict(self.erased)
        more = {name: getattr(self, name) for name in ("messages", "editions", "files", "recordings", "waiting_for")}
        return {"already": self.erased is None, **counts, **more}


async def ask(database: Database, number: str) -> Asked:
    """Return who that is; WrongInputError: nobody, or nobody who can be forgotten."""
    async with database.reading() as connection:
        scheme = await scheme_in_force(connection)
        e164 = numbers.read(number, "RU" if scheme is None else scheme.country).e164
        if e164 is None:
            raise WrongInputError(f"{number!r} is no telephone number")
        _refuse_ours(scheme, e164)
        person = await forgetting.find(connection, e164)
        before = (await forgotten.since(connection)).when(e164)
    if person is None and before is None:
        raise WrongInputError(f"no client has the number {number}, and no call came from it or went to it")
    people = frozenset() if scheme is None else frozenset(one.name for one in scheme.people.values())
    is_named = scheme is not None and (e164 in scheme.blocked or e164 in scheme.not_clients)
    return Asked(e164, person, before, people, is_named, "UTC" if scheme is None else scheme.timezone)


async def forget(database: Database, asked: Asked) -> Done:
    """Forget somebody; whoever is killed in the middle runs it again."""
    directory = settings.load().data_dir
    at = now()
    async with database.writing() as connection:
        await forgotten.alone(connection)
        person = await forgetting.find(connection, asked.number)
        done = await _again(connection, asked) if person is None else await _forget(connection, person, at)
        traces = Traces(done.tokens, _names(person, asked.not_him))
        messages, editions = await mentions.erase(connection, traces, done.tokens, at)
    files = await asyncio.to_thread(_delete_exports, directory / "exports", traces)
    waiting = await _wait_for_workers(database, directory, done.at)
    async with database.writing() as connection:  # what was being made in that moment
        more, further = await mentions.erase(connection, traces, done.tokens, at)
    await leftovers.scrub(database)
    dates = tuple(dict.fromkeys((*editions, *further)))
    return replace(done, messages=messages + more, editions=dates, files=files, waiting_for=waiting)


async def _forget(connection: AsyncConnection, person: Person, at: Instant) -> Done:
    erased, tokens = await forgetting.forget(connection, person, at)
    recordings = tuple(one.recording for one in person.calls if one.recording)
    return Done(at, erased, recordings=recordings, tokens=tokens)


async def _again(connection: AsyncConnection, asked: Asked) -> Done:
    """What was not reached the last time is."""
    token = (await forgotten.since(connection)).token(asked.number, 0.0)
    assert asked.before is not None
    assert token is not None
    return Done(asked.before, tokens={asked.number: token})


async def _wait_for_workers(database: Database, directory: Path, at: Instant) -> tuple[str, ...]:
    await leftovers.remove_shipped(database, directory)
    for _ in range(round(LET_GO_WITHIN / LOOK_EVERY)):
        async with database.reading() as connection:
            waiting = await leftovers.holding(connection, at)
        if not waiting:
            break
        await asyncio.sleep(LOOK_EVERY)
    return waiting


def _refuse_ours(scheme: Scheme | None, number: str) -> None:
    if scheme is None:
        return
    if number in scheme.own_numbers:
        raise WrongInputError(f"{number} is {scheme.own_numbers[number]}'s in the scheme: take it out there first")
    line = find_line(scheme, number)
    if line is not None and line.key in scheme.lines and line.key != "default":
        raise WrongInputError(f"{number} is a line of the company's")


def _names(person: Person | None, not_him: frozenset[str]) -> list[str]:
    """Return by which names he is looked for in texts: not by those that are our people's, or parts of them."""
    found = () if person is None else person.names
    return [name for name in found if not any(name.casefold() in one.casefold() for one in not_him)]


def _delete_exports(directory: Path, traces: Traces) -> tuple[str, ...]:
    """Delete the exports on this host that name him; the same command makes them anew, without him."""
    gone = []
    for file in sorted(one for one in directory.rglob("*") if one.is_file()):
        if traces.are_in_file(file.read_bytes()):
            file.unlink()
            gone.append(str(file))
    return tuple(gone)
