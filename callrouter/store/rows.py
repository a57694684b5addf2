"""Call rows in and out of their tables."""

from __future__ import annotations

from dataclasses import fields
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Double, Table, bindparam, cast, insert, select, update

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.store.tables import MICRO, Moment, call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Column, ColumnElement, Row, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

_Part = TypeVar("_Part", StepRow, LegRow, TalkRow)
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
    ids = [one.id for one in found] if parts else []
    steps = await _parts(connection, call_steps, _step, ids, among)
    legs = await _parts(connection, call_legs, _leg, ids, among)
    talk = await _parts(connection, call_talk, TalkRow, ids, among)
    return tuple(
        [
            _call(_own_of(one), tuple(talk.get(one[0], ())), tuple(steps.get(one[0], ())), tuple(legs.get(one[0], ())))
            for one in found
        ]
    )


CHUNK = 500
"""Ids in one statement: SQLite takes 32,766 variables, PostgreSQL's driver as many."""


async def _parts(
    connection: AsyncConnection, table: Table, made: Callable[..., _Part], ids: list[str], among: Select[Any] | None
) -> dict[str, list[_Part]]:
    """Return the parts by their call, in order."""
    by_call: dict[str, list[_Part]] = {}
    query = select(table.c.call_id, *_SAID[table.name]).order_by(table.c.call_id, table.c.position)
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    wanted = table.c.call_id.in_(bindparam("ids", expanding=True))
    asked = [(query.where(wanted), {"ids": chunk}) for chunk in chunks]
    if among is not None and len(chunks) > 1:
        asked = [(query.where(table.c.call_id.in_(among)), {})]
    for statement, values in asked:
        for call_id, *said in await connection.execute(statement, values):
            by_call.setdefault(call_id, []).append(made(*said))
    return by_call


def _seconds(column: Column[Any]) -> ColumnElement[Any]:
    """Return what to ask for: instants as seconds already, for there are many of them."""
    return cast(column, Double) / float(MICRO) if isinstance(column.type, Moment) else column


_SAID = {table.name: tuple(_seconds(table.c[one]) for one in _FIELDS[name]) for name, table in PARTS}
_own_of = itemgetter(*(list(calls.c.keys()).index(name) for name in OWN))
_FIRST = [field.name for field in fields(CallRow)].index("talk")
_REASON = OWN.index("lost_reason")
_REASONS: dict[str | None, LostReason | None] = {None: None} | {one.value: one for one in LostReason}
_WHYS: dict[str | None, Why | None] = {None: None} | {one.value: one for one in Why}
_RESULTS: dict[str | None, Result | None] = {None: None} | {one.value: one for one in Result}


def _call(own: tuple[Any, ...], *parts: tuple[Any, ...]) -> CallRow:
    """Return the call of its own columns; its parts stand among them."""
    values: list[Any] = [*own[:_FIRST], *parts, *own[_FIRST:]]
    values[_REASON] = _REASONS[own[_REASON]]
    return CallRow(*values)


def _step(step: int, action: str, target: str, since: float, until: float | None, skipped: Any, passed: Any) -> StepRow:
    over = tuple([(PersonId(who), Why(why)) for who, why in passed]) if passed else ()
    return StepRow(step, action, target, since, until, _WHYS[skipped], over)


def _leg(person: Any, phone: str, step: int, *times: Any) -> LegRow:
    began, rang, answered, ended, result = times
    return LegRow(person, phone, step, began, rang, answered, ended, _RESULTS[result])
