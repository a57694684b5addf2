"""The examination: everything there is to look at, several at once, in the order in which it is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.survey import Survey, survey
from callrouter.doctor import (
    answering,
    bounds,
    house,
    lines,
    notices,
    outgoing,
    pbx,
    reading,
    rendered,
    stored,
    wanted,
    worker,
)
from callrouter.doctor.bounds import within
from callrouter.doctor.console import Asked, Console, console
from callrouter.doctor.finding import Check, Finding, fail, unknown
from callrouter.routing.values import Scheme
from callrouter.settings import Settings
from callrouter.store.database import Database

SHORT, LONG = 10.0, 30.0
"""Seconds for a part that asks some questions, and for one that asks of every line or phone."""
SOCKET = Check(
    "ari socket",
    "A web socket can be opened, and a channel for questions that rings nobody; a line only where not.",
    {
        "refused": fail(
            "load the modules that the lines modules and module name; sessionlimit in http.conf; "
            "a proxy before Asterisk has to pass web sockets"
        )
    },
)
SETTINGS = Check(
    "settings",
    "Asterisk reads its settings to us (func_config), over ARI or at its console; else they are read from a folder.",
    {
        "unread": unknown(
            "load func_config.so in modules.conf, or run it on Asterisk's host with --etc DIR: "
            "each setting is in docs/doctor.md"
        )
    },
)
NO_LINES = Check(
    "company in Asterisk",
    "There are a scheme and an Asterisk by which they can be looked for; a line only where not.",
    {"unread": unknown("mend the lines scheme, ari and ari rights first; or run it on Asterisk's host as root")},
)
CHECKS = (
    *(*stored.CHECKS, *worker.CHECKS, *rendered.CHECKS, *answering.CHECKS),
    *(*pbx.CHECKS, SOCKET, SETTINGS, *wanted.CHECKS),
    *(NO_LINES, *lines.CHECKS, *house.CHECKS),
    *(*notices.CHECKS, *outgoing.CHECKS, *bounds.CHECKS),
)
"""Everything that is looked at, in the order in which it is read."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined.

    `etc`: Asterisk's folder of settings, None: nobody has said which; `fallback`: the rendered fallback in use, None:
    none is known; `mapping`: the line by which Asterisk writes the records that we read.
    """

    told: Settings
    etc: Path | None
    fallback: Path | None
    mapping: str


async def examine(case: Case) -> list[Finding]:
    """Look at everything; what is dead costs its own lines only."""
    told, there = case.told, pbx.Pbx()
    database = Database(told.database_url.get_secret_value())
    try:
        known, of_asterisk, *answers = await asyncio.gather(
            stored.look(database),
            within(SHORT, "ari", pbx.look(told, there)),
            within(SHORT, "look-up", answering.look_up(told)),
            within(SHORT, "agi", answering.agi(told)),
            within(SHORT, "health", answering.health(told)),
        )
        local = None if there.is_open else await console(told.ari_url)
        workers, asked, messages = await asyncio.gather(
            _workers(case, database, known), _asked(case, known, there, local), _messages(case, database, known)
        )
    finally:
        await database.close()
    if not there.modules:
        of_asterisk += pbx.unasked("" if local is None else local.version, has_ari=told.has_ari)
    age = rendered.look(case.fallback, known.revision, datetime.now(UTC).date())
    ours = [*workers, worker.disk(told.data_dir), worker.records(told.cdr_file), *age]
    return [*known.found, *ours, *(one for found in answers for one in found), *of_asterisk, *asked, *messages]


async def _workers(case: Case, database: Database, known: stored.Stored) -> list[Finding]:
    async def looking() -> AsyncGenerator[Finding]:
        async with database.reading() as connection:
            async for one in worker.look(connection, case.told, time.time(), is_sqlite=database.is_sqlite):
                yield one

    return await within(SHORT, "workers", looking()) if known.is_readable else [worker.unread(case.told)]


async def _messages(case: Case, database: Database, known: stored.Stored) -> list[Finding]:
    async def looking() -> AsyncGenerator[Finding]:
        assert known.scheme is not None
        async with database.reading() as connection:
            async for one in notices.look(connection, known.scheme, time.time()):
                yield one
            async for one in outgoing.look(connection, known.scheme, case.told, time.time()):
                yield one

    return [] if known.scheme is None else await within(SHORT, "messages", looking())


async def _asked(case: Case, known: stored.Stored, there: pbx.Pbx, local: Console | None) -> list[Finding]:
    """Ask by way of a channel of our own, else at the console; without both, files may be at hand all the same."""
    if not there.is_open:
        return await _at_console(case, known, there, local)
    scheme, ways = known.scheme, dict[str, str | Finding]()
    try:
        async with survey(case.told.ari_url, (case.told.ari_username, case.told.password())) as asked:
            parts = [_settings(case, asked, there), _company(scheme, asked, there)]
            settings, company = await asyncio.gather(*parts)
            ways |= {} if scheme is None else await lines.ways_in(asked, scheme)
    except (AriAway, AriRefused) as error:
        found = [SOCKET.fault("refused", str(error)), *await _settings(case, None, there)]
        return [*found, NO_LINES.fault("unread", "they were not looked for")]
    if scheme is None:
        return [*settings, NO_LINES.fault("unread", "without a scheme there are none to look for")]
    called = await within(lines.bound(scheme), "lines", lines.look(case.told, scheme, ways))
    return [*settings, *called, *company]


async def _at_console(case: Case, known: stored.Stored, there: pbx.Pbx, local: Console | None) -> list[Finding]:
    found, scheme = await _settings(case, local, there), known.scheme
    if local is None or scheme is None:
        return [*found, NO_LINES.fault("unread", "they were not looked for")]
    found += await within(LONG, "lines", lines.known(local, scheme))
    found += await within(LONG, "zones", house.zones(local, scheme, time.time()))
    return [*found, *await within(LONG, "phones", house.phones(local, scheme, None))]


async def _company(scheme: Scheme | None, asked: Survey, there: pbx.Pbx) -> list[Finding]:
    """Look for what the scheme names."""
    if scheme is None:
        return []
    found = await asyncio.gather(
        within(LONG, "zones", house.zones(asked, scheme, time.time())),
        within(LONG, "phones", house.phones(asked, scheme, there.endpoints)),
    )
    return [one for part in found for one in part]


async def _settings(case: Case, asked: Asked | None, there: pbx.Pbx) -> list[Finding]:
    async def looking() -> AsyncGenerator[Finding]:
        known = await reading.source(asked, case.etc, case.told.ari_url, case.told.ari_username)
        if known is None:
            yield SETTINGS.fault("unread", "Asterisk does not read them to us, and its files are not here")
            return
        yield SETTINGS.ok(str(known))
        loaded = reading.Loaded(there.loaded, known)
        async for one in wanted.look(loaded, case.told.ari_username if case.told.has_ari else None, case.mapping):
            yield one

    return await within(LONG, "settings", looking())
