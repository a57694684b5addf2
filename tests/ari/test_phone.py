"""Commands as requests: in their order, each bounded, and what is refused comes back as an event."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callrouter.ari import messages as ms
from callrouter.ari.client import AriClient
from callrouter.ari.phone import AriPhone
from callrouter.ari.presence import look
from callrouter.ari.requests import Request
from callrouter.core import commands as cm, events as ev
from callrouter.core.errors import AwayError
from callrouter.core.events import Contact
from callrouter.core.facts import PhoneState
from callrouter.core.words import CallId, LegId, LostReason, PersonId, Release, Result, Why
from tests.ari.fake_ari import LOGIN, Answer, FakeAri

CALL, LEG, ANNA = CallId("call"), LegId("call.1.1.anna"), PersonId("anna")
RING = cm.Ring("caller", LEG, ANNA, "PJSIP/101", "PJSIP/101/sip:101@h", 1, 1012.5, "ООО\r\n\x00Ромашка", "+7916")
CONNECT = cm.Connect("caller", LEG, "call.bridge1")


GIVEN_BACK = ["POST channels/caller/variable", "GET channels/caller/variable"]


class Calls:
    """The calls' side: keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[ev.Event] = asyncio.Queue()

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """Keep it."""
        assert call == CALL
        self.told.put_nowait(event)


class Wire:
    """A listener that hands everything to the phone."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.phone: AriPhone | None = None
        self.up = asyncio.Event()

    def hear(self, message: ms.Message) -> None:
        """Hand it on."""
        assert self.phone is not None
        self.phone.hear(message, self.calls)

    def lost(self) -> None:
        """Nothing to note."""

    async def connected(self) -> None:
        """Note it."""
        self.up.set()


@asynccontextmanager
async def a_phone(ari: FakeAri, wire: Wire | None = None) -> AsyncIterator[AriPhone]:
    """Yield a phone that is connected; its clock stands at 1000."""
    wire = wire or Wire()
    client = AriClient(ari.url, LOGIN, "callrouter", wire)
    wire.phone = AriPhone(client, "callrouter", lambda: 1000.0)

    async def waiting(_: object) -> None:
        """Nobody needs to know."""

    running = asyncio.create_task(client.run(waiting))
    await wire.up.wait()
    ari.forget()
    try:
        yield wire.phone
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_leg_is_created_then_dialled_once_it_is_ours() -> None:
    """Create, wait for the channel to be in the application, dial with whole seconds; the name is harmless."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, RING) is None
        await ari.was_asked(f"POST channels/{LEG}/dial")
        assert ari.said() == ["POST channels/create", f"POST channels/{LEG}/dial"]
        create, dial = ari.asked
        assert dial.params == {"timeout": "13"}
        assert create.params["appArgs"] == "leg%2Ccall%2Canna%2C1"
        shown = create.body["variables"]
        assert (shown["CONNECTEDLINE(name,i)"], shown["CONNECTEDLINE(num,i)"]) == ("ООО   Ромашка", "+7916")
        assert shown["TIMEOUT(absolute)"] == "18"


@pytest.mark.parametrize("status", [400, 500])
async def test_a_phone_that_is_not_registered_ends_its_leg(status: int) -> None:
    """`Allocation failed` is how Asterisk says it: the leg has ended, and nothing of it is left."""
    refused = {"POST channels/create": Answer(status, {"error": "Allocation failed"})}
    async with FakeAri(answers=refused) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, RING) == ev.LegEnded(1000.0, LEG, ev.End.REFUSED)
        await ari.was_asked(f"DELETE channels/{LEG}")
        assert ari.said() == ["POST channels/create", f"DELETE channels/{LEG}"]


async def test_a_channel_that_is_there_already_was_made_by_us() -> None:
    """A channel is made once, however often it was asked for: its name is ours."""
    there = {"POST channels/create": Answer(409, {"message": "Channel with given unique ID already exists"})}
    async with FakeAri(answers=there) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, RING) is None
        assert (ari.said(), phone.dialler.is_made(LEG)) == (["POST channels/create"], True)


async def test_a_silence_of_asterisks_costs_no_leg() -> None:
    """A phone is rung as soon as Asterisk answers again; until then the leg is not made."""
    async with (
        FakeAri(answers={"POST channels/create": Answer(after=None)}, creates=False) as ari,
        a_phone(ari) as phone,
    ):
        ringing = asyncio.create_task(phone.perform(CALL, RING))
        await ari.was_asked("POST channels/create")
        assert not phone.dialler.is_made(LEG)
        ari.answers.clear()
        assert await ringing is None
        assert (ari.said(), phone.dialler.is_made(LEG)) == (["POST channels/create"] * 2, True)


