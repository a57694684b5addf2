"""After a gap: what Asterisk has is compared with the calls in hand, and the difference becomes events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import structlog

from callrouter.ari import messages as ms, regained
from callrouter.ari.errors import AriRefused
from callrouter.ari.inventory import Inventory, arguments_of, is_named_by_us, look_round
from callrouter.ari.pairs import Pair, Pairs
from callrouter.ari.phone import AriPhone
from callrouter.ari.regained import Ended, Regained
from callrouter.ari.requests import Request, Requests
from callrouter.core import events as ev
from callrouter.core.call import Call, LegState
from callrouter.core.words import CallId, Instant, LegId

LISTED_AT_MOST = 200
"""How often a channel may stand on an application's list."""

AT_ONCE = 20
"""How many channels are fetched at a time: Asterisk may be far away."""
ATTEMPTS = 3
"""How often a channel that does not come is fetched."""
LANDED_WITHIN, LOOK_EVERY = 1.0, 0.05
"""Seconds a moved channel has to arrive, and seconds between two looks for it."""

log = structlog.get_logger()

Former = list[tuple[Call, Instant]]
"""Calls that a former life, or another worker, has left, each with the instant at which it was last there."""


class Calls(regained.Calls, Protocol):
    """The calls in hand."""

    def expect(self, call: Call) -> None:
        """One that is about to be adopted: what is delivered to it waits."""
        ...

    def adopt(self, call: CallId, event: ev.Recovered) -> None:
        """Go on with one that was expected."""
        ...

    def withdraw(self, call: CallId) -> None:
        """Another worker has it: let go of it without a word."""
        ...

    def live(self) -> Iterator[Call]:
        """All whose ladder has begun."""
        ...

    def in_reception(self) -> Iterator[tuple[CallId, str]]:
        """The others, with their callers' channels."""
        ...


