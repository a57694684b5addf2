"""Asterisk over ARI: whether it answers, lets us in, is new enough, has its modules and the right time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.health import NEEDED, OLDEST, WANTED, Health, inspect
from callrouter.ari.requests import HttpRequests, Request, Requests
from callrouter.doctor.finding import Check, Finding, fail, unknown, warn
from callrouter.settings import Settings

CLOCK_MOST = 2.0
"""Seconds Asterisk's clock and ours may differ."""
DIALPLAN = {
    "app_exec": "callrouter.conf cannot hand a call over",
    "app_stack": "the fallback has no hours, and calls out are not known",
    "app_dial": "the fallback rings nobody",
    "func_cdr": "the ledger has no calls of the fallback and no calls out",
    "func_dialplan": "callrouter.conf does not find the fallback",
    "func_logic": "callrouter.conf cannot hand a call over",
    "cdr_custom": "the ledger has no calls of the fallback and no calls out",
    "func_config": "the doctor cannot read Asterisk's settings over ARI",
}
"""Modules that the dialplan, the records and the doctor need, and what is lost without them."""
_UNASKED = {"unasked": unknown("mend the line ari first")}
_FORBIDDEN, _GONE = 403, 404
ARI = Check(
    "ari",
    "Asterisk answers at ARI_URL, and lets ARI_USERNAME in with ARI_PASSWORD.",
    {
        "unset": fail("set CALLROUTER_ARI_PASSWORD or …_FILE"),
        "away": fail("start Asterisk, enable http.conf and ari.conf, or correct ARI_URL"),
        "login": fail(
            "compare ARI_USERNAME and ARI_PASSWORD with the user in ari.conf; "
            "callrouter dialplan install --etc DIR puts him there"
        ),
        "none": fail("correct ARI_URL, or load res_ari.so and the other res_ari modules (modules.conf, ari.conf)"),
        "refused": fail("look into Asterisk's log"),
    },
)
RIGHTS = Check(
    "ari rights",
    "The user may do something: a request to hang up a channel that is not there is answered so.",
    {
        "reads": fail('read_only=no in the user\'s section of ari.conf; then asterisk -rx "module reload res_ari.so"'),
        **_UNASKED,
    },
)
VERSION = Check(
    "asterisk",
    "22.4 or later, and none of those that are known to stop in the middle.",
    {
        "old": fail("install 22.4 or later, 22.10 at best"),
        "deadlock": warn("install 22.10 or later: it can deadlock in ARI (issues 1962, 1907)"),
        "crash": warn("install a later one: a PONG crashes it (issue 2085)"),
        **_UNASKED,
    },
)
ENTITY = Check(
    "asterisk entityid",
    "It has one of its own, by which workers know that they are at the same Asterisk.",
    {
        "zero": warn(
            'entityid=02:00:00:00:00:01 in [options] of asterisk.conf; then asterisk -rx "core restart when convenient"'
        )
    },
)
MODULES = Check(
    "modules",
    f"Those without which no call is routed run: {', '.join(NEEDED)}.",
    {"missing": fail("load {names} in modules.conf, then restart Asterisk"), **_UNASKED},
)
MODULE = Check(
    "module {name}",
    "One that something depends on runs: " + ", ".join([*WANTED, *DIALPLAN]) + "; a line only where it does not.",
    {"missing": warn('load {name}.so in modules.conf, then asterisk -rx "module load {name}.so"')},
)
ROUTER = Check("router {app}", "A router is connected under this name.", {"none": warn("callrouter serve")})
CLOCK = Check(
    "clock",
    f"Asterisk's and ours differ by {CLOCK_MOST:g} s at most.",
    {"apart": fail("run chrony or ntpd on both"), **_UNASKED},
)
OFF = Check(
    "switch CALLROUTER_OFF",
    "Calls go to the router.",
    {"on": warn('asterisk -rx "dialplan set global CALLROUTER_OFF 0" when they shall go to the router again')},
)
PILOT = Check(
    "switch CALLROUTER_PILOT",
    "Calls of everybody go to the router.",
    {"on": warn("take CALLROUTER_PILOT out of [globals] when everybody's calls shall")},
)
CHECKS = (ARI, RIGHTS, VERSION, ENTITY, MODULES, MODULE, ROUTER, CLOCK, OFF, PILOT)
NEEDS_ASKING = (RIGHTS, VERSION, MODULES, CLOCK)


@dataclass(slots=True)
class Pbx:
    """What Asterisk says of itself that other checks need."""

    is_open: bool = False
    """It answers, and we may do something: a channel for questions can be made."""
    modules: frozenset[str] = frozenset()
    endpoints: dict[str, str] = field(default_factory=dict)
    """State of each, by name: `PJSIP/101`."""
    loaded: dict[tuple[str, str], str] = field(default_factory=dict)
    """Settings that it works with, by file and key."""


