"""A worker dies with what SQL has not heard of: whoever is together at Asterisk stays so, and nobody rings anew."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from callrouter.ari import messages as ms
from callrouter.ari.errors import AriRefused
from callrouter.ari.exchange import Exchange
from callrouter.ari.phone import AriPhone
from callrouter.ari.requests import DEADLINE, Request
from callrouter.core import commands as cm, events as ev
from callrouter.core.call import Call
from callrouter.core.facts import Arrival
from callrouter.core.machine import arrive
from callrouter.core.recorded import Ending, PickedUp
from callrouter.core.words import CallId, LegId
from tests.ari.fake_ari import a_channel, started
from tests.ari.test_resync import Board, served
from tests.core.calls import ANNA, RESPONSIBLE, arrived

ID = CallId("01a201b0-23be-759f-82fc-fd3cccdce3a5")
CALLER, LEG, BRIDGE = "1795324650.0", LegId(f"{ID}.1.1.anna"), f"{ID}.bridge1"
TAKEN = "1795324654.14"
"""A colleague's channel that stands in the leg's place."""
NOW = 30.0
MINE, THEIRS = "callrouter", "callrouter-b"
WAS = {
    CALLER: {"CDR(start,u)": "2.000000", "CDR(answer,u)": "5.250000"},
    LEG: {"CHANNEL(linkedid)": CALLER, "CDR(start,u)": "3.000000", "CDR(answer,u)": "5.000000"},
}


@dataclass
class Asterisk:
    """Two applications, of which the worker of the second is dead; what is moved is in the first from then on."""

    channels: dict[str, str] = field(default_factory=lambda: {CALLER: "Up", LEG: "Up"})
    """Their states."""
    bridges: dict[str, list[str]] = field(default_factory=lambda: {BRIDGE: [LEG, CALLER]})
    variables: dict[str, dict[str, str]] = field(default_factory=lambda: {key: dict(one) for key, one in WAS.items()})
    mine: set[str] = field(default_factory=set)
    exchange: Exchange | None = None
    asked: list[str] = field(default_factory=list)
    """What was to change something."""
    sources: list[str] = field(default_factory=list)
    """Of what we want to hear."""
    leaves: str = ""
    """Who leaves instead of coming to us."""

    async def send(self, request: Request, deadline: float = DEADLINE) -> Any:
        """Answer."""
        kind, _, rest = request.path.partition("/")
        if request.method != "GET":
            return self._changed(request, rest.split("/")[0])
        if rest.endswith("/variable"):
            return {
                "value": self.variables.get(rest.split("/")[0], {}).get(str((request.params or {})["variable"]), "")
            }
        if kind == "applications":
            theirs = [one for one in self.channels if one not in self.mine]
            return [{"name": MINE, "channel_ids": [*self.mine]}, {"name": THEIRS, "channel_ids": theirs}]
        if kind == "bridges":
            shown = [{"id": bridge, "channels": there} for bridge, there in self.bridges.items()]
            return next(one for one in shown if one["id"] == rest) if rest else shown
        return [self._shown(one) for one in self.channels]

    def _shown(self, channel: str) -> dict[str, Any]:
        is_caller = channel == CALLER
        name = "PJSIP/trunk-00000001" if is_caller else f"PJSIP/{'120' if channel == TAKEN else '101'}-00000002"
        data = f"{THEIRS},+7495,%2Fmonitor%2Fin.wav" if is_caller else f"{THEIRS},leg,{ID},anna,1"
        return a_channel(channel, self.channels[channel], name, data)

    def _changed(self, request: Request, subject: str) -> None:
        if request.path.endswith("/subscription"):
            if request.method == "DELETE":
                raise AriRefused(422, str(request), "not on the list")
            self.sources.append(str((request.params or {})["eventSource"]))
            return
        if not request.path.endswith("/move"):
            self.asked.append(f"{request.method} {request.path}")
        elif subject == self.leaves:
            del self.channels[subject]
            raise AriRefused(404, str(request), "Channel not found")
        else:
            self.mine.add(subject)
            assert self.exchange is not None
            self.exchange.hear(ms.MESSAGE.validate_python({"type": "StasisEnd", "channel": a_channel(subject)}))
            self.exchange.hear(ms.MESSAGE.validate_python(started(subject, "leg" if subject == LEG else "+7495")))


class Desk(Board):
    """The calls in hand, and those that were regained."""

    def __init__(self) -> None:
        super().__init__()
        self.regained: list[tuple[Arrival, ev.Recovered]] = []
        self.landed: list[asyncio.Event] = []

    def regain(self, arrival: Arrival, event: ev.Recovered, landed: asyncio.Event) -> None:
        """Keep it."""
        self.regained.append((arrival, event))
        self.landed.append(landed)


async def recorded(_: str) -> Ending | None:
    """Nothing is recorded."""
    return None


async def taken_over(asterisk: Asterisk, *former: Call, apps: tuple[str, ...] = (THEIRS,)) -> Desk:
    """Take over from the dead worker, of whose calls SQL knows `former`; without applications come back ourselves."""
    desk = Desk()
    phone = AriPhone(asterisk, MINE, lambda: NOW)
    exchange = asterisk.exchange = Exchange(
        asterisk, phone, desk, MINE, lambda: ID, lambda: NOW, asyncio.Event(), recorded, int, served
    )
    left = [(call, 4.0) for call in former]
    if apps:
        exchange.connected_once.set()
        await exchange.take_over(apps, left)
    else:
        exchange.former = left
        await exchange.connected()
    await asyncio.gather(*exchange.errands._tasks)
    return desk


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for newcomers."""
    monkeypatch.setattr("callrouter.ari.exchange.NEWCOMER", 0)


