"""What the ledger says of the last days: who talked last, who idles, who had the fewest calls, whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from callrouter.routing.caller import Client, Talked
from callrouter.routing.order import NOTHING, Asks, Lately, Turn
from callrouter.routing.values import Order
from callrouter.store import clients as book, queries
from callrouter.store.lately import LOOKED_BACK, lately
from callrouter.store.shipper import Shipper
from tests.store.lives import ANNA, ARRIVED, BORIS, GLEB, abandoned, answered

if TYPE_CHECKING:
    from callrouter.core.words import Instant, PersonId
    from callrouter.store.database import Database
    from callrouter.store.journal import Journal

NUMBER = "+79161234567"
START = ARRIVED.at
DAY = 86_400
EVERYBODY = frozenset({ANNA, BORIS, GLEB})


async def _asked(database: Database, asks: Asks, at: Instant = START + 1000, number: str | None = NUMBER) -> Lately:
    async with database.reading() as connection:
        return await lately(connection, asks, number, at)


async def _dialled(database: Database, call: str, person: PersonId, at: Instant) -> None:
    """Somebody dialled the number, in vain."""
    async with database.writing() as connection:
        await connection.execute(
            text(
                "INSERT INTO calls (id, line, caller, caller_raw, direction, arrived_at, outcome, routed_by, recovered,"
                " asterisk_id, app) VALUES (:id, :line, '101', '101', 'out', :at, 'lost', 'asterisk', false, :id, 'a')"
            ),
            {"id": call, "line": NUMBER, "at": round(at * 1_000_000)},
        )
        await connection.execute(
            text(
                "INSERT INTO call_legs (call_id, position, person, phone, step, started_at)"
                " VALUES (:id, 0, :person, 'PJSIP/101', 0, :at)"
            ),
            {"id": call, "person": person, "at": round(at * 1_000_000)},
        )


async def test_who_talked_to_a_number_or_dialled_it(database: Database, journal: Journal) -> None:
    """Both, the newest first, within so many days; only that number."""
    answered(journal, "call-1", BORIS, at=START, arrived_at=START)
    answered(journal, "call-2", ANNA, at=START + DAY, arrived_at=START + DAY)
    await Shipper(journal, database).drain()
    await _dialled(database, "out-1", GLEB, START + DAY / 2)
    found = await _asked(database, Asks(last_days=3), START + 2 * DAY)
    assert [one.person for one in found.last] == [ANNA, GLEB, BORIS]
    assert found.last[1] == Talked(GLEB, START + DAY / 2)
    assert [one.person for one in (await _asked(database, Asks(last_days=1), START + 2 * DAY)).last] == [ANNA]
    assert (await _asked(database, Asks(last_days=3), number="+79160000000")).last == ()
    assert (await _asked(database, Asks(last_days=3), number=None)).last == ()
    assert await _asked(database, NOTHING) == Lately()


async def test_who_idles_and_who_talked_how_often(database: Database, journal: Journal) -> None:
    """When each one's last conversation ended; on how many calls he talked today; nothing older than a week."""
    answered(journal, "call-1", BORIS, talk=5.0)
    answered(journal, "call-2", BORIS, talk=50.0)
    answered(journal, "call-3", ANNA, talk=20.0)
    await Shipper(journal, database).drain()
    both = frozenset({Order.LONGEST_IDLE, Order.FEWEST_CALLS})
    standing = (await _asked(database, Asks(orders=both, people=EVERYBODY, today=START))).standing
    assert standing.idle_since == {BORIS: START + 53.0, ANNA: START + 23.0}
    assert standing.calls_today == {BORIS: 2, ANNA: 1}
    later = Asks(orders=both, people=EVERYBODY, today=START + 100)
    standing = (await _asked(database, later, START + LOOKED_BACK + 100)).standing
    assert (standing.idle_since, standing.calls_today) == ({}, {})


async def test_whose_turn_it_is(database: Database, journal: Journal) -> None:
    """Whom the call before rang first of those who are meant: same step, same department, same segment if it counts."""
    turn = Turn("department", "sales", None)
    people = (ANNA, BORIS)
    assert (await _asked(database, Asks(turns=((turn, people),)))).standing.began == {}
    abandoned(journal, "call-1", segment="key")
    await Shipper(journal, database).drain()
    other, key, small = (
        replace(turn, department="service"),
        replace(turn, segment="key"),
        replace(turn, segment="small"),
    )
    asks = Asks(turns=((turn, people), (other, people), (key, (BORIS,)), (small, people)))
    assert (await _asked(database, asks)).standing.began == {turn: ANNA, key: BORIS}
    assert (await _asked(database, asks, START + LOOKED_BACK + 100)).standing.began == {}


async def test_two_clients_with_one_number(database: Database, journal: Journal) -> None:
    """Who was talked to most recently is meant before an older card, whose responsible it is before both."""
    async with database.writing() as connection:
        first = await book.create(connection, book.Card("Старый"), 5.0, "imported")
        second = await book.create(
            connection, book.Card("Новый", attributes={"stage": "regular", "a": "1"}), 6.0, "imported"
        )
        for client in (first, second):
            assert await book.add_numbers(connection, [(client, NUMBER, "8")])
    abandoned(journal, "call-0", client_id=first)
    answered(journal, "call-1", BORIS, client_id=second, claimants=())
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        found = await queries.client_by_number(connection, NUMBER, "sales")
    assert found == Client(second, "Новый", stage="regular", attributes=(("a", "1"),), also=("Старый",))
    async with database.writing() as connection:
        await book.assign(connection, first, ANNA, 7.0, "assigned")
        known = await queries.known_by_number(connection, NUMBER)
    assert known is not None
    assert (known.id, known.also) == (first, ("Новый",))


async def test_a_call_claims_the_client_it_was_told_of(database: Database, journal: Journal) -> None:
    """Of two with one number the one who was meant on arrival; a card that is gone is looked for again."""
    async with database.writing() as connection:
        first = await book.create(connection, book.Card("Первый"), 5.0, "imported")
        second = await book.create(connection, book.Card("Второй"), 6.0, "imported")
        for client in (first, second):
            await book.add_numbers(connection, [(client, NUMBER, "8")])
    answered(journal, "call-1", BORIS, client_id=second)
    answered(journal, "call-2", ANNA, client_id=99)
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        assert await book.responsibles_of(connection, {second}) == {(second, "sales"): BORIS}
        assert (await queries.call_by_id(connection, "call-2")).row.client_id == second


async def test_whose_client_the_crm_says_he_is_is_not_claimed(database: Database, journal: Journal) -> None:
    """The card has the CRM's name, and no responsible of ours; one whom the CRM gives to nobody is claimed."""
    answered(journal, "call-1", BORIS, known_from="crm", client="Ромашка", responsible=ANNA)
    answered(journal, "call-2", BORIS, known_from="crm", client="Лютик", caller="+79160000000")
    await Shipper(journal, database).drain()
    async with database.reading() as connection:
        theirs = await queries.client_by_number(connection, NUMBER, "sales")
        ours = await queries.client_by_number(connection, "+79160000000", "sales")
    assert theirs is not None
    assert ours is not None
    assert (theirs.name, theirs.responsible, ours.name, ours.responsible) == ("Ромашка", None, "Лютик", BORIS)
