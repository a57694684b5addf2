"""A transfer to a department's extension: its ladder runs in the same call, and a caller lost there is somebody's."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from callrouter.store.tables import calls
from tests.lab import Call, Company, Desk, answers, patience, refuses
from tests.real.company import SERVICE
from tests.real.house import House, hears_something, talk
from tests.real.rig import LINE, PEOPLE, Rig, Router, legs, scheme

pytestmark = pytest.mark.asyncio(loop_scope="session")

FALLBACK = f"""[callrouter-fallback]
exten => {SERVICE},1,Dial(PJSIP/201,20)
 same => n,Hangup(${{HANGUPCAUSE}})
"""
DIALPLAN = """[phones](+)
exten => 600,1,Goto({entry},${{EXTEN}},1)
"""
DESKS: list[str | Desk] = [*PEOPLE.values(), "201"]


def document() -> str:
    """Return a scheme with a department for service, to which colleagues transfer."""
    service = f'service = {{members = ["boris", "vera"], head = "gleb", extension = "{SERVICE}"}}\n[ladders]\n'
    there = 'service = [{ring = "department", seconds = 30}]\n'
    line = '"+74951230020" = {department = "service", ladder = "service"}\n'
    return scheme('{ring = "person:anna", seconds = 20}').replace("[ladders]\n", service + there) + line


def rig(entry: str = "callrouter", **more: Any) -> Rig:
    """Return a rig whose phones can transfer to the service."""
    company = Company(entry=entry, fallback=FALLBACK, dialplan=DIALPLAN.format(entry=entry))
    return Rig(document(), desks=DESKS, company=company, **more)


async def conversation(one: Rig, line: str = LINE) -> tuple[Call, Call]:
    """A new client and Anna talk."""
    call = await one.trunk.dial(line, caller="89265550001")
    anna = await one.phone("anna").incoming()
    anna.answer()
    await talk(call, anna)
    return call, anna


async def at_home(house: House) -> tuple[str, Call, Call]:
    """A new client, his number, and Anna talk."""
    number = house.stranger()
    call = await house.call("anna-then-all", number)
    (anna,) = await house.rings("anna")
    anna.answer()
    await talk(call, anna)
    return number, call, anna


async def lost(one: Rig, number: str) -> list[dict[str, Any]]:
    """Return what the list of lost clients has of a number, written as the provider does."""
    return [each for each in orjson.loads(await one.run("lost", "list", "--json")) if each["number"][2:] == number[1:]]


async def sent(one: Rig, anna: Call, *people: str) -> list[Call]:
    """Anna sends the caller to the service, where these phones ring; return their calls."""
    assert await anna.blind_transfer(SERVICE) == 200
    calls = [await one.phone(person).incoming() for person in people]
    await asyncio.gather(*(call.wait("ringing") for call in calls))
    return calls


def told(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return who answered, who talked, who ended up with the caller, and who lost him there."""
    people = [each["person"] for each in row["talk"]]
    return row["answered_by"], people, row["ended_with"], row["dropped"], row["dropped_by"]


async def test_a_member_of_the_department_answers(house: House) -> None:
    """The caller hears that he waits, Vera answers, and all of it is one call from outside with two who talked."""
    number, call, anna = await at_home(house)
    boris, vera = await sent(house, anna, "boris", "vera")
    await hears_something(call, 20)
    await known(house, "boris", "vera")
    (live,) = orjson.loads(await house.run("calls", "watch", "--once", "--json"))["calls"]
    assert (live["step"], live["target"], live["rings"]) == (2, "department", ["boris", "vera"])
    vera.answer()
    await talk(call, vera)
    await boris.wait("ended")
    assert call.sound is not None
    assert vera.sound is not None
    await call.hears(vera, packets=10)
    strange = call.sound.received - call.sound.heard[vera.sound.voice]
    await call.hears(vera, packets=50)
    assert call.sound.received - call.sound.heard[vera.sound.voice] == strange, "the caller hears ringing still"
    await call.hangup()
    row = await house.row()
    assert (row["direction"], row["outcome"]) == ("in", "answered")
    assert told(row) == ("anna", ["anna", "vera"], "vera", False, None)
    assert legs(row) == {"anna": ["answered"], "boris": ["elsewhere"], "vera": ["answered"]}
    assert [step["step"] for step in row["steps"]] == [1, 2]
    trace = await house.run("calls", "show", row["id"])
    assert "the caller is transferred to service (600)" in trace
    assert "anna transferred him to service (600)" in trace
    assert await lost(house, number) == []


