"""Who is together with whom, or is to be, as Asterisk has it: what a dead worker did last need not be in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from callrouter.ari import messages as ms
from callrouter.ari.inventory import STASIS, Inventory, is_named_by_us
from callrouter.ari.phone import AriPhone
from callrouter.ari.register import LEG_ARGS
from callrouter.ari.translate import Whose
from callrouter.core.recorded import PickedUp
from callrouter.core.words import CallId, Instant, LegId, PersonId

_BRIDGE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.bridge[0-9]+")
_TWO = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A call's caller, and the leg that was picked up for him."""

    call: CallId
    caller: ms.Channel
    leg: ms.Channel
    bridge: str | None
    """In which both are; None: not yet."""

    @property
    def whose(self) -> Whose:
        """Return whose channel the leg is."""
        return Whose(self.call, LegId(self.leg.id), is_made_by_us=is_named_by_us(self.leg.id))


class Pairs:
    """Looks for them."""

    def __init__(self, phone: AriPhone) -> None:
        self._phone = phone

    async def find(self, seen: Inventory, callers: Mapping[CallId, str]) -> dict[CallId, Pair]:
        """Return the pairs there are, one a call; `callers` are those of the calls that are known."""
        found = {pair.call: pair for pair in _bridged(seen, callers)}
        bridged = {channel for bridge in seen.bridges if len(bridge.channels) >= _TWO for channel in bridge.channels}
        for leg in seen.channels.values():
            call = _call_of(leg)
            if call is None or call in found or leg.state != "Up" or leg.id in bridged or not is_named_by_us(leg.id):
                continue
            # The leg was made on behalf of its caller, whose channel began it all.
            asked = callers.get(call) or await self._phone.read(leg.id, "CHANNEL(linkedid)")
            caller = seen.channels.get(asked or "")
            if caller is not None and _is_ours(caller) and _call_of(caller) is None and caller.id not in bridged:
                found[call] = Pair(call, caller, leg, None)
        return found

    async def told(self, pair: Pair, otherwise: Instant) -> PickedUp:
        """Return what the call is told; `otherwise` is when it was picked up where Asterisk has no record of that."""
        picked_up_at = await self._phone.picked_up_at(LegId(pair.leg.id)) or otherwise
        made_at = await self._phone.began_at(pair.leg.id) or picked_up_at
        _, _, person, step = _args(pair.leg)
        is_his = is_named_by_us(pair.leg.id)  # or somebody has taken the call over on a phone of his own
        whose = PersonId(person) if is_his else None
        return PickedUp(LegId(pair.leg.id), whose, pair.leg.phone, int(step), made_at, picked_up_at, pair.bridge)


def alone_in(seen: Inventory) -> Iterator[tuple[CallId, ms.Channel]]:
    """Yield the callers who are alone in the bridges of calls."""
    for bridge in seen.bridges:
        named, there = _BRIDGE.fullmatch(bridge.id), seen.channels.get(bridge.channels[0] if bridge.channels else "")
        if named and len(bridge.channels) == 1 and there and _is_ours(there) and _call_of(there) is None:
            yield CallId(named[1]), there


def _bridged(seen: Inventory, callers: Mapping[CallId, str]) -> Iterator[Pair]:
    for bridge in seen.bridges:
        named = _BRIDGE.fullmatch(bridge.id)
        both = [seen.channels[one] for one in bridge.channels if one in seen.channels and _is_ours(seen.channels[one])]
        if named is None or len(bridge.channels) != _TWO or len(both) != _TWO:
            continue
        call = CallId(named[1])
        theirs = [one for one in both if one.id == callers.get(call, one.id) and _call_of(one) is None]
        if len(theirs) == 1:
            (leg,) = (one for one in both if one is not theirs[0])
            yield Pair(call, theirs[0], leg, bridge.id)


def _is_ours(channel: ms.Channel) -> bool:
    return channel.dialplan.app_name in STASIS


def _args(channel: ms.Channel) -> tuple[str, str, str, str]:
    """Return a leg's application arguments; a channel that has taken a leg's place has them too."""
    args = tuple(channel.dialplan.app_data.split(",")[1:])
    is_leg = channel.dialplan.app_name == "Stasis" and len(args) == LEG_ARGS and args[0] == "leg" and args[3].isdigit()
    return (args[0], args[1], args[2], args[3]) if is_leg else ("", "", "", "0")


def _call_of(channel: ms.Channel) -> CallId | None:
    """Return the call that a leg was made for; None of a caller."""
    return CallId(_args(channel)[1]) or None
