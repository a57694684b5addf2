"""What happened to a call: every event says when, by the router's clock (`at`, seconds since 1970, UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from callrouter.core.ladder import Person, Step
from callrouter.core.recorded import Ending, PickedUp
from callrouter.core.words import Instant, LegId, LostReason, PersonId, Why


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A call to a line, with all that was looked up for it, so that a journal explains itself for ever."""

    at: Instant
    """When the ladder begins."""
    arrived_at: Instant
    """When Asterisk handed us the call."""
    asterisk_id: str
    """The caller's channel."""
    line: str
    caller: str | None
    """E.164, or the short number of an internal caller; None: withheld or not a number."""
    caller_raw: str
    department: str | None = None
    direction: str = "in"
    client_id: int | None = None
    client: str | None = None
    responsible: PersonId | None = None
    priority: str | None = None
    segment: str | None = None
    is_remembered: bool = False
    """The database did not answer: client and responsible are what was last known of this caller, if anything was."""
    ladder: tuple[Step, ...] = ()
    people: tuple[Person, ...] = ()
    """Everybody the ladder names."""
    ring_at_most: float = 60.0
    """Seconds after `arrived_at` at which a last step without seconds ends."""
    prompt: str | None = None
    """What the caller hears when the ladder has run out (an ARI media URI)."""
    refusal: LostReason | None = None
    """The call is not to be routed: FAILURE sends it to the dialplan's fallback."""
    left_at: Instant | None = None
    """The caller left before the ladder began."""
    claimants: tuple[PersonId, ...] = ()
    """Who gets a client without a responsible by talking to him."""
    claim_after: float = 10.0
    """Seconds of talk from which a claimant gets the client."""
    scheme_revision: int | None = None
    is_closed: bool = False
    """The line is closed: who is not talked to is lost as `closed`."""
    music: str | None = None
    """The music class that the caller hears instead of ringing."""
    language: str = "ru"
    """In which a colleague outside is asked whether he takes the call: ru or en."""
    goes_on: str | None = None
    """Where the dialplan goes on when the ladder has run out (`context,extension,priority`)."""
    rule: str | None = None
    """The rule that chose the ladder; None: the line itself."""
    ladder_name: str | None = None
    """The ladder, as the document calls it."""
    source: str | None = None
    """Where callers have the line's number from."""
    stage: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    """What else is known of the client: region, trade, …"""
    known_from: str | None = None
    """Who knew the client: crm, table, memory, prefix; None: nobody."""
    also: tuple[str, ...] = ()
    """Other clients who have this number too."""
    routed_by: str = "router"
    """agi: the dialplan runs the ladder, with whom it can ring, and tells at the end (`Reported`)."""
    recording: str | None = None
    """Where the PBX records it; it began before the call was handed over."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One place where a phone rings: `dial` is what Asterisk is told (`PJSIP/101/sip:101@127.0.0.1:5061`)."""

    phone: str
    dial: str


@dataclass(frozen=True, slots=True)
class Free:
    """This person can ring now and is reserved for the call that asked."""

    person: PersonId
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Busy:
    """This person talks, rings for an earlier call or writes up the one before: he may become free."""

    person: PersonId
    why: Why = Why.BUSY


@dataclass(frozen=True, slots=True)
class Away:
    """This person will not become free during the call."""

    person: PersonId
    why: Why


Presence = Free | Busy | Away


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to `Ask`."""

    at: Instant
    step: int
    people: tuple[Presence, ...]


@dataclass(frozen=True, slots=True)
class PersonChanged:
    """A person the call waits for is perhaps no longer busy."""

    at: Instant
    person: PersonId


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The call's deadline has come."""

    at: Instant


@dataclass(frozen=True, slots=True)
class LegRinging:
    """A phone rings (SIP 180)."""

    at: Instant
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegProgressed:
    """Sound comes from a leg that has not said that it rings (SIP 183): a trunk's own tone, or an announcement."""

    at: Instant
    leg: LegId


