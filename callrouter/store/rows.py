"""Call rows in and out of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Table, bindparam, insert, select, type_coerce, update

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.store.tables import MICRO, Moment, Pairs, call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Column, ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

PARTS: tuple[tuple[str, Table], ...] = (("steps", call_steps), ("legs", call_legs), ("talk", call_talk))
_FIELDS = {
    name: tuple(field.name for field in fields(part))
    for name, part in (("steps", StepRow), ("legs", LegRow), ("talk", TalkRow))
}
OWN = tuple(field.name for field in fields(CallRow) if field.name not in {"steps", "legs", "talk"})


FINISH = update(calls).where(calls.c.id == bindparam("this"))


async def begin(connection: AsyncConnection, arrived: Sequence[CallRow], app: str) -> None:
    """Write calls that have arrived; their parts are written at their end, until then the journal has them."""
    if arrived:
        await connection.execute(insert(calls), [_own(row) | {"app": app} for row in arrived])


async def write(connection: AsyncConnection, ended: Sequence[CallRow], app: str) -> None:
    """Write calls that are over, with all their parts, in a statement for each table."""
    await begin(connection, ended, app)
    for name, table in PARTS:
        lines = [line for row in ended for line in _lines(row, name)]
        if lines:
            await connection.execute(insert(table), lines)


async def finish(connection: AsyncConnection, row: CallRow, known: dict[str, object]) -> None:
    """Write the end of a call that has begun, with all its parts; `known` are more columns of its row."""
    await connection.execute(FINISH, _own(row) | known | {"this": row.id})
    for name, table in PARTS:
        lines = _lines(row, name)
        if lines:
            await connection.execute(insert(table), lines)


def _lines(row: CallRow, name: str) -> list[dict[str, object]]:
    names = _FIELDS[name]
    return [
        {"call_id": row.id, "position": at} | {one: getattr(part, one) for one in names}
        for at, part in enumerate(getattr(row, name))
    ]


def _own(row: CallRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in OWN}


async def load(
    connection: AsyncConnection, found: Sequence[Row[Any]], *, parts: bool = True, among: Select[Any] | None = None
) -> tuple[CallRow, ...]:
    """Return the calls of these rows of the table, with their steps, legs and talk unless `parts` is off.

    Many are read faster when a query says which ids they are `among`.
    """
    kept = await parts_of(connection, [one.id for one in found] if parts else [], among)
    return tuple([made(_own_of(one), *(part.get(one[0], ()) for part in kept)) for one in found])


CHUNK = 500
"""Ids in one statement: SQLite takes 32,766 variables, PostgreSQL's driver as many."""
Part = Mapping[str, Sequence[Sequence[Any]]]
"""Steps, legs or talk by the id of their call, in order, each as it is kept: the id, then its fields."""


async def parts_of(
    connection: AsyncConnection, ids: Sequence[str], among: Select[Any] | None
) -> tuple[Part, Part, Part]:
    """Return the talk, steps and legs of these calls as they are kept."""
    talk, steps, legs = [
        await _part(connection, table, ids, among if len(ids) > CHUNK else None)
        for table in (call_talk, call_steps, call_legs)
    ]
    return talk, steps, legs


async def _part(connection: AsyncConnection, table: Table, ids: Sequence[str], among: Select[Any] | None) -> Part:
    by_call: dict[str, list[Sequence[Any]]] = {}
    query = _KEPT[table.name].order_by(table.c.call_id, table.c.position)
    wanted = table.c.call_id.in_(bindparam("ids", expanding=True))
    chunks = [{"ids": ids[start : start + CHUNK]} for start in range(0, len(ids), CHUNK)]
    asked = [(wanted, one) for one in chunks] if among is None else [(table.c.call_id.in_(among), {})]
    for condition, values in asked:
        for one in await connection.execute(query.where(condition), values):
            by_call.setdefault(one[0], []).append(one)
    return by_call


def kept(column: Column[Any]) -> ColumnElement[Any]:
    """Return what to ask for to get a value as it is kept, for there are many: instants are whole microseconds."""
    return type_coerce(column, column.type.impl_instance) if isinstance(column.type, Moment | Pairs) else column


def seconds(micro: int | None) -> Any:
    """Return an instant that is kept as microseconds."""
    return None if micro is None else micro / MICRO


_KEPT = {table.name: select(table.c.call_id, *(kept(table.c[one]) for one in _FIELDS[name])) for name, table in PARTS}
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


def _talk(_: str, person: Any, since: int, until: int | None) -> TalkRow:
    return TalkRow(person, seconds(since), seconds(until))


def _step(_: str, step: int, action: str, target: str, since: int, until: int | None, *rest: Any) -> StepRow:
    skipped, passed = rest
    over = tuple([(PersonId(who), Why(why)) for who, why in orjson.loads(passed)]) if passed else ()
    return StepRow(step, action, target, seconds(since), seconds(until), _WHYS[skipped], over)


def _leg(_: str, person: Any, phone: str, step: int, *times: Any) -> LegRow:
    began, rang, answered, ended, result = times
    return LegRow(person, phone, step, *map(seconds, (began, rang, answered, ended)), _RESULTS[result])
