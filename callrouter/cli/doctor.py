"""`callrouter doctor`: is everything as it has to be? One line each, with the mend."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from callrouter.ari.requests import HttpRequests
    from callrouter.ari.survey import Survey
    from callrouter.routing.values import Scheme
    from callrouter.settings import Settings
    from callrouter.store.database import Database

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "blue"}
OF_ASTERISK = ("asterisk", "modules", "settings", "clock", "dialplan", "phones")
"""What only Asterisk can tell."""
ASKED_FOR = "+70000000000"
"""Nobody's number, for which the CRM is asked."""
CLOCK_MOST = 2.0
"""Seconds Asterisk's clock and ours may differ."""
CLOCK = "%d %H:%M"
FALLBACK_LEAST = 30
"""Days that the rendered fallback has to know holidays for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is (ok, warn, fail, unknown), what was seen, what to do."""

    check: str
    state: str
    seen: str
    mend: str = ""


@click.command(
    epilog="""\b
Examples:
  callrouter doctor
  callrouter doctor --json | jq '.[] | select(.state == "fail")'
""",
)
@as_json
def doctor(*, wants_json: bool) -> int:
    """Look at everything the router needs; exit 1 when something fails."""
    findings = asyncio.run(_examine())
    if wants_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            state = click.style(f"{finding.state:8}", fg=COLOURS[finding.state])
            mend = f" -> {finding.mend}" if finding.mend else ""
            click.echo(f"{state}{finding.check}: {finding.seen}{mend}")
    return int(any(finding.state == "fail" for finding in findings))


async def _examine() -> list[Finding]:
    from callrouter import settings
    from callrouter.store.database import Database

    told = settings.load()
    database = Database(told.database_url.get_secret_value())
    try:
        found = [finding async for finding in _database(database)]
        scheme = await _scheme(database, found)
        found += [] if scheme is None else await _notices(database, scheme)
        found += [] if scheme is None else await _outgoing(database, scheme, told)
    finally:
        await database.close()
    found += _fallback(told)
    found += await _lookup(told)
    found += await _agi(told)
    found += [finding async for finding in _asterisk(told, scheme)]
    if any(finding.check == "ari" and finding.state == "fail" for finding in found):
        looked_at = {finding.check for finding in found}
        found += [Finding(one, "unknown", "Asterisk was not asked") for one in OF_ASTERISK if one not in looked_at]
    return found


async def _database(database: Database) -> AsyncIterator[Finding]:
    from callrouter.core.errors import AwayError, CallrouterError
    from callrouter.store import schema

    try:
        revision = await schema.check(database)
        yield Finding("database", "ok", str(database))
        yield Finding("schema", "ok", revision)
    except AwayError as away:
        yield Finding("database", "fail", str(away), "start it, or correct DATABASE_URL")
    except CallrouterError as refused:
        yield Finding("schema", "fail", str(refused), "callrouter db upgrade")


async def _scheme(database: Database, found: list[Finding]) -> Scheme | None:
    from callrouter.core.errors import CallrouterError
    from callrouter.routing.scheme import parse
    from callrouter.store import schemes

    if any(finding.state == "fail" for finding in found):
        found.append(Finding("scheme", "unknown", "the database cannot be read"))
        return None
    try:
        async with database.reading() as connection:
            revision = await schemes.current(connection)
        if revision is None:
            found.append(Finding("scheme", "fail", "there is none", "callrouter scheme apply FILE"))
            return None
        scheme = parse(revision.document, f"revision {revision.revision}")
    except CallrouterError as error:
        found.append(Finding("scheme", "fail", str(error), "callrouter scheme apply FILE"))
        return None
    found.append(Finding("scheme", "ok", f"revision {revision.revision}"))
    return scheme


async def _notices(database: Database, scheme: Scheme) -> list[Finding]:
    """Look whether people can be told of lost clients; it says nothing where nobody wants to be."""
    from callrouter.cli.notified import faults
    from callrouter.cli.opening import now

    if not scheme.notices.kinds:
        return []
    async with database.reading() as connection:
        found = await faults(connection, scheme, now())
    return [Finding("notices", "warn", *one) for one in found] or [Finding("notices", "ok", "everybody can be told")]


async def _outgoing(database: Database, scheme: Scheme, told: Settings) -> list[Finding]:
    """Look whether exports are made and messages arrive."""
    from callrouter.cli.outgoing import outgoing

    async with database.reading() as connection:
        return [Finding(*one) for one in await outgoing(connection, scheme, told)]


