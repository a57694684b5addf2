"""The messages of ARI that the router reads, as Asterisk 22 sends them (rest-api/events.json); unknown keys pass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class CallerId(_Message):
    """A name and a number as the network delivered them: hostile input."""

    name: str = ""
    number: str = ""


class Dialplan(_Message):
    """Where in the dialplan a channel is; `app_data` begins with the Stasis application's name."""

    context: str = ""
    exten: str = ""
    app_name: str = ""
    app_data: str = ""


class Channel(_Message):
    """A channel; `state` is Asterisk's word (Down, Ring, Ringing, Up, …)."""

    id: str
    name: str
    state: str
    caller: CallerId = CallerId()
    dialplan: Dialplan = Dialplan()

    @property
    def phone(self) -> str:
        """The phone or trunk behind it: `PJSIP/101-0000001a` is `PJSIP/101`."""
        return self.name.rpartition("-")[0] or self.name


class Bridge(_Message):
    """A bridge and who is in it."""

    id: str
    channels: tuple[str, ...] = ()


class Application(_Message):
    """A Stasis application and the channels it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...] = ()


class Playback(_Message):
    """A sound being played."""

    id: str


class _News(_Message):
    """Something happened."""

    late: float = 0.0
    """Seconds after which it is heard."""


class StasisStart(_News):
    """A channel entered our application."""

    type: Literal["StasisStart"]
    channel: Channel
    args: tuple[str, ...] = ()
    replace_channel: Channel | None = None


class StasisEnd(_News):
    """A channel left our application, hung up or not."""

    type: Literal["StasisEnd"]
    channel: Channel


class ChannelStateChange(_News):
    """A channel rings or was answered."""

    type: Literal["ChannelStateChange"]
    channel: Channel


class ChannelHangupRequest(_News):
    """A channel is about to go; `tech_cause` is 487 of a caller who gave up before he was answered."""

    type: Literal["ChannelHangupRequest"]
    channel: Channel
    tech_cause: int | None = None


class Dial(_News):
    """How the dialling of a channel goes: `PROGRESS` is SIP 183."""

    type: Literal["Dial"]
    peer: Channel
    dialstatus: str = ""


class ChannelDestroyed(_News):
    """A channel is gone. `cause` is Q.850, `tech_cause` the SIP code where there was one."""

    type: Literal["ChannelDestroyed"]
    channel: Channel
    cause: int = 0
    tech_cause: int | None = None


class ChannelEnteredBridge(_News):
    """A channel is in a bridge."""

    type: Literal["ChannelEnteredBridge"]
    channel: Channel | None = None
    bridge: Bridge


class ChannelDtmfReceived(_News):
    """A key was pressed, and has been released."""

    type: Literal["ChannelDtmfReceived"]
    channel: Channel
    digit: str


class PlaybackFinished(_News):
    """A sound has ended, or failed."""

    type: Literal["PlaybackFinished"]
    playback: Playback


class CallBroadcast(_News):
    """`StasisBroadcast()` offers a channel to every application that matches (Asterisk 22.10)."""

    type: Literal["CallBroadcast"]
    channel: Channel


class BridgeAttendedTransfer(_News):
    """Somebody who talked to two has joined them: a `Local/` channel links their bridges, an end in each."""

    type: Literal["BridgeAttendedTransfer"]
    transferee: Channel | None = None
    transfer_target: Channel | None = None
    destination_link_first_leg: Channel | None = None
    destination_link_second_leg: Channel | None = None
    replace_channel: Channel | None = None
    """The end in the place of who joined them, where the other one was not in a bridge yet: his call rings still."""

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """Return the ends of the link, each with the phone that is heard on it."""
        pairs = (
            (self.destination_link_first_leg, self.transfer_target),
            (self.destination_link_second_leg, self.transferee),
        )
        return tuple((end.id, heard.phone) for end, heard in pairs if end is not None and heard is not None)


class ApplicationReplaced(_News):
    """Another socket took our application's name: this one hears nothing more."""

    type: Literal["ApplicationReplaced"]


class ChannelUserevent(_News):
    """Another worker says something, by way of Asterisk."""

    type: Literal["ChannelUserevent"]
    eventname: str
    userevent: dict[str, Any] = {}


Message = (
    StasisStart
    | StasisEnd
    | ChannelStateChange
    | ChannelHangupRequest
    | Dial
    | ChannelDestroyed
    | ChannelEnteredBridge
    | ChannelDtmfReceived
    | PlaybackFinished
    | CallBroadcast
    | BridgeAttendedTransfer
    | ApplicationReplaced
    | ChannelUserevent
)
TYPES = frozenset(
    {
        "StasisStart",
        "StasisEnd",
        "ChannelStateChange",
        "ChannelHangupRequest",
        "Dial",
        "ChannelDestroyed",
        "ChannelEnteredBridge",
        "ChannelDtmfReceived",
        "PlaybackFinished",
        "CallBroadcast",
        "BridgeAttendedTransfer",
        "ApplicationReplaced",
        "ChannelUserevent",
    }
)
"""What is worth parsing; everything else is passed over by its type alone."""

MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