async def test_a_phone_that_is_called_late_says_so() -> None:
    """While Asterisk is silent the step has not begun: it rings so much longer, by Asterisk's timer too."""
    wire = Wire()
    async with FakeAri(answers={"POST channels/create": Answer(after=0.6)}) as ari, a_phone(ari, wire) as phone:
        _let_time_pass(phone)
        assert await phone.perform(CALL, RING) is None
        dialled = await asyncio.wait_for(wire.calls.told.get(), 10)
        assert isinstance(dialled, ev.LegDelayed)
        assert dialled.seconds >= 0.6  # its channel came then, whatever was asked again meanwhile
        dial = next(one for one in ari.asked if str(one) == f"POST channels/{LEG}/dial")
        assert dial.params == {"timeout": "13"}


async def test_a_phone_that_is_made_late_and_is_not_there_yet_says_so() -> None:
    """Nothing else would, if its channel came later still."""
    async with (
        FakeAri(answers={"POST channels/create": Answer(after=0.6)}, creates=False) as ari,
        a_phone(ari) as phone,
    ):
        _let_time_pass(phone)
        event = await phone.perform(CALL, RING)
        assert isinstance(event, ev.LegDelayed)
        assert event.seconds >= 1.8  # two attempts of half a second, and one that is waited for


async def test_only_the_reply_is_late() -> None:
    """A phone that was dialled in time rings for as long as Asterisk was told, and its step lasts no longer."""
    wire, late = Wire(), Answer(after=0.6)
    async with FakeAri(answers={"POST channels/create": late}, creates=False) as ari, a_phone(ari, wire) as phone:
        ringing = asyncio.create_task(phone.perform(CALL, RING))
        await ari.was_asked("POST channels/create")
        made = {"id": LEG, "name": "PJSIP/101-1", "state": "Down"}
        wire.hear(ms.MESSAGE.validate_python({"type": "StasisStart", "channel": made, "args": ["leg"]}))
        await ari.was_asked(f"POST channels/{LEG}/dial")
        _let_time_pass(phone)
        assert await ringing is None
        assert wire.calls.told.empty()


def _let_time_pass(phone: AriPhone) -> None:
    begun = time.monotonic()
    phone.dialler._now = lambda: 1000.0 + time.monotonic() - begun


async def test_a_channel_that_never_comes_holds_up_nobody() -> None:
    """A leg that is not in the application cannot be dialled; the call goes on, and stops it like any other."""
    async with FakeAri(creates=False) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, RING) is None
        assert await phone.perform(CALL, cm.HangUp(LEG, Result.UNREACHABLE)) is None
        assert ari.said() == ["POST channels/create", f"DELETE channels/{LEG}"]


async def test_a_leg_that_was_stopped_meanwhile_is_not_dialled() -> None:
    """Its channel comes into the application too late."""
    wire = Wire()
    async with FakeAri(creates=False) as ari, a_phone(ari, wire) as phone:
        await phone.perform(CALL, RING)
        await phone.perform(CALL, cm.HangUp(LEG, Result.ELSEWHERE))
        late = {"id": LEG, "name": "PJSIP/101-1", "state": "Down"}
        wire.hear(ms.MESSAGE.validate_python({"type": "StasisStart", "channel": late, "args": ["leg"]}))
        await phone.ari.send(Request("GET", "asterisk/ping"))
        assert ari.said() == ["POST channels/create", f"DELETE channels/{LEG}", "GET asterisk/ping"]


async def test_a_phone_that_another_workers_call_has_is_not_dialled() -> None:
    """The leg goes back before anybody has heard of it, and its call hears why; alone, nobody is asked."""
    wire = Wire()
    taken = {"GET endpoints/PJSIP/101": Answer(body={"state": "online", "channel_ids": ["theirs", LEG]})}
    async with FakeAri(answers=taken) as ari, a_phone(ari, wire) as phone:
        phone.dialler.is_alone = lambda: False
        assert await phone.perform(CALL, RING) is None
        ended = await asyncio.wait_for(wire.calls.told.get(), 2)
        assert ended == ev.LegEnded(1000.0, LEG, ev.End.TAKEN)
        await ari.was_asked(f"DELETE channels/{LEG}")
        assert f"POST channels/{LEG}/dial" not in ari.said()