async def test_the_caller_gives_up_there(house: House) -> None:
    """He is on the list as dropped in a transfer, for Anna, who sent him there."""
    number, call, anna = await at_home(house)
    await sent(house, anna, "boris", "vera")
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], told(row)) == ("answered", ("anna", ["anna"], None, True, "anna"))
    (task,) = await lost(house, number)
    assert (task["whose"], task["dropped_by"], task["calls"]) == ("anna", "anna", [row["id"]])
    assert "dropped in transfer" in await house.run("lost", "show", task["number"])


async def test_nobody_answers_there(house: House) -> None:
    """All steps of the department run, then the call ends, dropped."""
    number, call, anna = await at_home(house)
    house.phone("gleb").behaviour = refuses(603, after=0.2)
    for person in ("boris", "vera"):
        house.phone(person).behaviour = refuses(603, after=0.2)
    assert await anna.blind_transfer(SERVICE) == 200
    await call.wait("ended", 10.0)
    row = await house.row()
    assert told(row) == ("anna", ["anna"], None, True, "anna")
    assert [(step["step"], step["target"]) for step in row["steps"]] == [
        (1, "person:anna"),
        (2, "department"),
        (3, "head"),
    ]
    assert len(await lost(house, number)) == 1


async def test_two_transfers_in_a_row(house: House) -> None:
    """Vera sends the caller back to her department, and Boris answers: one call, three stretches of talk."""
    _, call, anna = await at_home(house)
    _, vera = await sent(house, anna, "boris", "vera")
    vera.answer()
    await talk(call, vera)
    await house.phone("boris").calls[-1].wait("ended")
    assert await vera.blind_transfer(SERVICE) == 200
    boris = await house.phone("boris").incoming()
    boris.answer()
    await talk(call, boris)
    await boris.hangup()
    await call.wait("ended", 2.0)
    assert told(await house.row()) == ("anna", ["anna", "vera", "boris"], "boris", False, None)


async def test_a_transfer_to_a_phone_says_whose_it_is(house: House) -> None:
    """Gleb talks from when he picks up, and the row says that the caller ended up with him."""
    _, call, anna = await at_home(house)
    assert await anna.blind_transfer("110") == 200
    (gleb,) = await house.rings("gleb")
    gleb.answer()
    await talk(call, gleb)
    await call.hangup()
    row = await house.row()
    assert told(row) == ("anna", ["anna", "gleb"], "gleb", False, None)
    assert row["talk"][0]["ended_at"] < row["talk"][1]["started_at"]


async def test_an_attended_transfer_says_whom_it_led_to(house: House) -> None:
    """Anna asks the department, Vera answers, Anna joins the two: he ended up with Vera; the question is apart."""
    _, call, anna = await at_home(house)
    await anna.hold()
    asking = await house.phone("anna").dial(SERVICE)
    _, vera = await house.rings("boris", "vera")
    vera.answer()
    await talk(asking, vera)
    assert await anna.attended_transfer(asking) == 200
    await talk(call, vera)
    await call.hangup()
    first, second = await house.rows(2)
    assert told(first) == ("anna", ["anna", "vera"], "vera", False, None)
    assert (first["direction"], second["direction"], second["caller"]) == ("in", "internal", "101")


async def test_an_attended_transfer_to_a_phone_says_whose_it_is(house: House) -> None:
    """Anna asks Gleb on his own number and joins the two."""
    _, call, anna = await at_home(house)
    await anna.hold()
    asking = await house.phone("anna").dial("110")
    (gleb,) = await house.rings("gleb")
    gleb.answer()
    await talk(asking, gleb)
    assert await anna.attended_transfer(asking) == 200
    await talk(call, gleb)
    await call.hangup()
    assert told(await house.row()) == ("anna", ["anna", "gleb"], "gleb", False, None)


async def test_who_asks_the_department_hangs_up_before_it_answers(house: House) -> None:
    """Anna joins the two while it still rings: it rings for the caller from now on, as after a blind transfer."""
    _, call, anna = await at_home(house)
    await anna.hold()
    asking = await house.phone("anna").dial(SERVICE)
    await house.rings("boris", "vera")
    assert await anna.attended_transfer(asking) == 200
    (vera,) = await house.rings("vera")
    vera.answer()
    await talk(call, vera)
    await call.hangup()
    first, second = await house.rows(2)
    assert told(first) == ("anna", ["anna", "vera"], "vera", False, None)
    assert (first["direction"], second["direction"], second["outcome"]) == ("in", "internal", "lost")


