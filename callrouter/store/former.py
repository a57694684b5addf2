"""What a former life wrote down and did not ship: another worker may have taken its calls over meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select

from callrouter.core.events import CallArrived
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.store.lines import Line

log = structlog.get_logger(__name__)


async def ours(connection: AsyncConnection, lines: Sequence[Line], app: str) -> list[Line]:
    """Return the records of calls that no other worker has: what it has written of them is true, this came too late."""
    told = {line.record.call_id for line in lines if line.record}
    arrived = {
        line.record.event.asterisk_id: line.record.call_id
        for line in lines
        if line.record and isinstance(line.record.event, CallArrived)
    }
    # A call that had not even reached SQL was taken over as a caller whom nobody knew: under another id.
    query = select(calls.c.id, calls.c.asterisk_id).where(
        calls.c.app != app, or_(calls.c.id.in_(told), calls.c.asterisk_id.in_(arrived))
    )
    taken: set[str] = set()
    for found in await connection.execute(query):
        taken |= {found.id, arrived.get(found.asterisk_id, found.id)}
    left = [line for line in lines if line.record and line.record.call_id not in taken]
    if len(left) < len(lines):
        log.warning("journal: records of calls that another worker has", dropped=len(lines) - len(left))
    return left
