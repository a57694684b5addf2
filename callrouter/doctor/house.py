"""What the scheme names, in Asterisk: each phone, each calendar's zone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from callrouter.core.words import Instant
from callrouter.doctor.console import Asked
from callrouter.doctor.finding import Check, Finding, fail, unknown, warn
from callrouter.routing.values import Scheme

SHOWN = "%d %H:%M"
"""What is compared of the clock of a zone."""
ZONE = Check(
    "zone {zone}",
    "Asterisk knows the time zone of each calendar.",
    {"other": warn("install or renew Asterisk's time zones (tzdata): the fallback's hours are wrong")},
)
PHONE = Check(
    "phone {phone} ({person})",
    "Asterisk knows each phone of the scheme, and it is registered; of a mobile the trunk, of Local/ the extension.",
    {
        "none": fail("correct the phone in the scheme, or make the endpoint in pjsip.conf"),
        "gone": warn("register it, or correct the phone in the scheme"),
        "silent": warn("switch it on, or look at its network: it is registered, and does not answer Asterisk"),
        "foreign": unknown("call it: of its kind Asterisk tells nothing over ARI"),
    },
)
CHECKS = (ZONE, PHONE)


async def zones(asked: Asked, scheme: Scheme, at: Instant) -> AsyncGenerator[Finding]:
    """Compare the clocks of the calendars' zones: where Asterisk does not know a zone, the fallback's hours are UTC."""
    for zone in sorted({calendar.timezone for calendar in scheme.calendars.values()}):
        ours = datetime.fromtimestamp(int(at), ZoneInfo(zone)).strftime(SHOWN)
        theirs = await asked.read(f"STRFTIME({int(at)},{zone},{SHOWN})")
        seen = f"Asterisk's clock shows {theirs}"
        yield ZONE.ok(seen, zone=zone) if ours == theirs else ZONE.fault("other", seen, zone=zone)


async def phones(asked: Asked, scheme: Scheme, endpoints: Mapping[str, str] | None) -> AsyncGenerator[Finding]:
    """Look for each person's phones among Asterisk's endpoints, by name, and for their contacts.

    `endpoints`: the state of each; None: the console does not show them.
    """
    for person in scheme.people.values():
        for phone in person.phones:
            which, seen = await _phone(asked, phone, endpoints)
            names = {"phone": phone, "person": person.id}
            yield PHONE.ok(seen, **names) if which == "ok" else PHONE.fault(which, seen, **names)


async def _phone(asked: Asked, phone: str, endpoints: Mapping[str, str] | None) -> tuple[str, str]:
    technology, _, resource = phone.partition("/")
    if technology == "Local":
        number, _, context = resource.partition("/")[0].partition("@")
        is_there = await asked.has_extension(context or "default", number)
        return ("ok", "the dialplan knows it") if is_there else ("none", "the dialplan does not know it")
    if technology != "PJSIP":
        state = (endpoints or {}).get(phone)
        return ("foreign", f"Asterisk shows no {technology}") if state is None else judge(state, None)
    if "@" in resource:
        return judge(await _state(asked, resource.rpartition("@")[2], endpoints), None)
    contacts = await asked.read(f"PJSIP_DIAL_CONTACTS({resource})")
    return judge(await _state(asked, resource, endpoints), contacts.count("&") + 1 if contacts else 0)


async def _state(asked: Asked, resource: str, endpoints: Mapping[str, str] | None) -> str | None:
    """Return a PJSIP endpoint's state, None where there is none; the console only knows that there is one."""
    if endpoints is not None:
        return endpoints.get(f"PJSIP/{resource}")
    return "state unknown" if await asked.read(f"PJSIP_ENDPOINT({resource},context)") else None


def judge(state: str | None, contacts: int | None) -> tuple[str, str]:
    """Return how an endpoint is, and what is seen; None: there is no such one, its contacts are not ours to count."""
    if state is None:
        return "none", "Asterisk has no such endpoint"
    seen = f"contacts: {contacts}, {state}" if contacts else "contacts: 0" if contacts == 0 else state
    if contacts == 0:
        return "gone", seen
    return ("silent" if state == "offline" else "ok"), seen