@dataclass(frozen=True, slots=True)
class LegDelayed:
    """Asterisk was silent: the phone is called only so many seconds after it was to ring."""

    at: Instant
    leg: LegId
    seconds: float


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A phone was picked up (SIP 200)."""

    at: Instant
    leg: LegId
    late: float = 0.0
    """Seconds after which it was heard: what follows begins only now."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """Who picked up and was asked whether he takes the call pressed a key."""

    at: Instant
    leg: LegId
    key: str


class End(StrEnum):
    """How a leg's channel ended, before its meaning is known."""

    BUSY = "busy"
    """486 or 600."""
    FORWARDED = "forwarded"
    """302, which is not followed."""
    REFUSED = "refused"
    """Any other final answer, or a hang-up."""
    TAKEN = "taken"
    """Another worker's call had the phone an instant before: ours did not ring it."""
    FAILED = "failed"
    """Our fault: the request to Asterisk failed or was not answered."""


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg's channel is gone; `sip` is the phone's final code where Asterisk tells it."""

    at: Instant
    leg: LegId
    end: End
    sip: int | None = None
    late: float = 0.0
    """Seconds after which it was heard."""


@dataclass(frozen=True, slots=True)
class LegReplaced:
    """Another channel stands in a leg's place, answered: a colleague's pickup, or a transfer."""

    at: Instant
    leg: LegId
    by: LegId
    phone: str
    person: PersonId | None
    is_up: bool = True
    """Not so: it leads to whoever the caller was sent to, and nobody has answered there yet."""


@dataclass(frozen=True, slots=True)
class LeadsTo:
    """Whose phone is heard on the channel that stands in a leg's place, after an attended transfer."""

    at: Instant
    leg: LegId
    phone: str
    person: PersonId | None


@dataclass(frozen=True, slots=True)
class Transferred:
    """Who talked to the caller has sent him to a department: he climbs its ladder, in the same call."""

    at: Instant
    leg: LegId
    """The channel that stands in the place of who sent him."""
    to: CallArrived
    """With what he would arrive there, were it a call of its own; a CallArrived's reception has looked it all up."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A channel is in the call's bridge: a leg, or the caller (None)."""

    at: Instant
    leg: LegId | None


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """The caller and the winner could not be brought together: our fault or a hang-up in between."""

    at: Instant
    leg: LegId


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The closing prompt has been heard, or cannot be played."""

    at: Instant


@dataclass(frozen=True, slots=True)
class AnnouncementEnded:
    """The waiting caller has heard an announcement, or it cannot be played."""

    at: Instant
    announcement: str


@dataclass(frozen=True, slots=True)
class CallerReplaced:
    """The caller's own phone transferred him: his party goes on in another channel."""

    at: Instant
    by: str


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The caller's channel is gone from us."""

    at: Instant
    is_unanswered: bool = False
    """He gave up at the instant of the pick-up: his operator never heard that he was answered (SIP 487)."""
    late: float = 0.0
    """Seconds after which it was heard: the ladder may have run out meanwhile."""


@dataclass(frozen=True, slots=True)
class RouterFailed:
    """A defect of ours in this call: its caller goes to the dialplan's fallback."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The router was away since `since`, and takes the call up again as Asterisk has it now."""

    at: Instant
    since: Instant
    gone: tuple[LegId, ...] = ()
    """Legs that ended meanwhile."""
    is_caller_gone: bool = False
    ending: Ending | None = None
    """What Asterisk recorded of the caller who is gone; None: nothing, he was last known to be there `since`.

    Of one who is there: of his conversation, which is over.
    """
    picked_up: PickedUp | None = None
    """With whom the caller is together, or is to be, as Asterisk has it."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """One Dial of a dialplan that ran a ladder."""

    rung: int
    """Which of the ladder's Dials (`dialplan.rungs`), from 1."""
    started_at: Instant
    ended_at: Instant
    status: str
    """DIALSTATUS: ANSWER, NOANSWER, BUSY, CANCEL, CHANUNAVAIL, CONGESTION."""
    ringing_at: Instant | None = None
    """When the first of its phones rang."""
    answered_at: Instant | None = None
    phone: str = ""
    """Who answered (`PJSIP/101`)."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A dialplan that ran a ladder tells how it went; the caller is gone."""

    at: Instant
    dialled: tuple[Dialled, ...] = ()
    has_run_out: bool = False
    """The ladder came to its end; else the caller has left, or talked."""
    recording: str | None = None
    """Where the PBX has recorded it."""


Event = (
    CallArrived
    | Found
    | PersonChanged
    | Elapsed
    | LegRinging
    | LegProgressed
    | LegDelayed
    | LegAnswered
    | KeyPressed
    | LegEnded
    | LegReplaced
    | LeadsTo
    | Transferred
    | Joined
    | ConnectFailed
    | PromptEnded
    | AnnouncementEnded
    | CallerReplaced
    | CallerGone
    | RouterFailed
    | Recovered
    | Reported
)
