"""What the SIP side saw, kept small: a call lasts seconds, the soak half an hour."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Rung:
    """One phone that was rung for a caller; times are the wall clock's seconds."""

    person: str
    invited_at: float
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    is_ended_by_phone: bool = False
    status: int = 0


@dataclass(slots=True)
class Placed:
    """One call that a caller placed."""

    number: str
    line: str
    invited_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    status: int = 0
    has_left: bool = False
    """The caller hung up first."""
    is_stranded: bool = False
    """Nobody came, and nobody told him so: he gave up after a time in which all ladders have ended."""
    heard: frozenset[str] = frozenset()
    """Whose voices came in."""
    rang: list[Rung] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Whether the caller got a 200."""
        return self.answered_at is not None

    @property
    def talked(self) -> list[Rung]:
        """The phones that picked up."""
        return [one for one in self.rang if one.answered_at is not None]

    @property
    def partner(self) -> Rung | None:
        """The phone that was up last, if the caller was up then."""
        last = max(self.talked, key=lambda one: one.answered_at or 0.0, default=None)
        if last is None or self.answered_at is None or (last.ended_at or self.answered_at) < self.answered_at:
            return None
        return last
