"""Two workers ring one phone in the same few milliseconds: Asterisk is the arbiter, no lock of ours is in the way."""

from __future__ import annotations

import asyncio

from callrouter.ari.errors import AriAway
from callrouter.ari.inventory import is_named_by_us
from callrouter.ari.presence import channels_on
from callrouter.ari.requests import Requests
from callrouter.core import commands as cm

LOOKS, AGAIN = 5, 0.02
"""How often the earlier call looks whether the later one has gone, and seconds between two looks."""


async def is_taken(ari: Requests, ring: cm.Ring) -> bool:
    """Whether another call has the phone. Asked after the leg's channel is made and before it is dialled.

    Who makes his channel and then looks cannot be missed by another who does the same: of two at least one sees the
    other. The later call gives way at once, the earlier one looks again; if the later one had looked before there was
    anything to be seen, it is dialled, and stays.
    """
    call = ring.leg.partition(".")[0]
    for _ in range(LOOKS):
        try:
            others = {one for one in await channels_on(ari, ring.phone) if not one.startswith(f"{call}.")}
        except AriAway:  # as where it is asked who is free: better two rings than none
            return False
        if not others:
            return False
        if any(not is_named_by_us(other) or other < ring.leg for other in others):
            return True
        await asyncio.sleep(AGAIN)
    return True
