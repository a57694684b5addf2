"""The phone: commands become requests to Asterisk, its messages become events of their call."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.register import Calls, Register
from callrouter.ari.requests import PATIENT, QUICK, Request, Requests
from callrouter.ari.telling import Telling
from callrouter.ari.translate import Whose
from callrouter.core import commands as cm, events as ev
from callrouter.core.call import Leg
from callrouter.core.words import CallId, Instant, LegId, Release, Result

FALLBACK = "callrouter-fallback"
"""The dialplan's context for callers whom the router cannot serve."""
GONE = {400, 404, 409, 412, 422}
"""Asterisk's ways to say that a channel is no longer there for us."""
EXISTS = 409
"""What Asterisk says when a channel or a bridge is to be made a second time."""
AGAIN = 0.1
"""Seconds before the next attempt, and before a refusal is believed."""
LATE = 0.4
"""Seconds from which on a phone was called late: its step lasts so much longer."""
READ_AT_MOST = 0.5
"""Seconds a question to Asterisk may take while a caller waits."""
NAME_MOST = 80
"""Characters of a name on a phone's display."""

# The phone goes on showing what it showed when it rang, and the client is not told an internal number.
_QUIETLY = {"inhibitConnectedLineUpdates": "true"}
_HARMLESS = re.compile(r"\w+\([\w-]+,[+*#\w.-]+,1\)")
_REASONS = {Release.NORMAL: "normal", Release.NO_ANSWER: "no_answer", Release.REJECTED: "normal"}

log = structlog.get_logger()


