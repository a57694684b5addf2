"""The connection: it comes back for ever, sets its filter anew, and no answer that fails to come holds it up."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import TypeAdapter

from callrouter.ari import messages as ms
from callrouter.ari.client import UNWANTED, AriClient
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import HttpRequests, Request
from callrouter.ari.socket import FRAME_MOST
from tests.ari.fake_ari import LOGIN, Answer, FakeAri, a_channel, started

GET = Request("GET", "asterisk/info")
FILTER = {"disallowed": [{"type": kind} for kind in UNWANTED]}


class Ear:
    """A listener that keeps what it hears; `connected` waits for `may_go_on`."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[ms.Message] = asyncio.Queue()
        self.connections = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.vain: asyncio.Queue[AriAway] = asyncio.Queue()

    def hear(self, message: ms.Message) -> None:
        """Keep it."""
        self.heard.put_nowait(message)

    def lost(self) -> None:
        """Nothing to note."""

    async def connected(self) -> None:
        """Count it."""
        self.connections += 1
        await self.may_go_on.wait()

    async def waiting(self, away: AriAway) -> None:
        """Keep what is said of a vain attempt."""
        self.vain.put_nowait(away)

    async def next(self) -> ms.Message:
        """Wait for the next message."""
        async with asyncio.timeout(3):
            return await self.heard.get()


@asynccontextmanager
async def connected(ari: FakeAri, ear: Ear, patience: float = 5.0) -> AsyncIterator[AriClient]:
    """Yield a client that is on its way to be connected."""
    client = AriClient(ari.url, LOGIN, "callrouter", ear, patience)
    running = asyncio.create_task(client.run(ear.waiting))
    try:
        await ari.is_connected()
        yield client
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_event_filter_is_set_on_every_connect() -> None:
    """A dropped socket is opened again, the filter set and the calls compared before events go on."""
    ear = Ear()
    async with FakeAri() as ari, connected(ari, ear):
        for number in range(1, 4):
            await ari.is_connected()
            await ari.say(started(f"c{number}"))
            message = await ear.next()
            assert isinstance(message, ms.StasisStart)
            assert message.channel.id == f"c{number}"
            assert (ari.filters, ear.connections) == ([FILTER] * number, number)
            ari.drop()


async def test_events_are_held_back_until_the_calls_are_compared() -> None:
    """What comes while the listener still compares is heard after it, in order; answers get through meanwhile."""
    ear = Ear()
    ear.may_go_on.clear()
    async with FakeAri() as ari, connected(ari, ear) as client:
        await ari.was_asked("PUT applications/callrouter/eventFilter")
        await ari.say(started("first"))
        await ari.say(started("second"))
        assert await client.send(GET) == {}
        assert ear.heard.empty()
        ear.may_go_on.set()
        found = [await ear.next(), await ear.next()]
        assert [one.channel.id for one in found if isinstance(one, ms.StasisStart)] == ["first", "second"]


async def test_an_answer_that_never_comes_holds_up_nobody() -> None:
    """The deadline of one request passes while others are answered and events are heard."""
    ear = Ear()
    async with FakeAri(answers={"GET asterisk/info": Answer(after=None)}) as ari, connected(ari, ear) as client:
        begun = time.monotonic()
        silent = asyncio.create_task(client.send(GET, 0.3))
        await ari.was_asked("GET asterisk/info")
        assert await client.send(Request("GET", "asterisk/ping")) == {}
        await ari.say(started("c"))
        await ear.next()
        with pytest.raises(AriAway, match=r"did not answer GET asterisk within 0\.3 s"):
            await silent
        assert 0.25 < time.monotonic() - begun < 1.0
        assert await client.send(Request("GET", "asterisk/ping")) == {}


async def test_a_late_answer_is_nobodys() -> None:
    """An answer that comes after its deadline is not taken for that of the next request."""
    ear = Ear()
    late = Answer(body={"late": True}, after=0.2)
    async with FakeAri(answers={"GET asterisk/info": late}) as ari, connected(ari, ear) as client:
        with pytest.raises(AriAway):
            await client.send(GET, 0.05)
        ari.answers["GET asterisk/ping"] = Answer(body={"ping": True}, after=0.3)
        assert await client.send(Request("GET", "asterisk/ping")) == {"ping": True}


