"""Asking until Asterisk answers, and what its refusals mean."""

from __future__ import annotations

import asyncio

import structlog

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import Request, Requests

GONE = {400, 404, 409, 412, 422}
"""Asterisk's ways to say that a channel is no longer there for us."""
EXISTS = 409
"""What Asterisk says when a channel or a bridge is to be made a second time."""
AGAIN = 0.1
"""Seconds before the next attempt, and before a refusal is believed."""

log = structlog.get_logger()


async def insist(ari: Requests, request: Request, deadlines: tuple[float, ...]) -> None:
    """Send what means the same a second time until Asterisk answers: no caller pays for its silence."""
    for deadline in deadlines[:-1]:
        try:
            await ari.send(request, deadline)
        except AriAway as away:
            log.warning("asterisk is silent; asked again", request=str(request), error=str(away))
            await asyncio.sleep(AGAIN)
        else:
            return
    await ari.send(request, deadlines[-1])


async def insist_twice(ari: Requests, request: Request, deadlines: tuple[float, ...]) -> None:
    """Insist, and believe a refusal the second time only."""
    try:
        await insist(ari, request, deadlines)
    except AriRefused:
        await asyncio.sleep(AGAIN)
        await insist(ari, request, deadlines)


async def once(ari: Requests, request: Request) -> bool:
    """Send a request whose refusal means that it is already so (404 on hang-up, 409 on create); whether it is so."""
    try:
        await ari.send(request)
    except AriRefused as refused:
        return refused.status in GONE
    except AriAway as away:
        log.warning("asterisk did not take a request", request=str(request), error=str(away))
        return False
    return True
