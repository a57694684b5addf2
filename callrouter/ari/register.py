"""Which channel is whose: the one place that knows, and tells each call what a message about its channel means."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from callrouter.ari import messages as ms
from callrouter.ari.translate import Whose, translate
from callrouter.core import events as ev
from callrouter.core.call import Call, LegState
from callrouter.core.words import CallId, Instant, LegId

LEG_ARGS = 4
"""`leg`, the call, the person, the step."""
NEAR, FAR = ";1", ";2"
"""How the names of the two ends of a `Local/` channel end."""
LATELY = 1000
"""So many channels that ended are remembered."""


class Calls(Protocol):
    """Who the events are for."""

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """An event of a call that is known."""
        ...


def is_leg(channel: str, args: Sequence[str]) -> bool:
    """Whether a channel with these application arguments is a leg that we made; a caller may dial `leg` too."""
    return len(args) == LEG_ARGS and args[0] == "leg" and channel.startswith(f"{args[1]}.")


class Register:
    """The channels and playbacks of all live calls."""

    def __init__(self) -> None:
        self._whose: dict[str, Whose] = {}
        self._channels: dict[CallId, list[str]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._ends: dict[str, str] = {}
        """The channels of ours that are one end of a `Local/` channel, by name."""

    def is_unknown(self, channel: str) -> bool:
        """Whether we have nothing to do with a channel; one that ended lately may still be on an older list."""
        return channel not in self._whose and channel not in self._ended

    def whose(self, channel: str) -> Whose | None:
        """Return whose channel this is."""
        return self._whose.get(channel)

    def know(self, channel: str, whose: Whose) -> None:
        """From now on this channel belongs to a call."""
        self._whose[channel] = whose
        self._channels.setdefault(whose.call, []).append(channel)

    def note(self, channel: ms.Channel) -> None:
        """Remember the name of a channel of ours that has another end."""
        if channel.name.endswith((NEAR, FAR)) and channel.id in self._whose:
            self._ends[channel.name] = channel.id

    def other_end(self, name: str) -> Whose | None:
        """Return whose the other end is (`Local/600@phones-00000001;1` of `…;2`): it stands in a channel's place."""
        other = name.removesuffix(FAR) + NEAR if name.endswith(FAR) else name.removesuffix(NEAR) + FAR
        return self._whose.get(self._ends.get(other, ""))

    def take_up(self, call: Call) -> None:
        """Know the channels of a call that a former life has left."""
        self.know(call.caller, Whose(call.id))
        for announcement in call.playing:
            self.know(announcement, Whose(call.id))
        for leg in call.legs:
            if leg.state is not LegState.GONE:
                self.know(leg.id, Whose(call.id, leg.id, is_made_by_us=leg.id.startswith(f"{call.id}.")))

    def forget(self, call: CallId) -> None:
        """The call is over."""
        for channel in self._channels.pop(call, ()):
            self._whose.pop(channel, None)
        self._ends = {name: channel for name, channel in self._ends.items() if channel in self._whose}

    def hear(self, message: ms.Message, calls: Calls, at: Instant) -> bool:
        """Tell the call that a message is about; False where it is about no channel that we know."""
        if isinstance(message, ms.BridgeAttendedTransfer):
            self._linked(message, calls, at)
        subject = _subject(message)
        if subject is None or (whose := self._whose.get(subject)) is None:
            return False
        if isinstance(message, ms.StasisStart) and message.replace_channel is not None:
            self._replace(message.replace_channel.id, message.channel.id, whose)
            self.note(message.channel)
        event = translate(message, whose, at)
        if isinstance(event, ev.CallerGone | ev.LegEnded):
            del self._whose[subject]
            self._ended[subject] = None
            if len(self._ended) > LATELY:
                self._ended.popitem(last=False)
        if event is not None:
            calls.deliver(whose.call, event)
        return True

    def _linked(self, message: ms.BridgeAttendedTransfer, calls: Calls, at: Instant) -> None:
        for end, phone in message.links:
            whose = self._whose.get(end)
            if whose is not None and whose.leg is not None:
                calls.deliver(whose.call, ev.LeadsTo(at, whose.leg, phone, None))

    def _replace(self, old: str, new: str, whose: Whose) -> None:
        """Another channel stands in the place of ours, which then ends with `StasisEnd` alone."""
        self.know(new, Whose(whose.call, None if whose.leg is None else LegId(new)))
        if whose.leg is None:
            del self._whose[old]
        else:
            self._whose[old] = Whose(whose.call, whose.leg)


def _subject(message: ms.Message) -> str | None:
    """Return the id of the channel (or playback) a message is about."""
    match message:
        case ms.StasisStart(replace_channel=ms.Channel(id=replaced)):
            return replaced
        case ms.PlaybackFinished():
            return message.playback.id
        case ms.Dial():
            return message.peer.id
        case ms.ApplicationReplaced() | ms.ChannelUserevent() | ms.BridgeAttendedTransfer():
            return None
        case _:
            return message.channel.id if message.channel else None