@pytest.mark.parametrize("status", [400, 404, 409, 412, 422, 500])
async def test_a_refusal_has_its_status(status: int) -> None:
    """What Asterisk refuses is AriRefused with its code and its words."""
    ear = Ear()
    refusal = Answer(status, {"message": "Allocation failed"})
    async with FakeAri(answers={"GET asterisk/info": refusal}) as ari, connected(ari, ear) as client:
        with pytest.raises(AriRefused, match=f"{status} Allocation failed") as caught:
            await client.send(GET)
        assert caught.value.status == status


async def test_an_asterisk_that_still_starts_is_away() -> None:
    """503 is no refusal: waiting helps."""
    ear = Ear()
    async with FakeAri(answers={"GET asterisk/info": Answer(503)}) as ari, connected(ari, ear) as client:
        with pytest.raises(AriAway, match="has not finished starting"):
            await client.send(GET)


RUBBISH: list[Any] = [
    "not json",
    "[]",
    "7",
    '{"type": 7}',
    '{"type": []}',
    '{"type": {"type": "StasisStart"}}',
    "[" * 100_000,
    '{"type": "StasisStart", "channel": "\\ud800"}',
    "{}",
    {"type": "StasisStart"},
    {"type": "StasisStart", "channel": {"id": 7}},
    {"type": "SomethingNew", "channel": a_channel("x")},
    {"type": "RESTResponse", "request_id": "nobody's", "status_code": 200},
    {"type": "RESTResponse"},
    {"type": "RESTResponse", "request_id": ["1"], "status_code": {}},
]


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_rubbish_is_passed_over(rubbish: Any) -> None:
    """A frame that is nothing known changes nothing: the next event is heard, the next answer taken."""
    ear = Ear()
    async with FakeAri() as ari, connected(ari, ear) as client:
        await ari.say(rubbish)
        await ari.say(started("after"))
        message = await ear.next()
        assert isinstance(message, ms.StasisStart)
        assert message.channel.id == "after"
        assert await client.send(GET) == {}


async def test_a_frame_of_a_megabyte_costs_the_connection_only() -> None:
    """Over the limit the socket is closed; the next one is open at once, and what was held is compared."""
    ear = Ear()
    async with FakeAri() as ari, connected(ari, ear) as client:
        assert await client.send(GET) == {}
        await ari.say(json.dumps({"type": "x" * (FRAME_MOST + 1)}))
        assert await client.send(GET, 3) == {}
        async with asyncio.timeout(3):
            while ear.connections < 2:
                await asyncio.sleep(0.01)
                assert client.reconnects <= 1


@pytest.mark.parametrize("status", [None, "200", {}, "nonsense"])
async def test_an_answer_without_a_status_is_a_refusal(status: Any) -> None:
    """What does not say that it was done was not done."""
    ear = Ear()
    async with FakeAri(answers={"GET asterisk/info": Answer(status)}) as ari, connected(ari, ear) as client:
        with pytest.raises(AriRefused):
            await client.send(GET)


async def test_a_defect_in_one_message_costs_no_other() -> None:
    """Who hears may fail over a message: the reader goes on."""
    ear = Ear()
    heard, ear.hear = ear.hear, lambda _: 1 // 0  # type: ignore[method-assign, assignment]
    async with FakeAri() as ari, connected(ari, ear) as client:
        await client.send(GET)
        await ari.say(started("bad"))
        await client.send(GET)
        ear.hear = heard  # type: ignore[method-assign]
        await ari.say(started("good"))
        message = await ear.next()
        assert isinstance(message, ms.StasisStart)
        assert (message.channel.id, client.reconnects) == ("good", 0)


async def test_a_list_that_is_nonsense_is_asked_for_again() -> None:
    """A listener that cannot read what Asterisk has is not in touch: the connection is made anew."""
    ear = Ear()
    lists = [[{"id": 7}], None, 0]

    async def comparing() -> None:
        ear.connections += 1
        if lists:
            TypeAdapter(tuple[ms.Channel, ...]).validate_python(lists.pop())

    ear.connected = comparing  # type: ignore[method-assign]
    async with FakeAri() as ari, connected(ari, ear) as client:
        async with asyncio.timeout(10):
            assert "unknown form" in str(await ear.vain.get())
            await client.in_touch.wait()
        assert ear.connections == 4


async def test_a_connection_that_breaks_in_the_middle_of_a_request() -> None:
    """What was asked is asked again at once over the next one, for a command sent twice means it once."""
    ear = Ear()
    async with FakeAri(answers={"GET asterisk/info": Answer(after=None)}) as ari, connected(ari, ear) as client:
        asking = asyncio.create_task(client.send(GET, 30))
        await ari.was_asked("GET asterisk/info")
        ari.answers.clear()
        ari.drop()
        async with asyncio.timeout(2):
            assert await asking == {}
        assert [str(one) for one in ari.asked].count("GET asterisk/info") == 2


