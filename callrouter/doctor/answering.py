"""Who has to answer: the CRM, the router to dialplans of one's own and to whoever asks how it is."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from ipaddress import ip_address
from time import monotonic
from urllib.parse import urlsplit

import aiohttp

from callrouter.agi import probe
from callrouter.doctor.finding import Check, Finding, fail, warn
from callrouter.lookup.answer import WrongAnswerError
from callrouter.lookup.crm import ANSWER_AT_MOST, Crm, CrmAwayError
from callrouter.settings import Settings

ASKED_FOR = "+70000000000"
"""Nobody's number, for which the CRM is asked."""
HEALTH_AT_MOST = 3.0
"""Seconds the router has to say how it is."""
MOST = 10_000
"""Bytes that are read of what it says."""
LOOK_UP = Check(
    "look-up",
    "The CRM answers as docs/operations.md says; no line without LOOKUP_URL.",
    {
        "wrong": fail("let it answer as docs/operations.md says"),
        "away": fail(
            f"a call waits {ANSWER_AT_MOST:g} s for it at most: correct LOOKUP_URL or LOOKUP_TOKEN, or make it quicker"
        ),
    },
)
AGI = Check(
    "agi",
    "A router answers at AGI_BIND, and only this host reaches it: AGI knows no password. No line where it is off.",
    {
        "silent": fail("restart it; meanwhile each call of callrouter-agi.conf waits for its guard"),
        "nobody": warn("callrouter serve, or AGI_BIND=off"),
        "another": fail("set AGI_BIND to a free port, or off"),
        "open": warn("AGI_BIND=127.0.0.1:PORT, or let a firewall pass Asterisk's host only"),
    },
)
HEALTH = Check(
    "health",
    "The router says at HTTP_BIND that it is well, and only this host reaches it; no line where that is off.",
    {
        "ill": warn("do what it says; docs/operations.md, Health"),
        "silent": fail("restart it"),
        "nobody": warn("callrouter serve, or HTTP_BIND=off"),
        "another": fail("set HTTP_BIND to a free port, or off"),
        "open": warn("HTTP_BIND=127.0.0.1:PORT, or let a firewall pass the monitoring's host only"),
    },
)
CHECKS = (LOOK_UP, AGI, HEALTH)


async def look_up(told: Settings) -> AsyncGenerator[Finding]:
    """Ask the CRM as a call would."""
    if told.lookup_url is None:
        return
    where = urlsplit(told.lookup_url).netloc
    begun = monotonic()
    try:
        async with Crm(told.lookup_url, told.token()) as crm:
            await crm.ask(told.lookup_url, ASKED_FOR)
    except WrongAnswerError as wrong:
        yield LOOK_UP.fault("wrong", f"{where} answers, but {wrong}")
    except CrmAwayError as away:
        yield LOOK_UP.fault("away", f"{where}: {away}")
    else:
        yield LOOK_UP.ok(f"{where} answers in {(monotonic() - begun) * 1000:.0f} ms")


async def agi(told: Settings) -> AsyncGenerator[Finding]:
    """Ask the router as a dialplan of one's own would."""
    if told.agi_bind is None:
        return
    where = f"{told.agi_bind.host}:{told.agi_bind.port}"
    try:
        is_ours = await probe.answers(*told.agi_bind)
    except TimeoutError:
        yield AGI.fault("silent", f"{where} is open, and nobody answers within {probe.ANSWER_AT_MOST:g} s")
    except OSError as error:
        yield AGI.fault("nobody", f"nobody listens at {where} ({error.strerror})")
    else:
        if not is_ours:
            yield AGI.fault("another", f"another program has {where}")
        elif is_guarded(told.agi_bind.host):
            yield AGI.ok(f"a router answers at {where}")
        else:
            yield AGI.fault("open", f"a router answers at {where}, whoever asks")


async def health(told: Settings) -> AsyncGenerator[Finding]:
    """Ask the router how it is."""
    if told.http_bind is None:
        return
    where = f"{told.http_bind.host}:{told.http_bind.port}"
    try:
        patience = aiohttp.ClientTimeout(total=HEALTH_AT_MOST)
        async with aiohttp.ClientSession(timeout=patience) as session, session.get(f"http://{where}/healthz") as page:
            said = json.loads(await page.content.read(MOST))
        yield judge(said, where, is_open=not is_guarded(told.http_bind.host))
    except TimeoutError:
        yield HEALTH.fault("silent", f"{where} is open, and nobody answers within {HEALTH_AT_MOST:g} s")
    except aiohttp.ClientConnectorError as error:
        yield HEALTH.fault("nobody", f"nobody listens at {where} ({error.strerror})")
    except (aiohttp.ClientError, ValueError):
        yield HEALTH.fault("another", f"another program has {where}")


def judge(said: object, where: str, *, is_open: bool) -> Finding:
    """Return what the page of a router's health says."""
    match said:
        case {"ready": True, "app": str(app), "role": str(role)}:
            seen = f"{app} at {where} is {role}"
            return HEALTH.fault("open", f"{seen}, and shows it to everybody") if is_open else HEALTH.ok(seen)
        case {"ready": False, "why": [*why], "app": str(app)}:
            return HEALTH.fault("ill", f"{app} at {where}: {'; '.join(map(str, why))}")
    return HEALTH.fault("another", f"another program has {where}")


def is_guarded(host: str) -> bool:
    """Whether only this host reaches an address that is listened at."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