class AriPhone:
    """Performs commands, one call's in order; knows which channel is whose, and nothing else."""

    def __init__(self, ari: Requests, app: str, now: Callable[[], Instant], talk_limit: int = 14_400) -> None:
        self.ari = ari
        self._app = app
        self._now = now
        self._talk_limit = talk_limit
        self.channels = Register()
        self._undialled: dict[str, tuple[cm.Ring, Instant]] = {}
        """Channels that were made and are not in our application yet: they cannot be dialled before."""
        self._making: set[LegId] = set()
        self.errands = Errands()
        self._telling = Telling(ari, self.errands)

    def hear(self, message: ms.Message, calls: Calls) -> bool:
        """Tell the call that a message is about; False where it is about no channel that we know."""
        self._telling.hear(message)
        is_known = self.channels.hear(message, calls, self._now())
        if isinstance(message, ms.StasisStart) and (made := self._undialled.pop(message.channel.id, None)) is not None:
            self.errands.send(self._dial(*made, calls))
        return is_known

    async def perform(self, call: CallId, command: cm.Command) -> ev.Event | None:
        """Do what a call wants; return the event it makes by itself, usually that it could not be done."""
        match command:
            case cm.Ring():
                return await self._ring(call, command)
            case cm.HangUp():
                reason = "answered_elsewhere" if command.result is Result.ELSEWHERE else "normal"
                await self.hang_up(command.leg, reason)
            case cm.Connect():
                return await self._connect(command)
            case cm.SendRinging():
                await self._telling.tell(Request("POST", f"channels/{command.caller}/ring"))
            case cm.Guard():
                await self._limit(command.caller, command.seconds)
            case cm.Play():
                return await self._play(call, command)
            case cm.LetGo():
                await self._let_go(command)
            case cm.CloseBridge():
                await self.close_bridge(command.bridge)
        return None

    async def hang_up(self, channel: str, reason: str = "normal") -> None:
        """End a channel, for a reason of ARI's list."""
        self._undialled.pop(channel, None)
        await self._telling.send_off(channel, Request("DELETE", f"channels/{channel}", {"reason": reason}))

    async def close_bridge(self, bridge: str) -> None:
        """Delete a bridge."""
        await self._telling.tell(Request("DELETE", f"bridges/{bridge}"))

    async def tell(self, request: Request) -> bool:
        """Send a request whose refusal means that it is already so (404 on hang-up, 409 on create)."""
        try:
            await self.ari.send(request)
        except AriRefused as refused:
            return refused.status in GONE
        except AriAway as away:
            log.warning("asterisk did not take a request", request=str(request), error=str(away))
            return False
        return True

    async def _ring(self, call: CallId, ring: cm.Ring) -> ev.Event | None:
        """Make the channel; it is dialled as soon as it is in our application, and nothing waits for that."""
        self.channels.know(ring.leg, Whose(call, ring.leg, is_made_by_us=True))
        begun = self._now()
        self._undialled[ring.leg] = ring, begun
        self._making.add(ring.leg)
        try:
            await self._insist(self._creation(call, ring), QUICK)
        except (AriRefused, AriAway) as error:
            is_there = isinstance(error, AriRefused) and error.status == EXISTS
            if not is_there and ring.leg in self._undialled:  # otherwise it was heard of, whatever is answered
                return self._not_rung(ring, error)
        finally:
            self._making.discard(ring.leg)
        return self._delayed(ring, begun)

    async def _insist(self, request: Request, deadlines: tuple[float, ...]) -> None:
        """Send what means the same a second time until Asterisk answers: no caller pays for its silence."""
        for deadline in deadlines[:-1]:
            try:
                await self.ari.send(request, deadline)
            except AriAway as away:
                log.warning("asterisk is silent; asked again", request=str(request), error=str(away))
                await asyncio.sleep(AGAIN)
            else:
                return
        await self.ari.send(request, deadlines[-1])

    async def _insist_twice(self, request: Request, deadlines: tuple[float, ...]) -> None:
        """Insist, and believe a refusal the second time only."""
        try:
            await self._insist(request, deadlines)
        except AriRefused:
            await asyncio.sleep(AGAIN)
            await self._insist(request, deadlines)

    def is_made(self, leg: LegId) -> bool:
        """Whether Asterisk has, or had, a channel for this leg: not while its `Ring` still waits to be performed."""
        return self.channels.whose(leg) is not None and leg not in self._making

    async def _dial(self, ring: cm.Ring, begun: Instant, calls: Calls) -> None:
        event: ev.Event | None = None
        try:
            await self._insist_twice(self._dialling(ring.leg, ring.until + self._late(begun)), PATIENT)
            event = self._delayed(ring, begun)
        except (AriRefused, AriAway) as error:
            if isinstance(error, AriAway) or error.status not in GONE:
                event = self._not_rung(ring, error)
        if event is not None and (whose := self.channels.whose(ring.leg)) is not None:
            calls.deliver(whose.call, event)

    def _late(self, begun: Instant) -> float:
        """Return how many seconds Asterisk was silent since then; what is usual is none."""
        seconds = self._now() - begun
        return seconds if seconds > LATE else 0.0

    def _delayed(self, ring: cm.Ring, begun: Instant) -> ev.LegDelayed | None:
        late = self._late(begun)
        return ev.LegDelayed(self._now(), ring.leg, late) if late else None

    def _not_rung(self, ring: cm.Ring, error: AriRefused | AriAway) -> ev.LegEnded:
        """Nothing is left of the leg; "Allocation failed" is how Asterisk says that a phone is not registered."""
        log.warning("a phone could not be rung", leg=ring.leg, phone=ring.phone, error=str(error))
        self._undialled.pop(ring.leg, None)
        self.errands.send(self._telling.tell(Request("DELETE", f"channels/{ring.leg}", {"reason": "normal"})))
        return ev.LegEnded(self._now(), ring.leg, ev.End.FAILED if isinstance(error, AriAway) else ev.End.REFUSED)

    async def dial_again(self, leg: Leg) -> None:
        """Have a channel ring that was made, but perhaps not dialled (409: it was).

        Its `StasisStart` may be held back and come later: dialled a second time before it rings, a channel ends.
        """
        self._undialled.pop(leg.id, None)
        await self.tell(self._dialling(leg.id, leg.until))

    def _dialling(self, leg: LegId, until: Instant) -> Request:
        return Request("POST", f"channels/{leg}/dial", {"timeout": max(1, math.ceil(until - self._now()))})

    def _creation(self, call: CallId, ring: cm.Ring) -> Request:
        params: dict[str, str | int] = {
            "endpoint": ring.dial,
            "app": self._app,
            "appArgs": f"leg,{call},{ring.person},{ring.step}",
            "channelId": ring.leg,
            "originator": ring.caller,
        }
        guard = max(1, math.ceil(ring.until - self._now())) + 5
        # What a phone shows is its channel's connected line; `i`: written without being sent as an update.
        variables = {
            "CONNECTEDLINE(name,i)": _plain(ring.shows),
            "CONNECTEDLINE(num,i)": ring.number or "",
            "CONNECTEDLINE(pres,i)": "allowed",
            "TIMEOUT(absolute)": str(guard),
        }
        return Request("POST", "channels/create", params, variables)

    async def _connect(self, connect: cm.Connect) -> ev.Event | None:
        bridge, caller = f"bridges/{connect.bridge}", f"channels/{connect.caller}"
        try:
            await self._build(bridge)
            leg, them = {"channel": connect.leg, **_QUIETLY}, {"channel": connect.caller, **_QUIETLY}
            await self._insist_twice(Request("POST", f"{bridge}/addChannel", leg), QUICK)
            await self._insist_twice(Request("POST", f"{caller}/answer"), QUICK)
            await self._insist_twice(Request("POST", f"{bridge}/addChannel", them), QUICK)
        except (AriRefused, AriAway) as error:
            # Whoever left says so himself, in an event; 500: the caller to be answered hung up this instant.
            if isinstance(error, AriRefused) and error.status in {*GONE, 500}:
                return None
            log.warning("two could not be connected", error=str(error))
            return ev.ConnectFailed(self._now(), connect.leg)
        await self.renew(connect.caller, connect.leg)
        talked: dict[str, str | int] = {"variable": "CALLROUTER_TALKED", "value": "1"}
        await self._telling.tell(Request("POST", f"{caller}/variable", talked))
        return None

    async def _build(self, bridge: str) -> None:
        """Make the bridge; it is there already where only Asterisk's answer was lost."""
        try:
            await self._insist_twice(Request("POST", bridge, {"type": "mixing"}), QUICK)
        except AriRefused as refused:
            if refused.status != EXISTS:
                raise

    async def renew(self, *channels: str) -> None:
        """Let a conversation last: Asterisk's limit on its channels begins anew."""
        for channel in channels:
            await self._limit(channel, self._talk_limit)

    async def _limit(self, channel: str, seconds: int) -> None:
        """Have Asterisk itself take the channel away from us after so many seconds."""
        limit: dict[str, str | int] = {"variable": "TIMEOUT(absolute)", "value": seconds}
        await self._telling.tell(Request("POST", f"channels/{channel}/variable", limit))

    async def _play(self, call: CallId, play: cm.Play) -> ev.Event | None:
        playback = f"{call}.prompt"
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

    async def members(self, bridge: str) -> tuple[str, ...]:
        """Return who is in a bridge."""
        try:
            return ms.Bridge.model_validate(await self.ari.send(Request("GET", f"bridges/{bridge}"))).channels
        except (AriRefused, AriAway):
            return ()

    def forget(self, call: CallId) -> None:
        """The call is over."""
        self.channels.forget(call)

    async def _let_go(self, let_go: cm.LetGo) -> None:
        if let_go.release is Release.FALLBACK:
            await self.give_back(let_go.caller, let_go.line)
            return
        await self.hang_up(let_go.caller, _REASONS.get(let_go.release, "congestion"))


def _plain(name: str) -> str:
    """A caller's name is hostile input: what a display cannot show, and what a header must not hold, goes."""
    return "".join(" " if not letter.isprintable() else letter for letter in name)[:NAME_MOST]
