"""What a call is to do: people, steps and the ladder they form, as chosen when the call arrived."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.core.words import Action, IfBusy, PersonId, Why


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