def _fallback(told: Settings) -> list[Finding]:
    """Look until when the rendered fallback knows holidays and duties; it says nothing where it needs none."""
    from datetime import date

    from callrouter.cli.applying import fallback_file
    from callrouter.routing.fallback import runs_out

    file = fallback_file(told.data_dir)
    day = None if file is None else runs_out(file.read_text("utf-8", "replace"))
    if day is None:
        return []
    seen = f"{file} knows holidays and duties until {day}"
    if (day - date.today()).days > FALLBACK_LEAST:  # noqa: DTZ011 -- a day more or less
        return [Finding("fallback", "ok", seen)]
    return [Finding("fallback", "warn", seen, f"callrouter dialplan render --out {file}, then `dialplan reload`")]


async def _lookup(told: Settings) -> list[Finding]:
    """Ask the CRM as a call would; it says nothing where there is none."""
    from time import monotonic
    from urllib.parse import urlsplit

    from callrouter.lookup.answer import WrongAnswerError
    from callrouter.lookup.crm import ANSWER_AT_MOST, Crm, CrmAwayError

    if told.lookup_url is None:
        return []
    where = urlsplit(told.lookup_url).netloc
    begun = monotonic()
    try:
        async with Crm(told.lookup_url, told.token()) as crm:
            await crm.ask(told.lookup_url, ASKED_FOR)
    except WrongAnswerError as wrong:
        return [Finding("look-up", "fail", f"{where} answers, but {wrong}", "let it answer as docs/operations.md says")]
    except CrmAwayError as away:
        mend = (
            f"a call waits {ANSWER_AT_MOST:g} s for it at most: correct LOOKUP_URL or LOOKUP_TOKEN, or make it quicker"
        )
        return [Finding("look-up", "fail", f"{where}: {away}", mend)]
    return [Finding("look-up", "ok", f"{where} answers in {(monotonic() - begun) * 1000:.0f} ms")]


async def _agi(told: Settings) -> list[Finding]:
    """Ask the router as a dialplan of one's own would; it says nothing where AGI is off."""
    from callrouter.agi.probe import ANSWER_AT_MOST, answers

    if told.agi_bind is None:
        return []
    host, port = told.agi_bind
    where = f"{host}:{port}"
    try:
        if await answers(host, port):
            return [Finding("agi", "ok", f"a router answers at {where}")]
    except TimeoutError:
        mend = "restart it; meanwhile each call of callrouter-agi.conf waits for its guard"
        return [Finding("agi", "fail", f"{where} is open, and nobody answers within {ANSWER_AT_MOST:g} s", mend)]
    except OSError as error:
        return [
            Finding("agi", "warn", f"nobody listens at {where} ({error.strerror})", "callrouter serve, or AGI_BIND=off")
        ]
    return [Finding("agi", "fail", f"another program has {where}", "set AGI_BIND to a free port, or off")]


async def _asterisk(told: Settings, scheme: Scheme | None) -> AsyncIterator[Finding]:
    from callrouter.ari.errors import AriAway, AriRefused
    from callrouter.ari.health import MENDS
    from callrouter.ari.requests import HttpRequests
    from callrouter.ari.survey import survey

    if told.ari_password is None:
        yield Finding("ari", "fail", "ARI_PASSWORD is not set", "set CALLROUTER_ARI_PASSWORD or …_FILE")
        return
    login = (told.ari_username, told.ari_password.get_secret_value())
    try:
        async with HttpRequests(told.ari_url, *login) as http:
            for finding in await _self(http, told.app):
                yield finding
        async with survey(told.ari_url, login) as asked:
            async for finding in _dialplan(asked, scheme):
                yield finding
            async for finding in _zones(asked, scheme):
                yield finding
            async for finding in _phones(asked, scheme):
                yield finding
    except AriAway as away:
        yield Finding("ari", "fail", str(away), "start Asterisk, enable http.conf and ari.conf, or correct ARI_URL")
    except AriRefused as refused:
        mend = MENDS.get(refused.status, "compare ARI_USERNAME and ARI_PASSWORD with ari.conf")
        yield Finding("ari", "fail", str(refused), f"{mend}; read_only=no")