@pytest.mark.parametrize(("answer", "end"), [(Answer(after=None), ev.End.FAILED), (Answer(500), ev.End.REFUSED)])
async def test_a_leg_that_cannot_be_dialled_has_ended(
    answer: Answer, end: ev.End, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer in time is our fault; either way the call hears of it, and nothing of the leg is left."""
    monkeypatch.setattr("callrouter.ari.dialler.PATIENT", (0.5,))
    wire = Wire()
    dial = f"POST channels/{LEG}/dial"
    async with FakeAri(answers={dial: answer}) as ari, a_phone(ari, wire) as phone:
        assert await phone.perform(CALL, RING) is None
        async with asyncio.timeout(5):
            assert await wire.calls.told.get() == ev.LegEnded(1000.0, LEG, end)
        await ari.was_asked(f"DELETE channels/{LEG}")
        attempts = [dial] * (2 if answer.status == 500 else 1)
        assert ari.said() == ["POST channels/create", *attempts, f"DELETE channels/{LEG}"]


async def test_two_are_connected_in_the_order_that_keeps_the_caller_unbilled() -> None:
    """Bridge, leg, answer the caller, caller; then the mark that he has talked, and the guards."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, CONNECT) is None
        bridge = "bridges/call.bridge1"
        assert ari.said()[:4] == [
            f"POST {bridge}",
            f"POST {bridge}/addChannel",
            "POST channels/caller/answer",
            f"POST {bridge}/addChannel",
        ]
        variables = [one.params["variable"] for one in ari.asked[4:]]
        assert variables == ["CALLROUTER_TALKED", "TIMEOUT%28absolute%29", "TIMEOUT%28absolute%29"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("POST channels/caller/answer", 404),
        ("POST channels/caller/answer", 409),
        ("POST channels/caller/answer", 500),
        ("POST bridges/call.bridge1/addChannel", 400),
        ("POST bridges/call.bridge1/addChannel", 409),
        ("POST bridges/call.bridge1/addChannel", 422),
    ],
)
async def test_who_left_at_that_instant_says_so_himself(request_: str, status: int) -> None:
    """A connection refused because somebody has just gone is no failure of the leg: his own event decides."""
    refused = {request_: Answer(status, {"message": "Failed to answer channel"})}
    async with FakeAri(answers=refused) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, CONNECT) is None


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("POST bridges/call.bridge1", Answer(403)),
        ("POST bridges/call.bridge1", Answer(503)),
        ("POST bridges/call.bridge1/addChannel", Answer(after=None)),
    ],
)
async def test_two_who_cannot_be_connected(request_: str, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that Asterisk will not or does not make is told to the call, in time."""
    monkeypatch.setattr("callrouter.ari.phone.QUICK", (0.5,))
    async with FakeAri(answers={request_: answer}) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, CONNECT) == ev.ConnectFailed(1000.0, LEG)


@pytest.mark.parametrize("answer", [Answer(), Answer(404), Answer(500), Answer(503), Answer(after=None)])
async def test_a_hang_up_never_fails(answer: Answer) -> None:
    """Whatever Asterisk says to a hang-up, the call goes on; the loser hears why."""
    async with FakeAri(answers={f"DELETE channels/{LEG}": answer}) as ari, a_phone(ari) as phone:
        begun = time.monotonic()
        assert await phone.perform(CALL, cm.HangUp(LEG, Result.ELSEWHERE)) is None
        assert time.monotonic() - begun < 0.4
        asked = ari.asked[0]
        assert asked.params == {"reason": "answered_elsewhere"}


@pytest.mark.parametrize("line", ["+7495", "+7495${SHELL(x)}", "+7495,1)"])
async def test_a_caller_without_a_fallback_hears_an_honest_503(line: str) -> None:
    """A dialplan without the context, or a line no dialplan can have, which is not even asked about."""
    no = {"GET channels/caller/variable": Answer(body={"value": "0"})}
    async with FakeAri(answers=no) as ari, a_phone(ari) as phone:
        await phone.perform(CALL, cm.LetGo("caller", Release.FALLBACK, line))
        assert str(ari.asked[-1]) == "DELETE channels/caller"
        assert ari.asked[-1].params == {"reason": "congestion"}
        assert ("GET channels/caller/variable" in ari.said()) is (line == "+7495")


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (Release.NORMAL, ["DELETE channels/caller"]),
        (Release.NO_ANSWER, ["DELETE channels/caller"]),
        (Release.FALLBACK, [*GIVEN_BACK, "POST channels/caller/continue"]),
    ],
)
async def test_a_caller_is_let_go(release: Release, said: list[str]) -> None:
    """Ended, or given back to the dialplan without the guard that would cut his conversation there."""
    async with FakeAri() as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, cm.LetGo("caller", release, "+7495")) is None
        assert ari.said() == said


async def test_a_prompt_that_cannot_be_played_has_ended() -> None:
    """A missing sound does not keep a caller in the line."""
    refused = {"POST channels/caller/play/call.prompt": Answer(404)}
    async with FakeAri(answers=refused) as ari, a_phone(ari) as phone:
        assert await phone.perform(CALL, cm.Play("caller", "sound:x")) == ev.PromptEnded(1000.0)


async def test_a_caller_goes_on_in_the_dialplan() -> None:
    """At the place of the scheme, by its priority or its label; the guard would cut what happens there."""
    for place, where in (("vm,600,1", {"priority": "1"}), ("vm,600,in", {"label": "in"})):
        async with FakeAri() as ari, a_phone(ari) as phone:
            await phone.perform(CALL, cm.LetGo("caller", Release.GOES_ON, "+7495", LostReason.NO_ANSWER, place))
            asked = ["GET channels/caller/variable", "POST channels/caller/variable", "POST channels/caller/continue"]
            assert ari.said() == ["POST channels/caller/variable", *asked]
            assert ari.asked[-1].params == {"context": "vm", "extension": "600", **where}


async def test_a_caller_who_cannot_go_on_is_let_go() -> None:
    """The dialplan has no such place: he is not left in the line."""
    no = {"GET channels/caller/variable": Answer(body={"value": "0"})}
    async with FakeAri(answers=no) as ari, a_phone(ari) as phone:
        await phone.perform(CALL, cm.LetGo("caller", Release.GOES_ON, "+7495", None, "vm,600,1"))
        assert ari.said() == ["GET channels/caller/variable", "DELETE channels/caller"]
        assert ari.asked[-1].params == {"reason": "no_answer"}


ENDPOINT = "GET endpoints/PJSIP/101"
CONTACTS = "GET channels/caller/variable"
ONLINE = Answer(body={"state": "online", "channel_ids": ["c1"]})
TWO = Answer(body={"value": "|||PJSIP/101/sip:a&PJSIP/101/sip:b"})
FORWARDED = Answer(body={"value": "1700000000.5|UNKNOWN|BUSY|PJSIP/101/sip:a|b"})
UNDISTURBED = Answer(body={"value": "soon|BUSY|NOT_INUSE|"})
BOTH = (Contact("PJSIP/101", "PJSIP/101/sip:a"), Contact("PJSIP/101", "PJSIP/101/sip:b"))


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({ENDPOINT: ONLINE, CONTACTS: TWO}, PhoneState(BOTH, ("c1",))),
        ({ENDPOINT: Answer(body={"state": "offline"})}, PhoneState(())),
        ({ENDPOINT: Answer(404)}, PhoneState(())),
        ({ENDPOINT: ONLINE, CONTACTS: Answer(body={"value": ""})}, PhoneState((), ("c1",))),
        ({ENDPOINT: ONLINE, CONTACTS: Answer(500)}, PhoneState((), ("c1",))),
        (
            {ENDPOINT: ONLINE, CONTACTS: FORWARDED},
            PhoneState((Contact("PJSIP/101", "PJSIP/101/sip:a|b"),), ("c1",), Why.FORWARDED, 1_700_000_000.5),
        ),
        ({ENDPOINT: ONLINE, CONTACTS: UNDISTURBED}, PhoneState((), ("c1",), Why.DO_NOT_DISTURB)),
    ],
)
async def test_how_a_phone_stands(answers: dict[str, Answer], state: PhoneState) -> None:
    """Its contacts and channels, and what keeps it from ringing; not registered, or not there, is no contact."""
    async with FakeAri(answers=answers) as ari, a_phone(ari) as phone:
        assert await look(phone.ari, "PJSIP/101", "caller") == state


@pytest.mark.parametrize(
    "answers",
    [
        {ENDPOINT: Answer(after=None)},
        {ENDPOINT: ONLINE, CONTACTS: Answer(after=None)},
        {ENDPOINT: ONLINE, CONTACTS: Answer(404, {"message": "Provided channel was not found"})},
    ],
)
async def test_what_cannot_be_learnt_is_not_guessed(answers: dict[str, Answer]) -> None:
    """No answer in 0.3 s, or a caller who has left: that says nothing about the phone."""
    async with FakeAri(answers=answers) as ari, a_phone(ari) as phone:
        begun = time.monotonic()
        with pytest.raises(AwayError):
            await look(phone.ari, "PJSIP/101", "caller")
        assert time.monotonic() - begun < 1


async def test_requests_run_one_after_another_for_one_call_only() -> None:
    """A blocking answer in one call holds up no other call."""
    slow = {f"POST channels/{LEG}/dial": Answer(after=0.5)}
    async with FakeAri(answers=slow) as ari, a_phone(ari) as phone:
        first = asyncio.create_task(phone.perform(CALL, RING))
        await ari.was_asked(f"POST channels/{LEG}/dial")
        begun = time.monotonic()
        await phone.ari.send(Request("GET", "asterisk/ping"))
        assert time.monotonic() - begun < 0.3
        assert await first is None