TOGETHER = PickedUp(LEG, ANNA, "PJSIP/101", 1, 3.0, 5.0, BRIDGE)


def in_sql() -> Call:
    """Return the call as SQL knows it: it has come, and nobody was rung."""
    call, _ = arrive(ID, arrived(RESPONSIBLE, asterisk_id=CALLER))
    return call


async def test_two_of_whom_no_record_tells_go_on() -> None:
    """The call has its own name, its own beginning, and who picked up when; nobody is hung up or taken in anew."""
    asterisk = Asterisk()
    desk = await taken_over(asterisk)
    number = "89161234567"
    arrival = Arrival(ID, 2.0, CALLER, "+7495", number, "PJSIP/trunk", recording="/monitor/in.wav", goes_on=True)
    assert desk.regained == [(arrival, ev.Recovered(NOW, 5.0, picked_up=TOGETHER))]
    assert (desk.arrived, desk.told, asterisk.asked) == ([], [], [])
    assert asterisk.mine == {CALLER, LEG}
    assert desk.landed[0].is_set()


async def test_whoever_leaves_later_is_heard() -> None:
    """The channels belong to the call from the beginning."""
    asterisk = Asterisk()
    desk = await taken_over(asterisk)
    assert asterisk.exchange is not None
    gone = {"type": "ChannelDestroyed", "channel": a_channel(LEG), "cause": 16}
    asterisk.exchange.hear(ms.MESSAGE.validate_python(gone))
    asterisk.exchange.hear(ms.MESSAGE.validate_python({"type": "StasisEnd", "channel": a_channel(CALLER)}))
    assert desk.told == [(ID, ev.LegEnded(NOW, LEG, ev.End.REFUSED)), (ID, ev.CallerGone(NOW))]


@pytest.mark.parametrize("who", [CALLER, LEG])
async def test_whoever_leaves_while_he_is_fetched_has_left(who: str) -> None:
    """Neither the dead worker nor we could hear of it."""
    desk = await taken_over(Asterisk(leaves=who))
    assert len(desk.regained) == 1
    assert desk.told == [(ID, ev.CallerGone(NOW) if who == CALLER else ev.LegEnded(NOW, LEG, ev.End.REFUSED))]


async def test_an_answer_of_which_no_record_tells_is_the_callers() -> None:
    """The leg is up and in no bridge: its caller is the one on whose behalf it was made."""
    asterisk = Asterisk(channels={CALLER: "Ring", LEG: "Up"}, bridges={})
    ((arrival, event),) = (await taken_over(asterisk)).regained
    assert (arrival.asterisk_id, event.picked_up) == (CALLER, PickedUp(LEG, ANNA, "PJSIP/101", 1, 3.0, 5.0))
    del asterisk.variables[LEG]["CHANNEL(linkedid)"]
    asterisk.mine.clear()
    desk = await taken_over(asterisk)
    assert (desk.regained, desk.arrived, set(asterisk.asked)) == ([], [CALLER], {f"DELETE channels/{LEG}"})


