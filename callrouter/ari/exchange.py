"""What Asterisk says, sorted: news of a call goes to it, a stranger is a new call, and after a gap all is compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from callrouter.ari import messages as ms, resync
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.features import is_feature
from callrouter.ari.inventory import arguments_of, is_named_by_us, recording_in
from callrouter.ari.phone import AriPhone
from callrouter.ari.regained import Ended
from callrouter.ari.register import FAR, is_leg
from callrouter.ari.requests import Request, Requests
from callrouter.ari.roll_call import HERE, ROLL_CALL_REPLY, THERE
from callrouter.ari.translate import Whose
from callrouter.core import events as ev
from callrouter.core.facts import Arrival
from callrouter.core.words import CallId, Instant, LegId

NEWCOMER = 0.3
"""Seconds in which a channel that belongs to no call may turn out to be a call that arrives this very moment."""
LOOKS = 15
"""How often it is looked for meanwhile."""
SHARE, SHARE_AT_MOST = 0.005, 0.05
"""Seconds a worker waits before it claims a call, for each call it has more than another one, and at most."""

log = structlog.get_logger()


class Calls(resync.Calls, Protocol):
    """The calls of this worker."""

    def arrive(self, arrival: Arrival) -> None:
        """A new one."""
        ...

    def is_inside(self, line: str) -> bool:
        """Whether callers are transferred to a department there."""
        ...

    def transfer(self, arrival: Arrival, leg: LegId) -> None:
        """The caller of the arrival's call was sent there by whoever that leg stands for."""
        ...

    def transfer_instead(self, call: CallId, leg: LegId, asked: CallId) -> None:
        """The caller was sent to where another call rings, that of whoever that leg stands for."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...


class Exchange:
    """The listener of the connection to Asterisk."""

    def __init__(
        self,
        lists: Requests,
        phone: AriPhone,
        calls: Calls,
        app: str,
        ids: Callable[[], CallId],
        now: Callable[[], Instant],
        replaced: asyncio.Event,
        ended: Ended,
        lead: Callable[[int], int],
        serve: Callable[[ms.Channel, Sequence[str]], Coroutine[Any, Any, None]],
    ) -> None:
        self._resync = resync.Resync(lists, phone, app, calls, now, ended)
        self._phone = phone
        self._calls = calls
        self._app = app
        self._ids = ids
        self._now = now
        self._replaced = replaced
        self._lead = lead
        self._serve = serve
        """Who serves phones that dialled a feature code."""
        self.errands = Errands()
        self.is_closing = False
        self.former: resync.Former = []
        """What a former life has left: taken up once Asterisk is there."""
        self.heritage: tuple[str, ...] = ()
        """The applications that it had inherited, and not fetched everything from."""
        self.connected_once = asyncio.Event()

    async def connected(self) -> None:
        """Compare the calls in hand with what Asterisk has."""
        self.errands.send(self._tidy(*await self._resync.catch_up(self.former, self.heritage)))
        self.connected_once.set()

    async def take_over(self, apps: Collection[str], former: resync.Former) -> None:
        """Fetch the calls of dead workers' applications."""
        await self.connected_once.wait()
        former += self.former
        self.former.clear()
        self.errands.send(self._tidy(*await self._resync.take_over(apps, former)))

    def lost(self) -> None:
        """Note since when nothing is heard."""
        self._resync.lost_at = self._resync.lost_at or self._now()

    def hear(self, message: ms.Message) -> None:
        """Sort one message; what takes time goes on by itself."""
        if self._resync.is_moving(message) or self._phone.hear(message, self._calls):
            return
        match message:
            case ms.CallBroadcast():
                self.errands.send(self._claim(message.channel))
            case ms.StasisStart(replace_channel=None):
                self._arrived(message)
            case ms.ChannelUserevent() if message.eventname == THERE:
                self.errands.send(self._there(message))
            case ms.BridgeAttendedTransfer(replace_channel=ms.Channel() as near):
                self._joined_early(near)
            case ms.ApplicationReplaced():
                self._replaced.set()

    async def _tidy(self, channels: Sequence[ms.Channel], bridges: Sequence[ms.Bridge]) -> None:
        """What belongs to no call a moment later either is left of a former life, or came while nobody listened."""
        await asyncio.sleep(NEWCOMER)
        for channel in channels:
            if self._phone.channels.is_unknown(channel.id):
                await self._take_in(channel)
        for bridge in bridges:
            await self._dissolve(bridge.id)

    async def _take_in(self, channel: ms.Channel) -> None:
        """Nobody has served this caller; who has talked and is alone now, goes, and so does a leg."""
        if is_named_by_us(channel.id) or await self._phone.read(channel.id, "CALLROUTER_TALKED") == "1":
            await self._phone.hang_up(channel.id)
            return
        if is_feature(args := arguments_of(channel)):
            await self._serve(channel, args)
            return
        log.warning("a caller whom nobody served is taken in", asterisk_id=channel.id)
        if self._phone.channels.other_end(channel.name) is not None:
            self._received(channel, args)
            return
        call = self._receive(channel, args)
        try:
            await self._phone.ari.send(Request("GET", f"channels/{channel.id}"))
        except AriRefused:
            if call is not None:  # he left before we knew him
                self._calls.deliver(call, ev.CallerGone(self._now()))
        except AriAway:
            return  # when Asterisk is back, all is compared again

    async def _dissolve(self, bridge: str) -> None:
        """Nobody is left in it whom anybody could talk to."""
        if any(call.bridge == bridge for call in self._calls.live()):
            return
        alone = await self._phone.members(bridge)
        if alone is not None and len(alone) <= 1:
            for channel in alone:
                await self._phone.hang_up(channel)
            await self._phone.close_bridge(bridge)

    def _arrived(self, message: ms.StasisStart) -> None:
        channel = message.channel
        if is_leg(channel.id, message.args) or is_named_by_us(channel.id):
            self.errands.send(self._phone.hang_up(channel.id))
        elif is_feature(message.args):
            self.errands.send(self._serve(channel, message.args))
        else:
            self._received(channel, message.args or (channel.dialplan.exten,))

    def _received(self, channel: ms.Channel, args: Sequence[str]) -> None:
        if channel.name.endswith(FAR) and self._calls.is_inside(args[0]):
            self.errands.send(self._far_end(channel, args))
        else:
            self._receive(channel, args)

    async def _far_end(self, channel: ms.Channel, args: Sequence[str]) -> None:
        """A caller of ours is transferred to a department; its near end may be heard of an instant later."""
        near = await self._near(channel)
        if near is None or near.leg is None or self.is_closing:
            self._receive(channel, args)
            return
        self._phone.channels.know(channel.id, Whose(near.call, LegId(channel.id)))  # it goes with the near end
        number = channel.caller.number
        arrival = Arrival(near.call, self._now(), channel.id, args[0], number, channel.phone, is_local=True)
        self._calls.transfer(arrival, near.leg)

    def _joined_early(self, near: ms.Channel) -> None:
        """Somebody hung up while the department still rang for him: he has sent his caller there."""
        ours, asked = self._phone.channels.whose(near.id), self._phone.channels.other_end(near.name)
        if ours is not None and ours.leg is not None and asked is not None:
            self._calls.transfer_instead(ours.call, ours.leg, asked.call)

    async def _near(self, far: ms.Channel) -> Whose | None:
        for _ in range(LOOKS):
            if (near := self._phone.channels.other_end(far.name)) is not None:
                return near
            await asyncio.sleep(NEWCOMER / LOOKS)
        return None

    def _receive(self, channel: ms.Channel, args: Sequence[str]) -> CallId | None:
        """Let a call begin; the arguments are its line and what else the dialplan says."""
        if self.is_closing:
            self.errands.send(self._phone.give_back(channel.id, args[0]))
            log.warning("closing: a call goes to the fallback", asterisk_id=channel.id)
            return None
        call = self._ids()
        self._phone.channels.know(channel.id, Whose(call))
        is_local = channel.name.startswith("Local/")
        number, recording = channel.caller.number, recording_in(args)
        arrival = Arrival(call, self._now(), channel.id, args[0], number, channel.phone, is_local, recording=recording)
        self._calls.arrive(arrival)
        return call

    async def _there(self, asked: ms.ChannelUserevent) -> None:
        """Another worker asks whether we live."""
        reply = str(asked.userevent.get("reply", ""))
        if ROLL_CALL_REPLY.fullmatch(reply):
            await self._phone.tell(Request("POST", f"events/user/{HERE}", {"application": reply}))

    async def _claim(self, channel: ms.Channel) -> None:
        """Take a call that `StasisBroadcast()` offers: whoever claims first has it, and who has less claims sooner.

        The far end of a transfer is his who has the call; the others take it only if he does not.
        """
        if self.is_closing:
            return
        if not channel.name.endswith(FAR) or await self._near(channel) is None:
            await asyncio.sleep(min(SHARE_AT_MOST, SHARE * self._lead(len(self._calls))))
        claim = Request("POST", "events/claim", {"channelId": channel.id, "application": self._app})
        try:
            await self._phone.ari.send(claim)
        except (AriAway, AriRefused) as error:
            log.info("a call was not claimed", asterisk_id=channel.id, why=str(error))
