"""Who has to answer when a call comes: the CRM, and the router to dialplans of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import monotonic
from urllib.parse import urlsplit

from callrouter.agi import probe
from callrouter.doctor.finding import Check, Finding, fail, warn
from callrouter.lookup.answer import WrongAnswerError
from callrouter.lookup.crm import ANSWER_AT_MOST, Crm, CrmAwayError
from callrouter.settings import Settings

ASKED_FOR = "+70000000000"
"""Nobody's number, for which the CRM is asked."""
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
    "A router answers at AGI_BIND; no line where that is off.",
    {
        "silent": fail("restart it; meanwhile each call of callrouter-agi.conf waits for its guard"),
        "nobody": warn("callrouter serve, or AGI_BIND=off"),
        "another": fail("set AGI_BIND to a free port, or off"),
    },
)
CHECKS = (LOOK_UP, AGI)


async def look_up(told: Settings) -> AsyncIterator[Finding]:
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


async def agi(told: Settings) -> AsyncIterator[Finding]:
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
        yield (
            AGI.ok(f"a router answers at {where}") if is_ours else AGI.fault("another", f"another program has {where}")
        )
