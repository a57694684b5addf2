"""Whole sessions over loopback: what is written down, what is told, and that nobody can keep the server busy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest

from callrouter.agi import server as servers
from callrouter.agi.office import Office
from callrouter.agi.probe import answers
from callrouter.agi.server import Server
from callrouter.core.events import CallArrived, Event, Reported
from callrouter.core.facts import Arrival
from callrouter.core.outcome import CallRow
from callrouter.core.recorded import call_of
from callrouter.core.words import CallId, LostReason, PersonId, Why
from tests.agi.asterisk import Asterisk
from tests.core.calls import ARRIVED, T

CHANNEL = "1795000000.7"
CONTACTS = {
    "PJSIP_DIAL_CONTACTS(101)": "PJSIP/101/sip:101@127.0.0.1:5061",
    "PJSIP_DIAL_CONTACTS(102)": "PJSIP/102/sip:102@127.0.0.1:5062&PJSIP/102/sip:102@127.0.0.1:5072",
    "PJSIP_DIAL_CONTACTS(110)": "PJSIP/110/sip:110,g)&Local/1@x",
    "PJSIP_DIAL_CONTACTS(120)": "PJSIP/120/sip:120@127.0.0.1:5064",
}
HERE = {
    "UNIQUEID": CHANNEL,
    "CHANNEL(linkedid)": CHANNEL,
    "CHANNEL(name)": "PJSIP/trunk-00000007",
    "CALLERID(num)": "89161234567",
    "CALLROUTER_LINE": "+74951234567",
    "EXTEN": "h",
    "STRFTIME(,UTC,%s.%3q)": "500.000",
    **CONTACTS,
}


@dataclass
class Router:
    """What the sessions ask for, and what they have done."""

    arrived: CallArrived = ARRIVED
    is_closing: bool = False
    custom: bool = False
    written: list[tuple[CallId, Event]] = field(default_factory=list)
    ended: list[CallRow] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    async def receive(self, arrival: Arrival) -> CallArrived:
        """Decide."""
        self.arrivals.append(arrival)
        return replace(self.arrived, asterisk_id=arrival.asterisk_id, routed_by=arrival.routed_by)

    async def name(self, number: str) -> str | None:
        """Know one client."""
        return 'ООО "${X}"' if number == "89161234567" else None

    def office(self) -> Office:
        """Return it as the sessions see it."""
        return Office(
            self.receive,
            self.name,
            lambda person: person == "vera",
            lambda: self.custom,
            lambda: self.is_closing,
            lambda call, event: self.written.append((call, event)),
            self.ended.append,
            lambda: T,
        )


@asynccontextmanager
async def serving(router: Router) -> AsyncIterator[int]:
    """Yield the port of a server."""
    server = Server("127.0.0.1", 0, router.office())
    task = asyncio.create_task(server.run())
    await server.listens.wait()
    yield server.port
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_call_is_decided_written_down_and_told_in_this_order() -> None:
    """Who is paused or has no phone is away, and the ladder is strings for Dial with seconds; the mark comes last."""
    router, asterisk = Router(), Asterisk(dict(HERE))
    async with serving(router) as port:
        await asterisk.runs(port, "route")
    told = asterisk.variables
    assert told["CALLROUTER_CALL"] == call_of(CHANNEL)
    assert asterisk.told[-1][2] == "CALLROUTER_CALL"
    ladder = [
        [told[f"CALLROUTER_{name}_{rung}"] for name in ("STEP", "DIAL", "SECONDS", "LASTS")] for rung in (1, 2, 3)
    ]
    anna, boris, irina = (CONTACTS[f"PJSIP_DIAL_CONTACTS({number})"] for number in (101, 102, 120))
    assert ladder == [
        ["1", anna, "10", "10"],
        ["2", f"{anna}&{boris}", "10", "10"],
        ["4", f"{anna}&{boris}&{irina}", "", ""],
    ]
    assert [told[f"CALLROUTER_{name}"] for name in ("RUNGS", "CLIENT", "RESPONSIBLE", "OPEN", "REFUSED")] == [
        *("3", "Ромашка", "anna", "1", "")
    ]
    ((call, event),) = router.written
    assert call == call_of(CHANNEL)
    assert isinstance(event, CallArrived)
    assert {person.id: person.away for person in event.people if person.away} == {
        "vera": Why.PAUSED,
        "gleb": Why.UNREACHABLE,
    }, "what is no single contact is no phone"
    assert (router.arrivals[0].phone, router.arrivals[0].caller_raw) == ("PJSIP/trunk", "89161234567")


async def test_freepbx_says_who_does_not_want_to_be_disturbed() -> None:
    """Only where the scheme says that such states are kept."""
    router = Router(custom=True)
    asterisk = Asterisk(HERE | {"DEVICE_STATE(Custom:DND101)": "INUSE", "DEVICE_STATE(Custom:CF102)": "BUSY"})
    async with serving(router) as port:
        await asterisk.runs(port, "route")
    event = router.written[0][1]
    assert isinstance(event, CallArrived)
    away = {person.id: person.away for person in event.people}
    assert (away[PersonId("anna")], away[PersonId("boris")]) == (Why.DO_NOT_DISTURB, Why.FORWARDED)


@pytest.mark.parametrize("how", ["closing", "failure", "refuses", "no channel"])
async def test_what_is_not_decided_is_not_marked(how: str) -> None:
    """A router that stops, a line nobody knows, a variable that cannot be set: nothing is written down."""
    router, asterisk = Router(), Asterisk(dict(HERE))
    router.is_closing = how == "closing"
    if how == "failure":
        router.arrived = replace(ARRIVED, refusal=LostReason.FAILURE)
    asterisk.refuses = "CALLROUTER_CLIENT" if how == "refuses" else ""
    if how == "no channel":
        asterisk.variables = {}
    async with serving(router) as port:
        await asterisk.runs(port, "route")
    assert (router.written, asterisk.variables.get("CALLROUTER_CALL")) == ([], None)


async def test_a_transfer_is_no_call_from_outside_and_a_refused_one_has_no_ladder() -> None:
    """The far end of a transfer is internal; who is refused is told so."""
    router = Router(replace(ARRIVED, refusal=LostReason.REJECTED))
    asterisk = Asterisk(HERE | {"CHANNEL(linkedid)": "1795000000.1"})
    async with serving(router) as port:
        await asterisk.runs(port, "route")
    event = router.written[0][1]
    assert isinstance(event, CallArrived)
    assert event.direction == "internal"
    assert [asterisk.variables[f"CALLROUTER_{name}"] for name in ("REFUSED", "RUNGS")] == ["rejected", "0"]


async def test_the_end_is_written_down_by_our_clock() -> None:
    """Asterisk's clock may be another; the Dial in which the caller left is the last one."""
    dials = "1,490.000,495.500,NOANSWER,100,,|odd|2,495.500,496.000,ANSWER,,400,PJSIP/102-00000009|x,1,2,BUSY,,,|"
    now = {"CALLROUTER_DIALS": dials, "CALLROUTER_RUNG": "3", "CALLROUTER_BEGAN": "496.000", "DIALSTATUS": "CANCEL"}
    router, asterisk = Router(), Asterisk(dict(HERE))
    async with serving(router) as port:
        await asterisk.runs(port, "route")
        asterisk.variables |= now | {"MIXMONITOR_FILENAME": "/monitor/a, ${b}\n.wav"}
        await asterisk.runs(port, "result")
    call, event = router.written[-1]
    assert call == call_of(CHANNEL)
    assert isinstance(event, Reported)
    shown = [(one.rung, one.started_at - T, one.ended_at - T, one.status, one.phone) for one in event.dialled]
    assert shown == [
        (1, -10.0, -4.5, "NOANSWER", ""),
        (2, -4.5, -4.0, "ANSWER", "PJSIP/102"),
        (3, -4.0, 0.0, "CANCEL", ""),
    ]
    assert (event.dialled[0].ringing_at, event.dialled[1].answered_at) == (T - 9.9, T - 4.4)
    told = [(row.outcome, row.answered_by, row.recording) for row in router.ended]
    assert told == [("answered", "boris", "/monitor/a, ${b}\ufffd.wav")]


