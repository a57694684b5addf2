"""The database: whether it is there, with which schema, by which clock, and the scheme in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.doctor.finding import Check, Finding, fail, unknown
from callrouter.routing.scheme import parse
from callrouter.routing.values import Scheme
from callrouter.store import schema, schemes
from callrouter.store.database import Database
from callrouter.store.schemes import Revision

DATABASE = Check("database", "It answers.", {"away": fail("start it, or correct DATABASE_URL")})
SCHEMA = Check("schema", "It is the one this version needs.", {"other": fail("callrouter db upgrade")})
SCHEME = Check(
    "scheme",
    "There is one in force, and this version can read it.",
    {"none": fail("callrouter scheme apply FILE"), "unread": unknown("mend the database's line first")},
)
CHECKS = (DATABASE, SCHEMA, SCHEME)


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
        revision = await schema.check(database)
        stored.found += [DATABASE.ok(str(database)), SCHEMA.ok(revision)]
        stored.is_readable = True
    except AwayError as away:
        stored.found += [DATABASE.fault("away", str(away)), SCHEME.fault("unread", "the database cannot be read")]
    except CallrouterError as refused:
        stored.found += [SCHEMA.fault("other", str(refused)), SCHEME.fault("unread", "the database cannot be read")]
    else:
        stored.found.append(await _scheme(database, stored))
    return stored


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
