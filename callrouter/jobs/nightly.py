"""
The nightly export by itself: an edition of each business date, made once however many workers there are, and sent.

The run's row is the lease. What is made, the messages and the end of the run are one transaction: somebody killed in
the middle leaves nothing, and who comes after him begins anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import structlog

from callrouter.core.errors import AwayError, CallrouterError
from callrouter.jobs.due import EXPORT, REVIEW, due_dates
from callrouter.jobs.night import night
from callrouter.ledger.nightly import newest
from callrouter.report.content import content
from callrouter.report.edition import Edition, digest, edition, own_edition
from callrouter.routing.receivers import receivers
from callrouter.routing.scheme import parse
from callrouter.store import editions, outbox, runs, schemes
from callrouter.store.outbox import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.report.night import Night
    from callrouter.routing.receivers import Receiver
    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database

REVIEWED = 7
"""Days that are looked at again."""
TERM = 15.0
"""Seconds after which what a dead worker has begun is another's."""
KEEP_EVERY = 4.0
AGAIN_AFTER, AGAIN_AT_MOST = 30.0, 3600.0
"""Seconds until a run that failed is tried again, so many times its tries."""
LATEST = 1.0
"""Seconds since a call's end, before which its row or its record may yet come."""
COMPANY = "company"

log = structlog.get_logger()


class LostClaimError(CallrouterError):
    """The run is another's by now: nothing of ours is kept."""


@dataclass(frozen=True, slots=True)
class Made:
    """An edition that was made and sent."""

    date: date
    number: int
    receivers: int


