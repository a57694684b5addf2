"""What is measured of the conversation with Asterisk."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from callrouter.ari.client import AriClient
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.messages import Message
from callrouter.ari.requests import HttpRequests, Request
from tests.ari.fake_ari import LOGIN, Answer, FakeAri, started


class Watch:
    """An observer that remembers, and a listener that hears the messages it is about."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, int | None]] = []
        self.lags: list[float] = []
        self.heard: asyncio.Queue[Message] = asyncio.Queue()

    def took(self, route: str, seconds: float, status: int | None) -> None:
        """See `Observer`."""
        assert 0 <= seconds < 2
        self.requests.append((route, status))

    def lagged(self, seconds: float) -> None:
        """See `Observer`."""
        self.lags.append(seconds)

    def hear(self, message: Message) -> None:
        """See `Listener`."""
        self.heard.put_nowait(message)

    def lost(self) -> None:
        """Nothing to note."""

    async def connected(self) -> None:
        """See `Listener`."""

    async def waiting(self, away: AriAway) -> None:
        """Nothing is done while Asterisk is away."""


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("channels", "channels"),
        ("channels/create", "channels/create"),
        ("channels/1795310203.17/dial", "channels/{id}/dial"),
        ("channels/x/play/x.prompt", "channels/{id}/play/{id}"),
        ("bridges/0198-x/addChannel", "bridges/{id}/addChannel"),
        ("endpoints/PJSIP/%2B79161234567", "endpoints/PJSIP/{id}"),
        ("deviceStates/Custom%3ADND101", "deviceStates/{id}"),
        ("applications/callrouter-1/eventFilter", "applications/{id}/eventFilter"),
    ],
)
def test_routes(path: str, route: str) -> None:
    """A route is the method and the path with every id replaced."""
    assert Request("POST", path).route == f"POST {route}"


async def test_requests_over_the_socket() -> None:
    """Each request is measured with how it was answered, also the one that never was."""
    answers = {"POST channels/b/ring": Answer(404, {"message": "?"}), "POST channels/c/ring": Answer(after=None)}
    watch = Watch()
    async with FakeAri(answers=answers) as ari:
        client = AriClient(ari.url, LOGIN, "callrouter", watch, observer=watch)
        running = asyncio.create_task(client.run(watch.waiting))
        await client.in_touch.wait()
        watch.requests.clear()
        await client.send(Request("POST", "channels/a/ring"))
        with pytest.raises(AriRefused):
            await client.send(Request("POST", "channels/b/ring"))
        with pytest.raises(AriAway):
            await client.send(Request("POST", "channels/c/ring"), deadline=0.05)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert watch.requests == [("POST channels/{id}/ring", status) for status in (200, 404, None)]


async def test_requests_over_http() -> None:
    """So it is over HTTP."""
    watch = Watch()
    answers = {"GET bridges": Answer(500), "GET asterisk/info": Answer(after=None)}
    async with FakeAri(answers=answers) as ari, HttpRequests(ari.url, *LOGIN, watch) as http:
        await http.send(Request("GET", "channels"))
        with pytest.raises(AriRefused):
            await http.send(Request("GET", "bridges"))
        with pytest.raises(AriAway):
            await http.send(Request("GET", "asterisk/info"), deadline=0.05)
    assert watch.requests == [("GET channels", 200), ("GET bridges", 500), ("GET asterisk/info", None)]


async def test_lag() -> None:
    """How late an event is, by its own timestamp; a clock that is ahead is no lag, and rubbish is passed over."""
    watch = Watch()
    now = datetime.now(UTC)
    stamps = [f"{now - timedelta(seconds=60):%Y-%m-%dT%H:%M:%S.000+0000}", f"{now + timedelta(days=1):%FT%T.000+0000}"]
    rubbish = [None, 17, "yesterday", ""]
    async with FakeAri() as ari:
        client = AriClient(ari.url, LOGIN, "callrouter", watch, observer=watch)
        running = asyncio.create_task(client.run(watch.waiting))
        await client.in_touch.wait()
        for stamp in (*stamps, *rubbish):
            await ari.say(started("x", timestamp=stamp))
            await asyncio.wait_for(watch.heard.get(), 2)
        await ari.say(started("x"))
        await asyncio.wait_for(watch.heard.get(), 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    late, early = watch.lags
    assert 60 <= late < 63
    assert early == 0
