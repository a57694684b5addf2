"""What Asterisk has: its channels, its bridges, and whose application each channel is in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from pydantic import TypeAdapter

from callrouter.ari import messages as ms
from callrouter.ari.requests import Request, Requests
from callrouter.core.recorded import recording_at

STASIS = {"Stasis", "StasisBroadcast"}
_LEG = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\d+\.\d+\..+")
_CHANNELS = TypeAdapter(tuple[ms.Channel, ...])
_BRIDGES = TypeAdapter(tuple[ms.Bridge, ...])
_APPS = TypeAdapter(tuple[ms.Application, ...])


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at Asterisk."""

    channels: Mapping[str, ms.Channel]
    bridges: tuple[ms.Bridge, ...]
    apps: Mapping[str, frozenset[str]]

    def held(self, app: str) -> Mapping[str, ms.Channel]:
        """Return the channels that an application has.

        Only both together say so: an application keeps what left it while its worker was dead on its list, and what
        stands in the dialplan's place does not change when a channel moves to another application.
        """
        listed = self.apps.get(app, frozenset())
        return {key: one for key, one in self.channels.items() if key in listed and one.dialplan.app_name in STASIS}

    def is_between(self, channel: str) -> bool:
        """Whether it is on its way from one application to another, on nobody's list."""
        one = self.channels.get(channel)
        is_listed = any(channel in listed for listed in self.apps.values())
        return one is not None and one.dialplan.app_name in STASIS and not is_listed

    def is_elsewhere(self, app: str, channel: str) -> bool:
        """Whether another application than this one has the channel."""
        return channel not in self.held(app) and any(channel in self.held(other) for other in self.apps)


async def look_round(lists: Requests) -> Inventory:
    """Ask Asterisk for everything; raise AriAway or AriRefused.

    `lists` is HTTP: Asterisk 22.10.1 itself crashes when a reply over the web socket is longer than about 400 kB, as
    the list of some 800 channels is, whoever they belong to.
    """
    apps = _APPS.validate_python(await lists.send(Request("GET", "applications")))
    bridges = _BRIDGES.validate_python(await lists.send(Request("GET", "bridges")))
    channels = _CHANNELS.validate_python(await lists.send(Request("GET", "channels")))
    return Inventory(
        {channel.id: channel for channel in channels},
        bridges,
        {app.name: frozenset(app.channel_ids) for app in apps},
    )


def is_named_by_us(channel: str) -> bool:
    """Whether a channel's id is one that a worker gave a leg: callers have Asterisk's own ids."""
    return _LEG.fullmatch(channel) is not None


def arguments_of(channel: ms.Channel) -> tuple[str, ...]:
    """Return with what the dialplan handed a channel over: a caller with the line that he dialled."""
    where = channel.dialplan
    given = where.app_data.split(",")
    if where.app_name == "StasisBroadcast":
        given = given[1:2] + (given[2].split(":") if len(given) > 2 else [])  # noqa: PLR2004 - time, applications
    is_handed = where.app_name in STASIS and len(given) > 1
    return tuple(given[1:]) if is_handed else (where.exten,)


def recording_in(args: Sequence[str]) -> str | None:
    """Return where the PBX records a caller, of the arguments he was handed over with: encoded behind his line."""
    return recording_at(unquote(args[1], errors="replace")) if len(args) > 1 else None