async def _self(http: HttpRequests, app: str) -> list[Finding]:
    from callrouter.ari.health import inspect
    from callrouter.ari.requests import Request

    health = await inspect(http)
    found = [Finding("ari", "ok", "answers, and the password is right")]
    faults, warnings = health.faults(), health.warnings()
    found += [Finding("asterisk", "fail", *fault.split(": ", 1)) for fault in faults]
    found += [Finding("asterisk", "warn", *warning.split(": ", 1)) for warning in warnings]
    if not any("too old" in fault for fault in faults):
        found.append(Finding("asterisk", "ok", health.version))
    if not any("lacks" in fault for fault in faults):
        found.append(Finding("modules", "ok", f"{len(health.modules)} run, all that are needed among them"))
    applications = await http.send(Request("GET", "applications"))
    serves = any(one["name"] == app for one in applications)
    state, seen, mend = ("ok", "takes calls", "") if serves else ("warn", "does not run", "callrouter serve")
    found.append(Finding(f"router {app}", state, seen, mend))
    found.append(_clock((await http.send(Request("GET", "asterisk/ping")))["timestamp"]))
    unread = "sessionlimit=500 (http.conf), websocket_write_timeout=5000 (ari.conf), maxfiles=65536 (asterisk.conf)"
    found.append(Finding("settings", "unknown", "not readable over ARI", f"make sure of {unread}"))
    return found


def _clock(timestamp: str) -> Finding:
    from datetime import UTC, datetime

    apart = abs((datetime.now(UTC) - datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z")).total_seconds())
    if apart > CLOCK_MOST:
        return Finding("clock", "fail", f"Asterisk's is {apart:.1f} s away from ours", "run chrony or ntpd on both")
    return Finding("clock", "ok", f"Asterisk's and ours agree to {apart:.1f} s")


async def _dialplan(asked: Survey, scheme: Scheme | None) -> AsyncIterator[Finding]:
    from callrouter.ari.phone import FALLBACK
    from callrouter.ari.survey import ENTRY

    if scheme is None:
        yield Finding("dialplan", "unknown", "without a scheme there are no lines to look for")
        return
    for line in scheme.lines:
        number = "00" if line == "default" else line
        if not any([await asked.has_extension(context, number) for context in ENTRY]):
            mend = "#include callrouter.conf, unless a context of your own leads to Stasis(callrouter)"
            yield Finding(f"line {line}", "unknown", "the contexts of callrouter.conf do not know it", mend)
        elif not await asked.has_extension(FALLBACK, number):
            mend = "callrouter dialplan render > callrouter-fallback.conf, then `dialplan reload`"
            yield Finding(f"line {line}", "warn", "no fallback for it when the router is away", mend)
        else:
            yield Finding(f"line {line}", "ok", "reaches the router, and the fallback without it")


async def _zones(asked: Survey, scheme: Scheme | None) -> AsyncIterator[Finding]:
    """Compare the clocks of the calendars' zones: where Asterisk does not know a zone, the fallback's hours are UTC."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from callrouter.cli.opening import now

    at = int(now())
    for zone in sorted({} if scheme is None else {calendar.timezone for calendar in scheme.calendars.values()}):
        ours = datetime.fromtimestamp(at, ZoneInfo(zone)).strftime(CLOCK)
        theirs = await asked.read(f"STRFTIME({at},{zone},{CLOCK})")
        mend = "install or renew Asterisk's time zones (tzdata): the fallback's hours are wrong"
        same = ours == theirs
        yield Finding(
            f"zone {zone}", "ok" if same else "warn", f"Asterisk's clock shows {theirs}", "" if same else mend
        )


async def _phones(asked: Survey, scheme: Scheme | None) -> AsyncIterator[Finding]:
    for person in [] if scheme is None else scheme.people.values():
        for phone in person.phones:
            technology, _, resource = phone.partition("/")
            if technology != "PJSIP" or "@" in resource:
                yield Finding(
                    f"phone {phone} ({person.id})", "unknown", "only PJSIP phones of the PBX can be looked at"
                )
                continue
            contacts = await asked.read(f"PJSIP_DIAL_CONTACTS({resource})")
            count = contacts.count("&") + 1 if contacts else 0
            mend = "" if contacts else "register it, or correct the phone in the scheme"
            state = "ok" if contacts else "warn"
            yield Finding(f"phone {phone} ({person.id})", state, f"contacts: {count}", mend)
