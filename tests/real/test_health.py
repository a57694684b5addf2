"""The state of health is visible, from the router's start to its end, and nobody who looks disturbs a call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url

from callrouter.flood import MOST, WITHIN
from tests.lab import Lab, Proxy, answers, patience
from tests.real.document import LINE
from tests.real.house import since
from tests.real.rig import Rig
from tests.real.test_serve import folder, nowhere, settings
from tests.real.worker import serving

__all__ = ["folder"]

CALLERS = ("89161234567", "89161234568")
NUMBER = re.compile(r"\d{7,}")


class Look:
    """Somebody who looks at a router's health."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def page(self, path: str) -> tuple[int, str]:
        """Return a page."""
        async with self._session.get(f"http://{self._address}{path}") as page:
            return page.status, await page.text()

    async def health(self) -> tuple[int, dict[str, Any]]:
        """Return how it is."""
        async with self._session.get(f"http://{self._address}/healthz") as page:
            return page.status, await page.json()

    async def metrics(self) -> dict[str, float]:
        """Return what it has counted: `name:value of the first label`, and so on."""
        _, text = await self.page("/metrics")
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return {":".join([one.name, *one.labels.values()]): one.value for one in samples}

    async def until(self, is_so: Callable[[int, list[str]], bool], within: float) -> None:
        """Wait until its health is so."""
        async with patience(within):
            while True:
                status, said = await self.health()
                if is_so(status, said["why"]):
                    return
                await asyncio.sleep(0.05)  # it can only be asked


@asynccontextmanager
async def looking(address: str) -> AsyncIterator[Look]:
    """Look at the router that listens there."""
    async with aiohttp.ClientSession() as session:
        yield Look(session, address)


async def test_asterisk_goes_and_comes_back() -> None:
    """Ready; Asterisk stops: 503 and why, alive all the time; Asterisk is back: ready by itself."""
    async with Rig(is_seen=True) as rig, looking(rig.health) as look:
        assert await look.health() == (
            200,
            {"live": True, "ready": True, "why": [], "app": "callrouter", "role": "active"},
        )
        before = await look.metrics()
        await rig.lab.asterisk.stop()
        await look.until(lambda status, why: (status, why) == (503, ["no connection to Asterisk"]), within=5)
        assert (await look.page("/livez"))[0] == 200
        assert (await look.metrics())["callrouter_ready"] == 0
        await rig.lab.asterisk.restart()
        await look.until(lambda status, why: (status, why) == (200, []), within=5)
        after = await look.metrics()
        assert after["callrouter_ready"] == 1
        assert after["callrouter_reconnects_total"] > before["callrouter_reconnects_total"]


async def test_two_calls_are_two_outcomes() -> None:
    """Calls, events and requests are counted as they happened, and nothing that is shown holds a phone number."""
    async with Rig(is_seen=True) as rig, looking(rig.health) as look:
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller=CALLERS[0])
        await call.hears(rig.phone("boris"))
        during = await look.metrics()
        assert {name: during[f"callrouter_live_calls:{name}"] for name in ("climbing", "talking")} == {
            "climbing": 0,
            "talking": 1,
        }
        await call.hangup()
        rig.phone("boris").behaviour = answers(after=30)
        call = await rig.trunk.dial(LINE, caller=CALLERS[1])
        await call.wait("ringing")
        await call.hangup()
        await rig.ended(2)
        found = await look.metrics()
        ended = {name: value for name, value in found.items() if name.startswith("callrouter_calls_total") and value}
        assert ended == {
            "callrouter_calls_total::answered:router": 1,
            "callrouter_calls_total:abandoned:lost:router": 1,
        }
        assert sum(value for name, value in found.items() if name.startswith("callrouter_live_calls")) == 0
        assert found["callrouter_request_seconds_count:POST channels/create"] >= 2
        assert found["callrouter_request_seconds_count:POST channels/{id}/answer"] == 1
        assert found["callrouter_event_lag_seconds_count"] >= 10
        soon = found["callrouter_event_lag_seconds_bucket:0.25"]  # a standstill delays a few of them
        assert soon > found["callrouter_event_lag_seconds_count"] / 2
        assert found["callrouter_journal_failures_total"] == found["callrouter_records_dropped_total"] == 0
        for path in ("/healthz", "/livez", "/metrics"):
            _, text = await look.page(path)
            assert not NUMBER.findall("".join(re.findall(r'"[^"]*"|#.*', text))), path
            assert not [secret for secret in (*CALLERS, LINE, rig.lab.asterisk.ari_password) if secret in text]