async def look(told: Settings, pbx: Pbx) -> AsyncGenerator[Finding]:
    """Yield what Asterisk says of itself; the line `ari` says whether it can be asked at all."""
    if not told.has_ari:
        yield ARI.ok("off: the dialplan asks at AGI_BIND, and what only ARI could tell is not looked for")
        return
    if told.ari_password is None:
        yield ARI.fault("unset", "ARI_PASSWORD is not set")
        return
    try:
        async with HttpRequests(told.ari_url, told.ari_username, told.password()) as http:
            health = await inspect(http)
            pbx.modules = health.modules
            yield ARI.ok("answers, and the password is right")
            rights = await _rights(http)
            pbx.is_open = rights.state == "ok"
            yield rights
            for one in (version(health), _entity(health), *modules(health)):
                yield one
            async for one in _asked(http, told.app, pbx):
                yield one
    except AriAway as away:
        pbx.is_open = False
        yield ARI.fault("away", str(away))
    except AriRefused as refused:
        yield ARI.fault({401: "login", 403: "login", _GONE: "none"}.get(refused.status, "refused"), str(refused))


def unasked(said: str, *, has_ari: bool) -> Iterator[Finding]:
    """Yield what is known without ARI; `said`: the version that the console shows, empty where it shows none."""
    if said:
        yield version(Health(said, frozenset()))
    for one in NEEDS_ASKING if has_ari else ():
        if not (said and one is VERSION):
            yield one.fault("unasked", "Asterisk was not asked")


async def _rights(http: Requests) -> Finding:
    """Try something that does no harm: to hang up a channel that cannot be there."""
    try:
        await http.send(Request("DELETE", f"channels/doctor-{secrets.token_hex(8)}"))
    except AriRefused as refused:
        if refused.status == _FORBIDDEN:
            return RIGHTS.fault("reads", f"the user may only read ({refused})")
    return RIGHTS.ok("the user may read and write")


async def _asked(http: Requests, app: str, pbx: Pbx) -> AsyncGenerator[Finding]:
    names = {one["name"] for one in await http.send(Request("GET", "applications"))}
    yield ROUTER.ok("takes calls", app=app) if app in names else ROUTER.fault("none", "does not run", app=app)
    asked_at = datetime.now(UTC)
    theirs = (await http.send(Request("GET", "asterisk/ping")))["timestamp"]
    yield clock(theirs, asked_at, datetime.now(UTC))
    off, pilot = [await _global(http, name) for name in ("CALLROUTER_OFF", "CALLROUTER_PILOT")]
    yield OFF.fault("on", "1: every call goes its old way") if off == "1" else OFF.ok(off or "not set")
    yield PILOT.fault("on", f"only calls of {masked(pilot)} go to the router") if pilot else PILOT.ok("not set")
    listed = await http.send(Request("GET", "endpoints"))
    pbx.endpoints |= {f"{one['technology']}/{one['resource']}": one.get("state") or "unknown" for one in listed}
    info = await http.send(Request("GET", "asterisk/info"))
    if files := info.get("config", {}).get("max_open_files"):
        pbx.loaded["asterisk.conf", "maxfiles"] = str(files)
    for one in await _dynamic(http):
        if one["attribute"] == "taskprocessor_overload_trigger":
            pbx.loaded["pjsip.conf", one["attribute"]] = one["value"]


async def _global(http: Requests, name: str) -> str:
    return str((await http.send(Request("GET", "asterisk/variable", {"variable": name})))["value"])


async def _dynamic(http: Requests) -> list[dict[str, str]]:
    """Return what PJSIP works with, nothing where its section has another name."""
    try:
        found: list[dict[str, str]] = await http.send(Request("GET", "asterisk/config/dynamic/res_pjsip/global/global"))
    except AriRefused:
        return []
    return found


def masked(number: str) -> str:
    """Return a number without its middle."""
    return f"{number[:2]}…{number[-2:]}" if len(number) > 4 else "…"  # noqa: PLR2004 - what is shown


def version(health: Health) -> Finding:
    """Judge the version."""
    if health.number < OLDEST:
        return VERSION.fault("old", health.version)
    if health.number[:2] == (22, 9):
        return VERSION.fault("deadlock", health.version)
    return (
        VERSION.fault("crash", health.version)
        if health.version.startswith("22.11.0-rc1")
        else VERSION.ok(health.version)
    )


def _entity(health: Health) -> Finding:
    is_one = any(char not in "0:" for char in health.entity)
    return ENTITY.ok(health.entity) if is_one else ENTITY.fault("zero", health.entity or "none")


def modules(health: Health) -> Iterator[Finding]:
    """Yield one line for those that are needed, and one for each other that does not run."""
    missing = [f"{name}.so" for name in NEEDED if name not in health.modules]
    if missing:
        yield MODULES.fault("missing", f"Asterisk lacks {', '.join(missing)}", names=", ".join(missing))
    else:
        yield MODULES.ok(f"{len(health.modules)} run, all that are needed among them")
    for name, lost in (WANTED | DIALPLAN).items():
        if name not in health.modules:
            yield MODULE.fault("missing", f"Asterisk lacks {name}.so: {lost}", name=name)


def clock(timestamp: str, asked_at: datetime, answered_at: datetime) -> Finding:
    """Compare Asterisk's clock with ours in the middle between question and answer."""
    theirs = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z")
    apart = abs((asked_at + (answered_at - asked_at) / 2 - theirs).total_seconds())
    if apart > CLOCK_MOST:
        return CLOCK.fault("apart", f"Asterisk's is {apart:.1f} s away from ours")
    return CLOCK.ok(f"Asterisk's and ours agree to {apart:.1f} s")