class Nightly:
    """Makes what is due."""

    def __init__(self, database: Database, word: str, now: Callable[[], Instant]) -> None:
        """`word` is this worker's own, different from every other's."""
        self._database = database
        self._word = word
        self._now = now
        self.made: list[Made] = []

    async def run(self) -> None:
        """Make the export of every date that is due, oldest first, then look at the last ones again."""
        async with self._database.reading() as connection:
            scheme = await _scheme(connection)
            if scheme is None or not scheme.report.to:
                return
            dates = await due_dates(connection, scheme, self._now())
        for one in dates:
            await self._once(EXPORT, one, scheme)
        await self._once(REVIEW, newest(self._now(), scheme.report.at, scheme.timezone), scheme)

    async def _once(self, job: str, of: date, scheme: Scheme) -> None:
        """Do a run, if nobody else does or has; a fault in it costs this date another try, not the others theirs."""
        async with self._database.writing() as connection:
            now = self._now()
            if not await runs.begin(connection, job, of, self._word, now, now + TERM):
                return
        keeping = asyncio.create_task(self._keep(job, of))
        try:
            await (self._export(of, scheme) if job == EXPORT else self._review(of, scheme))
        except AwayError:
            raise
        except LostClaimError as lost:
            log.warning("somebody else has made it meanwhile", why=str(lost))
        except Exception as error:
            log.exception("an export cannot be made", date=str(of), job=job)
            await self._fail(job, of, type(error).__name__)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep(self, job: str, of: date) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY)
            async with self._database.writing() as connection:
                await runs.keep(connection, job, of, self._word, self._now() + TERM)

    async def _fail(self, job: str, of: date, error: str) -> None:
        async with self._database.writing() as connection:
            tries = await runs.tries(connection, job, of)
            again = self._now() + min(AGAIN_AFTER * tries, AGAIN_AT_MOST)
            await runs.fail(connection, job, of, self._word, error, again)

    async def _export(self, of: date, scheme: Scheme) -> None:
        known = await self._known(of, scheme)
        letters = await self._letters(known, scheme, 1)
        async with self._database.writing() as connection:
            await self._finish(connection, EXPORT, of)
            put = await self._send(connection, known, scheme, letters, 1)
        self._told(of, 1, put)

    async def _review(self, last: date, scheme: Scheme) -> None:
        """Make another edition of each of the last dates of which other things are known than when it was made."""
        for ago in range(REVIEWED, -1, -1):
            await self._look_again(last, last - timedelta(days=ago), scheme)
        async with self._database.writing() as connection:
            await self._finish(connection, REVIEW, last)

    async def _look_again(self, run: date, of: date, scheme: Scheme) -> None:
        async with self._database.reading() as connection:
            before = await editions.latest(connection, of, COMPANY)
        if before is None:
            return
        known = await self._known(of, scheme)
        if digest(known) == before.digest:
            return
        number = before.number + 1
        letters = await self._letters(known, scheme, number)
        async with self._database.writing() as connection:
            if not await runs.keep(connection, REVIEW, run, self._word, self._now() + TERM):
                raise LostClaimError(f"the review of {run} is another's")
            put = await self._send(connection, known, scheme, letters, number)
        self._told(of, number, put)

    async def _known(self, of: date, scheme: Scheme) -> Night:
        async with self._database.reading() as connection:
            return await night(connection, of, scheme.timezone, self._now() - LATEST)

    async def _letters(self, known: Night, scheme: Scheme, number: int) -> Sequence[tuple[str, Edition]]:
        """Return whose editions there are; made beside the loop, which has the claim to keep."""
        return await asyncio.to_thread(lambda: list(_editions(known, scheme, number)))

    async def _send(
        self,
        connection: AsyncConnection,
        known: Night,
        scheme: Scheme,
        letters: Sequence[tuple[str, Edition]],
        number: int,
    ) -> int:
        """Keep the editions of a date and put them into the outbox; return for how many receivers."""
        now, of, put = self._now(), known.date.isoformat(), 0
        for whose, letter in letters:
            if whose != COMPANY and await _is_the_same(connection, known.date, whose, letter):
                continue  # what became known is nothing to him
            kept = editions.Edition(of, whose, number, scheme.report.language, now, known.period.end, digest(known))
            key = await editions.add(connection, kept, (editions.EditionFile(*file) for file in letter.files))
            to = [one.to for one in receivers(scheme) if whose_of(one) == whose]
            messages = [
                Message(f"{EXPORT}/{of}/{number}/{one}", EXPORT, one, letter.subject, letter.text, None, key)
                for one in to
            ]
            put += await outbox.put(connection, messages, now)
        return put

    async def _finish(self, connection: AsyncConnection, job: str, of: date) -> None:
        if not await runs.finish(connection, job, of, self._word, self._now()):
            raise LostClaimError(f"the {job} of {of} is another's")

    def _told(self, of: date, number: int, put: int) -> None:
        self.made.append(Made(of, number, put))
        log.info("an export is made", date=str(of), edition=number, receivers=put)


def whose_of(receiver: Receiver) -> str:
    """Return whose edition somebody gets: the company's, or `person:KEY`."""
    return COMPANY if receiver.part == "company" else f"person:{receiver.person}"


def _editions(known: Night, scheme: Scheme, number: int) -> Iterator[tuple[str, Edition]]:
    """Make the company's edition, and those of the people who get their own."""
    report, found = scheme.report, content(known)
    yield COMPANY, edition(found, report.formats, report.language, number, mask=report.mask)
    for person in dict.fromkeys(one.person for one in receivers(scheme) if one.part != "company"):
        if person is not None:
            yield f"person:{person}", own_edition(found, person, report.language, number, mask=report.mask)


async def _is_the_same(connection: AsyncConnection, of: date, whose: str, letter: Edition) -> bool:
    """Whether somebody's last edition of a date has these very contents."""
    before = await editions.newest_files(connection, of, whose)
    return [one.content for one in before] == [content for _, _, content in letter.files]


async def _scheme(connection: AsyncConnection) -> Scheme | None:
    revision = await schemes.current(connection)
    return None if revision is None else parse(revision.document, f"revision {revision.revision}")
