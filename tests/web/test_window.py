"""The pages, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from callrouter.core.words import LostReason
from callrouter.web import server
from callrouter.web.live import Figures, Idle, ToSend
from callrouter.web.metrics import Metrics
from callrouter.web.server import BindError, listening
from callrouter.web.window import Window

HOST = "127.0.0.1"


@dataclass
class Worker:
    """A worker that says of itself whatever one likes."""

    role: str = "active"
    faults: list[str] = field(default_factory=list)
    read: Figures = field(default_factory=Figures)

    def why(self) -> list[str]:
        """What is wrong with it."""
        return self.faults

    def figures(self) -> Figures:
        """What can be read off it."""
        return self.read


@dataclass
class Site:
    """A window that is served."""

    window: Window
    port: int
    session: aiohttp.ClientSession

    def get(self, path: str, method: str = "GET") -> aiohttp.client._RequestContextManager:
        """Ask for a page."""
        return self.session.request(method, f"http://{HOST}:{self.port}{path}")

    async def samples(self) -> dict[str, float]:
        """Return the metrics, each as `name{label=value,…}`."""
        async with self.get("/metrics") as page:
            assert page.status == 200
            text = await page.text()
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    async def says(self, request: bytes) -> bytes:
        """Say something over a connection of one's own; return everything that comes back."""
        reader, writer = await asyncio.open_connection(HOST, self.port)
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A worker's window."""
    window = Window("callrouter-1", Worker(), Metrics(LostReason))
    async with listening(HOST, 0, window) as port, aiohttp.ClientSession() as session:
        yield Site(window, port, session)


async def test_ready(site: Site) -> None:
    """A worker in full health is ready: 200, and no reason against it."""
    async with site.get("/healthz") as page:
        assert page.status == 200
        assert page.content_type == "application/json"
        assert await page.json() == {"live": True, "ready": True, "why": [], "app": "callrouter-1", "role": "active"}
    assert (await site.samples())["callrouter_ready"] == 1


async def test_not_ready(site: Site) -> None:
    """A worker that lacks something is not ready, but lives: 503 and why, 200 for who asks only that."""
    site.window.live = Worker(faults=["no connection to Asterisk", "no scheme is applied"])
    async with site.get("/healthz") as page:
        assert page.status == 503
        said = await page.json()
    assert (said["ready"], said["why"]) == (False, ["no connection to Asterisk", "no scheme is applied"])
    async with site.get("/livez") as page:
        assert (page.status, await page.json()) == (200, {"live": True})
    assert (await site.samples())["callrouter_ready"] == 0


async def test_before_there_is_a_worker(site: Site) -> None:
    """What is waited for at the start is the reason."""
    site.window.live = Idle("standby", "callrouter-1 is served by another worker")
    async with site.get("/healthz") as page:
        said = await page.json()
    assert (page.status, said["role"], said["why"]) == (503, "standby", ["callrouter-1 is served by another worker"])
    assert "callrouter_spool_bytes" not in await site.samples()


async def test_figures(site: Site) -> None:
    """What can be read off the worker is shown as it is at that moment."""
    calls = {"reception": 1, "climbing": 2, "talking": 0}
    site.window.live = Worker(read=Figures(calls, 3, 4, 5, 6, 7, 0.5, ToSend(8, 9, 10.5)))
    found = await site.samples()
    assert {name: value for name, value in found.items() if name.startswith("callrouter_live_calls")} == {
        "callrouter_live_calls{phase=reception}": 1,
        "callrouter_live_calls{phase=climbing}": 2,
        "callrouter_live_calls{phase=talking}": 0,
    }
    assert found["callrouter_reconnects_total"] == 3
    assert found["callrouter_spool_bytes"] == 4
    assert found["callrouter_journal_memory_bytes"] == 5
    assert found["callrouter_journal_failures_total"] == 6
    assert found["callrouter_records_dropped_total"] == 7
    assert found["callrouter_lease_age_seconds"] == 0.5
    assert found["callrouter_outbox_waiting"] == 8
    assert found["callrouter_outbox_dead"] == 9
    assert found["callrouter_outbox_oldest_seconds"] == 10.5


async def test_what_is_not_known_is_not_shown(site: Site) -> None:
    """No lease and a journal that cannot be looked at are no zeros."""
    site.window.live = Worker(read=Figures(spool=None))
    found = await site.samples()
    assert "callrouter_lease_age_seconds" not in found
    assert "callrouter_outbox_waiting" not in found
    assert "callrouter_spool_bytes" not in found


async def test_outcomes(site: Site) -> None:
    """Ended calls are counted by how; what never happened is 0, so that its first time is an increase."""
    site.window.metrics.ended("answered", None, "router")
    site.window.metrics.ended("lost", "failure", "router")
    site.window.metrics.ended("lost", "failure", "router")
    site.window.metrics.flooded()
    found = await site.samples()
    assert found["callrouter_calls_total{lost_reason=,outcome=answered,routed_by=router}"] == 1
    assert found["callrouter_calls_total{lost_reason=failure,outcome=lost,routed_by=router}"] == 2
    assert found["callrouter_calls_total{lost_reason=abandoned,outcome=lost,routed_by=fallback}"] == 0
    assert found["callrouter_flood_calls_total"] == 1


