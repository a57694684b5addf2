"""One session: a call is decided, its end is written down, or its caller is named."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from callrouter.agi.asking import PeerError, arrival, harmless, read, tell, tell_all
from callrouter.agi.ladder import reachable, variables
from callrouter.core.events import Dialled, Reported
from callrouter.core.recorded import AGI, phone_of
from callrouter.core.words import LostReason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.agi.asking import Line
    from callrouter.agi.ladder import Dials
    from callrouter.agi.office import Office
    from callrouter.core.events import CallArrived
    from callrouter.core.facts import Arrival

MARK = "CALLROUTER_CALL"
"""Set last, with the call's id: without it the dialplan goes on to the fallback, whatever else it was told."""
DIALS_MOST = 100
_NOW = "STRFTIME(,UTC,%s.%3q)"
_TOLD = (MARK, _NOW, "CALLROUTER_DIALS", "CALLROUTER_RAN_OUT", "CALLROUTER_RUNG", "CALLROUTER_BEGAN", "DIALSTATUS",
         "RINGTIME_MS", "ANSWEREDTIME_MS", "DIALEDPEERNAME")  # fmt: skip


async def serve(script: str, line: Line, office: Office) -> None:
    """Serve one request; raise PeerError."""
    if script == "route":
        await _route(line, office)
    elif script == "result":
        await _result(line, office)
    elif script == "lookup":
        await _lookup(line, office)
    elif script == "doctor":
        await line.say("NOOP", "callrouter")
    else:
        raise PeerError("there is route, result and lookup, and nothing else")


async def _route(line: Line, office: Office) -> None:
    """Decide, write it down, tell the dialplan: in this order. What is not ours the fallback serves."""
    if office.is_closing():
        return
    there, arrived = await _decided(line, office)
    if arrived.refusal is LostReason.FAILURE:
        return
    dials: Dials = {}
    if arrived.refusal is None:
        arrived, dials = await reachable(line, office, arrived)
    await tell_all(line, ((f"CALLROUTER_{name}", value) for name, value in variables(arrived, dials)))
    office.begin(there.call, arrived)
    await tell(line, MARK, there.call)


async def _result(line: Line, office: Office) -> None:
    """Write down how the call went; a caller who left while he was decided about has a row too."""
    mark, now, dials, has_run_out, *current = await read(line, _TOLD)
    there, _ = await arrival(line, office.now())
    if not mark:
        _, arrived = await _decided(line, office)
        if arrived.refusal is LostReason.FAILURE:
            return
        office.begin(there.call, arrived)
    ahead = office.now() - (_seconds(now) or office.now())
    told = [dial.split(",") for dial in dials.split("|") if dial]
    told += [_current(now, current)] if current[0] or (not told and current[2]) else []
    dialled = tuple(_dialled(ahead, told[-DIALS_MOST:]))
    office.end(there.call, Reported(office.now(), dialled, has_run_out == "1", there.recording))


async def _lookup(line: Line, office: Office) -> None:
    """Name the caller, if he is anybody's client."""
    (number,) = await read(line, ["CALLERID(num)"])
    client = await office.name(number)
    if client is not None:
        await tell(line, "CALLERID(name)", harmless(client))


async def _decided(line: Line, office: Office) -> tuple[Arrival, CallArrived]:
    there, is_far_end = await arrival(line, office.now())
    arrived = await office.receive(replace(there, routed_by=AGI))
    return there, replace(arrived, direction="internal") if is_far_end else arrived


def _current(now: str, current: list[str]) -> list[str]:
    """Return the Dial in which the caller left, or that has just ended in a dialplan that does not count them."""
    rung, began, status, ringing, answered, peer = current
    return [rung or "1", began or now, now, status, ringing, answered, peer]


def _dialled(ahead: float, told: list[list[str]]) -> Iterator[Dialled]:
    """Yield the Dials, by the router's clock; what cannot be read is left out."""
    for one in told:
        rung, began, ended, status, ringing, answered, peer = (*one, *[""] * 7)[:7]
        start, end = _seconds(began), _seconds(ended)
        if not rung.isdecimal() or len(rung) > 3 or start is None or end is None:  # noqa: PLR2004
            continue
        rang, talked = _seconds(ringing), _seconds(answered)
        yield Dialled(
            int(rung),
            start + ahead,
            end + ahead,
            status,
            None if rang is None else start + ahead + rang / 1000,
            end + ahead - (talked or 0.0) / 1000 if status == "ANSWER" else None,
            phone_of(peer) if status == "ANSWER" else "",
        )


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?", text) else None