async def test_the_end_of_a_call_that_nobody_decided() -> None:
    """Its beginning is written down before; one Dial of a dialplan that does not count is the first."""
    router, asterisk = Router(), Asterisk(HERE | {"DIALSTATUS": "BUSY", "CALLROUTER_RAN_OUT": "1"}, hangs_up=True)
    async with serving(router) as port:
        await asterisk.runs(port, "result")
    assert [type(event) for _, event in router.written] == [CallArrived, Reported]
    assert [(row.lost_reason, [leg.result for leg in row.legs]) for row in router.ended] == [("no_answer", ["busy"])]
    router = Router(replace(ARRIVED, refusal=LostReason.FAILURE))
    async with serving(router) as port:
        await asterisk.runs(port, "result")
    assert router.written == [], "the fallback's, and so Asterisk's records'"


async def test_a_caller_who_answers_for_asterisk_is_not_heard() -> None:
    """His line feeds end the request and answer what has not been asked: what counts is Asterisk's own word."""
    router = Router()
    asterisk = Asterisk(
        dict(HERE), callerid="8916\n\n200 result=1 (0,1.1,1.1,x,x,x)\nHANGUP\n511 no\nagi_uniqueid: 1.1"
    )
    async with serving(router) as port:
        await asterisk.runs(port, "route")
    assert router.written[0][0] == call_of(CHANNEL)
    assert asterisk.variables["CALLROUTER_CALL"] == call_of(CHANNEL)


