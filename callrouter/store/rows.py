"""Call rows in and out of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import JSON, Table, Text, bindparam, cast, func, insert, select, type_coerce, update

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.store.many import insert_many
from callrouter.store.tables import MICRO, Moment, Pairs, Words, call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from sqlalchemy import Column, ColumnElement, Row, TableValuedAlias
    from sqlalchemy.ext.asyncio import AsyncConnection

PARTS: tuple[tuple[str, Table], ...] = (("steps", call_steps), ("legs", call_legs), ("talk", call_talk))
FIELDS = {
    name: tuple(field.name for field in fields(part))
    for name, part in (("steps", StepRow), ("legs", LegRow), ("talk", TalkRow))
}
OWN = tuple(field.name for field in fields(CallRow) if field.name not in {"steps", "legs", "talk"})


FINISH = update(calls).where(calls.c.id == bindparam("this"))


async def begin(connection: AsyncConnection, arrived: Sequence[CallRow], app: str) -> None:
    """Write calls that have arrived; their parts are written at their end, until then the journal has them."""
    if arrived:
        await connection.execute(insert(calls), [_own(row) | {"app": app} for row in arrived])


async def write(connection: AsyncConnection, ended: Sequence[tuple[CallRow, dict[str, object]]]) -> None:
    """Write calls that are over, each with more columns of its row, the same ones; a statement for each table."""
    await insert_many(connection, calls, [_own(row) | more for row, more in ended])
    for name, table in PARTS:
        await insert_many(connection, table, [line for row, _ in ended for line in _lines(row, name)])


async def finish(connection: AsyncConnection, row: CallRow, known: dict[str, object]) -> None:
    """Write the end of a call that has begun, with all its parts; `known` are more columns of its row."""
    await connection.execute(FINISH, _own(row) | known | {"this": row.id})
    for name, table in PARTS:
        lines = _lines(row, name)
        if lines:
            await connection.execute(insert(table), lines)


def _lines(row: CallRow, name: str) -> list[dict[str, object]]:
    names = FIELDS[name]
    return [
        {"call_id": row.id, "position": at} | {one: getattr(part, one) for one in names}
        for at, part in enumerate(getattr(row, name))
    ]


def _own(row: CallRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in OWN}


async def load(connection: AsyncConnection, found: Sequence[Row[Any]], *, parts: bool = True) -> tuple[CallRow, ...]:
    """Return the calls of these rows of the table, with their steps, legs and talk unless `parts` is off."""
    kept = await parts_of(connection, [one.id for one in found] if parts else [])
    return tuple([made(_own_of(one), *(part.get(one[0], ()) for part in kept)) for one in found])


CHUNK = 500
"""Ids in one statement, for who asks for them one by one."""
Part = Mapping[str, Sequence[Sequence[Any]]]
"""Steps, legs or talk by the id of their call, in order, each as it is kept."""


async def parts_of(connection: AsyncConnection, ids: Sequence[str]) -> tuple[Part, Part, Part]:
    """Return the talk, steps and legs of these calls as they are kept."""
    return (
        await _part(connection, call_talk, ids),
        await _part(connection, call_steps, ids),
        await _part(connection, call_legs, ids),
    )


async def _part(connection: AsyncConnection, table: Table, ids: Sequence[str]) -> Part:
    by_call: dict[str, list[Sequence[Any]]] = {}
    given = given_in(connection)
    query = _KEPT[table.name].where(table.c.call_id.in_(select(given.c.value)))
    query = query.order_by(table.c.call_id, table.c.position)
    found = (await connection.execute(query, given_as(ids))).all() if ids else ()
    for call_id, one in lean(found, _TEXTS[table.name]):
        by_call.setdefault(call_id, []).append(one)
    return by_call


def lean(found: Sequence[Sequence[Any]], texts: Container[int]) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Return the first value of each row and the others, a text that stands in many of these columns kept once."""
    first, *columns = zip(*found, strict=True) if found else ((),)
    once: dict[str | None, str | None] = {}
    rest = [map(once.setdefault, one, one) if at in texts else one for at, one in enumerate(columns)]
    return zip(first, zip(*rest, strict=True), strict=False)


def given_in(connection: AsyncConnection) -> TableValuedAlias:
    """Return any number of words given to a statement, as a table of one column, `value`."""
    words = bindparam("given", type_=Text)
    if connection.dialect.name == "sqlite":
        return func.json_each(words).table_valued("value")
    return func.json_array_elements_text(cast(words, JSON)).table_valued("value")


def given_as(words: Iterable[str]) -> dict[str, str]:
    """Return how they are given: one value, a JSON array, for the databases have a limit to the number of values."""
    return {"given": orjson.dumps(tuple(words)).decode()}


def kept(column: Column[Any]) -> ColumnElement[Any]:
    """Return what to ask for to get a value as it is kept, for there are many: instants are whole microseconds."""
    return type_coerce(column, column.type.impl_instance) if isinstance(column.type, Moment | Pairs) else column


def seconds(micro: int | None) -> Any:
    """Return an instant that is kept as microseconds."""
    return None if micro is None else micro / MICRO


_KEPT = {table.name: select(table.c.call_id, *(kept(table.c[one]) for one in FIELDS[name])) for name, table in PARTS}
_TEXTS = {
    table.name: {at for at, one in enumerate(FIELDS[name]) if isinstance(table.c[one].type, Words)}
    for name, table in PARTS
}
_own_of = itemgetter(*(list(calls.c.keys()).index(name) for name in OWN))
_FIRST = [field.name for field in fields(CallRow)].index("talk")
_REASON = OWN.index("lost_reason")
_REASONS: dict[str | None, LostReason | None] = {None: None} | {one.value: one for one in LostReason}
_WHYS: dict[str | None, Why | None] = {None: None} | {one.value: one for one in Why}
_RESULTS: dict[str | None, Result | None] = {None: None} | {one.value: one for one in Result}


def made(
    own: Sequence[Any], talk: Iterable[Sequence[Any]], steps: Iterable[Sequence[Any]], legs: Iterable[Sequence[Any]]
) -> CallRow:
    """Return the call of its own columns, in the order of `OWN`, and of its parts as they are kept."""
    parts = (
        tuple([_talk(*one) for one in talk]),
        tuple([_step(*one) for one in steps]),
        tuple([_leg(*one) for one in legs]),
    )
    values: list[Any] = [*own[:_FIRST], *parts, *own[_FIRST:]]
    values[_REASON] = _REASONS[own[_REASON]]
    return CallRow(*values)


def _talk(person: Any, since: int, until: int | None) -> TalkRow:
    return TalkRow(person, seconds(since), seconds(until))


def _step(step: int, action: str, target: str, since: int, until: int | None, *rest: Any) -> StepRow:
    skipped, passed = rest
    over = tuple([(PersonId(who), Why(why)) for who, why in orjson.loads(passed)]) if passed else ()
    return StepRow(step, action, target, seconds(since), seconds(until), _WHYS[skipped], over)


def _leg(person: Any, phone: str, step: int, *times: Any) -> LegRow:
    *moments, result = times
    began, rang, answered, ended = map(seconds, moments)
    return LegRow(person, phone, step, began, rang, answered, ended, _RESULTS[result])
