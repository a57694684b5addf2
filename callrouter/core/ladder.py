"""What a call is to do: people, steps and the ladder they form, as chosen when the call arrived."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from callrouter.core.words import Action, IfBusy, PersonId, Why

PROMPT_AT_MOST = 120.0
"""Seconds a closing prompt may play before the caller is let go all the same."""
GUARD_MARGIN = 15
"""Seconds the guard is later than the longest ladder."""


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


def guard_of(ladder: Iterable[Step], ring_at_most: float) -> int:
    """Return the seconds after which no ladder of ours can still run: its whole length, its prompt and a margin."""
    length = sum(ring_at_most if step.seconds is None else step.seconds for step in ladder)
    return math.ceil(length + PROMPT_AT_MOST) + GUARD_MARGIN
