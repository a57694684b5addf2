"""The lamps of desk phones: device states of Asterisk's, which it keeps over its own restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from callrouter.ari.requests import Request, Requests

PREFIX = "Stasis:callrouter-"
OFF, ON = "NOT_INUSE", "INUSE"


def lamp(phone: str) -> str | None:
    """Return the name of a phone's lamp, `Stasis:callrouter-101`; a phone outside the PBX has none."""
    technology, _, resource = phone.partition("/")
    return PREFIX + resource if technology == "PJSIP" and "@" not in resource else None


async def light(lists: Requests, phones: Mapping[str, bool]) -> None:
    """Have these phones' lamps lit or not, and no other one of ours; raise AriAway or AriRefused."""
    states: list[dict[str, Any]] = await lists.send(Request("GET", "deviceStates"))
    shown = {one["name"]: one["state"] for one in states if one["name"].startswith(PREFIX)}
    wanted = dict.fromkeys(shown, OFF)
    wanted |= {name: ON if is_lit else OFF for phone, is_lit in phones.items() if (name := lamp(phone)) is not None}
    for name, state in wanted.items():
        if shown.get(name) != state:
            await lists.send(Request("PUT", f"deviceStates/{quote(name, safe='')}", {"deviceState": state}))
