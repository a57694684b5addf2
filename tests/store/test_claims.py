"""Who a client belongs to: the card and the claim at the end of a call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from callrouter.core.outcome import TalkRow, row
from callrouter.core.words import PersonId
from callrouter.store import clients as book, queries
from callrouter.store.cards import claimant
from callrouter.store.shipper import Shipper
from callrouter.store.tables import client_phones
from tests.store.lives import ANNA, ARRIVED, BORIS, GLEB, Life, abandoned, answered

if TYPE_CHECKING:
    from callrouter.core.outcome import CallRow
    from callrouter.routing.caller import Client
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal
    from callrouter.store.queries import Known

NUMBER = "+79161234567"


async def _client(database: Database, department: str | None = "sales") -> Client | None:
    async with database.reading() as connection:
        return await queries.client_by_number(connection, NUMBER, department)


async def _known(database: Database) -> Known:
    async with database.reading() as connection:
        known = await queries.known_by_number(connection, NUMBER)
    assert known is not None
    return known


async def _claimed(database: Database, call_id: str) -> PersonId | None:
    async with database.reading() as connection:
        return (await queries.call_by_id(connection, call_id)).claimed_by


async def test_who_answers_a_new_client_gets_him(database: Database, journal: Journal) -> None:
    """The caller gets a card, the member who talked to him for 10 s is his, and the row says by which call."""
    answered(journal, "call-1", BORIS, talk=10.0)
    await Shipper(journal, database).drain()
    client = await _client(database)
    assert client is not None
    assert client.responsible == BORIS
    tenure = (await _known(database)).responsibles[0]
    assert (tenure.department, tenure.how, tenure.by_call, tenure.until) == ("sales", "answered", "call-1", None)
    assert tenure.since == ARRIVED.at + 13.0
    assert await _claimed(database, "call-1") == BORIS
    assert (await _client(database, "service")).responsible is None  # type: ignore[union-attr]


@pytest.mark.parametrize("fields", [{"talk": 9.5}, {"by": BORIS, "claimants": (ANNA,)}, {"claimants": ()}])
async def test_who_may_not_or_hardly_talked_does_not(
    database: Database, journal: Journal, fields: dict[str, object]
) -> None:
    """Under `claim_after` seconds, or not a claimant: the caller has a card and belongs to nobody."""
    answered(journal, "call-1", **fields)  # type: ignore[arg-type]
    await Shipper(journal, database).drain()
    client = await _client(database)
    assert client is not None
    assert client.responsible is None
    assert await _claimed(database, "call-1") is None


async def test_a_lost_call_makes_a_card(database: Database, journal: Journal) -> None:
    """A caller whom nobody answered is known from then on; a second call makes no second card."""
    abandoned(journal, "call-1")
    abandoned(journal, "call-2")
    await Shipper(journal, database).drain()
    assert (await _known(database)).numbers == (NUMBER,)


@pytest.mark.parametrize(
    "fields", [{"caller": None, "caller_raw": "anonymous"}, {"caller": "101"}, {"direction": "internal"}]
)
async def test_no_card_without_a_number_from_outside(
    database: Database, journal: Journal, fields: dict[str, object]
) -> None:
    """Withheld, short and internal callers get no card."""
    answered(journal, "call-1", **fields)  # type: ignore[arg-type]
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        assert (await connection.execute(select(client_phones))).all() == []
        assert (await queries.call_by_id(connection, "call-1")).row.client_id is None


async def test_a_client_never_changes_hands_by_a_call(database: Database, journal: Journal) -> None:
    """Who has a responsible, for this department or in general, keeps him whoever answers."""
    answered(journal, "call-1", ANNA)
    answered(journal, "call-2", BORIS)
    await Shipper(journal, database).drain()
    assert [tenure.person for tenure in (await _known(database)).responsibles] == [ANNA]
    assert await _claimed(database, "call-2") is None


async def test_of_two_calls_that_end_together_the_earlier_claims(database: Database, journal: Journal) -> None:
    """The order in which calls ended decides, then the order of arrival; not the order of shipping."""
    later = Life(journal, "call-1").rings(ANNA, BORIS).answers(ANNA)
    earlier = Life(journal, "call-2", replace(ARRIVED, arrived_at=ARRIVED.arrived_at - 1)).rings(ANNA, BORIS)
    earlier.answers(BORIS)
    later.ends(40.0)
    earlier.ends(40.0)
    await Shipper(journal, database).drain()
    assert (await _claimed(database, "call-1"), await _claimed(database, "call-2")) == (None, BORIS)


async def test_a_department_claims_beside_another(database: Database, journal: Journal) -> None:
    """A client may have a responsible in each department; the general one serves where there is none."""
    answered(journal, "call-1", ANNA)
    answered(journal, "call-2", BORIS, department="service")
    await Shipper(journal, database).drain()
    for department, person in (("sales", ANNA), ("service", BORIS), ("parts", None)):
        client = await _client(database, department)
        assert client is not None
        assert client.responsible == person


async def test_assigning_replaces_every_department(database: Database, journal: Journal) -> None:
    """An assignment closes what was open, keeps it in the history, and says whether it was news."""
    answered(journal, "call-1", ANNA)
    await Shipper(journal, database).drain()
    client = (await _known(database)).id
    async with database.writing() as connection:
        assert await book.assign(connection, client, GLEB, 2e9, "assigned")
        assert not await book.assign(connection, client, GLEB, 2e9 + 1, "assigned")
        assert await book.count_of(connection, GLEB) == 1
    assert [(one.person, one.until) for one in (await _known(database)).responsibles] == [(ANNA, 2e9), (GLEB, None)]
    assert (await _client(database)).responsible == GLEB  # type: ignore[union-attr]
    async with database.writing() as connection:
        assert await book.assign(connection, client, None, 2e9 + 2, "assigned")
        assert not await book.assign(connection, client, None, 2e9 + 3, "assigned")
    assert (await _client(database)).responsible is None  # type: ignore[union-attr]


async def test_clients_are_handed_over(database: Database, journal: Journal) -> None:
    """Somebody leaves: his clients go to another, department by department, or to nobody."""
    answered(journal, "call-1", ANNA)
    answered(journal, "call-2", ANNA, department="service")
    answered(journal, "call-3", ANNA, caller="+79160000001")
    await Shipper(journal, database).drain()
    async with database.writing() as connection:
        assert await book.hand_over(connection, ANNA, BORIS, 2e9) == 2
        assert await book.count_of(connection, BORIS) == 2
        assert await book.hand_over(connection, BORIS, None, 2e9 + 1) == 2
        assert await book.count_of(connection, BORIS) == 0
    assert {(one.person, one.until) for one in (await _known(database)).responsibles} == {
        (ANNA, 2e9),
        (BORIS, 2e9 + 1),
    }


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        ([("anna", 0, 60), ("boris", 60, 75)], "boris"),
        ([("anna", 0, 60), ("boris", 60, 65)], "anna"),
        ([("anna", 0, 6), ("boris", 6, 20), ("anna", 20, 26)], "anna"),
        ([("gleb", 0, 60)], None),
        ([(None, 0, 60)], None),
        ([("anna", 0, None)], "anna"),
        ([], None),
    ],
)
def test_the_last_who_talked_long_enough(
    journal: Journal, talk: list[tuple[str | None, float, float | None]], expected: str | None
) -> None:
    """Talks of one person add up; the one who talked last of those with 10 s gets the client."""
    rows = tuple(
        TalkRow(
            None if person is None else PersonId(person),
            ARRIVED.at + start,
            None if end is None else ARRIVED.at + end,
        )
        for person, start, end in talk
    )
    ended: CallRow = replace(row(answered(journal, "call-1").call), talk=rows)
    assert claimant(ended, (ANNA, BORIS), 10.0) == expected
