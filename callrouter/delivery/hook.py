"""To a web hook: one signed POST of JSON."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import aiohttp
import orjson

from callrouter.delivery.letter import NotTakenError, RefusedError

if TYPE_CHECKING:
    from callrouter.core.words import Instant
    from callrouter.delivery.letter import Letter

CONNECT_AT_MOST = 10.0
"""Seconds to reach it; the whole is bounded by who delivers."""
TRY_AGAIN = frozenset({408, 425, 429})
"""What is no refusal among 400 to 499."""


async def deliver(url: str, letter: Letter, secret: str | None, now: Instant) -> None:
    """Post the letter; raise RefusedError if it never will be taken, NotTakenError if it was not this time."""
    if secret is None:
        raise NotTakenError("HOOK_SECRET is not set: set CALLROUTER_HOOK_SECRET or CALLROUTER_HOOK_SECRET_FILE")
    content = body(letter)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "callrouter",
        "Idempotency-Key": letter.id,
        "X-Callrouter-Signature": signature(secret, content, now),
    }
    try:
        async with (
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(connect=CONNECT_AT_MOST)
            ) as session,
            session.post(url, data=content, headers=headers, allow_redirects=False) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NotTakenError(f"no answer: {type(error).__name__}") from None  # its text may hold the address
    _judge(status)


def body(letter: Letter) -> bytes:
    """Return what is posted."""
    files = [
        {"name": one.name, "type": one.media_type, "content": base64.b64encode(one.content).decode()}
        for one in letter.files
    ]
    said = {"id": letter.id, "kind": letter.kind, "subject": letter.subject, "text": letter.text, "files": files}
    return orjson.dumps(said)


def signature(secret: str, content: bytes, now: Instant) -> str:
    """Return `t=SECONDS,v1=HEX`: the HMAC-SHA256 of `SECONDS.CONTENT`; the time is that of this attempt."""
    seconds = int(now)
    made = hmac.new(secret.encode(), f"{seconds}.".encode() + content, hashlib.sha256)
    return f"t={seconds},v1={made.hexdigest()}"


def _judge(status: int) -> None:
    said = f"it answered {status}"
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's own numbers
        return
    if 300 <= status < 400:  # noqa: PLR2004
        raise RefusedError(f"{said}: redirects are not followed, write where it leads to")
    if 400 <= status < 500 and status not in TRY_AGAIN:  # noqa: PLR2004
        raise RefusedError(said)
    raise NotTakenError(said)
