"""Call rows in and out of their tables."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, insert, select, update

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.store.tables import call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select
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
    ids = [one.id for one in found] if parts else []
    steps, legs, talk = [await _parts(connection, table, ids, among) for _, table in PARTS]
    return tuple(
        _call(
            one,
            tuple([_step(*part) for part in steps.get(one.id, ())]),
            tuple([_leg(*part) for part in legs.get(one.id, ())]),
            tuple([TalkRow(*part) for part in talk.get(one.id, ())]),
        )
        for one in found
    )


CHUNK = 500
"""Ids in one statement: SQLite takes 32,766 variables, PostgreSQL's driver as many."""


async def _parts(
    connection: AsyncConnection, table: Table, ids: list[str], among: Select[Any] | None
) -> dict[str, list[Any]]:
    """Return the parts by their call, in order, without the call's id and their place."""
    by_call: dict[str, list[Any]] = {}
    query = select(table).order_by(table.c.call_id, table.c.position)
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    wanted = table.c.call_id.in_(bindparam("ids", expanding=True))
    asked = [(query.where(wanted), {"ids": chunk}) for chunk in chunks]
    if among is not None and len(chunks) > 1:
        asked = [(query.where(table.c.call_id.in_(among)), {})]
    for statement, values in asked:
        for call_id, _, *part in await connection.execute(statement, values):
            by_call.setdefault(call_id, []).append(part)
    return by_call


_own_of = attrgetter(*OWN)


def _call(one: Row[Any], steps: tuple[StepRow, ...], legs: tuple[LegRow, ...], talk: tuple[TalkRow, ...]) -> CallRow:
    values = dict(zip(OWN, _own_of(one), strict=True))
    values["lost_reason"] = None if one.lost_reason is None else LostReason(one.lost_reason)
    return CallRow(**values, steps=steps, legs=legs, talk=talk)


def _step(step: int, action: str, target: str, since: float, until: float | None, skipped: Any, passed: Any) -> StepRow:
    why = None if skipped is None else Why(skipped)
    return StepRow(step, action, target, since, until, why, tuple([(PersonId(who), Why(why)) for who, why in passed]))


def _leg(person: Any, phone: str, step: int, *times: Any) -> LegRow:
    began, rang, answered, ended, result = times
    return LegRow(person, phone, step, began, rang, answered, ended, None if result is None else Result(result))
