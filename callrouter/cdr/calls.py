"""Calls as a PBX's own CDR tells them: all rows of one call together, with one outcome. Pure."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from callrouter.cdr.pbx import ANSWERED, PbxRow, endpoint, is_local, other_half
from callrouter.cdr.sides import Sides, is_long
from callrouter.core.words import LostReason, Result

if TYPE_CHECKING:
    from callrouter.core.words import Instant

REACH = 3_600.0
"""Seconds between two rows with one id, at the most: unanswered, a caller may have listened to music meanwhile."""
NEAR = 60.0
"""The same for two rows that have a channel's name in common: names come again after a restart."""
_STILL = frozenset({"", "Dial", "Queue", "FollowMe", "Wait", "WaitExten", "Ringing", "Progress", "MusicOnHold"})
"""Applications in which a caller waits for somebody: who ends in another one was given up before."""
_ENDED = frozenset({"Hangup", "Busy", "Congestion"})
"""Applications by which the PBX itself ends the call."""
_RESULTS = {"NO ANSWER": Result.NO_ANSWER, "BUSY": Result.BUSY, "CANCEL": Result.CANCELLED, ANSWERED: Result.ANSWERED}
_SENT = re.compile(r"(?:/|sip:)(\+?[0-9]{7,15})(?=[@,/&^]|$)")
_TIMEOUTS = {"Dial": 1, "Queue": 4}
"""Which argument of an application is the time after which it gives up."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch of conversation, from when until when."""

    phone: str
    """With which (`PJSIP/101`); empty: none of ours, or none is recorded."""
    since: Instant
    until: Instant
    is_exact: bool
    """Whether `since` is when the phone was picked up; else the PBX had answered, and it began to ring then."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A phone that was tried."""

    phone: str
    since: Instant
    until: Instant
    result: Result


@dataclass(frozen=True, slots=True)
class PbxCall:
    """One call. Instants are seconds since 1970, UTC, to the second."""

    id: str
    direction: str
    """in, out or internal."""
    caller: str
    """Who called, as written."""
    called: str
    """The line, or the number that was dialled, as written; empty: it cannot be told."""
    phone: str
    """Whose channel began it: a trunk's or a phone's."""
    started_at: Instant
    ended_at: Instant
    spoken: tuple[Spoken, ...]
    rung: tuple[Rung, ...]
    lost: LostReason | None
    is_answered_outside: bool = False
    """Who answered is outside: a mobile to which the call was sent on, or its voicemail."""

    @property
    def answered_at(self) -> Instant | None:
        """Return when the first conversation began; None: nobody talked."""
        return self.spoken[0].since if self.spoken else None


@dataclass(slots=True)
class _Open:
    rows: list[PbxRow] = field(default_factory=list)
    keys: dict[str, float] = field(default_factory=dict)
    end: Instant = 0.0


class _Gathering:
    """The calls that may go on yet, found by what their rows share."""

    def __init__(self) -> None:
        self._known: dict[str, _Open] = {}

    def add(self, row: PbxRow) -> Iterator[tuple[PbxRow, ...]]:
        """Put the row to its call, and calls together that it joins; yield those that are over by it."""
        mine = _Open()
        for key, reach in _keys(row):
            mine.keys[key] = reach
            other = self._known.get(key)
            if other is not None and other.end + reach < row.start:
                yield self._let_go(other)
            elif other is not None:
                self._let_go(other)
                mine.rows += other.rows
                mine.keys |= other.keys
                mine.end = max(mine.end, other.end)
        mine.rows.append(row)
        mine.end = max(mine.end, row.end)
        self._known |= dict.fromkeys(mine.keys, mine)

    def over(self, at: Instant) -> Iterator[tuple[PbxRow, ...]]:
        """Yield the calls to which nothing that begins now can belong."""
        for one in {id(one): one for one in self._known.values() if one.end + REACH < at}.values():
            yield self._let_go(one)

    def _let_go(self, one: _Open) -> tuple[PbxRow, ...]:
        for key in one.keys:
            del self._known[key]
        return tuple(one.rows)


def gather(rows: Iterable[PbxRow]) -> Iterator[tuple[PbxRow, ...]]:
    """Yield the rows of each call together; they come in order of time, and only what may go on yet is kept."""
    gathering = _Gathering()
    swept = 0.0
    for row in rows:
        yield from gathering.add(row)
        if row.start > swept + REACH:
            swept = row.start
            yield from gathering.over(swept)
    yield from gathering.over(math.inf)


def _keys(row: PbxRow) -> Iterator[tuple[str, float]]:
    """Yield what the rows of one call share, and how long after the last of them it is still the same call."""
    if row.linked:
        yield row.linked, REACH
        return
    if row.unique:
        yield row.unique, REACH
    for name in (row.channel, row.peer):
        if name:
            yield name.partition(";")[0], NEAR


