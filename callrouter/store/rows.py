"""Call rows in and out of their tables."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table, bindparam, insert, select, update

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import CallId, LostReason, PersonId, Result, Why
from callrouter.store.tables import call_legs, call_steps, call_talk, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

PARTS: tuple[tuple[str, Table], ...] = (("steps", call_steps), ("legs", call_legs), ("talk", call_talk))
OWN = tuple(field.name for field in fields(CallRow) if field.name not in {"steps", "legs", "talk"})


FINISH = update(calls).where(calls.c.id == bindparam("this"))


async def begin(connection: AsyncConnection, arrived: Sequence[CallRow], app: str) -> None:
    """Write calls that have arrived; their parts are written at their end, until then the journal has them."""
    if arrived:
        await connection.execute(insert(calls), [_own(row) | {"app": app} for row in arrived])


async def finish(connection: AsyncConnection, row: CallRow, known: dict[str, object]) -> None:
    """Write the end of a call that has begun, with all its parts; `known` are more columns of its row."""
    await connection.execute(FINISH, _own(row) | known | {"this": row.id})
    for name, table in PARTS:
        lines = [{"call_id": row.id, "position": at, **asdict(part)} for at, part in enumerate(getattr(row, name))]
        if lines:
            await connection.execute(insert(table), lines)


def _own(row: CallRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in OWN}


async def load(connection: AsyncConnection, found: Sequence[Row[Any]], *, parts: bool = True) -> tuple[CallRow, ...]:
    """Return the calls of these rows of the table, with their steps, legs and talk unless `parts` is off."""
    ids = [one.id for one in found]
    steps = await _parts(connection, call_steps, ids) if parts else {}
    legs = await _parts(connection, call_legs, ids) if parts else {}
    talk = await _parts(connection, call_talk, ids) if parts else {}
    return tuple(
        _call(
            one,
            tuple(_step(part) for part in steps.get(one.id, ())),
            tuple(_leg(part) for part in legs.get(one.id, ())),
            tuple(TalkRow(_person(part.person), part.started_at, part.ended_at) for part in talk.get(one.id, ())),
        )
        for one in found
    )


CHUNK = 500
"""Ids in one statement: SQLite takes 32,766 variables, PostgreSQL's driver as many."""


async def _parts(connection: AsyncConnection, table: Table, ids: list[str]) -> dict[str, list[Row[Any]]]:
    by_call: dict[str, list[Row[Any]]] = {}
    wanted = table.c.call_id.in_(bindparam("ids", expanding=True))
    query = select(table).where(wanted).order_by(table.c.call_id, table.c.position)
    for start in range(0, len(ids), CHUNK):
        for part in await connection.execute(query, {"ids": ids[start : start + CHUNK]}):
            by_call.setdefault(part.call_id, []).append(part)
    return by_call


def _call(one: Row[Any], steps: tuple[StepRow, ...], legs: tuple[LegRow, ...], talk: tuple[TalkRow, ...]) -> CallRow:
    values = {name: getattr(one, name) for name in OWN}
    values["id"] = CallId(one.id)
    values["lost_reason"] = None if one.lost_reason is None else LostReason(one.lost_reason)
    return CallRow(**values, steps=steps, legs=legs, talk=talk)


def _step(part: Row[Any]) -> StepRow:
    skipped = None if part.skipped is None else Why(part.skipped)
    passed = tuple((PersonId(person), Why(why)) for person, why in part.passed)
    return StepRow(part.step, part.action, part.target, part.started_at, part.ended_at, skipped, passed)


def _leg(part: Row[Any]) -> LegRow:
    return LegRow(
        _person(part.person),
        part.phone,
        part.step,
        part.started_at,
        part.ringing_at,
        part.answered_at,
        part.ended_at,
        None if part.result is None else Result(part.result),
    )


def _person(key: str | None) -> PersonId | None:
    return None if key is None else PersonId(key)
