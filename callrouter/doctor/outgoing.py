"""Exports and messages: whether they are made, and whether they arrive."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.words import Instant
from callrouter.doctor.finding import Check, Finding, fail, warn
from callrouter.jobs.due import EXPORT, due_dates
from callrouter.routing.values import Scheme
from callrouter.settings import Settings
from callrouter.store import outbox, runs

LATE = 900.0
"""Seconds after which what should have been made or delivered is worth a word."""
MAIL = Check(
    "mail",
    "Where the scheme has mail addresses, mail can be handed in; a line only where it cannot.",
    {"unset": fail("set CALLROUTER_{name}")},
)
HOOKS = Check(
    "web hooks",
    "Where the scheme has web hooks, posts can be signed; a line only where they cannot.",
    {"unset": fail("set CALLROUTER_HOOK_SECRET or CALLROUTER_HOOK_SECRET_FILE")},
)
OUTBOX = Check(
    "outbox",
    "Exports and notices arrive.",
    {
        "dead": fail("callrouter outbox list --dead says why; then callrouter outbox retry ID, or drop ID"),
        "late": warn("callrouter outbox list says why; is callrouter serve running?"),
    },
)
NIGHTLY = Check(
    "nightly export",
    "Every date that is due was made; no line where the scheme sends it to nobody.",
    {
        "failing": fail("callrouter export --deliver tries it again and says more"),
        "late": warn("start callrouter serve, or run callrouter export --deliver"),
    },
)
CHECKS = (MAIL, HOOKS, OUTBOX, NIGHTLY)


async def look(connection: AsyncConnection, scheme: Scheme, told: Settings, at: Instant) -> AsyncGenerator[Finding]:
    """Yield how exports and messages fare; nothing of what is not sent."""
    for one in (*_settings(scheme, told), *_outbox(await outbox.depth(connection), at)):
        yield one
    if scheme.report.to:
        yield await _exports(connection, scheme, at)


def _settings(scheme: Scheme, told: Settings) -> Iterator[Finding]:
    mails = any(one.mail for one in scheme.people.values()) or any(one.startswith("mail:") for one in scheme.report.to)
    for name, value in (("SMTP_URL", told.smtp_url), ("SMTP_FROM", told.smtp_from)):
        if mails and value is None:
            yield MAIL.fault("unset", f"the scheme has mail addresses, but {name} is not set", name=name)
    if told.hook_secret is None and any(one.startswith("hook:") for one in scheme.report.to):
        yield HOOKS.fault("unset", "HOOK_SECRET is not set")


def _outbox(depth: outbox.Depth, at: Instant) -> Iterator[Finding]:
    if depth.dead:
        yield OUTBOX.fault("dead", f"{depth.dead} given up")
    if depth.oldest is not None and at - depth.oldest > LATE:
        minutes = round((at - depth.oldest) / 60)
        yield OUTBOX.fault("late", f"{depth.waiting} not delivered yet, the oldest for {minutes} minutes")
    elif not depth.dead:
        yield OUTBOX.ok(f"{depth.waiting} on their way" if depth.waiting else "nothing waits")


async def _exports(connection: AsyncConnection, scheme: Scheme, at: Instant) -> Finding:
    failing = await runs.failing(connection, EXPORT)
    if failing:
        return NIGHTLY.fault("failing", f"{failing[0][0]} cannot be made: {failing[0][1]}")
    late = await due_dates(connection, scheme, at - LATE)
    if not late:
        made = max(await runs.finished(connection, EXPORT, date.min), default=None)
        last = "" if made is None else f"; the last: {made}"
        return NIGHTLY.ok(f"made each day at {scheme.report.at}, all that is due{last}")
    dates = f"{late[0]} is" if len(late) == 1 else f"{late[0]} to {late[-1]} are"
    return NIGHTLY.fault("late", f"{dates} not made")
