"""The CRM is asked within its bound, seldom, and not at all while it fails."""

from __future__ import annotations

import asyncio
import time

import pytest

from callrouter.lookup import crm as module
from callrouter.lookup.breaker import FAILURES, PAUSE, Breaker
from callrouter.lookup.crm import ANSWER_AT_MOST, LARGEST, Crm
from callrouter.routing.caller import Client
from tests.lookup.server import Server, answer

NUMBER = "+79161234567"
NAMED = Client(name="Ромашка", known_from="crm")
SECRET = "a-secret-token"
TOLERANCE = 0.15
"""Seconds a loaded machine may be late."""


async def test_a_client_is_found() -> None:
    """The number stands in the query, E.164, with the address's own words; the token in the header."""
    async with Server({NUMBER: answer({"name": "Ромашка"})}) as server, Crm(server.url, SECRET) as crm:
        assert await crm.look_up(NUMBER) == NAMED
        assert await crm.look_up("+79160000000") is None
    assert server.asked[0].startswith("GET /clients?version=2&phone=%2B79161234567 HTTP/1.1\r\n")
    assert f"Authorization: Bearer {SECRET}" in server.asked[0]
    assert server.numbers == [NUMBER, "+79160000000"]


async def test_without_an_address_or_a_token() -> None:
    """Without an address nobody is asked; without a token none is sent."""
    async with Crm(None) as silent:
        assert await silent.look_up(NUMBER) is None
    async with Server() as server, Crm(server.url) as crm:
        assert await crm.look_up(NUMBER) is None
    assert "Authorization" not in server.asked[0]


async def test_an_answer_holds_for_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is known, and who is not, is not asked for again until then."""
    async with Server({NUMBER: answer({"name": "Ромашка"})}) as server, Crm(server.url) as crm:
        for _ in range(3):
            assert await crm.look_up(NUMBER) == NAMED
            assert await crm.look_up("+79160000000") is None
        assert len(server.asked) == 2
        monkeypatch.setattr(module, "REMEMBERED", -1.0)
        await crm.look_up("+79160000001")
        await crm.look_up("+79160000001")
        assert len(server.asked) == 4


async def test_answers_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest answer is forgotten first."""
    monkeypatch.setattr(module, "MOST_REMEMBERED", 1)
    async with Server() as server, Crm(server.url) as crm:
        for number in (NUMBER, "+79160000000", "+79160000000", NUMBER):
            await crm.look_up(number)
    assert server.numbers == [NUMBER, "+79160000000", NUMBER]


@pytest.mark.parametrize(
    "said",
    [
        answer(b"", "500 Internal Server Error"),
        answer(b"", "401 Unauthorized"),
        answer(b"", "302 Found", Location="http://127.0.0.1:1/"),
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
    ],
)
async def test_a_server_that_does_not_work_is_left_alone(said: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """Three failures in a row, a redirect among them, and nobody is asked; neither token nor number is in the log."""
    async with Server(always=said, takes=0.0) as server, Crm(server.url, SECRET) as crm:
        for number in range(FAILURES + 3):
            assert await crm.look_up(f"+7916000000{number}") is None
    assert len(server.asked) == FAILURES
    logged = capsys.readouterr()
    assert "the crm was not heard" in logged.out + logged.err
    assert SECRET not in logged.out + logged.err
    assert "+79160000000" not in logged.out + logged.err


async def test_a_slow_server_costs_its_bound_and_no_more() -> None:
    """0.3 s for each of the first three, nothing for those after them."""
    async with Server(takes=5.0) as server, Crm(server.url) as crm:
        for number in range(FAILURES):
            begun = time.monotonic()
            assert await crm.look_up(f"+7916000000{number}") is None
            assert ANSWER_AT_MOST - 0.01 <= time.monotonic() - begun < ANSWER_AT_MOST + TOLERANCE
        begun = time.monotonic()
        assert await crm.look_up(NUMBER) is None
        assert time.monotonic() - begun < TOLERANCE


@pytest.mark.parametrize("said", [answer([1]), answer(b"<html>"), answer(b" " * (LARGEST + 1))])
async def test_a_wrong_answer_counts_as_unknown(said: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """It is logged with the number masked; the server works, so it is asked for the next caller."""
    async with Server(always=said) as server, Crm(server.url) as crm:
        for number in range(FAILURES + 1):
            assert await crm.look_up(f"+7916000000{number}") is None
        assert await crm.look_up("+79160000000") is None
    assert len(server.asked) == FAILURES + 1
    logged = capsys.readouterr()
    assert "the crm's answer is wrong" in logged.out + logged.err
    assert "+79160000000" not in logged.out + logged.err


async def test_nobody_listens() -> None:
    """A refused connection is told at once."""
    async with Server() as server:
        await server.stop()
        async with Crm(server.url) as crm:
            begun = time.monotonic()
            assert await crm.look_up(NUMBER) is None
            assert time.monotonic() - begun < TOLERANCE


def test_the_breaker() -> None:
    """Three failures in a row open it; after ten seconds one question is let through, which closes it or does not."""
    breaker = Breaker()
    assert [breaker.failed(0.0), breaker.failed(0.0)] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(1.0) for _ in range(FAILURES)] == [False, False, True]
    assert not breaker.lets_through(PAUSE + 0.9)
    assert breaker.lets_through(PAUSE + 1.0)
    assert not breaker.lets_through(PAUSE + 1.1)
    assert not breaker.failed(PAUSE + 1.2)
    assert not breaker.lets_through(2 * PAUSE + 1.1)
    assert breaker.lets_through(2 * PAUSE + 1.2)
    breaker.succeeded()
    assert all(breaker.lets_through(2 * PAUSE + 1.3) for _ in range(5))


async def test_many_callers_at_once() -> None:
    """Fifty look-ups together each get their own answer."""
    answers = {f"+791600000{number}": answer({"name": str(number)}) for number in range(10, 60)}
    async with Server(answers) as server, Crm(server.url) as crm:
        found = await asyncio.gather(*(crm.look_up(number) for number in answers))
    assert [one.name for one in found if one is not None] == [str(number) for number in range(10, 60)]
