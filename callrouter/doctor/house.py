"""What the scheme names, in Asterisk: each line, each phone, each calendar's zone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

from callrouter.ari.survey import ENTRY, Survey
from callrouter.core.words import Instant
from callrouter.doctor.finding import Check, Finding, unknown, warn
from callrouter.routing.values import DEFAULT_LINE, Scheme

FALLBACK = "callrouter-fallback"
SHOWN = "%d %H:%M"
"""What is compared of the clock of a zone."""
LINE = Check(
    "line {line}",
    "The dialplan has a way for it to the router, and without the router to the fallback.",
    {
        "foreign": unknown("#include callrouter.conf, unless a context of your own leads to Stasis(callrouter)"),
        "bare": warn("callrouter dialplan render > callrouter-fallback.conf, then `dialplan reload`"),
    },
)
ZONE = Check(
    "zone {zone}",
    "Asterisk knows the time zone of each calendar.",
    {"other": warn("install or renew Asterisk's time zones (tzdata): the fallback's hours are wrong")},
)
PHONE = Check(
    "phone {phone} ({person})",
    "Each phone of the scheme is registered.",
    {
        "foreign": unknown("call it"),
        "gone": warn("register it, or correct the phone in the scheme"),
    },
)
CHECKS = (LINE, ZONE, PHONE)


async def lines(asked: Survey, scheme: Scheme) -> AsyncIterator[Finding]:
    """Look for each line in the contexts of callrouter.conf."""
    for line in scheme.lines:
        number = "00" if line == DEFAULT_LINE else line
        if not any([await asked.has_extension(context, number) for context in ENTRY]):
            yield LINE.fault("foreign", "the contexts of callrouter.conf do not know it", line=line)
        elif not await asked.has_extension(FALLBACK, number):
            yield LINE.fault("bare", "no fallback for it when the router is away", line=line)
        else:
            yield LINE.ok("reaches the router, and the fallback without it", line=line)


async def zones(asked: Survey, scheme: Scheme, at: Instant) -> AsyncIterator[Finding]:
    """Compare the clocks of the calendars' zones: where Asterisk does not know a zone, the fallback's hours are UTC."""
    for zone in sorted({calendar.timezone for calendar in scheme.calendars.values()}):
        ours = datetime.fromtimestamp(int(at), ZoneInfo(zone)).strftime(SHOWN)
        theirs = await asked.read(f"STRFTIME({int(at)},{zone},{SHOWN})")
        seen = f"Asterisk's clock shows {theirs}"
        yield ZONE.ok(seen, zone=zone) if ours == theirs else ZONE.fault("other", seen, zone=zone)


async def phones(asked: Survey, scheme: Scheme) -> AsyncIterator[Finding]:
    """Look for the contacts of each person's phones."""
    for person in scheme.people.values():
        for phone in person.phones:
            names = {"phone": phone, "person": person.id}
            technology, _, resource = phone.partition("/")
            if technology != "PJSIP" or "@" in resource:
                yield PHONE.fault("foreign", "only PJSIP phones of the PBX can be looked at", **names)
                continue
            contacts = await asked.read(f"PJSIP_DIAL_CONTACTS({resource})")
            seen = f"contacts: {contacts.count('&') + 1 if contacts else 0}"
            yield PHONE.ok(seen, **names) if contacts else PHONE.fault("gone", seen, **names)
