"""What Asterisk says of the world beside a call: who arrives, and how a phone stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callrouter.core.events import Contact
from callrouter.core.words import CallId, Instant, Why


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call as the PBX hands it over, before anything is known about it; all of it is hostile input."""

    call: CallId
    at: Instant
    asterisk_id: str
    """The caller's channel."""
    line: str
    caller_raw: str
    phone: str
    """The phone or trunk he calls from (`PJSIP/trunk`)."""
    is_local: bool = False
    """A `Local/` channel: perhaps the far end of a transfer, and not a call from outside."""
    routed_by: str = "router"
    """agi: the dialplan rings and answers, the router only decides."""
    recording: str | None = None
    """Where the PBX records it."""
    goes_on: bool = False
    """It is no arrival: the worker that took it is dead, no record tells of it, and he talks, or is to."""


class Stands(StrEnum):
    """How somebody stands who dialled a code on his own phone; the dialplan has a sound for each."""

    FREE = "free"
    PAUSED = "paused"
    WRITING_UP = "writing_up"
    UNKNOWN = "unknown"
    """His phone is nobody's in the scheme."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PhoneState:
    """How one phone stands at this moment; without contacts it is not registered."""

    contacts: tuple[Contact, ...]
    channels: tuple[str, ...] = ()
    """Everything it rings or talks on."""
    away: Why | None = None
    """Why it is not to ring, though it could: do not disturb, or forwarding, as the PBX keeps them."""
    writes_up_until: Instant = 0.0
    """Until when the conversation before is written up."""
