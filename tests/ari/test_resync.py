"""After a gap what Asterisk has is compared with the calls in hand, and nothing is told that is not so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from callrouter.ari import messages as ms
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.exchange import Exchange
from callrouter.ari.phone import AriPhone
from callrouter.ari.requests import DEADLINE, Request
from callrouter.ari.resync import Resync
from callrouter.ari.translate import Whose
from callrouter.core import events as ev, legs
from callrouter.core.call import Call, Leg, LegState
from callrouter.core.facts import Arrival
from callrouter.core.machine import arrive
from callrouter.core.recorded import Ending
from callrouter.core.words import CallId, Instant, LegId
from tests.ari.fake_ari import a_channel, started
from tests.core.calls import ANNA, ID, RESPONSIBLE, arrived, leg

LEG = Leg(leg(1, 1, ANNA), ANNA, "PJSIP/101", 1, LegState.DIALLED, 0.0, 12.0)
NOW = 5.0


class Asterisk:
    """What it has; `is_away` as long as it does not answer."""

    def __init__(self, *channels: str) -> None:
        self.channels = channels
        self.others: tuple[str, ...] = ()
        """Channels of another worker's application."""
        self.is_away = False
        self.bridges: dict[str, list[str]] = {}
        self.deleted: list[str] = []
        self.variables: dict[str, str] = {}
        """What channels' variables hold; all others are empty."""
        self.up: tuple[str, ...] = ()
        """Those of the channels that were picked up."""

    async def send(self, request: Request, deadline: float = DEADLINE) -> object:
        """Answer."""
        if self.is_away:
            raise AriAway("away")
        if request.method == "DELETE":
            self.deleted.append(request.path)
        kind, _, rest = request.path.partition("/")
        if kind == "bridges":
            shown = [{"id": bridge, "channels": channels} for bridge, channels in self.bridges.items()]
            return next(one for one in shown if one["id"] == rest) if rest else shown
        if kind == "applications":
            apps = {"callrouter": self.channels, "callrouter-b": self.others}
            return [{"name": app, "channel_ids": list(channels)} for app, channels in apps.items()]
        if rest and rest.split("/")[0] not in self.channels:
            raise AriRefused(404, str(request), "Channel not found")
        if rest:
            return {"value": self.variables.get(str((request.params or {}).get("variable")), "")}
        here = (*self.channels, *self.others)
        return [a_channel(one, "Up" if one in self.up else "Down", data="callrouter,+7495") for one in here]


async def recorded(channel: str) -> Ending | None:
    """Return what it recorded of channels that are gone."""
    return Ending(4.5, None) if channel == "recorded" else None


class Board:
    """The calls in hand, and what they are told."""

    def __init__(self, *calls: Call, reception: tuple[tuple[CallId, str], ...] = ()) -> None:
        self.calls = list(calls)
        self.reception = reception
        self.told: list[tuple[CallId, ev.Event]] = []
        self.arrived: list[str] = []
        self.withdrawn: list[CallId] = []
        self.sent: list[tuple[CallId, str, LegId]] = []
        """Whose caller was transferred, where to, and by what."""
        self._expected: dict[CallId, Call] = {}

    def __len__(self) -> int:
        return len(self.calls)

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """Keep it."""
        self.told.append((call, event))

    def arrive(self, arrival: Arrival) -> None:
        """Keep it."""
        self.arrived.append(arrival.asterisk_id)

    def is_inside(self, line: str) -> bool:
        """600 is a department's extension."""
        return line == "600"

    def transfer(self, arrival: Arrival, leg: LegId) -> None:
        """Keep it."""
        self.sent.append((arrival.call, arrival.line, leg))

    def transfer_instead(self, call: CallId, leg: LegId, asked: CallId) -> None:
        """Keep it."""
        self.sent.append((call, asked, leg))

    def regain(self, arrival: Arrival, event: ev.Recovered, landed: asyncio.Event) -> None:
        """Keep it."""
        self.arrived.append(arrival.asterisk_id)

    def expect(self, call: Call) -> None:
        """Keep it."""
        self._expected[call.id] = call

    def adopt(self, call: CallId, event: ev.Recovered) -> None:
        """Keep it."""
        self.calls.append(self._expected.pop(call))
        self.told.append((call, event))

    def withdraw(self, call: CallId) -> None:
        """Keep it."""
        self.withdrawn.append(call)

    def live(self) -> Iterator[Call]:
        """Return those whose ladder has begun."""
        return iter(self.calls)

    def in_reception(self) -> Iterator[tuple[CallId, str]]:
        """Return the others."""
        return iter(self.reception)


