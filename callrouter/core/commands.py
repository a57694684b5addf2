"""What a call wants done. Every channel and bridge is named before it exists: a command sent twice means it once."""

from __future__ import annotations

from dataclasses import dataclass

from callrouter.core.ladder import Person
from callrouter.core.words import Instant, LegId, LostReason, PersonId, Release, Result


@dataclass(frozen=True, slots=True)
class Ask:
    """Who of these people can ring now? Answered by `Found`, with the free ones reserved for this call."""

    step: int
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring one contact; `until` is the dead man's switch: Asterisk itself stops the phone then."""

    caller: str
    leg: LegId
    person: PersonId
    phone: str
    dial: str
    step: int
    until: Instant
    shows: str
    """What the phone's display says."""
    number: str | None = None
    """The caller's number, for the phone's list of calls."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End a leg. `elsewhere` tells the phone that a colleague answered (RFC 3326): it shows no missed call."""

    leg: LegId
    result: Result


@dataclass(frozen=True, slots=True)
class Connect:
    """Answer the caller and bring him together with the leg that won."""

    caller: str
    leg: LegId
    bridge: str


@dataclass(frozen=True, slots=True)
class SendRinging:
    """The caller is to hear ringing."""

    caller: str


@dataclass(frozen=True, slots=True)
class PlayMusic:
    """The caller is to hear music instead of ringing, of this class."""

    caller: str
    music: str


@dataclass(frozen=True, slots=True)
class Announce:
    """Play to the waiting caller, who is not answered for it and then hears music or ringing on.

    Ends with `AnnouncementEnded`.
    """

    caller: str
    announcement: str
    """Its name; one begins when those before it have ended."""
    media: str
    music: str | None


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop announcements: behind one that plays nobody is connected."""

    announcements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Confirm:
    """Say the caller's number to who picked up, and ask him for a key, until then. Answered by `KeyPressed`."""

    leg: LegId
    number: str | None
    language: str
    until: Instant


@dataclass(frozen=True, slots=True)
class Guard:
    """If the router is no longer there in `seconds`, Asterisk takes the caller to extension `T` of the dialplan."""

    caller: str
    seconds: int
    line: str | None = None
    """He has talked and waits again: from there he goes on to the fallback of this line."""


@dataclass(frozen=True, slots=True)
class Play:
    """Play a prompt to the caller, who is not answered for it. Ends with `PromptEnded`."""

    caller: str
    media: str


@dataclass(frozen=True, slots=True)
class LetGo:
    """End the caller's channel, or give it back to the dialplan."""

    caller: str
    release: Release
    line: str
    """Where the dialplan's fallback goes on."""
    lost: LostReason | None = None
    """Why he is ended without a conversation: Asterisk's own record says so too, whatever becomes of ours."""
    place: str | None = None
    """Where the dialplan goes on instead (`context,extension,priority`)."""


@dataclass(frozen=True, slots=True)
class CloseBridge:
    """The bridge has done its work."""

    bridge: str


Command = (
    Ask
    | Ring
    | Confirm
    | HangUp
    | Connect
    | SendRinging
    | PlayMusic
    | Announce
    | Hush
    | Guard
    | Play
    | LetGo
    | CloseBridge
)
