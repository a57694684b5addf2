"""What the router needs of an Asterisk, asked over ARI: version and modules."""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog

from callrouter.ari.errors import AriRefused
from callrouter.ari.requests import Request, Requests
from callrouter.core.errors import CallrouterError

OLDEST = (22, 4)
"""REST over the web socket begins here."""
NEEDED = (
    "app_stasis",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_playback",
    "res_ari",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_endpoints",
    "res_ari_events",
    "bridge_simple",
    "chan_pjsip",
    "func_strings",
)
WANTED = {
    "res_pjsip_rfc3326": "phones will show calls that a colleague answered as missed",
    "res_ari_device_states": "phones that are not PJSIP count as unreachable",
    "res_stasis_device_state": "no lamp on a desk phone shows who has paused",
    "func_devstate": "do not disturb and forwarding, as FreePBX keeps them, are not known",
    "func_callerid": "phones will not show who calls",
    "func_timeout": "a caller whom the router forgets is not fetched back",
}
"""Modules without which calls go through all the same, and what is lost."""

_NO_ARI = 404
_WRONG = "Asterisk refuses ARI_USERNAME or ARI_PASSWORD: compare them with the user in ari.conf"
MENDS = {
    401: _WRONG,
    403: _WRONG,
    _NO_ARI: "there is no ARI at ARI_URL: correct it, or load res_ari.so and the other res_ari modules (ari.conf)",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Health:
    """What Asterisk says about itself."""

    version: str
    modules: frozenset[str]
    entity: str = ""
    """Asterisk's entity id, which tells it from every other (asterisk.conf, entityid)."""

    @property
    def number(self) -> tuple[int, ...]:
        """The version as numbers: `22.10.1~dfsg` is (22, 10, 1)."""
        found = re.match(r"(?:certified/|GIT-)?(\d+)(?:\.(\d+))?(?:\.(\d+))?", self.version)
        return tuple(int(part) for part in found.groups() if part) if found else ()

    def faults(self) -> list[str]:
        """Return why the router cannot work with it, each with the mend."""
        found = []
        if self.number < OLDEST:
            found.append(f"Asterisk {self.version} is too old: callrouter needs 22.4 or later, install that")
        missing = [name for name in NEEDED if name not in self.modules]
        if missing:
            names = ", ".join(f"{name}.so" for name in missing)
            found.append(f"Asterisk lacks {names}: load them in modules.conf, then `module load` or restart")
        return found

    def warnings(self) -> list[str]:
        """Return what will not be as good as it could be."""
        found = [
            f"Asterisk lacks {name}.so: {lost}; load it in modules.conf"
            for name, lost in WANTED.items()
            if name not in self.modules
        ]
        if self.number[:2] == (22, 9):
            found.append(f"Asterisk {self.version} can deadlock in ARI (issues 1962, 1907): install 22.10 or later")
        if self.version.startswith("22.11.0-rc1"):
            found.append("Asterisk 22.11.0-rc1 is crashed by a PONG (issue 2085): install a later one")
        return found


class NoAriError(CallrouterError):
    """Something answers at ARI_URL, and it is not ARI: res_ari is loaded after Asterisk's HTTP server has begun."""


async def inspect(ari: Requests) -> Health:
    """Ask Asterisk; raise AriAway, or AriRefused (401: wrong password, 404: there is no ARI)."""
    try:
        info = await ari.send(Request("GET", "asterisk/info"))
        modules = await ari.send(Request("GET", "asterisk/modules"))
        running = (one["name"].removesuffix(".so") for one in modules if one.get("status") == "Running")
        system = info["system"]
        return Health(system["version"], frozenset(running), system.get("entity_id", ""))
    except (TypeError, KeyError, AttributeError):  # whatever answers there, it is not Asterisk
        raise AriRefused(_NO_ARI, "GET asterisk", "the answer is not ARI's") from None


async def check(ari: Requests) -> Health:
    """Return how Asterisk is; raise CallrouterError where the router cannot work with it, AriAway where it may yet.

    NoAriError: one that has just begun may have it in a moment.
    """
    try:
        health = await inspect(ari)
    except AriRefused as refused:
        kind = NoAriError if refused.status == _NO_ARI else CallrouterError
        raise kind(MENDS.get(refused.status, str(refused))) from None
    for warning in health.warnings():
        log.warning(warning)
    if faults := health.faults():
        raise CallrouterError("; ".join(faults))
    return health
