"""The examination: everything there is to look at, in the order in which it is read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.health import MENDS
from callrouter.ari.survey import survey
from callrouter.doctor import answering, house, notices, outgoing, pbx, rendered, stored
from callrouter.doctor.finding import Check, Finding, unknown
from callrouter.settings import Settings
from callrouter.store.database import Database

SETTINGS = Check(
    "settings",
    "Those of Asterisk that matter.",
    {
        "unread": unknown(
            "make sure of sessionlimit=500 (http.conf), websocket_write_timeout=5000 (ari.conf), "
            "maxfiles=65536 (asterisk.conf)"
        ),
        **pbx.UNASKED,
    },
)
DIALPLAN = Check("dialplan", "The lines are in it.", {"unasked": unknown("mend the line ari first")})
PHONES = Check("phones", "They are registered.", {"unasked": unknown("mend the line ari first")})
OF_ASTERISK = (pbx.ASTERISK, pbx.MODULES, SETTINGS, pbx.CLOCK, DIALPLAN, PHONES)
"""What only Asterisk can tell."""
CHECKS = (
    *stored.CHECKS,
    *notices.CHECKS,
    *outgoing.CHECKS,
    *rendered.CHECKS,
    *answering.CHECKS,
    *pbx.CHECKS,
    SETTINGS,
    DIALPLAN,
    PHONES,
    *house.CHECKS,
)


async def examine(told: Settings, fallback: Path | None) -> list[Finding]:
    """Look at everything. `fallback`: the rendered fallback that is in use; None: none is known."""
    database = Database(told.database_url.get_secret_value())
    try:
        known = await stored.look(database)
        found = known.found
        if known.scheme is not None:
            async with database.reading() as connection:
                found += [one async for one in notices.look(connection, known.scheme, time.time())]
                found += [one async for one in outgoing.look(connection, known.scheme, told, time.time())]
    finally:
        await database.close()
    found += rendered.look(fallback, datetime.now(UTC).date())
    found += [one async for one in answering.look_up(told)]
    found += [one async for one in answering.agi(told)]
    found += [one async for one in _asterisk(told, known)]
    if any(one.check == pbx.ARI.name and one.state == "fail" for one in found):
        looked_at = {one.check for one in found}
        found += [one.fault("unasked", "Asterisk was not asked") for one in OF_ASTERISK if one.name not in looked_at]
    return found


async def _asterisk(told: Settings, known: stored.Stored) -> AsyncIterator[Finding]:
    is_open = True
    async for one in pbx.look(told):
        is_open = is_open and (one.check != pbx.ARI.name or one.state == "ok")
        yield one
    if not is_open:
        return
    yield SETTINGS.fault("unread", "not readable over ARI")
    if known.scheme is None:
        yield DIALPLAN.fault("unasked", "without a scheme there are no lines to look for")
        return
    try:
        async with survey(told.ari_url, (told.ari_username, told.password())) as asked:
            for area in (
                house.lines(asked, known.scheme),
                house.zones(asked, known.scheme, time.time()),
                house.phones(asked, known.scheme),
            ):
                async for one in area:
                    yield one
    except AriAway as away:
        yield pbx.ARI.fault("away", str(away))
    except AriRefused as refused:
        yield pbx.ARI.fault("refused", str(refused), mend=MENDS.get(refused.status, ""))
