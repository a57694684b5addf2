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
    confirm: tuple[str, ...] = ()
    """Those of his phones on which only "1" accepts a call."""
    away: Why | None = None
    """Why he is not rung, whatever his phones say: absent, off shift or off hours when the call arrived."""
    wrap_up: float = 0.0
    """Seconds after a conversation in which he is busy still."""


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
    at_once: int | None = None
    """How many of its people ring together, in their order; None: all."""
    each: float | None = None
    """Seconds after which the next in order are rung instead; None: not before these are gone."""
    deputies: tuple[tuple[PersonId, PersonId], ...] = ()
    """Who of `people` stands for whom, because he is absent."""
    announce: str | None = None
    """What the caller hears when the step begins (an ARI media URI)."""
    announce_away: str | None = None
    """What he hears when it is skipped because its people are away …"""
    announce_busy: str | None = None
    """… or because they are busy."""


def guard_of(ladder: Iterable[Step], ring_at_most: float) -> int:
    """Return the seconds after which no ladder of ours can still run: its whole length, its prompt and a margin."""
    length = sum(ring_at_most if step.seconds is None else step.seconds for step in ladder)
    return math.ceil(length + PROMPT_AT_MOST) + GUARD_MARGIN
