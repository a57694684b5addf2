"""Which way a letter goes: by the beginning of its receiver's address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.delivery import directory, hook, mail
from callrouter.delivery.letter import NotTakenError, RefusedError

if TYPE_CHECKING:
    from callrouter.core.words import Instant
    from callrouter.delivery.letter import Letter

AT_MOST = 180.0
"""Seconds one delivery may take in all."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways there are, as the settings say."""

    smtp_url: str | None = None
    smtp_from: str | None = None
    hook_secret: str | None = None

    async def deliver(self, to: str, letter: Letter, now: Instant) -> None:
        """Deliver a letter to `mail:ADDRESS`, `hook:URL` or `dir:PATH`; raise NotTakenError or RefusedError."""
        kind, _, address = to.partition(":")
        try:
            async with asyncio.timeout(AT_MOST):
                if kind == "mail":
                    await mail.deliver(address, letter, self.smtp_url, self.smtp_from)
                elif kind == "hook":
                    await hook.deliver(address, letter, self.hook_secret, now)
                elif kind == "dir":
                    await directory.deliver(address, letter)
                else:
                    raise RefusedError("nothing is delivered this way: mail:, hook: or dir:")
        except TimeoutError:
            raise NotTakenError(f"it was not taken within {AT_MOST:g} s") from None
