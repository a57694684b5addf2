"""What a call is to do: people, steps and the ladder they form, as chosen when the call arrived."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

CallId = NewType("CallId", str)
"""A time-ordered UUID (version 7, RFC 9562)."""
LegId = NewType("LegId", str)
"""The channel of a leg, named by us before it exists: `<call>.<person>.<step>.<number>`."""
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


class LostReason(StrEnum):
    """Why a call was lost, exactly one (definition lcr/1)."""

    ABANDONED = "abandoned"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    REJECTED = "rejected"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the company, with all his phones (`PJSIP/101`)."""

    id: PersonId
    name: str
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder: whom it rings and for how many seconds (None, last step only: see `until_at_most`)."""

    action: Action
    target: str
    people: tuple[PersonId, ...]
    seconds: float | None
    if_busy: IfBusy
    nobody: Why | None = None
    """Why there is nobody in it, when `people` is empty."""