async def test_a_flood_is_seen_and_routed() -> None:
    """The eleventh call of one number within ten seconds is still answered; a warning and a counter say so."""
    async with Rig(is_seen=True) as rig, looking(rig.health) as look:
        rig.phone("boris").behaviour = answers()
        for number in range(1, 13):
            call = await rig.trunk.dial(LINE, caller=CALLERS[0])
            await (call.hears(rig.phone("boris")) if number > MOST else call.wait("ringing"))
            await call.hangup()
        rows = await rig.ended(12)
        assert {row["outcome"] for row in rows[MOST:]} == {"answered"}
        came = [since(row["arrived_at"]) for row in rows]
        many = sum(last - first < WITHIN for first, last in zip(came, came[MOST:], strict=False))
        assert many > 0, "the machine is far too slow for a flood"
        assert (await look.metrics())["callrouter_flood_calls_total"] == many
        (warning,) = [line for line in rig.router.log if "flood" in line]
        assert "+7916*****67" in warning


async def test_the_database_goes_and_comes_back(postgres_url: str) -> None:
    """503 and why while it is away, though calls go on; the spool is seen to grow and to drain, the lease to age."""
    proxy, real = Proxy(), make_url(postgres_url)
    await proxy.open(real.port or 0)
    url = real.set(port=proxy.port).render_as_string(hide_password=False)
    async with Rig(database_url=url, is_seen=True) as rig, looking(rig.health) as look:
        assert (await look.health())[0] == 200
        assert (await look.metrics())["callrouter_lease_age_seconds"] < 1.5
        proxy.cut()
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller=CALLERS[0])
        await call.hears(rig.phone("boris"))
        await look.until(lambda status, why: status == 503 and "the database does not answer" in why, within=6)
        away = await look.metrics()
        assert away["callrouter_spool_bytes"] > 1000
        assert away["callrouter_lease_age_seconds"] > 1.5
        assert away["callrouter_live_calls:talking"] == 1
        proxy.resume()
        await look.until(lambda status, _: status == 200, within=8)
        await call.hangup()
        await rig.ended(1)
        back = await look.metrics()
        assert back["callrouter_lease_age_seconds"] < 1.5
        assert back["callrouter_spool_bytes"] < 1000
    await proxy.close()


async def test_waiting_is_seen(folder: Path) -> None:
    """Before it is ready a router says what it waits for, and after SIGTERM nobody is left listening."""
    env = settings(folder, nowhere(), HTTP_BIND=nowhere().removeprefix("http://").removesuffix("/ari"))
    async with serving(env) as worker, looking(env["CALLROUTER_HTTP_BIND"]) as look:
        await worker.says("waiting: ")
        status, said = await look.health()
        assert (status, said["ready"], said["role"]) == (503, False, "starting")
        assert "Asterisk" in said["why"][0]
        assert await worker.stop() == 0
        with pytest.raises(aiohttp.ClientConnectionError):
            await look.health()


async def test_a_second_worker_needs_its_own_address(folder: Path) -> None:
    """The port is taken before anything else is tried: exit 2, and the message says what to do."""
    bind = nowhere().removeprefix("http://").removesuffix("/ari")
    first = settings(folder, nowhere(), HTTP_BIND=bind)
    second = first | {"CALLROUTER_APP": "callrouter-2"}
    async with serving(first) as worker:
        await worker.says("waiting: ")
        async with serving(second) as other:
            said = await other.says("error: ")
            assert said.startswith(f"error: HTTP_BIND {bind} is taken: give each worker on this host its own HTTP_BIND")
            assert await other.ends() == 2


async def test_no_scheme_is_a_reason(folder: Path) -> None:
    """A router without a scheme runs, and is not ready."""
    bind = nowhere().removeprefix("http://").removesuffix("/ari")
    async with Lab(["101"]) as lab, serving(settings(folder, lab.asterisk.ari_url, HTTP_BIND=bind)) as worker:
        await worker.says("ready")
        async with looking(bind) as look:
            status, said = await look.health()
    assert (status, said["why"]) == (503, ["no scheme is applied: `callrouter scheme apply`"])
