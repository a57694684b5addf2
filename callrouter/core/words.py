"""The words of a call that everybody shares: ids, instants, and the closed lists of the contract."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

CallId = NewType("CallId", str)
"""A time-ordered UUID (version 7, RFC 9562)."""
LegId = NewType("LegId", str)
"""The channel of a leg, named by us before it exists (`legs.name`), or one that took a leg's place."""
PersonId = NewType("PersonId", str)
"""The key of a person in the scheme."""
Instant = float
"""Seconds since 1970 (UTC) by the router's own clock."""


class Action(StrEnum):
    """What a step does to the phones that ring already."""

    RING = "ring"
    """Those who ring and are not in the step stop."""
    ADD = "add"
    """Nobody stops."""


class IfBusy(StrEnum):
    """What a step does when nobody in it is free and somebody is busy."""

    WAIT = "wait"
    SKIP = "skip"


class Why(StrEnum):
    """Why a person is not rung, or a whole step is skipped (contract: `skipped`)."""

    NO_RESPONSIBLE = "no_responsible"
    UNKNOWN_PERSON = "unknown_person"
    UNREACHABLE = "unreachable"
    DECLINED = "declined"
    BUSY = "busy"
    PAUSED = "paused"
    ABSENT = "absent"
    CLOSED = "closed"
    OFF_HOURS = "off_hours"
    OFF_SHIFT = "off_shift"
    DO_NOT_DISTURB = "do_not_disturb"
    FORWARDED = "forwarded"
    WRAP_UP = "wrap_up"
    """Busy: the conversation before is written up."""
    NOT_MEANT = "not_meant"
    """The step's conditions do not hold for this call."""
    NO_LAST = "no_last"
    """Nobody talked to this caller lately."""
    NO_SEGMENT = "no_segment"
    """The client has no segment, or it has no specialists."""
    NOBODY_ON_DUTY = "nobody_on_duty"
    NO_SUPERIOR = "no_superior"
    NO_TURN = "no_turn"
    """Others of the step were before him in its order."""


class LostReason(StrEnum):
    """Why a call was lost, exactly one (definition lcr/1)."""

    ABANDONED = "abandoned"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    REJECTED = "rejected"
    FAILURE = "failure"


class Result(StrEnum):
    """How a leg ended (contract: `result`)."""

    ANSWERED = "answered"
    ELSEWHERE = "elsewhere"
    CANCELLED = "cancelled"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    BUSY = "busy"
    FORWARDED = "forwarded"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


class Release(StrEnum):
    """How the caller's channel is ended, and what his operator is told."""

    NORMAL = "normal"
    """After a conversation."""
    NO_ANSWER = "no_answer"
    """SIP 480."""
    REJECTED = "rejected"
    """SIP 603."""
    FAILURE = "failure"
    """SIP 503."""
    FALLBACK = "fallback"
    """Not ended: the dialplan's fallback takes over."""
    GOES_ON = "goes_on"
    """Not ended: the dialplan goes on where the scheme says."""