async def test_a_caller_who_is_lost_on_the_way_to_a_phone(house: House) -> None:
    """Gleb does not pick up, the caller gives up: dropped, for Anna."""
    number, call, anna = await at_home(house)
    assert await anna.blind_transfer("110") == 200
    await house.rings("gleb")
    await call.hangup()
    assert told(await house.row()) == ("anna", ["anna"], None, True, "anna")
    assert len(await lost(house, number)) == 1


async def known(one: Rig, *people: str) -> None:
    """Wait until the ledger knows that these phones have rung."""
    async with patience(20.0):
        while not set(people) <= {leg.person for call in await one.live() for leg in call.legs if leg.ringing_at}:  # noqa: ASYNC110 - another process's ledger
            await asyncio.sleep(0.02)


async def test_the_router_is_killed_while_the_department_rings() -> None:
    """The phones ring on; the router comes back and connects who answers, in the same call."""
    async with rig() as one:
        call, anna = await conversation(one)
        _, vera = await sent(one, anna, "boris", "vera")
        await known(one, "boris", "vera")
        await one.router.end(signal.SIGKILL)
        await one.serve()
        vera.answer()
        await talk(call, vera)
        await call.hangup()
        (row,) = await one.ended(1)
        assert told(row) == ("anna", ["anna", "vera"], "vera", False, None)
        assert (row["recovered"], legs(row)["boris"]) == (True, ["elsewhere"])


async def test_a_router_that_does_not_come_back_leaves_him_to_the_departments_fallback() -> None:
    """The guard takes the caller to the fallback of the department's extension, though he has talked before."""
    async with rig() as one:
        one.phone("201").behaviour = answers()
        call, anna = await conversation(one)
        await sent(one, anna, "boris", "vera")
        await known(one, "boris", "vera")
        await one.router.end(signal.SIGKILL)
        (name,) = [name for name in await one.lab.asterisk.channels() if name.startswith("PJSIP/trunk-")]
        await one.lab.asterisk.cli(f"dialplan set chanvar {name} TIMEOUT(absolute) 1")
        served = await one.phone("201").incoming()
        await served.wait("answered")
        await call.hears(served, packets=50)
        await call.hangup()
        await one.serve()
        (row,) = await one.ended(1)
        assert (row["outcome"], row["answered_by"]) == ("answered", "anna")
        async with patience(30.0):
            while (row := (await one.ended(1))[0])["dropped"]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        assert told(row) == ("anna", ["anna", None], None, False, None)


async def has(one: Rig, workers: list[Router]) -> Router:
    """Return the worker that has the call."""
    async with one._database.reading() as connection:
        (app,) = (await connection.execute(select(calls.c.app))).scalars()
    return workers[int(str(app) == "callrouter-b")]


async def test_with_two_workers_it_stays_with_the_one_that_has_the_call(postgres_url: str) -> None:
    """Whoever took the call goes on with it in the department, however the other hurries; both ways."""
    async with rig("callrouter-broadcast", database_url=postgres_url) as one:
        second = await one.join("second", APP="callrouter-b")
        await second.is_ready()
        for number in range(1, 5):
            call, anna = await conversation(one)
            _, vera = await sent(one, anna, "boris", "vera")
            vera.answer()
            await talk(call, vera)
            await call.hangup()
            rows = await one.ended(number)
            assert told(rows[-1]) == ("anna", ["anna", "vera"], "vera", False, None)
            await one.lab.quiet()
        assert len(await one.calls()) == 4


async def test_the_other_worker_takes_over_while_the_department_rings(postgres_url: str) -> None:
    """The worker that has the call dies: the other one connects who answers there."""
    async with rig("callrouter-broadcast", database_url=postgres_url) as one:
        second = await one.join("second", APP="callrouter-b")
        await second.is_ready()
        workers = [one.router, second]
        call, anna = await conversation(one)
        _, vera = await sent(one, anna, "boris", "vera")
        await known(one, "boris", "vera")
        holder = await has(one, workers)
        (other,) = (worker for worker in workers if worker is not holder)
        await holder.end(signal.SIGKILL)
        await other.says("taken over", 10.0)
        vera.answer()
        await talk(call, vera)
        await call.hangup()
        (row,) = await one.ended(1)
        assert told(row) == ("anna", ["anna", "vera"], "vera", False, None)
