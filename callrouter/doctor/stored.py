"""The database: whether it is there, with which schema, by which clock, and the scheme in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import Instant
from callrouter.doctor.finding import Check, Finding, fail, unknown
from callrouter.routing.scheme import parse
from callrouter.routing.values import Scheme
from callrouter.store import schema, schemes
from callrouter.store.database import Database
from callrouter.store.errors import SchemaRefusedError
from callrouter.store.leases import now_of
from callrouter.store.schemes import Revision

AT_MOST = 8.0
"""Seconds it has for all of that."""
CLOCK_MOST = 2.0
"""Seconds its clock and ours may differ."""
DATABASE = Check(
    "database",
    "It answers.",
    {
        "away": fail("start it, or correct DATABASE_URL"),
        "refused": fail("correct DATABASE_URL, or what the database says"),
        "silent": fail("it takes the question and does not answer: restart it, or look at its load"),
    },
)
CLOCK = Check(
    "clock of the database",
    f"Its clock and ours differ by {CLOCK_MOST:g} s at most; SQLite has ours.",
    {"apart": fail("run chrony or ntpd on both")},
)
SCHEMA = Check("schema", "It is the one this version needs.", {"other": fail("callrouter db upgrade")})
SCHEME = Check(
    "scheme",
    "There is one in force, and this version can read it.",
    {"none": fail("callrouter scheme apply FILE"), "unread": unknown("mend the lines above first")},
)
CHECKS = (DATABASE, SCHEMA, CLOCK, SCHEME)


@dataclass(slots=True)
class Stored:
    """What the database holds that other checks need; None: it could not be read, or there is none."""

    found: list[Finding] = field(default_factory=list)
    revision: Revision | None = None
    scheme: Scheme | None = None
    is_readable: bool = False


async def look(database: Database) -> Stored:
    """Read it; whatever keeps it from being read is a finding."""
    stored = Stored()
    try:
        async with asyncio.timeout(AT_MOST):
            await _read(database, stored)
    except TimeoutError:
        stored.found.append(DATABASE.fault("silent", f"{database} does not answer within {AT_MOST:g} s"))
        stored.is_readable = False
    except AwayError as away:
        stored.found.append(DATABASE.fault("away", str(away)))
    except SchemaRefusedError as refused:
        stored.found += [DATABASE.ok(str(database)), SCHEMA.fault("other", str(refused))]
    except CallrouterError as refused:
        stored.found.append(DATABASE.fault("refused", str(refused)))
    if not stored.is_readable:
        stored.found.append(SCHEME.fault("unread", "the database cannot be read"))
    return stored


async def _read(database: Database, stored: Stored) -> None:
    revision = await schema.check(database)
    asked_at = time.time()
    theirs = await now_of(database)
    stored.found += [DATABASE.ok(str(database)), SCHEMA.ok(revision), clock(theirs, asked_at, time.time())]
    stored.found.append(await _scheme(database, stored))
    stored.is_readable = True


def clock(theirs: Instant | None, asked_at: Instant, answered_at: Instant) -> Finding:
    """Compare the database's clock with ours in the middle between question and answer; None: it has ours."""
    if theirs is None:
        return CLOCK.ok("SQLite has ours")
    apart = abs((asked_at + answered_at) / 2 - theirs)
    seen = f"its and ours differ by {apart:.1f} s"
    return CLOCK.ok(seen) if apart <= CLOCK_MOST else CLOCK.fault("apart", seen)


async def _scheme(database: Database, stored: Stored) -> Finding:
    try:
        async with database.reading() as connection:
            stored.revision = await schemes.current(connection)
        if stored.revision is None:
            return SCHEME.fault("none", "there is none")
        number = stored.revision.revision
        stored.scheme = parse(stored.revision.document, f"revision {number}")
    except CallrouterError as error:
        return SCHEME.fault("none", str(error))
    return SCHEME.ok(f"revision {number}")
