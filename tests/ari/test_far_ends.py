"""The two ends of a `Local/` channel, by which Asterisk transfers callers: which call each belongs to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from callrouter.ari import messages as ms
from callrouter.ari.exchange import Exchange
from callrouter.ari.requests import DEADLINE, Request
from callrouter.ari.translate import Whose
from callrouter.core import events as ev, legs
from callrouter.core.words import CallId, LegId
from tests.ari.fake_ari import a_channel, started
from tests.ari.test_resync import LEG, NOW, Asterisk, Board, exchanged, ringing
from tests.core.calls import ID

NEAR, FAR = a_channel("near", name="Local/600@phones-00000001;1"), a_channel("far", name="Local/600@phones-00000001;2")
LINKED = "Local/_attended@transfer-00000002"


class Taking(Asterisk):
    """It keeps what was claimed."""

    claimed: tuple[Any, ...] = ()

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """Answer."""
        if request.path == "events/claim":
            self.claimed = (*self.claimed, (request.params or {})["channelId"])
            return None
        return await super().send(request, deadline)


def office(*channels: str) -> tuple[Taking, Board, Exchange]:
    """Return an exchange with a call, one leg of which is known."""
    call = replace(ringing(), legs=())
    asterisk, board = Taking(call.caller, *channels), Board(legs.put(call, LEG))
    exchange = exchanged(asterisk, board)
    exchange._phone.channels.take_up(board.calls[0])
    return asterisk, board, exchange


def hear(exchange: Exchange, *told: dict[str, Any]) -> None:
    """Let Asterisk say that."""
    for message in told:
        exchange.hear(ms.MESSAGE.validate_python(message))


async def done(exchange: Exchange) -> None:
    """Wait until everything that was begun is done."""
    await asyncio.gather(*exchange.errands._tasks)


def replaced(by: dict[str, Any], channel: str) -> dict[str, Any]:
    """Return the news that another channel stands in a channel's place."""
    return {**started("x"), "channel": by, "replace_channel": a_channel(channel)}


ARRIVES = {**started("x", "600"), "channel": FAR}


@pytest.mark.parametrize("is_far_end_first", [False, True])
async def test_the_far_end_is_the_transfer_of_the_call_with_the_near_end(is_far_end_first: bool) -> None:
    """It is no call of its own, whichever end is heard of first, and its end is nobody's news."""
    _, board, exchange = office()
    told = [replaced(NEAR, LEG.id), ARRIVES]
    hear(exchange, *(reversed(told) if is_far_end_first else told))
    await done(exchange)
    assert (board.sent, board.arrived) == ([(ID, "600", LegId("near"))], [])
    hear(exchange, {"type": "StasisEnd", "channel": FAR})
    assert board.told[-1] == (ID, ev.LegEnded(NOW, LegId("far"), ev.End.REFUSED))


async def test_a_far_end_without_a_near_end_of_ours_is_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody of ours sent him; and so is one that leads to a line, or whose near end is a caller's own."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)
    _, board, exchange = office()
    hear(exchange, ARRIVES, {**started("x", "+7495"), "channel": {**FAR, "id": "another"}})
    hear(exchange, replaced({**NEAR, "name": "Local/600@phones-00000009;1"}, board.calls[0].caller))
    hear(exchange, {**ARRIVES, "channel": a_channel("third", name="Local/600@phones-00000009;2")})
    await done(exchange)
    assert (board.sent, sorted(board.arrived)) == ([], ["another", "far", "third"])


async def test_who_has_the_call_claims_its_far_end_and_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other worker takes it only after the time in which the near end may be heard of."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0.15)
    asterisk, _, exchange = office()
    offered = {"type": "CallBroadcast", "channel": {**FAR, "id": "other", "name": "Local/600@phones-00000007;2"}}
    hear(exchange, replaced(NEAR, LEG.id), offered, {"type": "CallBroadcast", "channel": FAR})
    await done(exchange)
    assert asterisk.claimed == ("far", "other")


async def test_a_far_end_that_a_former_life_has_left_is_the_transfer_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker died between the two: their names say that they belong together."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)
    asterisk, board, exchange = office("far")
    names = {LEG.id: NEAR["name"], "far": FAR["name"]}
    listed = asterisk.send

    async def named(request: Request, deadline: float = DEADLINE) -> object:
        found = await listed(request, deadline)
        if request.path != "channels":
            return found
        data = "callrouter,600"
        return [a_channel(one["id"], "Up", names.get(one["id"], "PJSIP/1-1"), data) for one in (*found, {"id": LEG.id})]

    monkeypatch.setattr(asterisk, "send", named)
    await exchange.connected()
    await done(exchange)
    assert (board.sent, board.arrived) == ([(ID, "600", LEG.id)], [])


async def test_an_attended_transfer_tells_whose_phone_is_at_the_other_end() -> None:
    """Each of our legs that is an end of the link hears of the phone on the other side; callers do not."""
    _, board, exchange = office()
    end = a_channel("near", name=f"{LINKED};1")
    hear(exchange, replaced(end, LEG.id))
    linked = {
        "type": "BridgeAttendedTransfer",
        "destination_link_first_leg": a_channel("unknown"),
        "transfer_target": a_channel("y", name="PJSIP/120-00000001"),
        "destination_link_second_leg": end,
        "transferee": a_channel("x", name="PJSIP/110-00000001"),
    }
    hear(exchange, linked, {**linked, "destination_link_second_leg": a_channel(board.calls[0].caller)})
    leads = [event for _, event in board.told if isinstance(event, ev.LeadsTo)]
    assert leads == [ev.LeadsTo(NOW, LegId("near"), "PJSIP/110", None)]


async def test_who_joins_two_before_the_second_is_answered_has_sent_the_first_there() -> None:
    """The end in his place leads to the call that rings for him; of two calls that are not ours nothing is said."""
    _, board, exchange = office()
    asked = CallId("asked")
    exchange._phone.channels.know("asking", Whose(asked))
    near, far = a_channel("near", name=f"{LINKED};1"), a_channel("far", name=f"{LINKED};2")
    hear(exchange, replaced(far, "asking"), replaced(near, LEG.id))
    hear(exchange, {"type": "BridgeAttendedTransfer", "replace_channel": near})
    assert board.sent == [(ID, asked, LegId("near"))]
    hear(exchange, {"type": "BridgeAttendedTransfer", "replace_channel": a_channel("other", name="Local/x@y-1;1")})
    assert len(board.sent) == 1
