"""Asterisk's own records: calls the router did not serve and calls out are in the ledger, and the rest is audited."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import delete, update

from callrouter.cdr.intake import Intake
from callrouter.routing.fallback import render
from callrouter.routing.scheme import parse
from callrouter.store.database import Database
from callrouter.store.records import AT_ONCE, Records
from callrouter.store.tables import calls
from tests.lab import Behaviour, Call, Company, Moment, answers, patience, rejects, rings
from tests.real.house import at, since
from tests.real.rig import LINE, Rig, scheme

if TYPE_CHECKING:
    from collections.abc import Callable

STEP = 3.0
"""Seconds of a step: who picks up or leaves in it does so in time, however slow the machine is."""
LADDER = f'{{ring = "department", seconds = {STEP}}}, {{ring = "head", seconds = {STEP}}}'
UNKNOWN = "+74959999999"
CALLER = "89161234567"
OUT = """
[phones](+)
exten => _9.,1,Set(CALLROUTER_DIALLED=${EXTEN:1})
 same => n,Gosub(callrouter-outbound,s,1)
 same => n,Dial(PJSIP/trunk,1)
 same => n,Hangup()
"""
HOSTILE = ('8916"1', "8916,1", '","answered","', "8916\r\n1", '\ncallrouter,"1795310375.263283","', "${EXTEN}", "'; --")


def company(*, has_fallback: bool = True, **more: Any) -> Company:
    """Return the PBX of the scheme, with its rendered fallback and an outbound route."""
    fallback = render(parse(scheme(LADDER).encode()), 1, "0" * 64, time.time()) if has_fallback else None
    return Company(fallback=fallback, dialplan=OUT, **more)


def rig(**more: Any) -> Rig:
    """Return the company with its router."""
    return Rig(scheme(LADDER), company=company(**more))


def behave(there: Rig, behaviour: Behaviour, *people: str) -> None:
    """Let the phones of these people (all of them) do that from now on."""
    for person in people or ("anna", "boris", "vera", "gleb"):
        there.phone(person).behaviour = behaviour


async def reconcile(there: Rig, code: int = 0) -> dict[str, Any]:
    """Run `callrouter reconcile --json` when every record may be audited."""
    await asyncio.sleep(1.1)  # what ended within the last second is not audited
    found: dict[str, Any] = json.loads(await there.run("reconcile", "--json", code=code))
    return found


async def listed(there: Rig, *options: str) -> list[dict[str, Any]]:
    """Return what `callrouter calls list --json` prints."""
    found: list[dict[str, Any]] = json.loads(await there.run("calls", "list", "--json", *options))
    return found


async def until(there: Rig, holds: Callable[[list[dict[str, Any]]], bool], direction: str = "in") -> None:
    """Wait until that holds of the calls of a direction; a command would take a second for each look."""
    async with patience(30):
        while not holds(await there.calls(direction)):  # noqa: ASYNC110 - another process's: it can only be asked
            await asyncio.sleep(0.05)


async def ring(there: Rig, caller: str = "89161234567", line: str = LINE, person: str = "anna") -> Call:
    """Let somebody call while the router is away, until a person's phone rings: within two seconds of his turn."""
    call = await there.trunk.dial(line, caller=caller)
    rung = await there.phone(person).incoming()
    await rung.wait("ringing")
    assert rung.invited_at.after(call.invited_at) < (2.0 if person == "anna" else STEP + 2.0)
    return call


