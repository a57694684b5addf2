"""The call and its parts: values that only `machine` makes new ones of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callrouter.core.events import CallArrived
from callrouter.core.ladder import Step
from callrouter.core.words import CallId, Instant, LegId, LostReason, PersonId, Result, Why


class Phase(StrEnum):
    """Where a call stands."""

    CLIMBING = "climbing"
    """The ladder runs."""
    CONNECTING = "connecting"
    """Somebody picked up; the two are being brought together."""
    TALKING = "talking"
    CLOSING = "closing"
    """The closing prompt plays."""
    LEAVING = "leaving"
    """The caller's channel was told to go."""
    ENDING = "ending"
    """The caller is gone, his legs are going."""
    DIALPLAN = "dialplan"
    """Asterisk runs the ladder by itself, and tells at the end."""
    OVER = "over"


class LegState(StrEnum):
    """Where a leg stands; the transitions are in `machine.LEG`."""

    DIALLED = "dialled"
    RINGING = "ringing"
    ASKED = "asked"
    """Picked up by a machine or a man: until he presses "1" the phone counts as ringing."""
    UP = "up"
    """Picked up, not yet in the bridge."""
    TALKING = "talking"
    LEAVING = "leaving"
    """Told to hang up, not yet gone: an answer that crosses is tidied, not counted."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Leg:
    """One contact of a phone that we rang, or a channel that took a leg's place (person None: not in the scheme)."""

    id: LegId
    person: PersonId | None
    phone: str
    step: int
    state: LegState
    started_at: Instant
    until: Instant
    ringing_at: Instant | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    result: Result | None = None
    progressed: bool = False
    """Sound came from it: rung in vain it counts as no answer, but its final answer as that of a phone that never rang.
    """

    @property
    def was_reached(self) -> bool:
        """Whether it rang, or sounded as if."""
        return self.ringing_at is not None or self.progressed


@dataclass(frozen=True, slots=True)
class StepRun:
    """A step that began: when, who was considered, why it was skipped."""

    step: int
    started_at: Instant
    ended_at: Instant | None = None
    skipped: Why | None = None
    extra: float = 0.0
    """Seconds it lasts longer, because the router was away in it, or Asterisk silent."""
    settled: bool = False
    """Whether it is known who can ring, so that the step has really begun."""
    untried: tuple[PersonId, ...] = ()
    """Not yet asked about, in their order: a step may ring only so many at once."""
    turn_until: Instant | None = None
    """When those who ring make room for the next ones."""
    is_turning: bool = False
    """That instant has passed: who is found free now rings instead of them."""
    waiting: frozenset[PersonId] = frozenset()
    """Busy: whoever of them becomes free is rung."""
    asked: frozenset[PersonId] = frozenset()
    """Being asked about."""
    passed: tuple[tuple[PersonId, Why], ...] = ()
    """Considered and not rung, or not at once."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A person of ours and the caller, together (person None: not in the scheme)."""

    person: PersonId | None
    started_at: Instant
    ended_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """The caller was sent to a department, and climbs its ladder."""

    at: Instant
    by: PersonId | None
    """Who sent him; None: nobody of the scheme."""
    leg: LegId
    """The channel that stood in his place until then."""
    after: int
    """How many steps had begun before."""
    to: CallArrived
    """What awaits him there; its ladder begins with those steps, so that a step's number tells which it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to a line, from arrival to its one outcome."""

    id: CallId
    arrived: CallArrived
    caller: str
    """The caller's channel."""
    phase: Phase = Phase.CLIMBING
    steps: tuple[StepRun, ...] = ()
    legs: tuple[Leg, ...] = ()
    talk: tuple[Talk, ...] = ()
    winner: LegId | None = None
    """The leg that was picked up first, or that stands in its place now."""
    caller_joined: bool = False
    bridge: str | None = None
    """The open bridge; each is fresh, never reused (Asterisk #211, #992)."""
    bridges: int = 0
    announced: int = 0
    """How many announcements there have been."""
    playing: tuple[str, ...] = ()
    """Those that have not ended yet."""
    answered_at: Instant | None = None
    """When the winner picked up; set only once the two were together."""
    answered_step: int | None = None
    answered_by: PersonId | None = None
    lost: LostReason | None = None
    lost_step: int | None = None
    patience: Instant | None = None
    """Outside the ladder: until when this phase may last."""
    ended_at: Instant | None = None
    """When the caller's channel was gone."""
    recovered: bool = False
    """The router was away during the call."""
    transfers: tuple[Transfer, ...] = ()
    sent_at: Instant | None = None
    """When somebody who talked to the caller sent him on; None: not, or somebody has talked to him since."""
    sent_by: PersonId | None = None

    @property
    def plan(self) -> CallArrived:
        """What is done for the caller who waits: what he arrived with, or what awaits him where he was sent to."""
        return self.transfers[-1].to if self.transfers else self.arrived

    @property
    def rungs(self) -> tuple[Step, ...]:
        """The ladder that he climbs."""
        return self.plan.ladder[self.transfers[-1].after :] if self.transfers else self.arrived.ladder
