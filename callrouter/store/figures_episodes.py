"""How a client was lost and what became of him, told so that dates can be added up.

`ledger.clients` is the definition. An episode begins with a lost call and ends when he and somebody of ours talk. In a
period its last episode stands for a client, from the first date of it in the period on. So each date on which he was
lost says once what became of him if the period begins there, and a date says of those before it what has changed:

- who was lost on it: what became of him by its end, and since when else his episode would have begun;
- who was lost before an episode that begins on it: that he does not count with that one any more (only in a period
  that has this date too: `lost`);
- who was called, or talked to, since: that he was what he was before, less, and what he is now (`settled`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from callrouter.ledger.callback import WITHIN, Delay, passed
from callrouter.ledger.clients import Fate
from callrouter.ledger.period import MICRO, date_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Event = tuple[int, int, int, str, bool, bool, bool]
"""Microseconds, what, when it ended, its line, whether out of hours, whether he left at once, whether they talked."""
LOST, OUT, TALKED = 0, 1, 2
"""What happened, in the order in which it counts if it was at the same instant."""
HOWS: dict[int, Fate] = {1: Fate.RESCUED, 2: Fate.RETURNED}
"""What ended an episode; 0: it goes on."""
RESCUED, RETURNED = 1, 2
DELAYS: tuple[Delay | None, ...] = (*Delay, None)
"""None: he came back before anybody called."""
CODES = (len(HOWS) + 1) * len(DELAYS)
LATELY = 31
"""Dates before one of which it tells apart from those longer ago: a month long ago passes over the rest."""
COMPANIONS = 2
"""Who is lost within hours, and who did not always leave at once."""
Settling = tuple[str, int, int, bool, int]
"""Line, end of the call, first attempt, out of hours, what ended it: the hours of the line tell how soon that was."""
Document = dict[str, list[Any]]
"""What JSON keeps of numbers by date, the date before, and value: the oldest dates first."""
Value = int | Settling
"""What became of somebody: a code, or what the hours make one of."""


@dataclass(slots=True)
class Entry:
    """A date of an episode on which the client was lost, by its first lost call."""

    of: int
    since: int
    """The date before in the same episode; 0: none."""
    at: int
    ended: int
    line: str
    is_closed: bool
    attempt: int | None = None
    """The first after this call."""
    companions: list[int | None] = field(default_factory=lambda: [None] * COMPANIONS)
    """The date before with a lost call of this kind; None: this one has none."""


@dataclass(slots=True)
class Episode:
    """From a lost call on until they talk."""

    entries: list[Entry] = field(default_factory=list)
    how: int = 0


def follow(episode: Episode | None, event: Event, of: int) -> Episode | None:
    """Return the client's last episode after something that happened on a date."""
    at, kind, *_, is_talk = event
    if kind == LOST:
        episode = Episode() if episode is None or episode.how else episode
        _lose(episode, event, of)
    elif episode is not None and not episode.how:
        if kind == OUT:
            for entry in episode.entries:
                if entry.attempt is None and at > entry.at:
                    entry.attempt = at
        if is_talk:
            episode.how = RESCUED if kind == OUT else RETURNED
    return episode


def _lose(episode: Episode, event: Event, of: int) -> None:
    at, _, ended, line, is_closed, is_short, _ = event
    entries = episode.entries
    if not entries or entries[-1].of != of:
        entries.append(Entry(of, entries[-1].of if entries else 0, at, ended, line, is_closed))
    for number, is_one in enumerate((not is_closed, not is_short)):
        if is_one and entries[-1].companions[number] is None:
            former = (one.of for one in reversed(entries[:-1]) if one.companions[number] is not None)
            entries[-1].companions[number] = next(former, 0)


def value(entry: Entry, how: int, timezone: str) -> Value:
    """Return what became of a client whose episode begins here for the period."""
    if entry.attempt is None:
        return coded(how, None if how == RETURNED else Delay.NEVER)
    ended, attempt = entry.ended / MICRO, entry.attempt / MICRO
    is_soon = attempt - ended <= WITHIN[-1][0] or date_at(attempt, timezone) <= date_at(ended, timezone)
    if entry.is_closed or not is_soon:
        return entry.line, entry.ended, entry.attempt, entry.is_closed, how
    return coded(how, passed(ended, attempt, lambda same: same, timezone))


def coded(how: int, late: Delay | None) -> int:
    """Return how it was settled (0: not) and how soon he was called back in one."""
    return how * len(DELAYS) + DELAYS.index(late)


class Told:
    """What a date tells of lost clients, number by number, as JSON keeps it: the oldest dates it tells of first."""

    def __init__(self, of: int, timezone: str) -> None:
        """Tell nothing yet; `of` is the date's ordinal, as all dates here."""
        self._of, self._timezone = of, timezone
        self._lost: Counter[tuple[int, int, Value]] = Counter()
        self._settled: Counter[tuple[int, int, Value]] = Counter()
        self._open: Counter[tuple[int, int, int]] = Counter()

    def tell(self, episode: Episode | None, events: Iterable[Event]) -> None:
        """Take what happened to a number on the date; `episode` is its last one before."""
        was = episode
        before = [] if was is None else [(entry, self._value(entry, was.how)) for entry in was.entries]
        was_open = was is not None and not was.how
        for event in events:
            episode = follow(episode, event, self._of)
        if was is not None:
            self._changed(was, before, was_open=was_open, is_over=episode is not was)
        if episode is not None and episode.entries[-1].of == self._of:
            last = episode.entries[-1]
            self._lost[last.of, last.since, self._value(last, episode.how)] += 1
            if not episode.how:
                self._count_open([last], 1)

    def _changed(self, was: Episode, before: Sequence[tuple[Entry, Value]], *, was_open: bool, is_over: bool) -> None:
        for entry, former in before:
            now = self._value(entry, was.how)
            if now != former:
                self._settled[entry.of, entry.since, former] -= 1
                self._settled[entry.of, entry.since, now] += 1
            if is_over:
                self._lost[entry.of, entry.since, now] -= 1
        if was_open and was.how:
            self._count_open([entry for entry, _ in before], -1)

    def _count_open(self, entries: Iterable[Entry], number: int) -> None:
        for entry in entries:
            for place, since in enumerate(entry.companions):
                if since is not None:
                    self._open[entry.of, since, place] += number

    def _value(self, entry: Entry, how: int) -> Value:
        return value(entry, how, self._timezone)

    def lost(self) -> Document:
        """Return what counts in a period that has this date."""
        return _document(self._lost)

    def settled(self) -> tuple[Document, Document]:
        """Return what has changed for dates lately before it, and its own; and for those longer ago."""
        return self._changes(lambda of: of >= self._of - LATELY), self._changes(lambda of: of < self._of - LATELY)

    def _changes(self, wanted: Callable[[int], bool]) -> Document:
        changes = Counter({key: number for key, number in self._settled.items() if wanted(key[0])})
        still = sorted([*key, number] for key, number in self._open.items() if number and wanted(key[0]))
        return _document(changes) | {"open": still}


def _document(counted: Counter[tuple[int, int, Value]]) -> Document:
    codes: list[Any] = []
    hours: list[Any] = []
    for (of, since, one), number in sorted(counted.items(), key=lambda item: item[0][0]):
        if number:
            (codes if isinstance(one, int) else hours).append([of, since, one, number])
    return {"codes": codes, "hours": hours}