class Resync:
    """The comparison of one application's calls with Asterisk."""

    def __init__(
        self,
        lists: Requests,
        phone: AriPhone,
        app: str,
        calls: Calls,
        now: Callable[[], Instant],
        ended: Ended,
    ) -> None:
        self._lists = lists
        self._ended = ended
        self._phone = phone
        self._app = app
        self._calls = calls
        self._now = now
        self._pairs = Pairs(phone)
        self._regained = Regained(phone, self._pairs, calls, now, ended)
        self._moving: set[str] = set()
        """Channels that were asked for, and have not come yet."""
        self.lost_at: Instant | None = None
        """Since when nothing is heard: what Asterisk has no record of ended then."""

    async def catch_up(
        self, former: Former, heritage: Collection[str] = ()
    ) -> tuple[Sequence[ms.Channel], Sequence[ms.Bridge]]:
        """Tell each call what changed in the gap; return the channels and the bridges that belong to no call.

        Those that a former life has left are adopted, and taken off the list once Asterisk has said what it has; not
        those of which something is still in an application that it had inherited: they are fetched first.
        """
        made = {leg.id for call in self._calls.live() for leg in call.legs if self._phone.dialler.is_made(leg.id)}
        live, waiting = list(self._calls.live()), list(self._calls.in_reception())
        for call, _ in former:
            self._expect(call)
        seen = await look_round(self._lists)
        held = seen.held(self._app)
        callers = [*waiting, *((call.id, call.caller) for call in live)]
        gone = [(call, caller) for call, caller in callers if caller not in held]
        await asyncio.gather(*(self._without_caller(seen, *one) for one in gone))
        inherited = {channel for app in heritage for channel in seen.held(app)}
        unfetched = [(call, since) for call, since in former if inherited & _channels(call)]
        here = [one for one in former if one not in unfetched]
        former[:] = unfetched
        await self._regained.look(seen, [call for call, _ in here], [self._app])
        await self._regained.part(seen)
        await self._adopt(here, seen)
        for call in live:
            await self._tell(call, seen, made)
        self.lost_at = None
        return self._strangers(seen)

    async def take_over(
        self, apps: Collection[str], former: Former
    ) -> tuple[Sequence[ms.Channel], Sequence[ms.Bridge]]:
        """Fetch every channel of applications whose workers are dead, and adopt their calls."""
        for call, _ in former:
            self._expect(call)
        await asyncio.gather(*(self._phone.sounds.silence(call) for call, _ in former))
        seen = await look_round(self._lists)
        await self._regained.look(seen, [call for call, _ in former], [*apps, self._app])
        for _ in range(ATTEMPTS):
            theirs = [(app, channel) for app in apps for channel in seen.held(app).values()]
            theirs.sort(key=lambda one: is_named_by_us(one[1].id))  # the callers first
            for first in range(0, len(theirs), AT_ONCE):
                await asyncio.gather(*(self._fetch(*one) for one in theirs[first : first + AT_ONCE]))
            seen = await self._landed([channel.id for _, channel in theirs])
            if not any(seen.held(app) for app in apps):
                break
        await self._adopt(former, seen)
        await self._regained.part(seen)
        return self._strangers(seen)

    def is_moving(self, message: ms.Message) -> bool:
        """Whether it is about a channel that leaves only to come to us.

        So does one that was ours already: a life before has fetched it, and died before it took it off the list.
        """
        if isinstance(message, ms.StasisStart):
            self._moving.discard(message.channel.id)
        return isinstance(message, ms.StasisEnd) and message.channel.id in self._moving

    async def _landed(self, moved: Collection[str]) -> Inventory:
        """Look round once they are where they were moved to: Asterisk does it some time after its reply."""
        seen = await look_round(self._lists)
        with suppress(TimeoutError):
            async with asyncio.timeout(LANDED_WITHIN):
                while any(seen.is_between(channel) for channel in moved):
                    await asyncio.sleep(LOOK_EVERY)
                    seen = await look_round(self._lists)
        return seen

    async def _fetch(self, app: str, channel: ms.Channel) -> None:
        # Whom nobody knows arrives anew with the application's arguments: a caller, as from the dialplan, with his line
        args = "leg" if is_named_by_us(channel.id) else ",".join(arguments_of(channel))
        move = Request("POST", f"channels/{channel.id}/move", {"app": self._app, "appArgs": args})
        self._moving.add(channel.id)
        try:
            await self._phone.ari.send(move)
        except AriRefused:  # he left; or he stays on the list, and is fetched once more
            self._moving.discard(channel.id)
            return
        source: dict[str, str | int] = {"eventSource": f"channel:{channel.id}"}
        if is_named_by_us(channel.id):  # or nobody says how it ended
            await self._phone.tell(Request("POST", f"applications/{self._app}/subscription", source))
        await self._unlist(app, source)

    async def _unlist(self, app: str, source: dict[str, str | int]) -> None:
        """Take a channel off its former application's list, on which it stands once for each leg made for it too."""
        try:
            for _ in range(LISTED_AT_MOST):
                await self._phone.ari.send(Request("DELETE", f"applications/{app}/subscription", source))
        except AriRefused:  # 422: it is not there any more
            return

    def _expect(self, call: Call) -> None:
        self._phone.channels.take_up(call)
        self._phone.sounds.take_up(call)
        self._calls.expect(call)

    async def _adopt(self, former: Former, seen: Inventory) -> None:
        adopted = list(former)
        former.clear()
        pairs = await self._pairs.find(seen, {call.id: call.caller for call, _ in adopted})
        await asyncio.gather(*(self._recover(call, since, seen, pairs.get(call.id)) for call, since in adopted))
        for call, _ in adopted:
            await self._tell(call, seen, {leg.id for leg in call.legs})

    async def _recover(self, call: Call, since: Instant, seen: Inventory, pair: Pair | None) -> None:
        event = recovery(call, seen, self._app, self._now(), since)
        if event.is_caller_gone:
            event = replace(event, ending=await self._ended(call.caller))
        elif pair is not None and (call.answered_at is None or pair.leg.id != call.winner):
            event = replace(event, picked_up=await self._pairs.told(pair, since))
        elif not any(leg.id in seen.channels and seen.channels[leg.id].state == "Up" for leg in call.legs):
            event = replace(event, ending=await self._phone.conversation(call.caller))
        self._calls.adopt(call.id, event)

    async def _without_caller(self, seen: Inventory, call: CallId, caller: str) -> None:
        if seen.is_elsewhere(self._app, caller):
            log.warning("another worker has taken a call over", call=call)
            self._calls.withdraw(call)
        else:
            ending = await self._ended(caller)
            self._calls.deliver(call, ev.CallerGone(ending.at if ending else self.lost_at or self._now()))

    async def _tell(self, call: Call, seen: Inventory, made: Collection[LegId]) -> None:
        """Tell a call what happened to its legs, and repeat what may have been lost: it means the same again."""
        for event in missed(call, seen.channels, self._now(), made):
            self._calls.deliver(call.id, await self._dated(call, event))
        for leg in call.legs:
            channel = seen.channels.get(leg.id)
            if channel is not None and leg.state is LegState.LEAVING:
                await self._phone.hang_up(leg.id)
            elif channel is not None and leg.state is LegState.DIALLED and _waits_to_be_dialled(channel):
                await self._phone.dialler.dial_again(leg)

    async def _dated(self, call: Call, event: ev.Event) -> ev.Event:
        """Let Asterisk say how long ago somebody picked up, or a conversation ended."""
        match event:
            case ev.LegAnswered():
                then = await self._phone.picked_up_at(event.leg)
                return replace(event, late=_ago(then, event.at))
            case ev.LegEnded() if event.leg == call.winner and call.answered_at is not None:
                ending = await self._phone.conversation(call.caller)
                return replace(event, late=_ago(ending.at if ending else None, event.at))
        return event

    def _strangers(self, seen: Inventory) -> tuple[Sequence[ms.Channel], Sequence[ms.Bridge]]:
        bridged = {channel for bridge in seen.bridges for channel in bridge.channels}
        held = seen.held(self._app)
        for one in seen.channels.values():
            self._phone.channels.note(one)
        known = {call.bridge for call in self._calls.live()}
        channels = [one for one in held.values() if self._phone.channels.is_unknown(one.id) and one.id not in bridged]
        bridges = [
            bridge
            for bridge in seen.bridges
            if ".bridge" in bridge.id
            and bridge.id not in known
            and len(bridge.channels) <= 1
            and held.keys() >= set(bridge.channels)
        ]
        return channels, bridges


