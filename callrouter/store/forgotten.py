"""
Who was forgotten: a token of chance in the place of each number, and enough to know it if it comes late.

What was written down before somebody was forgotten may reach SQL after it: from the spool of a worker that was down,
from Asterisk's records. So each token keeps 24 bits of the number's hash, with the token as key. They are few on
purpose: dozens of one country's numbers have the same, so that they cannot say whose they are, but a late call of
just that number is known by them; another's is taken for it once in 17 million.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from callrouter.store.tables_privacy import forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

PREFIX = "forgotten-"
_SIGNS = "bcdfghjkmnpqrstv"
_LOCK = 0x666F7267
"""PostgreSQL's advisory lock between who forgets and who writes down what comes late."""
_DIGEST = 3
"""Bytes."""


@dataclass(frozen=True, slots=True)
class _One:
    token: str
    digest: bytes
    at: Instant


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Those who were forgotten since some instant, in order."""

    ones: tuple[_One, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.ones)

    def token(self, number: str | None, at: Instant) -> str | None:
        """Return what stands for a number in something that happened then; None: he was not forgotten after it."""
        if number is None:
            return None
        found = (one for one in self.ones if at <= one.at and one.digest == _digest(one.token, number))
        return next((one.token for one in found), None)

    def when(self, number: str) -> Instant | None:
        """Return when a number was forgotten last; None: never."""
        return max((one.at for one in self.ones if one.digest == _digest(one.token, number)), default=None)


def new_token() -> str:
    """Return 48 bits of chance (`numbers.FORGOTTEN`)."""
    return PREFIX + "".join(secrets.choice(_SIGNS) for _ in range(12))


async def alone(connection: AsyncConnection) -> None:
    """Let nobody write down what comes late until the transaction ends; on SQLite nobody else writes anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


async def heed(connection: AsyncConnection) -> None:
    """Let nobody be forgotten until the transaction ends: what it reads of a person it may write."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


async def since(connection: AsyncConnection, at: Instant = 0.0) -> Forgotten:
    """Return those who were forgotten from then on."""
    query = select(forgotten).where(forgotten.c.at >= at).order_by(forgotten.c.at)
    return Forgotten(tuple(_One(one.token, one.digest, one.at) for one in await connection.execute(query)))


async def newest(connection: AsyncConnection) -> Instant | None:
    """Return when somebody was forgotten last; None: nobody ever."""
    found: Instant | None = await connection.scalar(select(func.max(forgotten.c.at, type_=forgotten.c.at.type)))
    return found


async def note(connection: AsyncConnection, tokens: Iterable[tuple[str, str]], at: Instant) -> None:
    """Write down that numbers were forgotten: pairs of a number and its token."""
    lines = [{"token": token, "digest": _digest(token, number), "at": at} for number, token in tokens]
    await connection.execute(insert(forgotten), lines)


def _digest(token: str, number: str) -> bytes:
    return hashlib.blake2b(number.encode(), key=token.encode(), digest_size=_DIGEST).digest()
