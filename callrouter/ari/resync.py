"""After a gap: what Asterisk has is compared with the calls in hand, and the difference becomes events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

import structlog

from callrouter.ari import messages as ms
from callrouter.ari.phone import AriPhone
from callrouter.ari.register import is_leg
from callrouter.ari.requests import Request, Requests
from callrouter.core import events as ev
from callrouter.core.call import Call, LegState
from callrouter.core.words import CallId, Instant, LegId

log = structlog.get_logger()


class Calls(Protocol):
    """The calls in hand."""

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


async def resync(
    lists: Requests,
    phone: AriPhone,
    app: str,
    calls: Calls,
    now: Callable[[], Instant],
    former: list[tuple[Call, Instant]],
) -> list[ms.Channel]:
    """Tell each call what changed in the gap; return the channels in our application that belong to no call.

    `lists` is HTTP: Asterisk 22.10.1 itself crashes when a reply over the web socket is longer than about 400 kB, as
    the list of some 800 channels is, whoever they belong to.

    `former` are the calls a former life has left, each with the instant at which it was last there; they are taken
    off the list once Asterisk has said what it has.
    """
    made = {leg.id for call in calls.live() for leg in call.legs if phone.is_made(leg.id)}
    channels = ms.CHANNELS.validate_python(await lists.send(Request("GET", "channels")))
    bridges = ms.BRIDGES.validate_python(await lists.send(Request("GET", "bridges")))
    here = {channel.id: channel for channel in channels}
    while former:
        call, since = former.pop(0)
        phone.channels.take_up(call)
        calls.adopt(call, recovery(call, here, now(), since))
    for call_id, caller in calls.in_reception():
        if caller not in here:
            calls.deliver(call_id, ev.CallerGone(now()))
    for call in list(calls.live()):
        for event in missed(call, here, now(), made):
            calls.deliver(call.id, event)
        await _repeat(phone, call, here)
    bridged = {channel for bridge in bridges for channel in bridge.channels}
    ours = (one for one in channels if one.dialplan.app_name == "Stasis" and one.dialplan.app_data.split(",")[0] == app)
    strangers = [one for one in ours if phone.channels.whose(one.id) is None and one.id not in bridged]
    known = {call.bridge for call in calls.live()}
    for bridge in bridges:
        if ".bridge" in bridge.id and len(bridge.channels) <= 1 and bridge.id not in known:
            for alone in bridge.channels:  # his hang-up was lost: nobody is left who could talk to him
                await phone.hang_up(alone)
            await phone.close_bridge(bridge.id)
    return strangers


async def _repeat(phone: AriPhone, call: Call, here: dict[str, ms.Channel]) -> None:
    """Requests may have been lost with the connection, or with a former life: they mean the same a second time."""
    for leg in call.legs:
        channel = here.get(leg.id)
        if channel is not None and leg.state is LegState.LEAVING:
            await phone.hang_up(leg.id)
        elif channel is not None and leg.state is LegState.DIALLED and _waits_to_be_dialled(channel):
            await phone.dial_again(leg)


def _waits_to_be_dialled(channel: ms.Channel) -> bool:
    """One that is not in our application yet will say so, and is dialled then."""
    return channel.state == "Down" and channel.dialplan.app_name == "Stasis"


def recovery(call: Call, here: dict[str, ms.Channel], at: Instant, since: Instant) -> ev.Recovered:
    """Return how Asterisk has a call that a former life has left."""
    gone = tuple(leg.id for leg in call.legs if leg.state is not LegState.GONE and leg.id not in here)
    return ev.Recovered(at, since, gone, is_caller_gone=call.caller not in here)


def missed(call: Call, here: dict[str, ms.Channel], at: Instant, made: Collection[LegId]) -> list[ev.Event]:
    """Return what happened to a call while nobody listened, as far as Asterisk still shows it.

    Only a leg that was `made` before Asterisk was asked can be missing.
    """
    events: list[ev.Event] = []
    for leg in call.legs:
        channel = here.get(leg.id)
        if leg.state is LegState.GONE:
            continue
        if channel is None:
            if leg.id not in made:
                continue
            events.append(ev.LegEnded(at, leg.id, ev.End.REFUSED))
        elif channel.state == "Up":
            events.append(ev.LegAnswered(at, leg.id))
        elif channel.state == "Ringing":
            events.append(ev.LegRinging(at, leg.id))
    if call.caller not in here:
        events.insert(0, ev.CallerGone(at))
    return events


async def send_away(phone: AriPhone, channel: ms.Channel) -> None:
    """A channel of a former life, alone: a leg is hung up, a caller goes to the fallback."""
    data = channel.dialplan.app_data.split(",")
    if is_leg(channel.id, data[1:]):
        await phone.hang_up(channel.id)
        return
    log.warning("a caller of a former life goes to the fallback", asterisk_id=channel.id)
    await phone.give_back(channel.id, data[1] if len(data) > 1 else channel.dialplan.exten)