async def test_every_end_of_a_call_that_the_fallback_served() -> None:
    """Without the router each call is one row with its outcome, Asterisk's times, person, step, client and card."""
    async with rig() as there:
        await there.run("clients", "import", str(_clients(there)))
        await there.router.end()
        await _served(there)
        found = await reconcile(there)
        assert (found["rows_made"], found["differences"], found["bad_lines"]) == (6, [], 0)
        rows = await listed(there)
        shown = [(row["outcome"], row["lost_reason"], row["answered_by"], row["answered_step"]) for row in rows]
        assert shown == [
            ("answered", None, "anna", 1),
            ("answered", None, "gleb", 2),
            ("lost", "abandoned", None, None),
            ("lost", "no_answer", None, None),
            ("lost", "unreachable", None, None),
            ("lost", "failure", None, None),
        ]
        assert rows[2]["lost_step"] == 2
        assert {row["routed_by"] for row in rows} == {"fallback"}
        first = rows[0]
        assert [first[name] for name in ("caller", "client", "responsible", "priority", "department", "line")] == [
            *("+79161234567", "Ромашка", "vera", "A", "sales", LINE)
        ]
        assert (first["direction"], first["scheme_revision"]) == ("in", 1)
        assert [talk["person"] for talk in first["talk"]] == ["anna"]
        assert {leg["person"]: leg["result"] for leg in first["legs"]}["anna"] == "answered"
        assert [step["target"] for step in rows[1]["steps"]] == ["department", "head"]
        call = there.trunk.calls[0]
        assert call.answered_at
        assert call.ended_at
        assert at(first["answered_at"]).apart(call.answered_at) < 0.5
        assert at(first["ended_at"]).apart(call.ended_at) < 0.5
        assert "+79161110002" in await there.run("clients", "show", "+79161110002")
        assert rows[1]["claimed_by"] is None, "the head does not claim"
        again = await reconcile(there)
        assert (again["records"], again["rows_made"], again["differences"]) == (0, 0, [])
        assert await listed(there) == rows
        assert "0 differences" in await there.run("reconcile", "--file", str(there.lab.asterisk.cdr_file))
        await there.run("reconcile", "--file", "nowhere.csv", code=2)


async def _served(there: Rig) -> None:
    """Six callers, each with another fate."""
    behave(there, answers(0.2), "anna")
    call = await ring(there)
    await call.wait("answered")
    await call.hears(there.phone("anna"), 20)
    await call.hangup()
    behave(there, rings(), "anna")
    behave(there, answers(0.2), "gleb")
    call = await ring(there, "89161110002", person="gleb")
    await call.wait("answered")
    await call.hears(there.phone("gleb"), 25)
    await call.hangup()
    behave(there, rings())
    await (await ring(there, "89161110003", person="gleb")).hangup()
    await (await ring(there, "89161110004")).wait("ended")
    behave(there, rejects(480))
    await (await there.trunk.dial(LINE, caller="89161110005")).wait("ended")
    call = await there.trunk.dial(UNKNOWN, caller="89161110006")
    await call.wait("ended")
    assert call.status == 503


def _clients(there: Rig) -> Any:
    path = there.folder / "clients.csv"
    path.write_text("phone,name,responsible,priority\n+79161234567,Ромашка,vera,A\n", "utf-8")
    return path


async def test_without_router_and_fallback_a_call_is_a_failure() -> None:
    """Who hears 503 because no fallback was rendered has called a line: lost, a failure, one row."""
    async with rig(has_fallback=False) as there:
        await there.router.end()
        call = await there.trunk.dial(LINE, caller="89161234567")
        await call.wait("ended")
        assert call.status == 503
        assert (await reconcile(there))["differences"] == []
        (row,) = await listed(there)
        assert (row["outcome"], row["lost_reason"], row["routed_by"]) == ("lost", "failure", "fallback")


async def test_calls_out_are_followed_and_only_listed_when_asked_for() -> None:
    """`serve` has them within seconds: who dialled, what, whether the far side answered; they are no inbound calls."""
    async with rig() as there:
        there.trunk.behaviour = answers(0.3)
        call = await there.phone("anna").dial("989161112233")
        await call.wait("answered")
        await call.hangup()
        ended = Moment.now()
        await until(there, lambda rows: len(rows) == 1, "out")
        assert Moment.now().after(ended) < 5
        (row,) = await listed(there, "--direction", "out")
        shown = [row[name] for name in ("direction", "line", "caller", "outcome", "answered_by", "routed_by")]
        assert shown == ["out", "+79161112233", "101", "answered", "anna", "asterisk"]
        there.trunk.behaviour = rings()
        await (await there.phone("boris").dial("989161112233")).wait("ended")
        await until(there, lambda rows: len(rows) == 2, "out")
        rows = await listed(there, "--direction", "out", "--line", "89161112233")
        assert (rows[1]["outcome"], rows[1]["lost_reason"], rows[1]["legs"][0]["person"]) == (
            "lost",
            "no_answer",
            "boris",
        )
        assert await listed(there) == []
        assert json.loads(await there.run("lcr", "--json"))["calls"] == 0
        for dialled in ("9'; --", '9"1', "9${EXTEN}", "9,1", "9)(&Local/101@phones"):
            await (await there.phone("anna").dial(quote(dialled))).wait("ended")
        assert (await reconcile(there))["differences"] == []
        there.trunk.forget()  # those calls were not to a line