def _channels(call: Call) -> set[str]:
    return {call.caller, *(leg.id for leg in call.legs)}


def _ago(then: Instant | None, at: Instant) -> float:
    return 0.0 if then is None else max(0.0, at - then)


def _waits_to_be_dialled(channel: ms.Channel) -> bool:
    """One that is not in our application yet will say so, and is dialled then."""
    return channel.state == "Down" and channel.dialplan.app_name == "Stasis"


def recovery(call: Call, seen: Inventory, app: str, at: Instant, since: Instant) -> ev.Recovered:
    """Return how Asterisk has a call that a former life has left."""
    gone = tuple(leg.id for leg in call.legs if leg.state is not LegState.GONE and leg.id not in seen.channels)
    is_here = call.caller in seen.held(app) or seen.is_between(call.caller)
    return ev.Recovered(at, since, gone, is_caller_gone=not is_here)


def missed(call: Call, here: Mapping[str, ms.Channel], at: Instant, made: Collection[LegId]) -> list[ev.Event]:
    """Return what happened to a call's legs while nobody listened, as far as Asterisk still shows it.

    Only a leg that was `made` before Asterisk was asked can be missing.
    """
    events: list[ev.Event] = []
    for leg in call.legs:
        channel = here.get(leg.id)
        if leg.state is LegState.GONE:
            continue
        if channel is None:
            if leg.id in made:
                events.append(ev.LegEnded(at, leg.id, ev.End.REFUSED))
        elif channel.state == "Up":
            events.append(ev.LegAnswered(at, leg.id))
        elif channel.state == "Ringing":
            events.append(ev.LegRinging(at, leg.id))
    return events
