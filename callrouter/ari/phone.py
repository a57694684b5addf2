"""The phone: commands become requests to Asterisk, its messages become events of their call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.dialler import Dialler
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.insist import EXISTS, GONE, insist_twice, once
from callrouter.ari.register import Calls, Register
from callrouter.ari.requests import QUICK, Request, Requests
from callrouter.ari.sounds import Sounds
from callrouter.ari.telling import Telling
from callrouter.ari.translate import Whose, prompt_of
from callrouter.core import commands as cm, events as ev
from callrouter.core.recorded import Ending, phone_of
from callrouter.core.words import CallId, Instant, LegId, Release, Result

FALLBACK = "callrouter-fallback"
"""The dialplan's context for callers whom the router cannot serve."""
READ_AT_MOST = 0.5
"""Seconds a question to Asterisk may take while a caller waits."""

# The phone goes on showing what it showed when it rang, and the client is not told an internal number.
_QUIETLY = {"inhibitConnectedLineUpdates": "true"}
_INSTANT = re.compile(r"[0-9]{1,11}\.[0-9]{6}")
_HARMLESS = re.compile(r"\w+\([\w-]+,[+*#\w.-]+,\w+\)")
_REASONS = {
    Release.NORMAL: "normal",
    Release.NO_ANSWER: "no_answer",
    Release.GOES_ON: "no_answer",
    Release.REJECTED: "normal",
}

log = structlog.get_logger()