async def test_callers_of_any_number_are_one_record_each() -> None:
    """Quotes, commas, line feeds and the beginning of a record in a number tear nothing, and stand in caller_raw."""
    async with rig() as there:
        await there.router.end()
        behave(there, answers(0.05))
        for number in HOSTILE:
            call = await there.trunk.dial(LINE, caller=quote(number), name='x","y')
            await call.wait("answered")
            await call.hangup()
        found = await reconcile(there)
        assert (found["bad_lines"], found["differences"], found["calls_audited"]) == (0, [], len(HOSTILE))
        rows = await listed(there)
        assert [row["caller"] for row in rows] == [None] * len(HOSTILE)
        assert all(row["caller_raw"] and row["caller_raw"].isprintable() for row in rows)
        assert {row["outcome"] for row in rows} == {"answered"}


async def test_a_file_that_is_rotated_truncated_or_garbled_is_read_on() -> None:
    """Renamed with something unread in it, truncated in place, a line of garbage: every call is read, once."""
    async with rig() as there:
        await there.router.end()
        behave(there, rejects(480))
        file = there.lab.asterisk.cdr_file
        await _unanswered(there, 1)
        assert (await reconcile(there))["rows_made"] == 1
        await _unanswered(there, 2)
        file.rename(file.with_name("callrouter.csv.1"))
        await _unanswered(there, 3)
        found = await reconcile(there)
        assert (found["rows_made"], found["bad_lines"], found["differences"]) == (2, 0, [])
        file.write_bytes(b"")
        await _unanswered(there, 4)
        with file.open("ab") as written:
            written.write(b'garbage,"\ncallrouter,"1795310375.263283","0.0')
        await _unanswered(there, 5)
        found = await reconcile(there)
        assert (found["rows_made"], found["differences"]) == (2, [])
        assert found["bad_lines"] == 2
        assert [row["caller"] for row in await listed(there)] == [f"+7916123456{number}" for number in range(1, 6)]


async def _unanswered(there: Rig, number: int) -> None:
    await (await there.trunk.dial(LINE, caller=f"8916123456{number}")).wait("ended")


async def test_a_router_killed_in_the_middle_of_an_intake_makes_nothing_twice() -> None:
    """By kill -9 while a long file is read: the next life reads on, and each call is one row."""
    count = 6 * AT_ONCE  # a transaction each
    async with rig() as there:
        await there.router.end()
        record = await _one_record(there)
        file = there.lab.asterisk.cdr_file
        with file.open("a") as written:
            written.writelines(
                record.replace(f'"{_channel(record)}"', f'"1794000000.{number}"').replace(CALLER, f"8916{number:07}")
                for number in range(count)
            )
        await there.serve()
        await until(there, lambda rows: len(rows) > 1)
        await there.router.end(signal.SIGKILL)
        made = len(await listed(there))
        assert 1 < made <= count
        await there.serve()
        await until(there, lambda rows: len(rows) > count)
        rows = await listed(there)
        assert len({row["asterisk_id"] for row in rows}) == len(rows) == count + 1
        assert (await reconcile(there))["differences"] == []
        there.trunk.forget()  # there are more rows than calls


async def _one_record(there: Rig) -> str:
    behave(there, rejects(480), "anna", "boris", "vera", "gleb")
    await (await there.trunk.dial(UNKNOWN, caller=CALLER)).wait("ended")
    file = there.lab.asterisk.cdr_file
    async with patience(2):
        while not file.exists():  # noqa: ASYNC110 - Asterisk's own: milliseconds after the end
            await asyncio.sleep(0.01)
    return file.read_text()


def _channel(record: str) -> str:
    return record.split('","')[3]


async def test_a_call_that_the_router_gave_away_has_the_fallbacks_end() -> None:
    """Refused by the router, answered in the fallback: one row, answered, with who talked and when, by Asterisk."""
    fallback = render(parse(f'{scheme(LADDER)}default = {{department = "sales"}}\n'.encode()), 1, "0" * 64, time.time())
    async with Rig(scheme(LADDER), company=Company(fallback=fallback)) as there:
        there.phone("vera").behaviour = answers(0.1)
        call = await there.trunk.dial(UNKNOWN, caller="89161234567")
        await call.wait("answered")
        await there.ended(1)
        await call.hears(there.phone("vera"), 30)
        await call.hangup()
        await until(there, lambda rows: [row["outcome"] for row in rows] == ["answered"])
        (row,) = await listed(there)
        assert (row["routed_by"], row["answered_by"], row["lost_reason"]) == ("fallback", "vera", None)
        assert row["talk_seconds"] > 0.5
        assert (await reconcile(there))["differences"] == []


