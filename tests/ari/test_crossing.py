"""Who gives way when two calls have a channel on one phone before either rings it."""

from __future__ import annotations

from typing import Any

import pytest

from callrouter.ari.crossing import LOOKS, is_taken
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import Request
from callrouter.core import commands as cm
from callrouter.core.words import LegId, PersonId

EARLY, OURS, LATE = (f"01900000-0000-7000-8000-00000000000{n}.1.1.anna" for n in (1, 2, 3))
ALSO_OURS = OURS.replace(".1.1.", ".1.2.")


class Endpoint:
    """An Asterisk whose phone has these channels at one look after the other; the last look is repeated."""

    def __init__(self, *looks: tuple[str, ...] | Exception) -> None:
        self.looks = list(looks)
        self.looked = 0

    async def send(self, request: Request, deadline: float = 2.0) -> Any:
        """Return how the endpoint is now."""
        assert (request.path, deadline) == ("endpoints/PJSIP/101", 0.3)
        self.looked += 1
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return {"channel_ids": list(look)}


def _ring(phone: str = "PJSIP/101") -> cm.Ring:
    return cm.Ring("caller", LegId(OURS), PersonId("anna"), phone, phone, 1, 1010.0, "")


@pytest.mark.parametrize(
    ("looks", "taken", "looked"),
    [
        (((OURS,),), False, 1),
        (((OURS, ALSO_OURS),), False, 1),
        (((EARLY, OURS),), True, 1),
        (((OURS, "1795291760.226"),), True, 1),
        (((OURS, LATE), (OURS, LATE), (OURS,)), False, 3),
        (((OURS, LATE), (EARLY, OURS)), True, 2),
        (((OURS, LATE),), True, LOOKS),
        ((AriAway("silent"),), False, 1),
        ((AriRefused(404, "GET endpoints", ""),), False, 1),
    ],
)
async def test_who_gives_way(looks: tuple[tuple[str, ...] | Exception, ...], taken: bool, looked: int) -> None:
    """The later call at once, the earlier one to whoever stays; nobody where Asterisk does not say."""
    asterisk = Endpoint(*looks)
    assert await is_taken(asterisk, _ring()) is taken
    assert asterisk.looked == looked


@pytest.mark.parametrize("phone", ["PJSIP/79161234567@trunk", "SIP/101"])
async def test_a_phone_outside_is_nobodys(phone: str) -> None:
    """What else a trunk carries says nothing about a number behind it: it is not even asked."""
    asterisk = Endpoint(("x",))
    assert not await is_taken(asterisk, _ring(phone))
    assert not asterisk.looked
