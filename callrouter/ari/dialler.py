"""A leg's way to its phone: its channel is made, enters our application, and is dialled."""

from __future__ import annotations

import math
from collections.abc import Callable

import structlog

from callrouter.ari.crossing import is_taken
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.insist import EXISTS, GONE, insist, insist_twice, once
from callrouter.ari.register import Calls, Register
from callrouter.ari.requests import PATIENT, QUICK, Request, Requests
from callrouter.ari.telling import Telling
from callrouter.ari.translate import Whose
from callrouter.core import commands as cm, events as ev
from callrouter.core.call import Leg
from callrouter.core.words import CallId, Instant, LegId

LATE = 0.4
"""Seconds from which on a phone was called late: its step lasts so much longer."""
NAME_MOST = 80
"""Characters of a name on a phone's display."""

log = structlog.get_logger()


class Dialler:
    """Makes phones ring."""

    def __init__(
        self,
        ari: Requests,
        app: str,
        now: Callable[[], Instant],
        channels: Register,
        telling: Telling,
        errands: Errands,
    ) -> None:
        self._ari = ari
        self._app = app
        self._now = now
        self._channels = channels
        self._telling = telling
        self._errands = errands
        self._undialled: dict[str, tuple[cm.Ring, Instant]] = {}
        """Channels that were made and are not in our application yet: they cannot be dialled before."""
        self._making: set[LegId] = set()
        self.is_alone: Callable[[], bool] = lambda: True
        """Whether no other worker rings phones."""

    def arrived(self, channel: str, calls: Calls) -> None:
        """A channel is in our application: one that waits for that is dialled now."""
        if (made := self._undialled.pop(channel, None)) is not None:
            self._errands.send(self._dial(*made, calls))

    def spare(self, channel: str) -> None:
        """A channel is not to be dialled any more."""
        self._undialled.pop(channel, None)

    async def ring(self, call: CallId, ring: cm.Ring) -> ev.Event | None:
        """Make the channel; it is dialled as soon as it is in our application, and nothing waits for that."""
        self._channels.know(ring.leg, Whose(call, ring.leg, is_made_by_us=True))
        begun = self._now()
        self._undialled[ring.leg] = ring, begun
        self._making.add(ring.leg)
        try:
            await insist(self._ari, self._creation(call, ring), QUICK)
        except (AriRefused, AriAway) as error:
            is_there = isinstance(error, AriRefused) and error.status == EXISTS
            if not is_there and ring.leg in self._undialled:  # otherwise it was heard of, whatever is answered
                return self._not_rung(ring, error)
        finally:
            self._making.discard(ring.leg)
        if ring.leg not in self._undialled:  # it is being dialled, for as long as was left then: that says how late
            return None
        return self._delayed(ring, begun)

    def is_made(self, leg: LegId) -> bool:
        """Whether Asterisk has, or had, a channel for this leg: not while its `Ring` still waits to be performed."""
        return self._channels.whose(leg) is not None and leg not in self._making

    async def _dial(self, ring: cm.Ring, begun: Instant, calls: Calls) -> None:
        event: ev.Event | None = None
        if not self.is_alone() and await is_taken(self._ari, ring):
            self._give_way(ring, calls)
            return
        try:
            await insist_twice(self._ari, self._dialling(ring.leg, ring.until + self._late(begun)), PATIENT)
            event = self._delayed(ring, begun)
        except (AriRefused, AriAway) as error:
            if isinstance(error, AriAway) or error.status not in GONE:
                event = self._not_rung(ring, error)
        if event is not None and (whose := self._channels.whose(ring.leg)) is not None:
            calls.deliver(whose.call, event)

    def _give_way(self, ring: cm.Ring, calls: Calls) -> None:
        """Another call has the phone: nobody has heard anything of ours."""
        self._errands.send(self._telling.tell(Request("DELETE", f"channels/{ring.leg}", {"reason": "normal"})))
        if (whose := self._channels.whose(ring.leg)) is not None:
            calls.deliver(whose.call, ev.LegEnded(self._now(), ring.leg, ev.End.TAKEN))

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
        self._errands.send(self._telling.tell(Request("DELETE", f"channels/{ring.leg}", {"reason": "normal"})))
        return ev.LegEnded(self._now(), ring.leg, ev.End.FAILED if isinstance(error, AriAway) else ev.End.REFUSED)

    async def dial_again(self, leg: Leg) -> None:
        """Have a channel ring that was made, but perhaps not dialled (409: it was).

        Its `StasisStart` may be held back and come later: dialled a second time before it rings, a channel ends.
        """
        self._undialled.pop(leg.id, None)
        await once(self._ari, self._dialling(leg.id, leg.until))

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


def _plain(name: str) -> str:
    """A caller's name is hostile input: what a display cannot show, and what a header must not hold, goes."""
    return "".join(" " if not letter.isprintable() else letter for letter in name)[:NAME_MOST]