class AriPhone:
    """Performs commands, one call's in order; knows which channel is whose, and nothing else."""

    def __init__(self, ari: Requests, app: str, now: Callable[[], Instant], talk_limit: int = 14_400) -> None:
        self.ari = ari
        self._app = app
        self._now = now
        self._talk_limit = talk_limit
        self.channels = Register()
        self.errands = Errands()
        self._telling = Telling(ari, self.errands)
        self.dialler = Dialler(ari, app, now, self.channels, self._telling, self.errands)
        self.sounds = Sounds(ari, now, self.channels, self._telling, self.errands)

    def hear(self, message: ms.Message, calls: Calls) -> bool:
        """Tell the call that a message is about; False where it is about no channel that we know."""
        self._telling.hear(message)
        if isinstance(message, ms.ChannelDtmfReceived) and not self.sounds.is_asked(message.channel.id):
            return True  # what people press in a conversation is nobody's business
        if isinstance(message, ms.ChannelDestroyed):
            self.sounds.forget(message.channel.id)
        is_known = self.channels.hear(message, calls, self._now())
        if isinstance(message, ms.StasisStart):
            self.dialler.arrived(message.channel.id, calls)
        return is_known

    async def perform(self, call: CallId, command: cm.Command) -> ev.Event | None:  # noqa: C901 - a table
        """Do what a call wants; return the event it makes by itself, usually that it could not be done."""
        match command:
            case cm.Ring():
                return await self.dialler.ring(call, command)
            case cm.Confirm():
                self.sounds.ask(command)
            case cm.HangUp():
                self.sounds.forget(command.leg)
                reason = "answered_elsewhere" if command.result is Result.ELSEWHERE else "normal"
                await self.hang_up(command.leg, reason)
            case cm.Connect():
                return await self._connect(command)
            case cm.SendRinging():
                await self._telling.tell(Request("POST", f"channels/{command.caller}/ring"))
            case cm.PlayMusic():
                self.sounds.music(command)
            case cm.Announce():
                self.sounds.announce(call, command)
            case cm.Hush():
                await self.sounds.hush(command.announcements)
            case cm.Guard():
                await self._guard(command)
            case cm.Play():
                return await self._play(call, command)
            case cm.LetGo():
                await self._let_go(command)
            case cm.CloseBridge():
                await self.close_bridge(command.bridge)
        return None

    async def hang_up(self, channel: str, reason: str = "normal") -> None:
        """End a channel, for a reason of ARI's list."""
        self.dialler.spare(channel)
        await self._telling.send_off(channel, Request("DELETE", f"channels/{channel}", {"reason": reason}))

    async def close_bridge(self, bridge: str) -> None:
        """Delete a bridge."""
        await self._telling.tell(Request("DELETE", f"bridges/{bridge}"))

    async def tell(self, request: Request) -> bool:
        """Send a request whose refusal means that it is already so; return whether it is so."""
        return await once(self.ari, request)

    async def _connect(self, connect: cm.Connect) -> ev.Event | None:
        bridge, caller = f"bridges/{connect.bridge}", f"channels/{connect.caller}"
        await self.sounds.understand(connect.leg)
        try:
            there = await self._build(connect.bridge)
            if {connect.leg, connect.caller} <= there:
                await self._let_last(connect)  # they talk already: nothing is touched under them
                return None
            leg, them = {"channel": connect.leg, **_QUIETLY}, {"channel": connect.caller, **_QUIETLY}
            if connect.leg not in there:
                await insist_twice(self.ari, Request("POST", f"{bridge}/addChannel", leg), QUICK)
            await insist_twice(self.ari, Request("POST", f"{caller}/answer"), QUICK)
            await insist_twice(self.ari, Request("POST", f"{bridge}/addChannel", them), QUICK)
        except (AriRefused, AriAway) as error:
            # Whoever left says so himself, in an event; 500: the caller to be answered hung up this instant.
            if isinstance(error, AriRefused) and error.status in {*GONE, 500}:
                return None
            log.warning("two could not be connected", error=str(error))
            return ev.ConnectFailed(self._now(), connect.leg)
        await self._let_last(connect)
        return ev.Joined(self._now(), connect.leg) if connect.leg in there else None  # Asterisk says it once only

    async def _let_last(self, connect: cm.Connect) -> None:
        """Mark who talks: when his time is over he is not sent to the fallback; and let him talk."""
        talked: dict[str, str | int] = {"variable": "CALLROUTER_TALKED", "value": "1"}
        await self._telling.tell(Request("POST", f"channels/{connect.caller}/variable", talked))
        await self.renew(connect.caller, connect.leg)

    async def _build(self, bridge: str) -> frozenset[str]:
        """Make the bridge; return who is in it already, if Asterisk's answer was lost or a worker died."""
        try:
            await insist_twice(self.ari, Request("POST", f"bridges/{bridge}", {"type": "mixing"}), QUICK)
        except AriRefused as refused:
            if refused.status != EXISTS:
                raise
            # Who enters it is told to whoever made it, and while his channel is not ours yet to nobody else.
            source: dict[str, str | int] = {"eventSource": f"bridge:{bridge}"}
            await self.tell(Request("POST", f"applications/{self._app}/subscription", source))
            return frozenset(await self.members(bridge) or ())
        return frozenset()

    async def renew(self, *channels: str) -> None:
        """Let a conversation last: Asterisk's limit on its channels begins anew."""
        for channel in channels:
            await self._limit(channel, self._talk_limit)

    async def _guard(self, guard: cm.Guard) -> None:
        if guard.line is not None:  # first: the guard's own end asks for them
            for name, value in (("CALLROUTER_LINE", guard.line), ("CALLROUTER_TALKED", "0")):
                told: dict[str, str | int] = {"variable": name, "value": value}
                await self._telling.tell(Request("POST", f"channels/{guard.caller}/variable", told))
        await self._limit(guard.caller, guard.seconds)

    async def _limit(self, channel: str, seconds: int) -> None:
        """Have Asterisk itself take the channel away from us after so many seconds."""
        limit: dict[str, str | int] = {"variable": "TIMEOUT(absolute)", "value": seconds}
        await self._telling.tell(Request("POST", f"channels/{channel}/variable", limit))

    async def _play(self, call: CallId, play: cm.Play) -> ev.Event | None:
        playback = prompt_of(call)
        self.channels.know(playback, Whose(call))
        request = Request("POST", f"channels/{play.caller}/play/{playback}", {"media": play.media})
        try:
            await self.ari.send(request)
        except (AriAway, AriRefused) as error:
            log.warning("a prompt cannot be played", call=call, media=play.media, error=str(error))
            return ev.PromptEnded(self._now())
        return None

    async def give_back(self, channel: str, line: str) -> None:
        """Have the dialplan's fallback serve a caller; the guard would cut that conversation."""
        await self._limit(channel, 0)
        there: dict[str, str | int] = {"context": FALLBACK, "extension": line, "priority": 1}
        if await self._lacks(channel, f"DIALPLAN_EXISTS({FALLBACK},{line},1)"):
            log.error("the dialplan has no fallback for a caller: run `callrouter dialplan render`", line=line)
            await self.hang_up(channel, "congestion")
        else:
            await self._telling.send_off(channel, Request("POST", f"channels/{channel}/continue", there))

    async def _lacks(self, channel: str, expression: str) -> bool:
        """Whether Asterisk says 0; a line may hold anything, so only a harmless one is asked for."""
        if not _HARMLESS.fullmatch(expression):
            return True
        return await self.read(channel, expression) == "0"

    async def read(self, channel: str, expression: str) -> str | None:
        """Return what a variable or function gives; None where Asterisk does not say or it is not set."""
        try:
            asked = Request("GET", f"channels/{channel}/variable", {"variable": expression})
            answer = await self.ari.send(asked, READ_AT_MOST)
        except (AriRefused, AriAway):
            return None
        return str(answer.get("value", "")) if isinstance(answer, dict) else None

    async def conversation(self, caller: str) -> Ending | None:
        """Return how the conversation of a caller who is there was, if he has had one and is alone now."""
        if await self.read(caller, "CALLROUTER_TALKED") != "1":
            return None
        asked = ("CDR(end,u)", "CDR(answer,u)", "CDR(dstchannel)")
        ended, answered, with_whom = await asyncio.gather(*(self.read(caller, one) for one in asked))
        at = _instant(ended)
        return None if at is None else Ending(at, _instant(answered), phone_of(with_whom or ""))

    async def picked_up_at(self, leg: LegId) -> Instant | None:
        """Return when a phone was picked up, by Asterisk's record."""
        return _instant(await self.read(leg, "CDR(answer,u)"))

    async def began_at(self, channel: str) -> Instant | None:
        """Return when a channel was made, by Asterisk's record."""
        return _instant(await self.read(channel, "CDR(start,u)"))

    async def members(self, bridge: str) -> tuple[str, ...] | None:
        """Return who is in a bridge; None where Asterisk does not say, or has none of that name."""
        try:
            return ms.Bridge.model_validate(await self.ari.send(Request("GET", f"bridges/{bridge}"))).channels
        except (AriRefused, AriAway):
            return None

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self.channels.forget(call)

    async def _let_go(self, let_go: cm.LetGo) -> None:
        if let_go.release is Release.FALLBACK:
            await self.give_back(let_go.caller, let_go.line)
            return
        if let_go.lost is not None:  # first: who takes over from us after it knows that he has not left by himself
            mark: dict[str, str | int] = {"variable": "CDR(callrouter_end)", "value": let_go.lost}
            await self._telling.tell(Request("POST", f"channels/{let_go.caller}/variable", mark))
        if let_go.place is not None and await self._goes_on(let_go.caller, let_go.place):
            return
        await self.hang_up(let_go.caller, _REASONS.get(let_go.release, "congestion"))

    async def _goes_on(self, channel: str, place: str) -> bool:
        """Let the dialplan go on at a place of the scheme's; the guard would cut what happens there."""
        if await self._lacks(channel, f"DIALPLAN_EXISTS({place})"):
            log.error("the dialplan has no such place to go on", place=place)
            return False
        await self._limit(channel, 0)
        context, extension, priority = place.split(",")
        there: dict[str, str | int] = {"context": context, "extension": extension}
        there |= {"priority": int(priority)} if priority.isdecimal() else {"label": priority}
        await self._telling.send_off(channel, Request("POST", f"channels/{channel}/continue", there))
        return True


def _instant(told: str | None) -> Instant | None:
    """Return an instant of Asterisk's record; None where it has none (yet)."""
    return (float(told) or None) if told and _INSTANT.fullmatch(told) else None
