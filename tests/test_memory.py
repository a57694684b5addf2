"""Clients are looked up within a bound; while the database does not answer they are as they were last known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace

import pytest

from callrouter import memory
from callrouter.core.errors import AwayError, CallrouterError
from callrouter.core.words import PersonId
from callrouter.memory import Known, Memory
from callrouter.routing.caller import Client, Talked
from callrouter.routing.order import Asks, Lately
from tests import virtual

ANNAS = Client(1, "Ромашка", PersonId("anna"))
BORIS = Client(1, "Ромашка", PersonId("boris"))
NUMBER, OTHER = "+79161234567", "+79161234568"
SALES = "sales"


@dataclass
class Book:
    """A database of clients: it may be late, or raise; `asked` is who was looked up in it, and when."""

    clients: dict[str, Client] = field(default_factory=lambda: {NUMBER: ANNAS})
    takes: float = 0.0
    fault: Exception | None = None
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def find(self, number: str, _department: str | None) -> Client | None:
        """Look up."""
        self.asked.append((virtual.clock(), number))
        await asyncio.sleep(self.takes)
        if self.fault is not None:
            raise self.fault
        return self.clients.get(number)

    async def lately(self, asks: Asks, number: str | None, at: float) -> Lately:
        """Answer that Anna talked to him."""
        self.asked.append((virtual.clock(), f"{number} {asks.last_days}"))
        await asyncio.sleep(self.takes)
        if self.fault is not None:
            raise self.fault
        return Lately((Talked(ANNAS.responsible or PersonId(""), at),))


async def _timed(work: Awaitable[Known]) -> tuple[Known, float]:
    begun = virtual.clock()
    return await work, virtual.clock() - begun


@pytest.mark.parametrize("fault", [AwayError("down"), CallrouterError("no such table"), None])
def test_who_was_known_is_known_while_the_look_up_fails(fault: Exception | None) -> None:
    """A client, and a stranger, are what they were last; the answer says that it is from memory."""

    async def scene() -> None:
        book = Book()
        known = Memory(book.find, book.lately)
        assert await known.look_up(NUMBER, SALES) == Known(ANNAS)
        assert await known.look_up(OTHER, SALES) == Known(None)
        book.fault, book.takes = fault, 0.0 if fault else 60.0
        assert await known.look_up(NUMBER, SALES) == Known(replace(ANNAS, known_from="memory"), is_remembered=True)
        assert await known.look_up(OTHER, SALES) == Known(None, is_remembered=True)
        assert await known.look_up(NUMBER, "service") == Known(None, is_remembered=True)

    virtual.run(scene())


def test_every_success_refreshes_what_is_remembered() -> None:
    """Whose client he is now is what is remembered, not whose he once was."""

    async def scene() -> None:
        book = Book()
        known = Memory(book.find, book.lately)
        await known.look_up(NUMBER, SALES)
        book.clients[NUMBER] = BORIS
        await known.look_up(NUMBER, SALES)
        book.fault = AwayError("down")
        assert await known.look_up(NUMBER, SALES) == Known(replace(BORIS, known_from="memory"), is_remembered=True)

    virtual.run(scene())


def test_only_the_first_call_waits_for_a_silent_database() -> None:
    """One caller waits 0.25 s; the others not at all, until the database has answered a question that nobody awaits."""

    async def scene() -> None:
        book = Book(takes=60.0)
        known = Memory(book.find, book.lately)
        assert await _timed(known.look_up(NUMBER, SALES)) == (Known(None, is_remembered=True), 0.25)
        for _ in range(100):
            assert await _timed(known.look_up(NUMBER, SALES)) == (Known(None, is_remembered=True), 0)
            await asyncio.sleep(0.1)
        assert 4 <= len(book.asked) <= 7
        book.takes = 0.01
        await asyncio.sleep(memory.ANSWER_AT_MOST + memory.AGAIN + 0.1)
        known_again, waited = await _timed(known.look_up(NUMBER, SALES))
        assert (known_again, round(waited, 3)) == (Known(ANNAS), 0.01)

    virtual.run(scene())


def test_two_who_wait_at_once_begin_one_wait() -> None:
    """Callers who meet the silent database together do not ask it twice as often."""

    async def scene() -> None:
        book = Book(fault=AwayError("down"))
        known = Memory(book.find, book.lately)
        await asyncio.gather(known.look_up(NUMBER, SALES), known.look_up(OTHER, SALES))
        await asyncio.sleep(1.2)
        assert len(book.asked) == 2 + 3

    virtual.run(scene())


def test_a_database_that_refuses_is_asked_for_every_call() -> None:
    """A refusal is an answer: nobody waits for it, and the next caller is looked up again."""

    async def scene() -> None:
        book = Book(fault=CallrouterError("no such table"))
        known = Memory(book.find, book.lately)
        assert await known.look_up(NUMBER, SALES) == Known(None, is_remembered=True)
        book.fault = None
        assert await known.look_up(NUMBER, SALES) == Known(ANNAS)

    virtual.run(scene())


def test_a_refusal_ends_the_waiting_too() -> None:
    """A database that comes back without its schema is asked for every call, as before."""

    async def scene() -> None:
        book = Book(fault=AwayError("down"))
        known = Memory(book.find, book.lately)
        await known.look_up(NUMBER, SALES)
        book.fault = CallrouterError("no such table")
        await asyncio.sleep(1.0)
        book.fault = None
        assert await known.look_up(NUMBER, SALES) == Known(ANNAS)

    virtual.run(scene())


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has not called for the longest time is forgotten first."""
    monkeypatch.setattr(memory, "REMEMBERED", 2)

    async def scene() -> None:
        third = "+79161234569"
        book = Book({NUMBER: ANNAS, OTHER: ANNAS, third: ANNAS})
        known = Memory(book.find, book.lately)
        for number in (NUMBER, OTHER, NUMBER, third):
            await known.look_up(number, SALES)
        book.fault = AwayError("down")
        found = [(await known.look_up(number, SALES)).client for number in (NUMBER, OTHER, third)]
        assert found == [replace(ANNAS, known_from="memory"), None, replace(ANNAS, known_from="memory")]

    virtual.run(scene())


@pytest.mark.parametrize("fault", [AwayError("down"), CallrouterError("no such table"), None])
def test_what_a_ladder_asks_is_answered_in_time_or_not_at_all(fault: Exception | None) -> None:
    """The ledger's last days are known within what is left of the look-up's time; else nothing is known of them."""

    async def scene() -> None:
        book = Book()
        known = Memory(book.find, book.lately)
        asks = Asks(last_days=3)
        assert await known.lately(asks, NUMBER, 5.0, 0.1) == Lately((Talked(PersonId("anna"), 5.0),))
        assert await known.lately(asks, NUMBER, 5.0, 0.0) == Lately()
        book.fault, book.takes = fault, 0.0 if fault else 60.0
        begun = virtual.clock()
        assert await known.lately(asks, NUMBER, 5.0, 0.1) == Lately()
        assert round(virtual.clock() - begun, 3) == (0.0 if fault else 0.1)
        assert [one for _, one in book.asked] == [f"{NUMBER} 3"] * 2

    virtual.run(scene())


def test_a_silent_database_is_not_asked_what_a_ladder_asks() -> None:
    """While the database does not answer nobody waits for the order of a step."""

    async def scene() -> None:
        book = Book(takes=60.0)
        known = Memory(book.find, book.lately)
        await known.look_up(NUMBER, SALES)
        begun = virtual.clock()
        assert await known.lately(Asks(last_days=3), NUMBER, 5.0, 0.1) == Lately()
        assert virtual.clock() == begun

    virtual.run(scene())
