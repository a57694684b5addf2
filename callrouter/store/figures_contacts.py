"""Who called whom on a date, as short as lost clients can be told from it: what it does to one who is lost already.

A date is told once, event by event, when it is added up; `figures_clients.py` puts dates together.
"""

from __future__ import annotations

from array import array
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, or_, select

from callrouter.ledger.callback import Delay, passed
from callrouter.ledger.clients import Fate
from callrouter.ledger.period import MICRO
from callrouter.store.figures_calls import ANSWERED, LEFT_AT_ONCE, arrived, micro
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.ledger.period import Period

Contacts = dict[str, Any]
"""What JSON can keep; numbers as `short` writes them.

`callers` and `others`: who called, by `kind`, packed; `busy` and `did`: to whom more happened than that he called
within hours and was answered, and what, were he lost already: first attempt, how he was settled, whether he was lost
again afterwards; `settled` and `codes`, `later` and `episodes`: who was lost that date, as he is at its end; `open`:
who of them is not settled.
"""
Number = int | str
LOST, OUT, TALKED = 0, 1, 2
"""What happened, in the order in which it counts if it was at the same instant."""
LINE, ENDED, ATTEMPT, IS_CLOSED, IN_HOURS, LONG, HOW = range(7)
"""An episode from the first lost call on: its line and end, the first attempt; what was lost since; what settled it."""
HOWS: dict[int, Fate] = {1: Fate.RESCUED, 2: Fate.RETURNED}
DELAYS: tuple[Delay | None, ...] = (*Delay, None)
"""None: he came back before anybody called."""
KINDS = 4
BOTH = 3
"""Of the kind of callers: one call at least was within hours (1), one was no short one (2)."""
BUCKETS = 8
"""Of so many parts one at a time is held as a set."""
_RUN = 4096
_DIGITS = 18


def short(number: str) -> Number:
    """Return a number in E.164 as an integer, anything else as it is."""
    digits = number[1:]
    is_one = number.startswith("+") and digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS
    return int(digits) if is_one and digits[0] != "0" else number


async def contacts(connection: AsyncConnection, period: Period) -> Contacts:
    """Return who called whom in a period within one date."""
    number = case((calls.c.direction == "out", calls.c.line), else_=calls.c.caller)
    what = case((calls.c.direction == "out", OUT), (ANSWERED, TALKED), else_=LOST)
    ended = micro(case((calls.c.ended_at.is_(None), calls.c.arrived_at), else_=calls.c.ended_at))
    counts = or_(calls.c.direction == "in", calls.c.direction == "out")
    asked = (micro(calls.c.arrived_at), what, ended, calls.c.line, calls.c.is_closed, LEFT_AT_ONCE, ANSWERED)
    query = select(number, *asked).where(arrived(period), counts, number.is_not(None))
    found: dict[str, list[list[Any]]] = {}
    for one in await connection.execute(query):
        at, kind, until, line, is_closed, is_short, is_talk = one[1:]
        rest = {LOST: [until, line, int(is_closed), int(bool(is_short))], OUT: [int(is_talk)], TALKED: [int(is_closed)]}
        found.setdefault(one[0], []).append([at, kind, *rest[kind]])
    return _document({short(one): sorted(events) for one, events in found.items()}, period.timezone)


def _document(found: dict[Number, list[list[Any]]], timezone: str) -> Contacts:
    callers: list[list[Number]] = [[] for _ in range(KINDS)]
    made: Contacts = {name: [] for name in ("busy", "did", "settled", "codes", "later", "episodes", "open")}
    for number, events in found.items():
        kind = _kind(events)
        if kind is not None:
            callers[kind].append(number)
        if all(one[1] == TALKED and not one[2] for one in events):
            continue
        did, episode = _told(events)
        made["busy"].append(number)
        made["did"].append(did)
        if episode is not None:
            code = _code(episode, timezone)
            made["later" if code is None else "settled"].append(number)
            made["episodes" if code is None else "codes"].append(episode if code is None else code)
            if not episode[HOW]:
                made["open"].append(number)
    made["callers"] = [_packed(those) for those in callers]
    made["others"] = [[one for one in those if isinstance(one, str)] for those in callers]
    return made


def _kind(events: Sequence[Sequence[Any]]) -> int | None:
    """Return what kind of caller this is; None: he was only called."""
    came = [one for one in events if one[1] != OUT]
    in_hours = any(not (one[2] if one[1] == TALKED else one[4]) for one in came)
    is_long = any(one[1] == TALKED or not one[5] for one in came)
    return in_hours + 2 * is_long if came else None


def _told(events: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Any] | None]:
    """Return what would have happened to one who was lost before, and the last episode of who was not."""
    first, how, is_lost_again, since = None, 0, False, 0
    episode: list[Any] | None = None
    for at, kind, *rest in events:
        if kind == LOST:
            ended, line, is_closed, is_short = rest
            if episode is None or episode[HOW]:
                episode, since, is_lost_again = [line, ended, None, is_closed, 0, 0, 0], at, how > 0
            episode[IN_HOURS] |= 1 - is_closed
            episode[LONG] |= 1 - is_short
            continue
        is_open = episode is not None and not episode[HOW]
        if kind == OUT:
            first = at if first is None and not how else first
            if episode is not None and is_open and episode[ATTEMPT] is None and at > since:
                episode[ATTEMPT] = at
        if kind == TALKED or rest[0]:
            settled = 1 if kind == OUT else 2
            how = how or settled
            if episode is not None and is_open:
                episode[HOW] = settled
    return [first, how, int(is_lost_again)], episode


def _code(episode: Sequence[Any], timezone: str) -> int | None:
    """Return how it was settled and how soon he was called back; None: the date alone does not tell."""
    how, attempt = episode[HOW], episode[ATTEMPT]
    if not how or (attempt is not None and episode[IS_CLOSED]):
        return None
    late: Delay | None = None if HOWS[how] is Fate.RETURNED else Delay.NEVER
    if attempt is not None:
        late = passed(episode[ENDED] / MICRO, attempt / MICRO, lambda same: same, timezone)
    return coded(how, late)


def coded(how: int, late: Delay | None) -> int:
    """Return how it was settled (0: not) and how soon he was called back in one."""
    return how * len(DELAYS) + DELAYS.index(late)


def _packed(numbers: Sequence[Number]) -> list[str]:
    """Return the integers among them, each with its neighbours in one of the buckets."""
    parts = [array("q") for _ in range(BUCKETS)]
    for one in numbers:
        if isinstance(one, int):
            parts[one // _RUN % BUCKETS].append(one)
    return [b64encode(part.tobytes()).decode() for part in parts]