async def test_the_audit_finds_what_was_altered_and_nothing_else() -> None:
    """Router's and fallback's calls agree with Asterisk; a deleted, a doubled, an altered row is listed, exit 1."""
    async with rig() as there:
        await _by_both(there)
        found = await reconcile(there)
        assert (found["calls_audited"], found["differences"]) == (6, [])
        rows = await listed(there)
        assert sorted(row["routed_by"] for row in rows) == ["fallback"] * 2 + ["router"] * 4
        answered, lost, _, away, *_ = rows
        database = Database(there.environment["CALLROUTER_DATABASE_URL"])
        async with database.writing() as connection:
            await connection.execute(delete(calls).where(calls.c.id == away["id"]))
            wrong = {"outcome": "lost", "lost_reason": "abandoned"}
            await connection.execute(update(calls).where(calls.c.id == answered["id"]).values(wrong))
            later = {"ended_at": since(lost["ended_at"]) + 60}
            await connection.execute(update(calls).where(calls.c.id == lost["id"]).values(later))
        await database.close()
        found = await reconcile(there, code=1)
        told = [(one["asterisk_id"], one["what"], one["asterisk"], one["ledger"]) for one in found["differences"]]
        assert [one[:2] for one in told] == [
            (answered["asterisk_id"], "outcome"),
            (lost["asterisk_id"], "ended_at"),
            (away["asterisk_id"], "no_row"),
        ]
        assert told[0][2:] == ("answered", "lost")
        assert away["asterisk_id"] in await there.run("reconcile", code=1)
        there.trunk.forget()  # a row is missing


async def _by_both(there: Rig) -> None:
    """Four calls by the router, a transfer to the line among them would be a fifth; two by the fallback."""
    behave(there, answers(0.2), "anna")
    call = await there.trunk.dial(LINE, caller="89161234567")
    await call.wait("answered")
    await call.hears(there.phone("anna"), 30)
    await call.hangup()
    behave(there, rings())
    call = await there.trunk.dial(LINE, caller="89161234568")
    await call.wait("ringing")
    await call.hangup()
    call = await there.trunk.dial(LINE, caller="89161234568")
    await call.wait("ended")
    await there.ended(3)
    await there.router.end()
    await there.lab.quiet()
    for phone in there.lab.phones:
        phone.forget()  # or a call of before is taken for the next one, whose caller then leaves before it has begun
    await (await ring(there)).hangup()
    behave(there, answers(0.2), "boris")
    call = await ring(there)
    await call.wait("answered")
    await call.hears(there.phone("boris"), 30)
    await call.hangup()
    await there.serve()
    call = await there.trunk.dial(LINE, caller="89161234569")
    await call.wait("answered")
    await call.hears(there.phone("boris"), 30)
    await call.hangup()
    await there.ended(6)


async def test_when_a_callers_channel_ended_is_known_at_once() -> None:
    """At his hang-up in Stasis() and at `core stop now` Asterisk writes it down; when it crashes, nothing."""
    async with rig() as there:
        database = Database(there.environment["CALLROUTER_DATABASE_URL"])
        intake = Intake(there.lab.asterisk.cdr_file, Records(database, time.time))
        behave(there, answers(0.2))
        call = await there.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        (asterisk_id,) = await _channels(there)
        assert await intake.ended(asterisk_id) is None
        await call.hangup()
        await there.lab.asterisk.audit()
        ending = await intake.ended(asterisk_id)
        assert ending is not None
        assert call.ended_at
        assert Moment.at(ending.at).apart(call.ended_at) < 0.5
        assert ending.answered_at is not None
        for how in (there.lab.asterisk.stop, there.lab.asterisk.kill):
            call = await there.trunk.dial(LINE, caller="89161234567")
            await call.wait("ringing")
            (asterisk_id,) = await _channels(there)
            await how()
            written = await intake.ended(asterisk_id)
            assert (written is not None) == (how.__name__ == "stop")
            await there.lab.asterisk.start()
            for phone in (*there.lab.phones, there.trunk):
                for one in phone.calls:
                    one.end(by_us=True)  # nobody tells them
        await database.close()
        there.trunk.forget()


async def _channels(there: Rig) -> list[str]:
    """Return the ids of the trunk's channels."""
    lines = (await there.lab.asterisk.cli("core show channels concise")).splitlines()
    return [line.split("!")[-1] for line in lines if line.startswith("PJSIP/trunk")]
