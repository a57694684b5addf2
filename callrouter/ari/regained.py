"""Calls of which no record tells: their worker died before SQL heard of them, and Asterisk has all that is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.inventory import Inventory, arguments_of, recording_in
from callrouter.ari.pairs import Pair, Pairs, alone_in
from callrouter.ari.phone import AriPhone
from callrouter.ari.translate import Whose
from callrouter.core import events as ev
from callrouter.core.call import Call
from callrouter.core.facts import Arrival
from callrouter.core.recorded import Ending
from callrouter.core.words import CallId, Instant, LegId

Ended = Callable[[str], Awaitable[Ending | None]]
"""What Asterisk recorded of a channel that is gone, within a bounded time; None: nothing."""

log = structlog.get_logger()


class Calls(Protocol):
    """The calls in hand."""

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """News of one."""
        ...

    def regain(self, arrival: Arrival, event: ev.Recovered, landed: asyncio.Event) -> None:
        """Go on with one of which no record tells, once its channels are ours."""
        ...


class Regained:
    """Lets such calls begin, as they stand."""

    def __init__(self, phone: AriPhone, pairs: Pairs, calls: Calls, now: Callable[[], Instant], ended: Ended) -> None:
        self._phone = phone
        self._pairs = pairs
        self._calls = calls
        self._now = now
        self._ended = ended
        self._landed = asyncio.Event()
        self._fetched: list[Pair] = []
        """Those whose channels are on their way to us: until then nobody tells us what becomes of them."""

    async def look(self, seen: Inventory, former: Sequence[Call], apps: Collection[str]) -> None:
        """Know who is together with whom before their channels come, and let the calls of the unknown ones begin."""
        held = {channel for app in apps for channel in seen.held(app)}
        known = {call.id: call.caller for call in former}
        channels = self._phone.channels
        for pair in (await self._pairs.find(seen, known)).values():
            is_nobodys = channels.is_unknown(pair.caller.id) and pair.caller.id in held
            if channels.is_unknown(pair.leg.id) and (pair.call in known or is_nobodys):
                channels.know(pair.leg.id, pair.whose)
                if is_nobodys:
                    await self._together(pair)
        for call, caller in alone_in(seen):
            if channels.is_unknown(caller.id) and caller.id in held:
                await self._alone(call, caller)

    async def part(self, seen: Inventory) -> None:
        """Tell the calls that began so who left before we could hear of it."""
        for pair in self._fetched:
            if pair.caller.id not in seen.channels:
                ending = await self._ended(pair.caller.id)
                self._calls.deliver(pair.call, ev.CallerGone(ending.at if ending else self._now()))
            if pair.leg.id not in seen.channels:
                self._calls.deliver(pair.call, ev.LegEnded(self._now(), LegId(pair.leg.id), ev.End.REFUSED))
        self._fetched.clear()
        self._landed.set()  # before that, who enters a bridge is told to the dead worker alone
        self._landed = asyncio.Event()

    async def _together(self, pair: Pair) -> None:
        self._fetched.append(pair)
        up = await self._pairs.told(pair, self._now())
        await self._begin(pair.call, pair.caller, ev.Recovered(self._now(), up.at, picked_up=up))

    async def _alone(self, call: CallId, caller: ms.Channel) -> None:
        """His conversation is over, and nobody was there to let him go."""
        ending = await self._phone.conversation(caller.id)
        if ending is not None:
            await self._begin(call, caller, ev.Recovered(self._now(), ending.at, ending=ending))

    async def _begin(self, call: CallId, caller: ms.Channel, event: ev.Recovered) -> None:
        log.warning("a call of which no record tells goes on", call=call)
        self._phone.channels.know(caller.id, Whose(call))
        at = await self._phone.began_at(caller.id) or event.since
        is_local, args = caller.name.startswith("Local/"), arguments_of(caller)
        arrival = Arrival(
            call,
            at,
            caller.id,
            args[0],
            caller.caller.number,
            caller.phone,
            is_local,
            recording=recording_in(args),
            goes_on=True,
        )
        self._calls.regain(arrival, event, self._landed)
