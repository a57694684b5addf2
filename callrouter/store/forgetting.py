"""
Erasing a person and keeping the counts: in his calls a token of chance stands where his number stood.

One transaction: whoever is killed in the middle has erased nothing, and runs it again. A token says of two calls that
they were the same unknown person's, so every figure of old periods stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Table, bindparam, delete, literal_column, or_, select, update

from callrouter.core.errors import CallrouterError
from callrouter.store import forgotten
from callrouter.store.late import SPOKEN
from callrouter.store.rows import CHUNK
from callrouter.store.tables import call_legs, calls, client_phones, clients, journal, records, tasks
from callrouter.store.tables_notices import notices
from callrouter.store.traces import Traces, digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

Tokens = dict[str, str]
"""What stands for each number (E.164) from now on."""
CALL = [
    calls.c[name]
    for name in ("id", "asterisk_id", "direction", "caller", "caller_raw", "line", "client", "outcome", "recording")
]
IS_OUT = calls.c.direction == literal_column("'out'")
"""Written so that the index of the numbers dialled serves it."""
_BLANK = (
    update(calls)
    .where(calls.c.id == bindparam("this"))
    .values(
        caller=bindparam("new_caller"),
        caller_raw=bindparam("new_raw"),
        line=bindparam("new_line"),
        client=None,
        client_id=None,
        recording=None,
    )
)


class StillTalkingError(CallrouterError):
    """A call of the person goes on."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by a number: the cards that have it, all numbers that are only theirs, their calls."""

    numbers: tuple[str, ...]
    """E.164; the first is the one he was asked for by."""
    cards: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    calls: tuple[Row[Any], ...] = field(default=(), repr=False)
    records: int = 0
    """Asterisk's, of whatever calls."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What has gone, or lost whatever told of the person, as counts."""

    clients: int
    numbers: int
    calls: int
    trace: int
    """Records of the journal."""
    records: int
    """Asterisk's."""
    tasks: int


async def find(connection: AsyncConnection, number: str) -> Person | None:
    """Return whose this number (E.164) is: everybody's who has it; None: nobody's, and there is no call of it."""
    holders = select(client_phones.c.client_id).where(client_phones.c.number == number)
    cards = (await connection.execute(select(clients.c.id, clients.c.name).where(clients.c.id.in_(holders)))).all()
    ids = [one.id for one in cards]
    others = select(client_phones.c.number).where(client_phones.c.client_id.not_in(ids))
    theirs = select(client_phones.c.number).where(client_phones.c.client_id.in_(ids))
    theirs = theirs.where(client_phones.c.number.not_in(others)).distinct()
    numbers = tuple(dict.fromkeys([number, *(await connection.execute(theirs)).scalars()]))
    found = await calls_of(connection, numbers, ids)
    names = dict.fromkeys(name for name in (*(one.name for one in cards), *(one.client for one in found)) if name)
    told = len(await _records(connection, {one.asterisk_id for one in found}, numbers))
    if not (cards or found or told):
        return None
    return Person(numbers, tuple(ids), tuple(names), tuple(found), told)


async def calls_of(connection: AsyncConnection, numbers: Sequence[str], cards: Sequence[int]) -> list[Row[Any]]:
    """Return the calls from and to these numbers, and those that these clients were known in."""
    conditions: list[ColumnElement[bool]] = [
        calls.c.caller.in_(numbers),
        IS_OUT & calls.c.line.in_(numbers),
        calls.c.client_id.in_(cards),
        calls.c.caller.is_(None) & or_(*(calls.c.caller_raw.contains(digits(one)) for one in numbers)),
    ]
    found: dict[str, Row[Any]] = {}
    for condition in conditions:  # one by one, so that each has its index
        found |= {one.id: one for one in await connection.execute(select(*CALL).where(condition))}
    return list(found.values())


async def forget(connection: AsyncConnection, person: Person, at: Instant) -> tuple[Erased, Tokens]:
    """Erase a person; return what that was. StillTalkingError: a call of his goes on."""
    for one in person.calls:
        if one.outcome is None:
            raise StillTalkingError(f"a call of his goes on (`callrouter calls show {one.id}`): again when it is over")
    tokens = {number: forgotten.new_token() for number in person.numbers}
    await forgotten.note(connection, tokens.items(), at)
    return await erase(connection, person, tokens), tokens


