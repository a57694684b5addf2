"""What is in the outbox goes out: each message is tried again, ever more seldom, until it arrived or is given up."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import structlog

from callrouter.core.errors import AwayError
from callrouter.delivery.letter import File, Letter, NotTakenError, RefusedError, one_line
from callrouter.store import editions, outbox
from callrouter.store.outbox import DEAD, DELIVERED, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.store.database import Database
    from callrouter.store.outbox import Claimed

WAITS = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 14_400, 14_400)
"""Seconds until the next attempt, after each that failed; after the last of them a message is given up: 16 hours."""
TERM = 15.0
"""Seconds after which what a dead sender had in hand is another's."""
KEEP_EVERY = 4.0
AT_ONCE = 8
"""Messages in hand: one dead host does not hold up the others."""
LOOK_EVERY = 1.0
"""Seconds after which there may be something new to do while others are in hand."""
WRITE_EVERY = 0.5
"""Seconds between two attempts to write down what became of a message."""

log = structlog.get_logger()


class Carrier(Protocol):
    """What takes a letter where it belongs; raises NotTakenError or RefusedError."""

    async def deliver(self, to: str, letter: Letter, now: Instant) -> None:
        """Deliver a letter."""


class Sender:
    """Delivers what is due."""

    def __init__(self, database: Database, carrier: Carrier, word: str, now: Callable[[], Instant]) -> None:
        """`word` is this sender's own, different from every other's."""
        self._database = database
        self._carrier = carrier
        self._word = word
        self._now = now
        self._in_hand: set[asyncio.Task[None]] = set()
        self.done: Counter[str] = Counter()
        """How many messages were delivered, are given up (dead), or wait for another attempt."""

    async def run(self) -> None:
        """Deliver until nothing is due any more."""
        keeping = asyncio.create_task(self._keep())
        try:
            await self._run()
        finally:
            left = {keeping, *self._in_hand}
            for one in left:
                one.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            claimed = await self._claim(AT_ONCE - len(self._in_hand))
            self._in_hand |= {asyncio.create_task(self._deliver(one)) for one in claimed}
            if not self._in_hand:
                return
            done, self._in_hand = await asyncio.wait(
                self._in_hand, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            for one in done:
                one.result()

    async def _claim(self, most: int) -> tuple[Claimed, ...]:
        if most == 0:
            return ()
        async with self._database.writing() as connection:
            now = self._now()
            return await outbox.claim(connection, self._word, now, now + TERM, most)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            with suppress(AwayError):
                async with self._database.writing() as connection:
                    await outbox.keep(connection, self._word, self._now() + TERM)

    async def _deliver(self, claimed: Claimed) -> None:
        state, error = await self._attempt(claimed)
        self.done[state] += 1
        if error is not None:
            kind, to = claimed.message.kind, shown(claimed.message.to)
            log.warning("a message did not arrive", id=claimed.id, kind=kind, to=to, state=state, why=error)
        await self._write_down(claimed, state, error)

    async def _attempt(self, claimed: Claimed) -> tuple[str, str | None]:
        """Return what becomes of a message, and why."""
        is_last = claimed.attempts > len(WAITS)
        if claimed.attempts > len(WAITS) + 1:
            return DEAD, "whoever delivers it dies of it, or is killed each time"
        try:
            await self._carrier.deliver(claimed.message.to, await self._letter(claimed), self._now())
        except RefusedError as error:
            return DEAD, one_line(str(error))
        except (NotTakenError, AwayError) as error:
            return DEAD if is_last else WAITING, one_line(str(error))
        except Exception as error:  # a message that nobody can send must not hold up the others
            log.exception("a message cannot be sent", id=claimed.id)
            return DEAD if is_last else WAITING, type(error).__name__
        return DELIVERED, None

    async def _letter(self, claimed: Claimed) -> Letter:
        message = claimed.message
        files: tuple[File, ...] = ()
        if message.edition is not None:
            async with self._database.reading() as connection:
                kept = await editions.files(connection, message.edition)
            files = tuple(File(one.name, one.media_type, one.content) for one in kept)
        html = message.html or next(_pages(files), None)
        return Letter(message.key, message.kind, message.subject, message.text, html, claimed.put_at, files)

    async def _write_down(self, claimed: Claimed, state: str, error: str | None) -> None:
        """Write down what became of it; while the database is away it is tried for as long as the message is ours."""
        give_in = self._now() + TERM
        while True:
            try:
                async with self._database.writing() as connection:
                    await self._settle(connection, claimed, state, error)
            except AwayError:
                if self._now() > give_in:
                    raise
                await asyncio.sleep(WRITE_EVERY)
            else:
                return

    async def _settle(self, connection: AsyncConnection, claimed: Claimed, state: str, error: str | None) -> None:
        now = self._now()
        if state == DELIVERED:
            await outbox.delivered(connection, claimed.id, self._word, now)
        elif state == DEAD:
            await outbox.give_up(connection, claimed.id, self._word, error or "", now)
        else:
            due = now + WAITS[claimed.attempts - 1]
            await outbox.again(connection, claimed.id, self._word, error or "", due)


def shown(to: str) -> str:
    """Return a receiver as it may be shown: what follows a web hook's host is often a secret."""
    kind, _, address = to.partition(":")
    if kind != "hook":
        return to
    scheme, _, rest = address.partition("://")
    return f"hook:{scheme}://{rest.partition('/')[0].partition('?')[0]}/…"


def _pages(files: tuple[File, ...]) -> Iterator[str]:
    return (one.content.decode("utf-8", "replace") for one in files if one.media_type == "text/html")