def ringing() -> Call:
    """Return a call whose first leg is told to ring."""
    call, _ = arrive(ID, arrived(RESPONSIBLE))
    return legs.put(call, LEG)


async def compare(
    asterisk: Asterisk, board: Board, former: list[tuple[Call, Instant]], *made: str
) -> tuple[list[str], list[str]]:
    """Compare; `made` are the channels that the phone has made. Return the channels and bridges of nobody's."""
    phone = AriPhone(asterisk, "callrouter", lambda: NOW)
    for channel in made:
        phone.channels.know(channel, Whose(ID, LEG.id, is_made_by_us=True))
    channels, bridges = await Resync(phone.ari, phone, "callrouter", board, lambda: NOW, recorded).catch_up(former)
    return [channel.id for channel in channels], [bridge.id for bridge in bridges]


async def test_a_leg_that_still_waits_to_be_made_has_not_ended() -> None:
    """Its `Ring` waits for the connection: Asterisk cannot have it yet, and it will ring."""
    board = Board(ringing())
    await compare(Asterisk(board.calls[0].caller), board, [])
    assert board.told == []


async def test_a_leg_that_was_made_and_is_gone_has_ended() -> None:
    """What Asterisk had, and has no longer, ended in the gap."""
    board = Board(ringing())
    await compare(Asterisk(board.calls[0].caller), board, [], LEG.id)
    assert board.told == [(ID, ev.LegEnded(NOW, LEG.id, ev.End.REFUSED))]


async def test_who_leaves_in_the_gap_during_reception_has_left() -> None:
    """A call whose ladder has not begun hears of it too, with the instant that Asterisk recorded, if it did."""
    gone, there, written = CallId("gone"), CallId("there"), CallId("written")
    board = Board(reception=((gone, "c1"), (there, "c2"), (written, "recorded")))
    await compare(Asterisk("c2"), board, [])
    assert board.told == [(gone, ev.CallerGone(NOW)), (written, ev.CallerGone(4.5))]


async def test_a_call_that_another_worker_has_is_let_go() -> None:
    """Its caller's channel is in another application: nothing happened to him, and it is no longer ours to say."""
    there, asterisk = CallId("there"), Asterisk()
    call = replace(ringing(), legs=())
    asterisk.others = (call.caller, "c2")
    board = Board(call, reception=((there, "c2"),))
    await compare(asterisk, board, [])
    assert (board.told, board.withdrawn) == ([], [there, ID])


