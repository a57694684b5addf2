"""Who has to be told of something is told: letters go into the outbox, by whichever worker looks first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from callrouter.core.errors import CallrouterError
from callrouter.jobs.letters import messages
from callrouter.report.notice import prepare
from callrouter.routing.notices import GATHER, Addressee, addressee, gathered, is_neglected
from callrouter.routing.values import Notice
from callrouter.store import notices, outbox, worklist

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.routing.values import Scheme
    from callrouter.routing.worklist import LostClient
    from callrouter.store.database import Database
    from callrouter.store.notices import Waiting

EVERY = 1.0
"""Seconds between two looks whether there is something to tell."""
SEARCH_EVERY = 10.0
"""Seconds between two looks through the open tasks, whom nobody calls back."""
RETRY = 5.0
"""Seconds after a fault."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done with the notices that wait, by the scheme and the hour."""

    over: tuple[int, ...]
    off: tuple[int, ...]
    letters: tuple[tuple[tuple[Waiting, ...], Addressee], ...]

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.over or self.off or self.letters)


class Notices:
    """Tells people of what happened. Any number of workers may: each thing is told once."""

    def __init__(self, database: Database, scheme: Callable[[], Scheme | None], now: Callable[[], Instant]) -> None:
        """Do nothing yet; `scheme`: the one in force."""
        self._database = database
        self._scheme = scheme
        self._now = now
        self._searched_at = 0.0

    async def run(self) -> None:
        """Tell for ever, until cancelled; what goes wrong is said once, and tried again."""
        said = ""
        await asyncio.to_thread(prepare)  # no call waits for it
        while True:
            try:
                await self.tell()
                said = ""
            except CallrouterError as error:
                if said != str(error):
                    said = str(error)
                    log.warning("notices are not told, trying again", why=said)
                await asyncio.sleep(RETRY)
            except Exception:  # nothing that a letter is made of may end the worker
                log.exception("notices are not told, trying again")
                await asyncio.sleep(RETRY)
            await asyncio.sleep(EVERY)

    async def tell(self) -> int:
        """Tell what is to be told now; return how many letters that were."""
        scheme, now = self._scheme(), self._now()
        if scheme is None:
            return 0
        searches = abs(now - self._searched_at) >= SEARCH_EVERY
        async with self._database.reading() as connection:  # nobody is kept from writing while there is nothing to do
            found = await _neglected(connection, scheme, now) if searches else ()
            self._searched_at = now if searches else self._searched_at
            if not found and not await _plan(connection, scheme, now):
                return 0
        async with self._database.writing() as connection:
            if not await notices.alone(connection):
                return 0
            await notices.neglected(connection, found, now)
            return await _carry_out(connection, await _plan(connection, scheme, now), scheme, now)


async def _neglected(connection: AsyncConnection, scheme: Scheme, now: Instant) -> tuple[LostClient, ...]:
    """Return the lost clients of whom the head is to be told from now on."""
    if Notice.WAITING not in scheme.notices.kinds:
        return ()
    found = await notices.unnoticed(connection, now - scheme.notices.head_after * 60)
    return tuple(one for one in found if is_neglected(one, scheme, now))


async def _plan(connection: AsyncConnection, scheme: Scheme, now: Instant) -> _Plan:
    found = await notices.waiting(connection, now)
    over = tuple(one.id for one in found if one.cause.is_over)
    off = tuple(one.id for one in found if not one.cause.is_over and one.cause.kind not in scheme.notices.kinds)
    wanted = {one.id: one for one in found if one.id not in {*over, *off}}
    decided = {one.id: (one.cause.kind, addressee(scheme, one.cause, now)) for one in wanted.values()}
    told = await notices.told_since(connection, now - GATHER) if decided else {}
    letters = tuple(
        (tuple(wanted[one] for one in some), _together([decided[one][1] for one in some]))
        for some in gathered(decided, told, now)
    )
    return _Plan(over, off, letters)


def _together(ways: Sequence[Addressee]) -> Addressee:
    """Return whom a letter is for, and for whom else the things in it were meant."""
    return Addressee(ways[0].person, tuple(dict.fromkeys(passed for way in ways for passed in way.passed)))


async def _carry_out(connection: AsyncConnection, plan: _Plan, scheme: Scheme, now: Instant) -> int:
    await notices.settle(connection, plan.over, "over", now)
    await notices.settle(connection, plan.off, "off", now)
    for found, to in plan.letters:
        await _send(connection, found, to, scheme, now)
    return sum(to.person is not None for _, to in plan.letters)


async def _send(
    connection: AsyncConnection, found: Sequence[Waiting], to: Addressee, scheme: Scheme, now: Instant
) -> None:
    """Put a letter into the outbox, and settle what it tells of in the same transaction."""
    numbers = tuple(one.id for one in found)
    if to.person is None:
        log.warning("nobody can be told: none of them has a mail", kind=found[0].cause.kind.value, notices=len(found))
        await notices.settle(connection, numbers, "nobody", now, to)
        return
    lost = await worklist.lost_calls(connection, [one.cause.client for one in found if one.cause.client is not None])
    missed = {task: [person for call in calls for person in call.missed_by] for task, calls in lost.items()}
    letters = list(messages(scheme, found, to.person, to.passed, missed))
    await outbox.put(connection, letters, now)
    await notices.settle(connection, numbers, "told", now, to, letters[0].key)
