"""Asterisk over ARI: whether it answers, lets us in, is new enough, has its modules and the right time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.health import MENDS, Health, inspect
from callrouter.ari.requests import HttpRequests, Request
from callrouter.doctor.finding import Check, Finding, fail, unknown, warn
from callrouter.settings import Settings

CLOCK_MOST = 2.0
"""Seconds Asterisk's clock and ours may differ."""
UNASKED = {"unasked": unknown("mend the line ari first")}
ARI = Check(
    "ari",
    "Asterisk answers at ARI_URL, and lets ARI_USERNAME in.",
    {
        "unset": fail("set CALLROUTER_ARI_PASSWORD or …_FILE"),
        "away": fail("start Asterisk, enable http.conf and ari.conf, or correct ARI_URL"),
        "refused": fail("{mend}; read_only=no"),
    },
)
ASTERISK = Check("asterisk", "Its version.", {"fault": fail("{mend}"), "warning": warn("{mend}"), **UNASKED})
MODULES = Check("modules", "Those that are needed run.", UNASKED)
ROUTER = Check("router {app}", "A router is connected under this name.", {"none": warn("callrouter serve")})
CLOCK = Check(
    "clock",
    f"Asterisk's and ours differ by {CLOCK_MOST:g} s at most.",
    {"apart": fail("run chrony or ntpd on both"), **UNASKED},
)
CHECKS = (ARI, ASTERISK, MODULES, ROUTER, CLOCK)


async def look(told: Settings) -> AsyncIterator[Finding]:
    """Yield what Asterisk says of itself; the line `ari` says whether it can be asked at all."""
    if told.ari_password is None:
        yield ARI.fault("unset", "ARI_PASSWORD is not set")
        return
    try:
        async with HttpRequests(told.ari_url, told.ari_username, told.password()) as http:
            health = await inspect(http)
            yield ARI.ok("answers, and the password is right")
            for one in _health(health):
                yield one
            apps = {one["name"] for one in await http.send(Request("GET", "applications"))}
            yield (
                ROUTER.ok("takes calls", app=told.app)
                if told.app in apps
                else ROUTER.fault("none", "does not run", app=told.app)
            )
            yield _clock((await http.send(Request("GET", "asterisk/ping")))["timestamp"], datetime.now(UTC))
    except AriAway as away:
        yield ARI.fault("away", str(away))
    except AriRefused as refused:
        mend = MENDS.get(refused.status, "compare ARI_USERNAME and ARI_PASSWORD with ari.conf")
        yield ARI.fault("refused", str(refused), mend=mend)


def _health(health: Health) -> Iterator[Finding]:
    faults = health.faults()
    for which, said in (("fault", faults), ("warning", health.warnings())):
        for one in said:
            seen, mend = one.split(": ", 1)
            yield ASTERISK.fault(which, seen, mend=mend)
    if not any("too old" in fault for fault in faults):
        yield ASTERISK.ok(health.version)
    if not any("lacks" in fault for fault in faults):
        yield MODULES.ok(f"{len(health.modules)} run, all that are needed among them")


def _clock(timestamp: str, now: datetime) -> Finding:
    apart = abs((now - datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z")).total_seconds())
    if apart > CLOCK_MOST:
        return CLOCK.fault("apart", f"Asterisk's is {apart:.1f} s away from ours")
    return CLOCK.ok(f"Asterisk's and ours agree to {apart:.1f} s")