async def test_asterisk_goes_away_and_comes_back() -> None:
    """Vain attempts are told, requests fail when their patience ends, and within 2 s of its return it is in use."""
    ear = Ear()
    async with FakeAri() as ari, connected(ari, ear, patience=0.2) as client:
        await client.send(GET)
        await ari.stop()
        async with asyncio.timeout(5):
            assert "does not answer at" in str(await ear.vain.get())
        begun = time.monotonic()
        with pytest.raises(AriAway, match="no connection to Asterisk"):
            await client.send(GET)
        assert time.monotonic() - begun < 1
        await ari.start()
        await ari.is_connected(within=2)
        assert await client.send(GET) == {}


async def test_a_request_waits_for_a_connection_that_is_coming_back() -> None:
    """A short gap is not a refusal: the request goes out over the new socket."""
    ear = Ear()
    async with FakeAri() as ari, connected(ari, ear) as client:
        await client.send(GET)
        ari.drop()
        async with asyncio.timeout(1):
            while client.is_connected:
                await asyncio.sleep(0)  # as soon as it is noticed
                assert ari.asked
        assert await client.send(GET, 1) == {}


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_a_socket_that_is_not_opened(status: int) -> None:
    """An Asterisk that answers, but opens no socket, is waited for."""
    ear = Ear()
    async with FakeAri(answers={"GET events": Answer(status)}) as ari:
        client = AriClient(ari.url, LOGIN, "callrouter", ear)
        running = asyncio.create_task(client.run(ear.waiting))
        async with asyncio.timeout(3):
            assert str(status) in str(await ear.vain.get())
        ari.answers.clear()
        await ari.is_connected()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_filter_that_is_refused_is_tried_again() -> None:
    """An application that is not there yet is no reason to give up, and no reason to go on without the filter."""
    ear = Ear()
    refused = {"PUT applications/callrouter/eventFilter": Answer(404, {"message": "Application not found"})}
    async with FakeAri(answers=refused) as ari, connected(ari, ear) as client:
        async with asyncio.timeout(3):
            assert "not ready" in str(await ear.vain.get())
        assert ear.connections == 0
        ari.answers.clear()
        async with asyncio.timeout(5):
            while not ear.connections:
                await asyncio.sleep(0.01)
                assert ear.vain.qsize() < 100
        assert await client.send(GET) == {}


async def test_a_wrong_password_is_not_tried_again() -> None:
    """401 is for a person to mend: the connection gives up."""
    ear = Ear()
    async with FakeAri() as ari:
        client = AriClient(ari.url, ("callrouter", "wrong"), "callrouter", ear)
        async with asyncio.timeout(3):
            with pytest.raises(AriRefused, match="ARI_PASSWORD") as caught:
                await client.run(ear.waiting)
        assert caught.value.status == 401


async def test_over_http_it_is_the_same() -> None:
    """The other carrier gives the same answers, refusals, deadlines, and AriAway where nobody listens."""
    answers = {
        "GET bad": Answer(409, {"message": "no"}),
        "GET silent": Answer(after=None),
        "GET starting": Answer(503),
    }
    async with FakeAri(answers=answers) as ari, HttpRequests(ari.url, *LOGIN) as http:
        assert await http.send(Request("GET", "channels")) == []
        with pytest.raises(AriRefused, match="409 no"):
            await http.send(Request("GET", "bad"))
        with pytest.raises(AriAway, match="no answer in time"):
            await http.send(Request("GET", "silent"), 0.1)
        with pytest.raises(AriAway, match="finished starting"):
            await http.send(Request("GET", "starting"))
        await ari.stop()
        with pytest.raises(AriAway, match="does not answer"):
            await http.send(Request("GET", "channels"))


async def test_a_request_is_written_as_ari_reads_it() -> None:
    """Paths and values are escaped, the body is a string, and nothing of a value can end it."""
    ear = Ear()
    request = Request("POST", "channels/a b", {"name": "x&y=1"}, {"CALLERID(name)": 'Иван "Ё"'})
    async with FakeAri() as ari, connected(ari, ear) as client:
        await client.send(request)
        (asked,) = [one for one in ari.asked if one.method == "POST"]
        assert (asked.path, asked.params) == ("channels/a%20b", {"name": "x%26y%3D1"})
        assert asked.body == {"variables": {"CALLERID(name)": 'Иван "Ё"'}}
