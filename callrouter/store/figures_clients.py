"""The second ledger: how many numbers called, who was lost and what became of him; dates put together, and the rest.

`ledger.clients` is the definition. Dates in a row are added up (`figures_episodes.py`); what a period has beside them,
and what has happened since the last of them, is told number by number, for those whom it concerns.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from callrouter.ledger.callback import Delay
from callrouter.ledger.clients import Fate
from callrouter.ledger.figure import share
from callrouter.ledger.period import MICRO, Period, date_at, midnight
from callrouter.ledger.tally import SHORT
from callrouter.store import days, figures_callers
from callrouter.store.figures_calls import LOST as IS_LOST, counted
from callrouter.store.figures_clocks import Clocks
from callrouter.store.figures_contacts import contacts, events_of, events_with, maybe_lost
from callrouter.store.figures_episodes import (
    CODES,
    COMPANIONS,
    DELAYS,
    HOWS,
    LATELY,
    LOST,
    coded,
    follow,
    value,
)
from callrouter.store.tables_days import days as kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant
    from callrouter.ledger.callback import HoursOf
    from callrouter.store.figures_contacts import Contacts
    from callrouter.store.figures_episodes import Document, Event, Settling

_EVER = coded(0, Delay.NEVER)
_NOBODY = [0] * (COMPANIONS + 1)


async def block(
    connection: AsyncConnection, period: Period, hours: HoursOf, until: Instant | None
) -> dict[str, object]:
    """Return the figures, without those of calls that have no number, by what is known up to an instant (None: all)."""
    row = await days.in_a_row(connection, period, until)
    found = _Clients(period, row, Clocks(hours, period.timezone))
    await found.add_up(connection)
    await found.tell_the_rest(connection)
    return found.block(await _callers(connection, period, row.added, found.callers))


class _Clients:
    """Who was lost in a period, by what became of him."""

    def __init__(self, period: Period, row: days.Row, clocks: Clocks) -> None:
        self.callers = list(_NOBODY)
        self._period, self._row, self._clocks = period, row, clocks
        self._codes = [0] * CODES
        self._hours: dict[Settling, int] = {}
        """What the hours of lines have to tell: first by value, as most that one date adds a later one takes away."""
        self._open = [0] * COMPANIONS

    async def add_up(self, connection: AsyncConnection) -> None:
        """Take what is kept of dates in a row, and of those after them."""
        added = self._row.added
        if added is None:
            return
        first, end = (date_at(at, added.timezone).toordinal() for at in (added.start, added.end))
        settled = kept.c.settled, kept.c.settled_late
        async for found in _kept(connection, added, kept.c.clients, *settled):
            for place, number in enumerate(figures_callers.first(found["clients"]["callers"], first)):
                self.callers[place] += number
            for document in found.values():
                self._take(document, first, end)
        lately, later = _parted(self._row.since)
        for period, columns in ((lately, settled), (later, settled[1:])):
            async for found in _kept(connection, period, *columns):
                for column in columns:
                    self._take(found[column.name], first, end)

    def _take(self, document: Document, first: int, end: int) -> None:
        for of, since, one, number in document["codes"]:
            if of >= end:  # the oldest come first
                break
            if since < first <= of:
                self._codes[one] += number
        for of, since, one, number in document["hours"]:
            if of >= end:
                break
            if since < first <= of:
                self._count(tuple(one), number)
        for of, since, place, number in document.get("open", ()):
            if of >= end:
                break
            if since < first <= of:
                self._open[place] += number

    async def tell_the_rest(self, connection: AsyncConnection) -> None:
        """Take those whom it concerns that the period is not the dates in a row, and that more has happened since."""
        period, row = self._period, self._row
        numbers: set[str] = set()
        for one in row.beside:
            numbers.update(await events_of(connection, counted(one), IS_LOST))
        if row.added is not None and row.last is not None:
            numbers.update(await maybe_lost(connection, row.last))
        events = await events_with(connection, numbers, period.start, row.until)
        for those in events.values():
            self._add(those, period, row.until, 1)
            if row.added is not None:
                self._add(those, row.added, row.since.end, -1)

    def _add(self, events: Iterable[Event], period: Period, until: Instant, number: int) -> None:
        """Count what became of a client in a period, by what was known at an instant."""
        start, end, known = (round(at * MICRO) for at in (period.start, period.end, until))
        episode = None
        for one in events:
            if start <= one[0] < (end if one[1] == LOST else known):
                episode = follow(episode, one, 1)
        if episode is None:
            return
        entry = episode.entries[0]
        found = value(entry, episode.how, period.timezone)
        if isinstance(found, int):
            self._codes[found] += number
        else:
            self._count(found, number)
        for place, since in enumerate(entry.companions):
            if since is not None and not episode.how:
                self._open[place] += number

    def _count(self, one: Settling, number: int) -> None:
        if left := self._hours.get(one, 0) + number:
            self._hours[one] = left
        else:
            self._hours.pop(one, None)

    def _all_codes(self) -> list[int]:
        found = list(self._codes)
        for one, number in self._hours.items():
            found[self._clocks.code(one)] += number
        return found

    def block(self, callers: list[int]) -> dict[str, object]:
        """Return the figures."""
        fates, delays, codes = dict.fromkeys(Fate, 0), dict.fromkeys(DELAYS, 0), self._all_codes()
        for code, number in enumerate(codes):
            how, place = divmod(code, len(DELAYS))
            delays[DELAYS[place]] += number
            fates[HOWS[how] if how else Fate.IGNORED if code == _EVER else Fate.ATTEMPTED] += number
        lost = fates[Fate.IGNORED] + fates[Fate.ATTEMPTED]
        every, in_hours, is_long = callers
        return {
            **_rate(every, lost),
            "with_lost_call": sum(codes),
            **{fate.value: number for fate, number in fates.items()},
            "called_back": {one.value: delays[one] for one in Delay},
            "without_number": None,
            "working_hours": _rate(in_hours, self._open[0]),
            "without_short": {"under_seconds": SHORT, **_rate(is_long, self._open[1])},
        }


def _parted(since: Period) -> tuple[Period, Period]:
    """Return the dates after some, of which the second ones tell apart what became of those long ago."""
    zone = since.timezone
    at = min(midnight(date_at(since.start, zone) + timedelta(days=LATELY), zone), since.end)
    return Period(since.start, at, zone), Period(at, since.end, zone)


async def _kept(connection: AsyncConnection, period: Period, *columns: Any) -> AsyncIterator[Contacts]:
    """Yield what is kept of each date of a period; what is not is told from the calls."""
    async for piece in days.pieces(connection, period, *columns):
        if piece.kept is not None:
            yield piece.kept
            continue
        for one in days.dates(piece.period):
            yield await contacts(connection, one)


async def _callers(connection: AsyncConnection, period: Period, added: Period | None, found: list[int]) -> list[int]:
    """Return by kind how many numbers called in the period, where `found` did in the dates that were added up."""
    nothing = Period(period.start, period.start, period.timezone)
    if added is None:
        return await figures_callers.others(connection, period, nothing)
    start, end = added.start, added.end
    parts = [
        (1, Period(period.start, start, period.timezone), added),
        (1, Period(end, max(end, period.end), period.timezone), Period(period.start, end, period.timezone)),
        (-1, Period(period.end, max(end, period.end), period.timezone), period),
    ]
    made = list(found)
    for sign, one, than in parts:
        if one.start < one.end:
            for place, number in enumerate(await figures_callers.others(connection, one, than)):
                made[place] += sign * number
    return made


def _rate(clients: int, lost: int) -> dict[str, object]:
    return {"clients": clients, "lost": lost, "lcr": share(lost, clients)}
