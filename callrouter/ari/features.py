"""What people dial on their own phones about themselves; the dialplan answers with a sound of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from callrouter.ari import messages as ms
from callrouter.ari.phone import AriPhone
from callrouter.ari.requests import Request
from callrouter.core.facts import Stands

FEATURE = "feature"
"""The first argument of such a channel; the code and a reason, which may be empty, follow.

A caller has two at the most: his line, and encoded where he is recorded.
"""


def is_feature(args: Sequence[str]) -> bool:
    """Whether a channel with these arguments of the application wants nothing of anybody but us."""
    return len(args) > 2 and args[0] == FEATURE  # noqa: PLR2004


class Desks(Protocol):
    """Who knows whose phone it is."""

    async def dial(self, phone: str, channel: str, code: str, reason: str) -> Stands:
        """Do what was dialled, within a bounded time; return how that person stands now."""
        ...


class Features:
    """Serves the channels of desk phones that dialled a code."""

    def __init__(self, phone: AriPhone, desks: Desks) -> None:
        self._phone = phone
        self._desks = desks

    async def serve(self, channel: ms.Channel, args: Sequence[str]) -> None:
        """Do it, and give the channel back to the dialplan with what came of it.

        Who it is, is told by the phone alone: a number that is shown proves nothing.
        """
        stands = await self._desks.dial(channel.phone, channel.id, args[1], " ".join(args[2:]))
        variable: dict[str, str | int] = {"variable": "CALLROUTER_STANDS", "value": stands.value}
        await self._phone.tell(Request("POST", f"channels/{channel.id}/variable", variable))
        await self._phone.tell(Request("POST", f"channels/{channel.id}/continue"))
