"""A row of a PBX's own CDR, as any Asterisk keeps it: in Master.csv, or in the table that FreePBX fills. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.core.words import Instant

ANSWERED = "ANSWERED"
NEEDED = ("src", "dst", "channel", "dstchannel", "disposition")
"""Columns without which nothing can be told of a call; besides when it began and how long it lasted."""
_TIMES = ("start", "answer", "end", "duration", "billsec")
_TEXTS = (
    *("src", "dst", "dcontext", "channel", "dstchannel", "lastapp", "lastdata", "disposition"),
    *("uniqueid", "linkedid", "did"),
)
_CLOCK = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,6})?")
_DECIMAL = re.compile(r"[0-9]{1,9}\.[0-9]{1,6}")
_BORN = re.compile(r"(?:^|-)([0-9]{9,10})\.[0-9]+$")
_END = re.compile(r"-[0-9a-f]+(?:;[12])?$")


class PbxRow(NamedTuple):
    """What one channel did with at most one other. Instants: seconds since 1970 as the PBX's clock showed them."""

    start: Instant
    answer: Instant | None
    end: Instant
    src: str
    dst: str
    context: str
    channel: str
    peer: str
    """The channel that was rung or talked to; empty: none."""
    app: str
    arguments: str
    disposition: str
    unique: str
    """The channel's id; empty: it was not written."""
    linked: str
    """What the rows of one call have in common; empty: it was not written."""
    did: str
    """The number that was called from outside, where the PBX says so (FreePBX)."""


class Columns:
    """Which column is where."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take the columns' names in order; `ValueError` names those that are missing."""
        self.names = tuple(names)
        at = {name.strip().casefold(): number for number, name in enumerate(names)}
        missing = [name for name in NEEDED if name not in at]
        missing += [] if "start" in at or "calldate" in at else ["calldate"]
        missing += [] if "end" in at or "duration" in at else ["duration"]
        if missing:
            raise ValueError(", ".join(missing))
        self._has_answer = "answer" in at
        at.setdefault("start", at.get("calldate", -1))
        self._times = itemgetter(*(at.get(name, -1) for name in _TIMES))
        self._texts = itemgetter(*(at.get(name, -1) for name in _TEXTS))

    def row(self, cells: Sequence[str]) -> PbxRow:
        """Return the row of these cells; `ValueError` says what is wrong with them."""
        if len(cells) != len(self.names):
            raise ValueError(f"{len(cells)} columns instead of {len(self.names)}")
        cells = [*cells, ""]  # where a column is that there is not
        began, picked_up, ended, duration, billed = self._times(cells)
        start = clock(began)
        if start is None:
            raise ValueError("no time at which the call began")
        end = clock(ended) or start + _seconds(duration)
        src, dst, context, channel, peer, app, arguments, disposition, unique, linked, did = self._texts(cells)
        how = disposition.upper()
        if self._has_answer:
            answer = clock(picked_up)
        else:
            talked = _seconds(billed)
            answer = end - talked if talked or how == ANSWERED else None
        end = max(start, end)
        return PbxRow(start, answer, end, src, dst, context, channel, peer, app, arguments, how, unique, linked, did)


def clock(text: str) -> Instant | None:
    """Return the time as seconds since 1970, as if it were UTC; None: there is none (`0000-00-00` is none either)."""
    if not text or text.startswith("0000"):
        return None
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no time")
    day, hour, minute, second, rest = found.groups()
    return _midnight(day) + int(hour) * 3600 + int(minute) * 60 + int(second) + float(rest or 0)


def born(row: PbxRow) -> Instant | None:
    """Return when the channel came, in UTC, whatever the PBX's clock shows: its id begins with that."""
    found = _BORN.search(row.unique)
    return None if found is None else float(found[1])


@lru_cache(maxsize=1_024)
def endpoint(channel: str) -> str:
    """Return the phone or trunk of a channel: `PJSIP/101` of `PJSIP/101-0000001a`, `DAHDI/i1` of `DAHDI/i1/8916…-4`."""
    kind, _, name = _END.sub("", channel).partition("/")
    return f"{kind}/{name.partition('/')[0]}" if name else kind


def is_local(channel: str) -> bool:
    """Return whether it is a half of Asterisk's own, and nobody's phone."""
    return channel.startswith("Local/")


def other_half(channel: str) -> str:
    """Return the other half of a local channel."""
    return channel[:-1] + ("2" if channel.endswith("1") else "1")


@lru_cache(maxsize=4_096)
def _midnight(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    if text.isdecimal() and text.isascii():
        return float(text)
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:40]!r} are no seconds")
    return float(text)