async def test_who_is_left_alone_in_a_bridge_of_nobodys_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """His hang-up was lost; two who talk are left in peace, and so are the bridges of others and of live calls."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)
    call = replace(ringing(), legs=(), bridge="mine.bridge1")
    asterisk = Asterisk(call.caller, "c1", "c2", "c3", "c4")
    asterisk.others = ("c5",)
    asterisk.bridges = {
        "x.bridge1": ["c1"], "y.bridge1": ["c2", "c3"], "z.bridge1": [], "conference": ["c4"],
        "mine.bridge1": [call.caller], "theirs.bridge1": ["c5"],
    }  # fmt: skip
    assert await compare(asterisk, Board(call), [], call.caller) == ([], ["x.bridge1", "z.bridge1"])
    exchange = exchanged(asterisk, Board(call))
    await exchange.connected()
    await asyncio.gather(*exchange.errands._tasks)
    assert asterisk.deleted == ["channels/c1", "bridges/x.bridge1", "bridges/z.bridge1"]


async def test_calls_of_a_former_life_wait_for_an_asterisk_that_answers() -> None:
    """A comparison that breaks off loses none of them: the next one takes them up, once."""
    call = replace(ringing(), legs=())
    asterisk, board, former = Asterisk(call.caller), Board(), [(call, 3.0)]
    asterisk.is_away = True
    with pytest.raises(AriAway):
        await compare(asterisk, board, former)
    asterisk.is_away = False
    await compare(asterisk, board, former)
    await compare(asterisk, board, former)
    assert board.told == [(ID, ev.Recovered(NOW, 3.0, (), is_caller_gone=False))]


async def served(channel: ms.Channel, args: Sequence[str]) -> None:
    """No desk phone dials anything here."""
    raise AssertionError(channel.id, args)


def exchanged(asterisk: Asterisk, board: Board) -> Exchange:
    """Return an exchange with these calls, each of whose callers is known."""
    phone = AriPhone(asterisk, "callrouter", lambda: NOW)
    for call in board.calls:
        phone.channels.know(call.caller, Whose(call.id))
    return Exchange(
        phone.ari, phone, board, "callrouter", lambda: ID, lambda: NOW, asyncio.Event(), recorded, int, served
    )


async def test_a_caller_whom_nobody_served_is_taken_in_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asterisk shows a caller whose `StasisStart` is still held back, and one whose was lost: each is one call."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)
    asterisk, board = Asterisk("newcomer", "stranger"), Board()
    exchange = exchanged(asterisk, board)
    await exchange.connected()
    exchange.hear(ms.MESSAGE.validate_python(started("newcomer", "+7495")))
    await asyncio.gather(*exchange.errands._tasks)
    exchange.hear(ms.MESSAGE.validate_python(started("stranger", "+7495")))
    assert (board.arrived, board.told) == (["newcomer", "stranger"], [])


async def test_who_leaves_while_asterisk_is_asked_is_nobody_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list has a caller whose end is heard before the list is read: he has had his call, and gets no second one."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)
    call = replace(ringing(), legs=())
    asterisk, board = Asterisk(call.caller), Board(call)
    exchange = exchanged(asterisk, board)
    look = asterisk.send

    async def leave(request: Request, deadline: float = DEADLINE) -> object:
        shown = await look(request, deadline)
        if request.path == "channels":
            exchange.hear(ms.MESSAGE.validate_python({"type": "StasisEnd", "channel": a_channel(call.caller)}))
        return shown

    monkeypatch.setattr(asterisk, "send", leave)
    await exchange.connected()
    await asyncio.gather(*exchange.errands._tasks)
    assert (board.arrived, board.told) == ([], [(ID, ev.CallerGone(NOW))])


async def test_a_call_that_is_still_where_a_former_life_had_inherited_it_waits() -> None:
    """It is fetched before it is adopted: its caller is not gone."""
    call = ringing()
    asterisk, board = Asterisk(), Board()
    asterisk.others = (call.caller,)
    phone = AriPhone(asterisk, "callrouter", lambda: NOW)
    former = [(call, NOW)]
    await Resync(asterisk, phone, "callrouter", board, lambda: NOW, recorded).catch_up(former, ["callrouter-b"])
    assert former == [(call, NOW)]
    assert (board.calls, board.told) == ([], [])


class Slow(Asterisk):
    """It says that it has moved a channel, and does it a few looks later."""

    looks = 3
    moving: tuple[str, ...] = ()

    async def send(self, request: Request, deadline: float = DEADLINE) -> object:
        """Answer."""
        if request.path.endswith("/subscription") and request.method == "DELETE":
            if not self.others:
                raise AriRefused(422, str(request), "not on the list")
            self.moving, self.others = self.others, ()
            return None
        if request.path.endswith("/move"):
            return None
        shown = await super().send(request, deadline)
        if request.path == "channels" and not self.others:
            shown = [a_channel(channel, data="callrouter,+7495") for channel in self.moving]
            self.looks -= 1
            if self.looks == 0:
                self.channels = self.moving
        return shown


async def test_who_is_on_his_way_to_us_is_not_gone() -> None:
    """Asterisk moves a caller some time after it has said so: meanwhile he is on nobody's list."""
    call = replace(ringing(), legs=())
    asterisk, board = Slow(), Board()
    asterisk.others = (call.caller,)
    phone = AriPhone(asterisk, "callrouter", lambda: NOW)
    resync = Resync(asterisk, phone, "callrouter", board, lambda: NOW, recorded)
    await resync.take_over(["callrouter-b"], [(call, 3.0)])
    assert asterisk.channels == (call.caller,)
    assert board.told == [(ID, ev.Recovered(NOW, 3.0, (), is_caller_gone=False))]