async def test_phones_that_only_ring_make_no_conversation() -> None:
    """The caller is taken in as one who has just come."""
    asterisk = Asterisk(channels={CALLER: "Ring", LEG: "Ringing"}, bridges={})
    desk = await taken_over(asterisk)
    assert (desk.regained, desk.arrived, set(asterisk.asked)) == ([], [CALLER], {f"DELETE channels/{LEG}"})


async def test_a_colleague_who_took_the_call_over_goes_on_with_it() -> None:
    """His channel stands in the leg's place: whose it is, his phone says."""
    asterisk = Asterisk(channels={CALLER: "Up", TAKEN: "Up"}, bridges={BRIDGE: [CALLER, TAKEN]})
    ((_, event),) = (await taken_over(asterisk)).regained
    assert event.picked_up == PickedUp(LegId(TAKEN), None, "PJSIP/120", 1, NOW, NOW, BRIDGE)


async def test_who_has_talked_and_is_alone_is_not_taken_in_anew() -> None:
    """The other one left before anybody came: Asterisk knows with whom it was, and until when."""
    asterisk = Asterisk(channels={CALLER: "Up"}, bridges={BRIDGE: [CALLER]})
    talked = {"CALLROUTER_TALKED": "1", "CDR(end,u)": "9.000000", "CDR(dstchannel)": "PJSIP/101-00000002"}
    asterisk.variables[CALLER] |= talked
    desk = await taken_over(asterisk)
    ((_, event),) = desk.regained
    assert event == ev.Recovered(NOW, 9.0, ending=Ending(9.0, 5.25, "PJSIP/101"))
    assert desk.arrived == []
    asterisk.variables[CALLER].clear()
    asterisk.mine.clear()
    assert (await taken_over(asterisk)).arrived == [CALLER]


async def test_a_call_that_sql_knows_by_its_arrival_only_goes_on() -> None:
    """Who is together with the caller is told in the one event with which it is taken up."""
    asterisk = Asterisk()
    desk = await taken_over(asterisk, in_sql())
    assert (desk.regained, desk.arrived) == ([], [])
    assert not [one for one in asterisk.asked if "channels" in one]
    assert desk.told == [(ID, ev.Recovered(NOW, 4.0, picked_up=TOGETHER))]


async def test_a_router_that_is_back_and_has_lost_its_journal_finds_them() -> None:
    """Nothing is moved then; what is not ours, or in a bridge of others, is left alone."""
    asterisk = Asterisk(mine={CALLER, LEG})
    assert len((await taken_over(asterisk, apps=())).regained) == 1
    assert (await taken_over(Asterisk(), apps=())).regained == []
    others = Asterisk(mine={CALLER, LEG}, bridges={"conference": [CALLER, LEG]})
    assert (await taken_over(others, apps=())).regained == []


@pytest.mark.parametrize("there", [[LEG, CALLER], [LEG]])
async def test_who_is_in_the_bridge_already_is_not_touched(there: list[str]) -> None:
    """With both in it they are only marked, and their time begins anew; with the leg alone its caller follows it."""
    asterisk = Asterisk(bridges={BRIDGE: there})
    send = asterisk.send

    async def exists(request: Request, deadline: float = DEADLINE) -> object:
        answer = await send(request, deadline)
        if (request.method, request.path) == ("POST", f"bridges/{BRIDGE}"):
            raise AriRefused(409, str(request), "already exists")
        return answer

    asterisk.send = exists  # type: ignore[method-assign]
    phone = AriPhone(asterisk, MINE, lambda: NOW)
    is_alone = there == [LEG]
    joined = ev.Joined(NOW, LEG) if is_alone else None
    assert await phone.perform(ID, cm.Connect(CALLER, LEG, BRIDGE)) == joined
    made = f"POST bridges/{BRIDGE}"
    caller, leg = f"POST channels/{CALLER}/variable", f"POST channels/{LEG}/variable"
    follows = [f"POST channels/{CALLER}/answer", f"{made}/addChannel"] if is_alone else []
    assert asterisk.asked == [made, made, *follows, caller, caller, leg]
    assert asterisk.sources == [f"bridge:{BRIDGE}"]