async def test_measurements(site: Site) -> None:
    """Requests and lags fall between bounds; a refusal and a silence are counted as such."""
    metrics = site.window.metrics
    for seconds, status in ((0.0005, 204), (0.003, 204), (0.003, 404), (2.5, None), (0.0, 99_999)):
        metrics.took("POST channels/{id}/dial", seconds, status)
    metrics.lagged(0.02)
    found = await site.samples()
    buckets = {
        float(name.partition("le=")[2].partition(",")[0]): value
        for name, value in found.items()
        if name.startswith("callrouter_request_seconds_bucket")
    }
    assert (buckets[0.0005], buckets[0.001], buckets[0.005], buckets[2.0], buckets[float("inf")]) == (2, 2, 4, 4, 5)
    assert found["callrouter_request_seconds_count{route=POST channels/{id}/dial}"] == 5
    assert found["callrouter_request_seconds_sum{route=POST channels/{id}/dial}"] == pytest.approx(2.5065)
    failed = {name: value for name, value in found.items() if name.startswith("callrouter_requests_failed_total")}
    assert failed == {
        "callrouter_requests_failed_total{route=POST channels/{id}/dial,status=404}": 1,
        "callrouter_requests_failed_total{route=POST channels/{id}/dial,status=none}": 1,
        "callrouter_requests_failed_total{route=POST channels/{id}/dial,status=other}": 1,
    }
    assert (found["callrouter_event_lag_seconds_count"], found["callrouter_event_lag_seconds_sum"]) == (1, 0.02)


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics/x", "//metrics", "/%2e%2e/etc/passwd", "/favicon.ico"])
async def test_nothing_else_is_there(site: Site, path: str) -> None:
    """Any other path is 404, without a word."""
    async with site.get(path) as page:
        assert (page.status, await page.read()) == (404, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_only_reading(site: Site, method: str) -> None:
    """Nothing can be done here but look."""
    async with site.get("/healthz", method) as page:
        assert (page.status, page.headers["Allow"], await page.read()) == (405, "GET, HEAD", b"")


async def test_head(site: Site) -> None:
    """Who wants no body gets none."""
    async with site.get("/metrics", "HEAD") as page:
        assert (page.status, await page.read()) == (200, b"")
        assert int(page.headers["Content-Length"]) > 1000


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET /<script> HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nabc",
    ],
)
async def test_no_details(site: Site, request_line: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever is sent, the answer names no software with a version and repeats nothing; the log stays quiet."""
    said = await site.says(request_line)
    head = said.partition(b"\r\n\r\n")[0].decode()
    assert "Server: callrouter" in head.split("\r\n")
    for word in (b"aiohttp", b"Python", b"script", b"aaaa", b"Traceback"):
        assert word not in said
    assert capfd.readouterr() == ("", "")


async def test_a_defect_of_ours_is_a_500(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    """A page that cannot be made is an empty 500, and the log says why."""
    site.window.live = Worker(read=Figures(calls=None))  # type: ignore[arg-type]
    async with site.get("/metrics") as page:
        assert (page.status, await page.read()) == (500, b"")
    assert "a page cannot be shown" in capfd.readouterr().out


async def test_a_client_who_says_nothing_is_sent_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection lasts so long and no longer, whether its client says nothing or half of something."""
    monkeypatch.setattr(server, "LASTS", 0.2)
    halves = (b"", b"GET /metr", b"GET /healthz HTTP/1.1\r\n")
    async with asyncio.timeout(2):
        assert await asyncio.gather(*(site.says(half) for half in halves)) == [b"", b"", b""]


async def test_a_client_who_does_not_listen_is_sent_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks again and again and never reads holds no connection and no answer."""
    monkeypatch.setattr(server, "LASTS", 0.3)
    _, writer = await asyncio.open_connection(HOST, site.port)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with suppress(ConnectionError):
        async with asyncio.timeout(3):
            while True:
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
                await writer.drain()
                await asyncio.sleep(0)
    assert (await site.samples())["callrouter_ready"] == 1


async def test_many_clients_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond sixteen connections a new one waits until one of them ends."""
    monkeypatch.setattr(server, "LASTS", 0.5)
    async with AsyncExitStack() as stack:
        for _ in range(server.MOST):
            _, writer = await asyncio.open_connection(HOST, site.port)
            stack.callback(writer.close)
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(3):
            assert await site.says(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert asyncio.get_running_loop().time() - begun >= server.LASTS / 2


async def test_who_asks_without_a_pause(site: Site) -> None:
    """Answers are made one by one and apart, so that many questions at once leave the calls their time."""
    begun = asyncio.get_running_loop().time()
    said = await asyncio.gather(*(site.says(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(11)))
    assert all(b"callrouter_ready" in one for one in said)
    assert asyncio.get_running_loop().time() - begun >= 10 * server.APART


async def test_a_port_that_is_taken() -> None:
    """The message names the address and says what to do on a host with two workers."""
    window = Window("callrouter", Worker(), Metrics(()))
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BindError) as raised:
            async with listening(HOST, port, window):
                pass
    mend = "give each worker on this host its own HTTP_BIND, or turn it off (CALLROUTER_HTTP_BIND=off)"
    assert str(raised.value) == f"HTTP_BIND {HOST}:{port} is taken: {mend}"
    assert raised.value.exit_code == 2


async def test_an_address_that_is_not_ours() -> None:
    """Another reason is said as it is."""
    with pytest.raises(BindError, match=r"HTTP_BIND 192\.0\.2\.1:0: cannot listen there \(.+\): correct it"):
        async with listening("192.0.2.1", 0, Window("callrouter", Worker(), Metrics(()))):
            pass