ALONE = {"CALLROUTER_TALKED": "1", "CDR(end,u)": "4.500000", "CDR(answer,u)": "2.250000"} | {
    "CDR(dstchannel)": "PJSIP/101-0000001a"
}


async def test_who_has_talked_and_is_alone_is_adopted_with_his_conversation() -> None:
    """Asterisk's record of the living channel knows when it was, and with whom."""
    call = ringing()
    asterisk, board = Asterisk(call.caller), Board()
    asterisk.variables = ALONE
    await compare(asterisk, board, [(call, 3.0)])
    conversation = Ending(4.5, 2.25, "PJSIP/101")
    assert board.told[0] == (ID, ev.Recovered(NOW, 3.0, (LEG.id,), ending=conversation))


@pytest.mark.parametrize("variable", ["CALLROUTER_TALKED", "CDR(end,u)"])
async def test_who_has_not_talked_is_adopted_without(variable: str) -> None:
    """Nobody has marked him, or his conversation has no end."""
    call = ringing()
    asterisk, board = Asterisk(call.caller), Board()
    asterisk.variables = ALONE | {variable: "0.000000"}
    await compare(asterisk, board, [(call, 3.0)])
    assert board.told[0] == (ID, ev.Recovered(NOW, 3.0, (LEG.id,)))


async def test_what_happened_in_the_gap_happened_when_asterisk_recorded_it() -> None:
    """Who picked up did so then, and a conversation whose phone is gone has ended then."""
    call = ringing()
    asterisk, board = Asterisk(call.caller, LEG.id), Board(call)
    asterisk.up, asterisk.variables = (LEG.id,), ALONE
    await compare(asterisk, board, [])
    assert board.told == [(ID, ev.LegAnswered(NOW, LEG.id, late=2.75))]
    talking = replace(call, winner=LEG.id, answered_at=2.0)
    asterisk, board = Asterisk(call.caller), Board(talking)
    asterisk.variables = ALONE
    await compare(asterisk, board, [], LEG.id)
    assert board.told == [(ID, ev.LegEnded(NOW, LEG.id, ev.End.REFUSED, late=0.5))]


async def test_who_was_ours_already_and_is_fetched_again_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life before has fetched him and died before it took him off the list: moved, he leaves us and comes again."""
    call = replace(ringing(), legs=())
    asterisk, board = Asterisk(call.caller), Board(call)
    asterisk.others = (call.caller,)
    exchange = exchanged(asterisk, board)
    exchange.connected_once.set()
    look = asterisk.send

    async def send(request: Request, deadline: float = DEADLINE) -> object:
        if request.path.endswith("/move"):
            exchange.hear(ms.MESSAGE.validate_python({"type": "StasisEnd", "channel": a_channel(call.caller)}))
            exchange.hear(ms.MESSAGE.validate_python(started(call.caller, "+7495")))
            asterisk.others = ()
            return None
        if request.method == "DELETE":
            raise AriRefused(422, str(request), "not on the list")
        return await look(request, deadline)

    monkeypatch.setattr(asterisk, "send", send)
    board.calls.clear()
    await exchange.take_over(["callrouter-b"], [(call, 3.0)])
    assert (board.arrived, board.told) == ([], [(ID, ev.Recovered(NOW, 3.0, (), is_caller_gone=False))])
    exchange.hear(ms.MESSAGE.validate_python({"type": "StasisEnd", "channel": a_channel(call.caller)}))
    assert board.told[1:] == [(ID, ev.CallerGone(NOW))]