def call(rows: Sequence[PbxRow], sides: Sides) -> PbxCall:
    """Return the call that these rows tell of."""
    ordered = sorted(rows, key=lambda row: (row.start, row.app == "AppDial", is_local(row.channel)))
    first = next((row for row in ordered if row.unique and row.unique == row.linked), ordered[0])
    is_in = sides.is_outside(first.channel)
    own = [row for row in ordered if (sides.is_outside(row.channel) if is_in else row.channel == first.channel)]
    spoken = tuple(_merged(_spoken(ordered, own)))
    dialled = "" if is_in else _dialled(own)
    is_out = not is_in and (is_long(dialled) or any(sides.is_outside(row.peer) for row in own if row.peer))
    rung = tuple(_rung(row) for row in ordered if row.peer and not is_local(row.peer))
    return PbxCall(
        id=first.linked or first.unique or first.channel,
        direction="in" if is_in else "out" if is_out else "internal",
        caller=first.src,
        called=_line(ordered, own, sides) if is_in else dialled,
        phone=endpoint(first.channel),
        started_at=min(row.start for row in own),
        ended_at=max(row.end for row in own),
        spoken=tuple(replace(one, phone="") if one.phone in sides.outside else one for one in spoken),
        rung=rung,
        lost=None if spoken else _lost(ordered, own, rung),
        is_answered_outside=is_in and any(one.phone in sides.outside for one in spoken),
    )


def _spoken(rows: Sequence[PbxRow], own: Sequence[PbxRow]) -> Iterator[Spoken]:
    """Yield with whom the caller was connected; a local channel leads to somebody, to a machine, or on."""
    by_channel: defaultdict[str, list[PbxRow]] = defaultdict(list)
    for row in rows:
        by_channel[row.channel].append(row)
    ways, met = [row for row in own if row.peer and row.disposition == ANSWERED], set[str]()
    while ways:
        row = ways.pop(0)
        inner = other_half(row.peer)
        if not is_local(row.peer):
            since = row.start if row.answer is None else row.answer
            yield Spoken(row.peer, since, row.end, since > row.start)
        elif inner not in by_channel:
            yield Spoken("", row.start if row.answer is None else row.answer, row.end, is_exact=False)
        elif inner not in met:
            met.add(inner)
            ways += [one for one in by_channel[inner] if one.peer and one.disposition == ANSWERED]


def _merged(spoken: Iterable[Spoken]) -> Iterator[Spoken]:
    """Yield each phone's stretch once, in order: the halves of local channels tell of it again."""
    by_phone: defaultdict[str, list[Spoken]] = defaultdict(list)
    for one in spoken:
        by_phone[one.phone].append(one)
    found = [
        Spoken(
            endpoint(channel) if channel else "",
            min([one.since for one in those if one.is_exact] or [one.since for one in those]),
            max(one.until for one in those),
            any(one.is_exact for one in those),
        )
        for channel, those in by_phone.items()
    ]
    told = [one for one in found if one.until > one.since] or found  # who picks a colleague's call up takes it from him
    yield from sorted(told, key=lambda one: (one.since, one.until))


def _rung(row: PbxRow) -> Rung:
    return Rung(endpoint(row.peer), row.start, row.end, _RESULTS.get(row.disposition, Result.UNREACHABLE))


def _line(rows: Sequence[PbxRow], own: Sequence[PbxRow], sides: Sides) -> str:
    """Return which line was called: its DID; else what was dialled where only calls from outside come in."""
    did = next((row.did for row in (*own, *rows) if row.did), "")
    return did or next((row.dst for row in own if sides.is_entrance(row.context)), "")


def _dialled(own: Sequence[PbxRow]) -> str:
    """Return the number that went out; else what was dialled, which may begin with a prefix for the way out."""
    sent = (found[1] for row in own if (found := _SENT.search(row.arguments)))
    return next(sent, own[0].dst)


def _lost(rows: Sequence[PbxRow], own: Sequence[PbxRow], rung: Sequence[Rung]) -> LostReason:
    """Return why nobody talked, as far as rows can tell who gave up."""
    last = max(own, key=lambda row: (row.start, row.end))
    is_recorded = any(row.app.startswith("VoiceMail") for row in rows)
    if not rung:
        return LostReason.UNREACHABLE if is_recorded or last.app in _ENDED else LostReason.ABANDONED
    is_refused = all(one.result in {Result.BUSY, Result.UNREACHABLE} for one in rung)
    if not (is_recorded or is_refused or last.app not in _STILL or _is_late(own, last)):
        return LostReason.ABANDONED
    is_rung = any(one.result is not Result.UNREACHABLE for one in rung)
    return LostReason.NO_ANSWER if is_rung else LostReason.UNREACHABLE


def _is_late(own: Sequence[PbxRow], last: PbxRow) -> bool:
    """Return whether the application the caller was in last had waited as long as it was told to."""
    at = _TIMEOUTS.get(last.app)
    words = last.arguments.split(",")
    if at is None or len(words) <= at or not words[at].isdigit():
        return False
    same = [row for row in own if (row.app, row.arguments) == (last.app, last.arguments)]
    return last.end - min(row.start for row in same) >= int(words[at])
