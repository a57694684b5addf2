"""What Asterisk says, sorted: news of a call goes to it, a stranger is a new call, and after a gap all is compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.phone import AriPhone
from callrouter.ari.register import is_leg
from callrouter.ari.requests import Request, Requests
from callrouter.ari.resync import resync, send_away
from callrouter.ari.translate import Whose
from callrouter.core import events as ev
from callrouter.core.call import Call
from callrouter.core.facts import Arrival
from callrouter.core.words import CallId, Instant

NEWCOMER = 1.0
"""Seconds in which a channel that belongs to no call may turn out to be a call that arrives this very moment."""

log = structlog.get_logger()


class Calls(Protocol):
    """The calls of this worker."""

    def arrive(self, arrival: Arrival) -> None:
        """A new one."""
        ...

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """News of one."""
        ...

    def adopt(self, call: Call, event: ev.Recovered) -> None:
        """Go on with one that a former life has left."""
        ...

    def live(self) -> Iterator[Call]:
        """All whose ladder has begun."""
        ...

    def in_reception(self) -> Iterator[tuple[CallId, str]]:
        """The others, with their callers' channels."""
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
    ) -> None:
        self._lists = lists
        self._phone = phone
        self._calls = calls
        self._app = app
        self._ids = ids
        self._now = now
        self._replaced = replaced
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_closing = False
        self.former: list[tuple[Call, Instant]] = []
        """Calls that a former life has left, each with when it was last there: taken up once Asterisk is there."""
        self.connected_once = asyncio.Event()

    async def connected(self) -> None:
        """Compare the calls in hand with what Asterisk has."""
        strangers = await resync(self._lists, self._phone, self._app, self._calls, self._now, self.former)
        self._go_on(self._send_away(strangers))
        self.connected_once.set()

    def hear(self, message: ms.Message) -> None:
        """Sort one message; what takes time goes on by itself."""
        if self._phone.hear(message, self._calls):
            return
        match message:
            case ms.CallBroadcast():
                self._go_on(self._claim(message.channel.id))
            case ms.StasisStart(replace_channel=None):
                self._arrived(message)
            case ms.ApplicationReplaced():
                self._replaced.set()

    async def _send_away(self, strangers: list[ms.Channel]) -> None:
        """Who is left of a former life goes, but not who arrives while we compare: his `StasisStart` is held back."""
        await asyncio.sleep(NEWCOMER)
        for channel in strangers:
            if self._phone.channels.whose(channel.id) is None:
                await send_away(self._phone, channel)

    def _arrived(self, message: ms.StasisStart) -> None:
        channel = message.channel
        if is_leg(channel.id, message.args):
            self._go_on(self._phone.hang_up(channel.id))
            return
        line = message.args[0] if message.args else channel.dialplan.exten
        if self.is_closing:
            self._go_on(self._phone.give_back(channel.id, line))
            log.warning("closing: a call goes to the fallback", asterisk_id=channel.id)
            return
        call = self._ids()
        self._phone.channels.know(channel.id, Whose(call))
        is_local = channel.name.startswith("Local/")
        number = channel.caller.number
        self._calls.arrive(Arrival(call, self._now(), channel.id, line, number, channel.phone, is_local))

    async def _claim(self, channel: str) -> None:
        """Take a call that `StasisBroadcast()` offers; whoever claims first has it."""
        if self.is_closing:
            return
        claim = Request("POST", "events/claim", {"channelId": channel, "application": self._app})
        try:
            await self._phone.ari.send(claim)
        except (AriAway, AriRefused) as error:
            log.info("a call was not claimed", asterisk_id=channel, why=str(error))

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
