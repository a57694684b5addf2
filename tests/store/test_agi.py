"""Calls that the dialplan dials: what it told and what Asterisk recorded make one row, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from callrouter.core.events import Dialled, Reported
from callrouter.core.ladder import Person
from callrouter.core.recorded import AGI, call_of
from callrouter.core.words import PersonId
from callrouter.store import history
from callrouter.store.journal import Journal
from callrouter.store.shipper import Shipper
from tests.store.lives import ARRIVED
from tests.store.test_records import AT, RUNG, TALKED, listed, settled, shelf

if TYPE_CHECKING:
    from pathlib import Path

    from callrouter.store.database import Database
    from callrouter.store.records import Records

__all__ = ["shelf"]

CALL = call_of(TALKED.asterisk_id)
COMES = replace(
    ARRIVED,
    at=AT,
    arrived_at=AT,
    asterisk_id=TALKED.asterisk_id,
    caller="+79161234567",
    caller_raw="89161234567",
    people=tuple(
        Person(PersonId(key), key, (phone,)) for key, phone in (("anna", "PJSIP/101"), ("boris", "PJSIP/102"))
    ),
    claimants=(PersonId("anna"),),
    routed_by=AGI,
)
ENDS = Reported(AT + 60.5, (Dialled(1, AT, AT + 60.0, "ANSWER", None, AT + 4.0, "PJSIP/101"),))
RECORDS = tuple(replace(one, by="agi", peer=f"PJSIP/{101 + at}-00000008") for at, one in enumerate((TALKED, RUNG)))


@pytest.mark.parametrize(
    "order", [("comes", "ends", "recorded"), ("comes", "recorded", "ends"), ("recorded", "comes", "ends")]
)
async def test_one_row_in_whatever_order(
    database: Database, shelf: Records, journal: Journal, order: tuple[str, ...]
) -> None:
    """What the dialplan told stands; a second arrival, by a worker that knew of none, is the same call."""
    shipper = Shipper(journal, database)
    for what in order:
        if what == "comes":
            journal.write(CALL, COMES, ())
        elif what == "ends":
            journal.write(CALL, ENDS, ())
        await (settled(shelf, *RECORDS) if what == "recorded" else shipper.drain())
    journal.write(CALL, COMES, ())
    await Shipper(journal, database).drain()
    await shelf.settle(0.0)
    (one,) = await listed(database)
    assert (one.row.id, one.row.routed_by, one.row.outcome, one.row.answered_by) == (CALL, AGI, "answered", "anna")
    assert (one.row.ended_at, one.row.recovered) == (AT + 60.5, False)
    assert one.claimed_by == "anna"
    assert [leg.result for leg in one.row.legs if leg.person == "anna"] == ["answered"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_call_whose_end_nobody_told(
    database: Database, shelf: Records, journal: Journal, *, is_known: bool
) -> None:
    """Asterisk's records end it, whether its beginning is known or not, with the ladder that held when it came."""
    if is_known:
        journal.write(CALL, COMES, ())
        await Shipper(journal, database).drain()
    await settled(shelf, *RECORDS)
    (one,) = await listed(database)
    assert (one.row.routed_by, one.row.outcome, one.row.answered_by) == (AGI, "answered", "anna")
    assert [step.target for step in one.row.steps] == ["department"]
    assert one.row.id == CALL


async def test_what_the_fallback_served_after_all(database: Database, shelf: Records, journal: Journal) -> None:
    """The dialplan was not told the decision in time: the row is the fallback's."""
    journal.write(CALL, COMES, ())
    await Shipper(journal, database).drain()
    await settled(shelf, TALKED)
    (one,) = await listed(database)
    assert (one.row.id, one.row.routed_by, one.row.answered_by) == (CALL, "fallback", "boris")


async def test_the_next_life_leaves_them_to_the_dialplan(database: Database, journal: Journal) -> None:
    """They are no calls that were left behind: nobody takes them up, and nobody ends them."""
    journal.write(CALL, COMES, ())
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        ids = await history.live_of(connection, journal.app)
        assert ids == (CALL,)
        assert await history.unfinished(connection, ids) == ()


async def test_a_former_life_that_had_not_shipped_it(database: Database, shelf: Records, tmp_path: Path) -> None:
    """Asterisk's records were first: what a dead router had not brought to SQL makes no second row."""
    Journal(tmp_path / "journal", "callrouter").write(CALL, COMES, ())
    await settled(shelf, *RECORDS)
    await Shipper(Journal(tmp_path / "journal", "callrouter"), database).drain()
    await shelf.settle(0.0)
    (one,) = await listed(database)
    assert (one.row.routed_by, one.row.outcome) == (AGI, "answered")
