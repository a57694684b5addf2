"""What Asterisk itself wrote down of a call: its records (CDRs), several for one call, gathered into one value."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from callrouter.core.words import CallId, Instant, LegId, LostReason, PersonId

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORDING_MOST = 500
"""Characters of a recording's path that are kept."""
FALLBACK = "fallback"
"""Who served the call, where it was not the router."""
AGI = "agi"
"""The router decided and records, the dialplan dialled."""
_CHANNEL = re.compile(r"-[0-9a-f]{8}(;[12])?$")


@dataclass(frozen=True, slots=True)
class Record:
    """One record: what one channel did with at most one other. A Dial of three phones makes three. Hostile input."""

    asterisk_id: str
    """The channel it is about (`uniqueid`)."""
    sequence: int
    """Its number, unique together with the channel."""
    linked_id: str
    """The channel that began it all; another one's for the far end of a transfer."""
    channel: str
    peer: str
    """The channel that was rung or talked to; empty: nobody's."""
    caller: str
    disposition: str
    started_at: Instant
    answered_at: Instant | None
    ended_at: Instant
    line: str = ""
    """The line that was called, as dialled; empty: it is no call to a line."""
    by: str = ""
    """`fallback`, `agi`, or empty: the router's."""
    end: str = ""
    """What the fallback, or the router, says of a ladder that ran out, else empty."""
    step: int | None = None
    revision: int | None = None
    """Of the scheme from which the fallback was rendered."""
    dialled: str = ""
    """The number a phone of ours called outside; empty: it is no outgoing call."""
    recording: str = ""
    """Where the PBX recorded it, as `recording_at` lets it pass; empty: it did not."""

    @property
    def is_ours(self) -> bool:
        """Whether it is about a call to a line, or out."""
        return bool(self.line or self.dialled)

    @property
    def is_due(self) -> bool:
        """Whether a row has to be made of it: nobody else makes one."""
        return self.by in {FALLBACK, AGI} if self.line else bool(self.dialled)

    @property
    def is_conversation(self) -> bool:
        """Whether two talked."""
        return bool(self.disposition == "ANSWERED" and self.peer and self.answered_at)


@dataclass(frozen=True, slots=True)
class Recorded:
    """All records of one channel, in order: they are written together, when it is hung up."""

    records: tuple[Record, ...]

    @property
    def asterisk_id(self) -> str:
        """Return the channel's id."""
        return self.records[0].asterisk_id

    @property
    def phone(self) -> str:
        """Return the phone or trunk whose channel it is (`PJSIP/101`)."""
        return phone_of(self.records[0].channel)

    @property
    def is_far_end(self) -> bool:
        """Whether it is the far end of a transfer, and no call from outside."""
        return self.asterisk_id != self.records[0].linked_id

    @property
    def last(self) -> Record:
        """Return the record that knows most: it was written to until the end."""
        return self.records[-1]

    @property
    def line(self) -> str:
        """Return the line that was called, as dialled; empty: none."""
        return self.last.line

    @property
    def is_due(self) -> bool:
        """Whether a row has to be made of it: the fallback served it in the end, or it went out."""
        return self.last.is_due

    @property
    def recording(self) -> str | None:
        """Return where the PBX recorded it; None: it did not."""
        return next((record.recording for record in reversed(self.records) if record.recording), None)

    @property
    def started_at(self) -> Instant:
        """Return when the channel came."""
        return min(record.started_at for record in self.records)

    @property
    def ended_at(self) -> Instant:
        """Return when the channel was gone."""
        return max(record.ended_at for record in self.records)

    @property
    def talk(self) -> tuple[Record, ...]:
        """Return the records of the conversations, in order."""
        return tuple(record for record in self.records if record.is_conversation)

    @property
    def answered_at(self) -> Instant | None:
        """Return when the first conversation began."""
        return self.talk[0].answered_at if self.talk else None

    @property
    def ending(self) -> Ending:
        """Return how the channel ended."""
        return Ending(self.ended_at, self.answered_at, phone_of(self.talk[0].peer) if self.talk else "", self.lost)

    @property
    def lost(self) -> LostReason | None:
        """Return why nobody talked, as dialplan or router have marked it; without a mark the caller has left.

        The dialplan does not know that one of several phones was busy: then somebody was there.
        """
        if self.talk:
            return None
        reason = next((reason for reason in LostReason if reason == self.last.end), LostReason.ABANDONED)
        is_busy = any(record.disposition == "BUSY" for record in self.records)
        return LostReason.NO_ANSWER if is_busy and reason is LostReason.UNREACHABLE else reason


@dataclass(frozen=True, slots=True)
class Ending:
    """What Asterisk recorded of a channel that is gone."""

    at: Instant
    answered_at: Instant | None
    """When the first conversation on it began."""
    phone: str = ""
    """With whom that was (`PJSIP/101`)."""
    lost: LostReason | None = None
    """Why nobody talked, as it was marked before he was let go; ABANDONED where it was not."""


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A leg that Asterisk has up, of which the records of a worker that died need not say anything."""

    leg: LegId
    person: PersonId | None
    phone: str
    step: int
    started_at: Instant
    at: Instant
    """When it was picked up."""
    bridge: str | None = None
    """In which it is together with the caller; None: it is not yet."""


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a file of records has been read."""

    inode: int
    offset: int
    before: bytes
    """A hash of the last bytes before the offset: where it is another, the file is not the one that was read."""


@dataclass(frozen=True, slots=True)
class Portion:
    """What one reading of the file gave."""

    records: tuple[Record, ...]
    position: Position
    bad: int = 0
    """Lines that are no records."""
    is_last: bool = True
    """Whether that is all that was there."""


def gather(records: Iterable[Record]) -> tuple[Recorded, ...]:
    """Return the channels these records are about, each with its records, in the order in which they came."""
    ordered = sorted(records, key=lambda one: (one.asterisk_id, one.sequence))
    groups = (Recorded(tuple(group)) for _, group in groupby(ordered, key=lambda one: one.asterisk_id))
    return tuple(sorted(groups, key=lambda one: (one.started_at, one.asterisk_id)))


def phone_of(channel: str) -> str:
    """Return the phone of a channel's name: `PJSIP/101` of `PJSIP/101-0000001a`."""
    return _CHANNEL.sub("", channel)


def recording_at(path: str) -> str | None:
    """Return a recording's path, so that any table, log or page can hold it; None: there is none.

    What cannot be printed stands as U+FFFD; a longer one than `RECORDING_MOST` leads nowhere when it is cut, and is
    none. Callers' names and numbers stand in paths: whoever opens one has to take it for what it is, hostile input.
    """
    if not path or len(path) > RECORDING_MOST:
        return None
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in path)


def call_of(asterisk_id: str) -> CallId:
    """Return the id of a call that the dialplan serves: a UUID (version 7) that follows from its channel alone.

    So whoever hears of it, in whatever life and however often, speaks of one call.
    """
    began = re.search(r"([0-9]{1,11})\.[0-9]+$", asterisk_id)
    milliseconds = int(began[1]) * 1000 if began else 0
    rest = int.from_bytes(hashlib.sha256(asterisk_id.encode("utf-8", "replace")).digest()[:10])
    value = (milliseconds & ((1 << 48) - 1)) << 80 | rest
    value = value & ~(0xF << 76) | 0x7 << 76
    text = f"{value & ~(0b11 << 62) | 0b10 << 62:032x}"
    return CallId("-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])))