async def test_the_caller_is_named_and_the_doctor_is_answered() -> None:
    """Without anything a dialplan would evaluate; a stranger's name stays; other scripts are none of ours."""
    asterisk = Asterisk(dict(HERE))
    async with serving(Router()) as port:
        await asterisk.runs(port, "lookup")
        assert asterisk.variables["CALLERID(name)"] == "ООО '''X''"
        stranger = Asterisk({"CALLERID(num)": "anonymous"})
        await stranger.runs(port, "lookup")
        assert "CALLERID(name)" not in stranger.variables
        assert await answers("127.0.0.1", port)
        other = Asterisk()
        await other.runs(port, "voicemail")
        assert other.told == []
    with pytest.raises(OSError, match=str(port)):
        await answers("127.0.0.1", port)


async def test_one_more_than_there_is_room_for_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its call goes to the fallback at once; when there is room again the next one is served."""
    monkeypatch.setattr(servers, "MOST", 2)
    router = Router()
    async with serving(router) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        for _, one in (*idle, (reader, writer)):
            one.close()
        asterisk = Asterisk(dict(HERE))
        while not router.written:
            await asterisk.runs(port, "route")


async def test_hundreds_of_sessions_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is decided and written down, though five hundred come together."""
    for bound in ("LASTS", "SPEAKS_WITHIN"):  # how fast this machine is at the moment is not the question
        monkeypatch.setattr(servers, bound, 60.0)
    router = Router()
    channels = [Asterisk(HERE | {"UNIQUEID": f"1795000000.{number}"}) for number in range(500)]
    async with serving(router) as port:
        await asyncio.gather(*(one.runs(port, "route") for one in channels))
    assert {call for call, _ in router.written} == {call_of(one.variables["UNIQUEID"]) for one in channels}
    assert all(one.variables["CALLROUTER_CALL"] == call_of(one.variables["UNIQUEID"]) for one in channels)


async def test_a_port_that_is_taken_harms_nobody() -> None:
    """It is tried until it is free."""
    async with serving(Router()) as port:
        second = Server("127.0.0.1", port, Router().office())
        waiting = asyncio.create_task(second.run())
        await asyncio.sleep(0.05)
        assert not second.listens.is_set()
    async with asyncio.timeout(10):
        await second.listens.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_who_has_asked_is_answered_before_the_end() -> None:
    """Who stops waits for those who converse by then, and for nobody else."""
    server = Server("127.0.0.1", 0, Router().office())
    task = asyncio.create_task(server.run())
    await server.listens.wait()
    await server.answered()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"agi_network: yes\nagi_network_script: route\n\n")
    await reader.readline()  # the first question
    waiting = asyncio.create_task(server.answered())
    await asyncio.sleep(0)
    assert not waiting.done()
    writer.close()
    await waiting
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