async def erase(connection: AsyncConnection, person: Person, tokens: Tokens, *, seeks: bool = True) -> Erased:
    """Take a person out of calls, trace, Asterisk's records, cards and tasks; `tokens` gets the numbers it met.

    `seeks`: look through all of Asterisk's records, not only through those of his calls.
    """
    ids = [one.id for one in person.calls]
    await _blank(connection, person.calls, tokens)
    await _hide_phones(connection, ids, tokens)
    told = sum([await _delete(connection, journal, journal.c.call_id.in_(some)) for some in _chunks(ids)])
    for some in _chunks(ids):
        await _delete(connection, notices, notices.c.call_id.in_(some))
    await _delete(connection, notices, notices.c.client_id.in_(person.cards))
    known = await _hide_records(connection, {one.asterisk_id for one in person.calls}, tokens, seeks=seeks)
    his = tasks.c.client_id.in_(person.cards) | tasks.c.number.in_(person.numbers)
    undone = await _delete(connection, tasks, his)
    gone = await _delete(connection, clients, clients.c.id.in_(person.cards))
    return Erased(gone, len(person.numbers), len(ids), told, known, undone)


async def _blank(connection: AsyncConnection, his: Sequence[Row[Any]], tokens: Tokens) -> None:
    lines = []
    for one in his:
        is_out = one.direction == "out"
        number = one.line if is_out else one.caller
        raw = next(iter(tokens.values())) if number is None else tokens.setdefault(number, forgotten.new_token())
        ours = {"new_caller": one.caller, "new_raw": one.caller_raw, "new_line": raw}
        theirs = {"new_caller": None if number is None else raw, "new_raw": raw, "new_line": one.line}
        lines.append({"this": one.id} | (ours if is_out else theirs))
    if lines:
        await connection.execute(_BLANK, lines)


async def _hide_phones(connection: AsyncConnection, ids: Sequence[str], tokens: Tokens) -> None:
    """A leg may have been dialled to his number: a transfer, a colleague outside."""
    traces = _traces(tokens)
    key = call_legs.c.call_id == bindparam("of"), call_legs.c.position == bindparam("at")
    hide = update(call_legs).where(*key).values(phone=bindparam("new_phone"))
    columns = call_legs.c.call_id, call_legs.c.position, call_legs.c.phone
    for some in _chunks(ids):
        found = (await connection.execute(select(*columns).where(call_legs.c.call_id.in_(some)))).all()
        for one in found:
            if traces.are_in(one.phone):
                hidden = traces.without(one.phone, tokens)
                await connection.execute(hide, {"of": one.call_id, "at": one.position, "new_phone": hidden})


async def _hide_records(connection: AsyncConnection, ids: Iterable[str], tokens: Tokens, *, seeks: bool) -> int:
    traces = _traces(tokens)
    found = await _records(connection, ids, [number for number in tokens if seeks and number.startswith("+")])
    key = records.c.asterisk_id == bindparam("this"), records.c.sequence == bindparam("number")
    hide = update(records).where(*key).values({name: bindparam(f"new_{name}") for name in SPOKEN})
    lines = [
        {"this": one.asterisk_id, "number": one.sequence}
        | {f"new_{name}": traces.without(getattr(one, name), tokens) for name in SPOKEN}
        | {"new_recording": ""}  # names may stand in a path, too
        for one in found
    ]
    if lines:
        await connection.execute(hide, lines)
    return len(lines)


async def _records(connection: AsyncConnection, ids: Iterable[str], numbers: Sequence[str]) -> list[Row[Any]]:
    """Return Asterisk's records of these channels, and whatever others have these numbers."""
    traces = Traces(numbers)
    found: dict[tuple[str, int], Row[Any]] = {}
    for some in _chunks(list(ids)):
        of_calls = select(records).where(records.c.asterisk_id.in_(some))
        found |= {(one.asterisk_id, one.sequence): one for one in await connection.execute(of_calls)}
    if not numbers:
        return list(found.values())
    holds = or_(*(records.c[name].contains(digits(number)) for name in SPOKEN for number in numbers))
    for one in await connection.execute(select(records).where(holds)):
        if any(traces.are_in(getattr(one, name)) for name in SPOKEN):
            found[one.asterisk_id, one.sequence] = one
    return list(found.values())


async def _delete(connection: AsyncConnection, table: Table, condition: ColumnElement[bool]) -> int:
    return (await connection.execute(delete(table).where(condition))).rowcount


def _traces(tokens: Mapping[str, str]) -> Traces:
    return Traces(number for number in tokens if number.startswith("+"))


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK))
