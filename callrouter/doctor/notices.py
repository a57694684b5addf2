"""Whether people can be told of lost clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator

from sqlalchemy.ext.asyncio import AsyncConnection

from callrouter.core.words import Instant
from callrouter.doctor.finding import Check, Finding, warn
from callrouter.routing.receivers import addresses
from callrouter.routing.values import Scheme
from callrouter.store import notices

LATE = 120.0
"""Seconds after which a notice that nobody has decided about shows that no worker runs."""
LATELY = 86_400.0
"""Seconds for which it is said that notices reached nobody."""
NOTICES = Check(
    "notices",
    "Somebody is told of each lost client; no line where the scheme wants no notices.",
    {
        "deaf": warn("people.{owner}.mail in the scheme, or [notices] kinds = []"),
        "late": warn("callrouter serve"),
        "unheard": warn("callrouter lost list; mail of people in the scheme"),
    },
)
CHECKS = (NOTICES,)


async def look(connection: AsyncConnection, scheme: Scheme, at: Instant) -> AsyncGenerator[Finding]:
    """Yield what keeps people from being told."""
    if not scheme.notices.kinds:
        return
    found = list(_silent(scheme))
    if late := await notices.overdue(connection, at - LATE):
        found.append(NOTICES.fault("late", f"{late} wait to be told"))
    if unheard := await notices.unreached(connection, at - LATELY):
        found.append(NOTICES.fault("unheard", f"{unheard} of the last 24 h reached nobody"))
    for one in found or [NOTICES.ok("everybody can be told")]:
        yield one


def _silent(scheme: Scheme) -> Iterator[Finding]:
    owner = scheme.company.owner
    if owner is not None and addresses(scheme, owner):
        return
    deaf = [one.id for one in scheme.departments.values() if one.head is None or not addresses(scheme, one.head)]
    if deaf:
        seen = f"neither head nor owner has a mail, who is told of lost clients: {', '.join(deaf)}"
        yield NOTICES.fault("deaf", seen, owner=owner or "KEY")
