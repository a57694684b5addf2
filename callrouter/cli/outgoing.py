"""What `callrouter doctor` says of exports and messages: whether they are made, and whether they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.cli.opening import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.settings import Settings
    from callrouter.store.outbox import Depth

LATE = 900.0
"""Seconds after which what should have been made or delivered is worth a word."""
Said = tuple[str, str, str, str]
"""What was looked at, how it is, what was seen, what to do."""


async def outgoing(connection: AsyncConnection, scheme: Scheme, told: Settings) -> list[Said]:
    """Return what there is to say; nothing where nothing is sent."""
    from callrouter.store import outbox

    at = now()
    found = [*_settings(scheme, told), *_outbox(await outbox.depth(connection), at)]
    if scheme.report.to:
        found.append(await _exports(connection, scheme, at))
    return found


def _settings(scheme: Scheme, told: Settings) -> Iterator[Said]:
    mails = any(one.mail for one in scheme.people.values()) or any(one.startswith("mail:") for one in scheme.report.to)
    for name, value in (("SMTP_URL", told.smtp_url), ("SMTP_FROM", told.smtp_from)):
        if mails and value is None:
            yield "mail", "fail", f"the scheme has mail addresses, but {name} is not set", f"set CALLROUTER_{name}"
    if told.hook_secret is None and any(one.startswith("hook:") for one in scheme.report.to):
        yield "web hooks", "fail", "HOOK_SECRET is not set", "set CALLROUTER_HOOK_SECRET or CALLROUTER_HOOK_SECRET_FILE"


def _outbox(depth: Depth, at: Instant) -> Iterator[Said]:
    if depth.dead:
        mend = "callrouter outbox list --dead says why; then callrouter outbox retry ID, or drop ID"
        yield "outbox", "fail", f"{depth.dead} given up", mend
    if depth.oldest is not None and at - depth.oldest > LATE:
        minutes = round((at - depth.oldest) / 60)
        seen = f"{depth.waiting} not delivered yet, the oldest for {minutes} minutes"
        yield "outbox", "warn", seen, "callrouter outbox list says why; is callrouter serve running?"
    elif not depth.dead:
        yield "outbox", "ok", f"{depth.waiting} on their way" if depth.waiting else "nothing waits", ""


async def _exports(connection: AsyncConnection, scheme: Scheme, at: Instant) -> Said:
    from callrouter.jobs.due import EXPORT, due_dates
    from callrouter.store import runs

    failing = await runs.failing(connection, EXPORT)
    if failing:
        seen = f"{failing[0][0]} cannot be made: {failing[0][1]}"
        return "nightly export", "fail", seen, "callrouter export --deliver tries it again and says more"
    late = await due_dates(connection, scheme, at - LATE)
    if not late:
        return "nightly export", "ok", f"made each day at {scheme.report.at}, all that is due", ""
    dates = f"{late[0]} is" if len(late) == 1 else f"{late[0]} to {late[-1]} are"
    return "nightly export", "warn", f"{dates} not made", "start callrouter serve, or run callrouter export --deliver"
