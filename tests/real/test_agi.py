"""A PBX that keeps its own dialplan: the router decides and records over FastAGI, Asterisk dials."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from callrouter.routing.fallback import render
from callrouter.routing.scheme import parse
from tests.lab import Call, Company, Desk, Proxy, answers, patience, rejects
from tests.real.document import LINE, PEOPLE
from tests.real.rig import Rig, Router, legs, scheme, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

AGI = (Path(__file__).parents[2] / "dialplan/callrouter-agi.conf").read_text("utf-8")
HOSTILE = ("8916\n\n200 result=1 (x)\nagi_uniqueid: 1.1\n", "${SHELL(touch /tmp/pwned)}", '","', "8916)&PJSIP/120", "")
LADDER = """
  {ring = "responsible", seconds = 2},
  {ring = "department", seconds = 2},
  {ring = "head", seconds = 2},
  {add = "owner"},
"""
EVERYBODY = ("anna", "boris", "vera", "gleb", "irina")


class AgiRig(Rig):
    """A rig whose calls go by `callrouter-agi.conf`; `guard`: seconds a router that is there may be silent."""

    def __init__(
        self,
        document: str | None = None,
        *,
        guard: str = "10",
        dialplan: str = "",
        entry: str = "callrouter-agi",
        files: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self._door = socket.socket()  # bound, so that nobody else takes the port, but it does not listen
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._door.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        text = document or scheme(LADDER).replace("ring_at_most = 6", "ring_at_most = 8")
        company = Company(
            entry=entry,
            fallback=render(parse(text.encode()), 1, "0" * 64, time.time()),
            globals={"CALLROUTER_AGI": self.address, "CALLROUTER_AGI_GUARD": guard},
            dialplan="#include callrouter-agi.conf\n" + dialplan.replace("agi://127.0.0.1/", f"agi://{self.address}/"),
            files={"callrouter-agi.conf": AGI} | dict(files or {}),
        )
        super().__init__(text, company=company, **more)

    @property
    def environment(self) -> dict[str, str]:
        """The settings, with AGI on."""
        return super().environment | {"CALLROUTER_AGI_BIND": self.address}

    async def serve(self) -> Router:
        """Start a router and wait until it takes calls, by AGI too."""
        router = await super().serve()
        async with patience(5.0):
            while not self.listens():  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.02)
        return router

    def listens(self) -> bool:
        """Whether somebody takes connections there."""
        host, port = self.address.split(":")
        with socket.socket() as door:
            return door.connect_ex((host, int(port))) == 0

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._door.close()


CLIENTS = "phone,name,responsible,priority\n+79161234567,ООО «Ромашка»,anna,A\n"


async def test_every_rung_rings_and_the_owner_is_added() -> None:
    """Responsible, department, head, the owner besides; the row has them all, and why the call was lost."""
    async with AgiRig(clients=CLIENTS) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("ended", 12.0)
        assert call.status == 480
        assert {name: len(rig.phone(name).invites) for name in EVERYBODY} == {
            "anna": 2, "boris": 1, "vera": 1, "gleb": 2, "irina": 1
        }  # fmt: skip
        (row,) = await rig.ended(1)
        assert (row["routed_by"], row["outcome"], row["lost_reason"]) == ("agi", "lost", "no_answer")
        assert (row["client"], row["responsible"], row["priority"]) == ("ООО «Ромашка»", "anna", "A")
        assert [step["target"] for step in row["steps"]] == ["responsible", "department", "head", "owner"]
        assert skipped(row) == [None] * 4
        assert legs(row) == {
            "anna": ["no_answer", "no_answer"],
            "boris": ["no_answer"],
            "vera": ["no_answer"],
            "gleb": ["no_answer", "no_answer"],
            "irina": ["no_answer"],
        }


async def test_each_rung_may_answer_and_the_end_is_told_by_whoever_hangs_up() -> None:
    """Who picks up in which step has the call; the caller hangs up, or the colleague: the row is the same."""
    async with AgiRig(clients=CLIENTS) as rig:
        for number, person in enumerate(("anna", "vera", "gleb", "irina"), start=1):
            rig.phone(person).behaviour = answers()
            call = await rig.trunk.dial(LINE, caller="89161234567")
            await call.wait("answered", 12.0)
            await call.hears(rig.phone(person), 20)
            await (call if number % 2 else rig.phone(person).talking[0]).hangup()
            await call.wait("ended", 5.0)
            rig.phone(person).behaviour = rejects(480)
            row = (await rig.ended(number))[-1]
            assert (row["outcome"], row["answered_by"], row["answered_step"]) == ("answered", person, number)
            assert [talk["person"] for talk in row["talk"]] == [person]
            assert 0.2 < row["talk_seconds"] < 30
            assert legs(row)[person][-1] == "answered"
        rows = await rig.calls()
        assert {row["routed_by"] for row in rows} == {"agi"}
        trace = await rig.run("calls", "show", rows[0]["id"])
        assert "the dialplan tells how it went: answer" in trace


async def test_who_is_away_is_left_out() -> None:
    """Paused and unregistered people ring in no Dial, and the row says of each why."""
    desks: list[str | Desk] = [Desk(name, devices=name != "102") for name in PEOPLE.values()]
    async with AgiRig(clients=CLIENTS, desks=desks) as rig:
        await rig.run("people", "pause", "anna")
        rig.phone("vera").behaviour = answers()
        async with patience(20):
            while True:  # a pause is known within two seconds
                call = await rig.trunk.dial(LINE, caller="89161234567")
                await call.wait("answered", 8.0)
                await call.hangup()
                row = (await rig.ended(len(rig.trunk.calls)))[-1]
                if skipped(row)[0] == "paused":
                    break
        assert skipped(row) == ["paused", None]
        assert legs(row) == {"vera": ["answered"]}
        trace = await rig.run("calls", "show", row["id"])
        assert "anna paused" in trace
        assert "boris unreachable" in trace


async def test_callers_who_leave_are_refused_or_find_nobody() -> None:
    """Who leaves in a step has left in it; who is blocked is told 603; no line of ours is the fallback's."""
    async with AgiRig(scheme() + '[numbers]\nblocked = ["+79160000666"]\n') as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await rig.phone("vera").incoming()
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["lost_reason"], row["lost_step"], row["routed_by"]) == ("abandoned", 2, "agi")
        assert skipped(row) == ["no_responsible", None]
        assert legs(row) == {"anna": ["cancelled"], "boris": ["cancelled"], "vera": ["cancelled"]}
        call = await rig.trunk.dial(LINE, caller="89160000666")
        await call.wait("ended", 5.0)
        assert call.status == 603
        row = (await rig.ended(2))[-1]
        assert (row["direction"], row["lost_reason"], row["routed_by"]) == ("blocked", "rejected", "agi")
        call = await rig.trunk.dial("+74950000000", caller="89161234567")
        await call.wait("ended", 5.0)
        assert call.status == 503
        row = (await rig.ended(3))[-1]
        assert (row["lost_reason"], row["routed_by"], row["department"]) == ("failure", "fallback", None)
        await audited(rig)


async def test_a_closed_line_plays_its_prompt_and_lets_go() -> None:
    """Nobody rings; the caller hears the prompt unanswered and is told 480; the call is lost as closed."""
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    days = ", ".join(f'{today + timedelta(days=day)} = "closed"' for day in range(2))
    calendars = f'[calendars]\nnever = {{hours = ["Mon 03:00-03:01"], holidays = "none", days = {{{days}}}}}\n'
    document = scheme(line=', hours = "never", closed = {prompt = "digits:12"}')
    async with AgiRig(document + calendars) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("ended", 8.0)
        assert (call.status, call.provisional[-1]) == (480, 183)
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["routed_by"]) == ("lost", "closed", "agi")
        assert not any(phone.invites for phone in rig.lab.phones)


async def talks(rig: Rig, number: int) -> Call:
    """Call until somebody answers; return the call."""
    call = await rig.trunk.dial(LINE, caller=f"8916100{number:04}")
    await call.wait("answered", 30.0)
    return call


async def test_a_check_rings_nobody_and_off_is_off() -> None:
    """The calls of `dialplan check` leave before a decision; switched off, the fallback has every call."""
    async with AgiRig(scheme('{ring = "person:anna", seconds = 5}')) as rig:
        (found,) = json.loads(await rig.run("dialplan", "check", "--json", "--context", "from-trunk"))
        assert found["state"] == "ok", found
        assert not rig.phone("anna").calls
        rig.phone("anna").behaviour = answers()
        await rig.lab.asterisk.cli("dialplan set global CALLROUTER_OFF 1")
        call = await rig.trunk.dial(LINE, caller="+79160000001")
        await call.wait("answered")
        await call.hears(rig.phone("anna"))
        await call.hangup()
        assert [row["routed_by"] for row in await rig.ended(1, 15.0)] == ["fallback"]


async def test_a_hundred_calls_at_once() -> None:
    """Each is decided by the router, answered, and one row."""
    document = scheme('{ring = "department", seconds = 30}')
    async with AgiRig(document, rtp_interval=0.5, guard="20") as rig:
        for person in ("anna", "boris", "vera"):
            rig.phone(person).behaviour = answers()
        calls = await asyncio.gather(*(talks(rig, number) for number in range(100)))
        await asyncio.gather(*(call.hangup(20.0) for call in calls))
        rows = await rig.ended(100, 30.0)
        assert {(row["outcome"], row["routed_by"]) for row in rows} == {("answered", "agi")}
        assert len({row["caller"] for row in rows}) == 100


async def test_the_router_is_killed_while_the_ladder_runs() -> None:
    """The ladder goes on, the two talk, and the call is one row, from Asterisk's records, after the router is back."""
    async with AgiRig(clients=CLIENTS) as rig:
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await rig.phone("anna").incoming()
        await rig.router.end(signal.SIGKILL)
        rig.phone("gleb").behaviour = answers()
        await call.wait("answered", 10.0)
        await call.hears(rig.phone("gleb"), 20)
        await call.hangup()
        left = await rig.trunk.dial(LINE, caller="89161110002")  # and the next one is the fallback's
        await left.wait("answered", 10.0)
        await left.hangup()
        await rig.serve()
        await until(rig, lambda rows: [row["outcome"] for row in rows] == ["answered"] * 2)
        rows = await rig.inbound()
        assert [(row["answered_by"], row["routed_by"]) for row in rows] == [("gleb", "agi"), ("gleb", "fallback")]
        assert (rows[0]["responsible"], rows[0]["answered_step"]) == ("anna", 3)
        await audited(rig)


async def test_a_router_that_is_back_is_told_the_end() -> None:
    """What another life has decided ends here, whole, though nothing of it is remembered."""
    async with AgiRig(clients=CLIENTS) as rig:
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered", 5.0)
        await rig.router.end(signal.SIGKILL)
        await rig.serve()
        await call.hears(rig.phone("anna"), 20)
        await call.hangup()
        (row,) = await rig.ended(1, 10.0)
        assert (row["answered_by"], row["routed_by"], row["recovered"]) == ("anna", "agi", False)
        await audited(rig)


async def test_a_frozen_router_keeps_nobody_waiting() -> None:
    """Who comes is served by the fallback; whose ladder ends is let go; each is one row when the router is awake."""
    async with AgiRig(guard="3") as rig:
        rig.phone("irina").behaviour = answers()
        first = await rig.trunk.dial(LINE, caller="89161110001")
        await rig.phone("vera").incoming()
        assert await doctor(rig, 0) == "ok"
        rig.router.process.send_signal(signal.SIGSTOP)
        try:
            await first.wait("answered", 20.0)
            rig.phone("irina").talking[0].let_go()
            await first.wait("ended", 10.0)
            second = await rig.trunk.dial(LINE, caller="89161110002")
            await second.wait("answered", 20.0)
            await second.hangup()
            assert await doctor(rig, 1) == "fail"
        finally:
            rig.router.process.send_signal(signal.SIGCONT)
        await until(rig, lambda rows: [row["outcome"] for row in rows] == ["answered"] * 2)
        rows = await rig.inbound()
        assert [(row["answered_by"], row["routed_by"]) for row in rows] == [("irina", "agi"), ("irina", "fallback")]
        await audited(rig)


async def test_a_session_that_is_cut_in_the_middle_decided_nothing() -> None:
    """Whatever the router had said by then counts for nothing: the fallback serves the call, and it is one row."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for name, value in (("RUNGS", "1"), ("STEP_1", "1"), ("DIAL_1", "PJSIP/120"), ("SECONDS_1", "5")):
            writer.write(f"SET VARIABLE CALLROUTER_{name} {value}\n".encode())
            await reader.readline()
        writer.transport.abort()

    async with AgiRig() as rig:
        await rig.router.end()
        host, port = rig.address.split(":")
        dying = await asyncio.start_server(half, host, int(port))
        rig.phone("vera").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered", 10.0)
        await call.hangup()
        dying.close()
        assert not rig.phone("irina").invites
        await rig.serve()
        await until(rig, lambda rows: len(rows) == 1)
        (row,) = await rig.inbound()
        assert (row["answered_by"], row["routed_by"]) == ("vera", "fallback")
        await audited(rig)


async def test_a_silent_database_costs_the_bound_and_no_more(postgres_url: str) -> None:
    """The department rings, decided by the router; client, row and end are written when the database answers again."""
    proxy, real = Proxy(), make_url(postgres_url)
    assert real.port is not None
    await proxy.open(real.port)
    url = real.set(port=proxy.port).render_as_string(hide_password=False)
    async with AgiRig(clients=CLIENTS, database_url=url) as rig:
        rig.phone("boris").behaviour = answers()
        proxy.stall()
        try:
            call = await rig.trunk.dial(LINE, caller="89161234567")
            await call.wait("answered", 10.0)
            await call.hears(rig.phone("boris"), 20)
            await call.hangup()
        finally:
            proxy.resume()
        (row,) = await rig.ended(1, 20.0)
        assert (row["answered_by"], row["answered_step"], row["routed_by"]) == ("boris", 2, "agi")
        await audited(rig)
    await proxy.close()


STRANGERS = (
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01" * 99,
    b"agi_network: yes\n",
    b"agi_network: yes\n" + b"agi_x: 1\n" * 99_999,
)


async def test_strangers_at_the_port_disturb_nobody() -> None:
    """Port scans, browsers, peers that close one half or say nothing, a flood without an end: calls go on."""
    async with AgiRig(scheme('{ring = "department", seconds = 5}')) as rig:
        host, port = rig.address.split(":")
        rig.phone("anna").behaviour = answers()
        peers = [await asyncio.open_connection(host, int(port)) for _ in (*STRANGERS, "half")]
        for (_, writer), said in zip(peers, STRANGERS, strict=False):
            writer.write(said)
        half = peers[-1][1]
        half.write(b"agi_network: yes\nagi_network_script: route\n\n")
        half.write_eof()
        for number in range(3):
            await (await talks(rig, number)).hangup()
        rows = await rig.ended(3)
        assert {(row["outcome"], row["routed_by"]) for row in rows} == {("answered", "agi")}
        for reader, writer in peers:
            async with patience(10.0):
                with suppress(ConnectionError):
                    await reader.read()  # each of them is let go in the end
            writer.close()
        assert not [line for line in rig.router.log if "Traceback" in line]


LOOKUP = """
[named]
exten => _X.,1,AGI(agi://${CALLROUTER_AGI}/lookup)
 same => n,Dial(PJSIP/101,5)
 same => n,Hangup()
[from-trunk](+)
exten => _55X.,1,Goto(named,${EXTEN},1)
"""


async def test_the_dialplan_of_the_docs() -> None:
    """As docs/agi.md has it, in three steps' place: the first step rings, and the calls are in the list."""
    page = (Path(__file__).parents[2] / "docs/agi.md").read_text("utf-8")
    block = page.partition("```ini\n[my-sales]")[2].partition("```")[0]
    assert "agi://127.0.0.1/result" in block
    async with AgiRig(clients=CLIENTS, entry="my-sales", dialplan=f"[my-sales]{block}") as rig:
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered", 5.0)
        await call.hears(rig.phone("anna"), 20)
        await call.hangup()
        rig.phone("anna").behaviour = rejects(480)
        await (await rig.trunk.dial(LINE, caller="89161110002")).wait("ended", 12.0)
        rows = await rig.ended(2)
        assert [(row["outcome"], row["answered_by"], row["routed_by"]) for row in rows] == [
            ("answered", "anna", "agi"),
            ("lost", None, "agi"),
        ]
        assert (rows[1]["lost_reason"], skipped(rows[1])) == ("no_answer", ["no_responsible", None])
        await audited(rig)


async def test_the_caller_is_only_named() -> None:
    """A dialplan of one's own shows the client's name, without anything a dialplan would evaluate; no row is made."""
    clients = 'phone,name\n+79161234567,"ООО ""${SHELL(touch /tmp/pwned)}"""\n'
    async with AgiRig(clients=clients, dialplan=LOOKUP) as rig:
        for number, shown in (("89161234567", "ООО '''SHELL(touch /tmp/pwned)''"), ("89160000000", "x")):
            call = await rig.trunk.dial("5500", caller=number, name="x")
            ringing = await rig.phone("anna").incoming()
            assert ringing.shown.name == shown
            await call.hangup()
        rig.trunk.forget()
        assert await rig.calls() == []


async def test_hostile_callers_are_served_and_nothing_of_theirs_is_evaluated() -> None:
    """Line feeds that would end the request or answer for Asterisk, expressions, quotes, further phones."""
    async with AgiRig(scheme('{ring = "person:anna", seconds = 5}'), clients=CLIENTS) as rig:
        rig.phone("anna").behaviour = answers()
        for number, raw in enumerate(HOSTILE, start=1):
            call = await rig.trunk.dial(
                LINE, caller=quote(raw) or "anonymous", name="x" * 5_000 if number == 1 else "x"
            )
            await call.wait("answered", 5.0)
            await call.hangup()
            row = (await rig.ended(number))[-1]
            assert (row["outcome"], row["answered_by"], row["routed_by"]) == ("answered", "anna", "agi")
        assert not rig.phone("irina").invites
        assert not Path("/tmp/pwned").exists()


async def doctor(rig: Rig, code: int) -> str:
    """Return what `callrouter doctor` says of AGI."""
    found = json.loads(await rig.run("doctor", "--json", code=code))
    (state,) = [one["state"] for one in found if one["check"] == "agi"]
    return str(state)


async def until(rig: Rig, holds: Callable[[list[dict[str, Any]]], bool]) -> None:
    """Wait until that holds of the calls from outside."""
    async with patience(30):
        while not holds(await rig.inbound()):  # noqa: ASYNC110 - another process's: it can only be asked
            await asyncio.sleep(0.05)


async def audited(rig: Rig) -> None:
    """Asterisk's own records and the ledger tell the same: no call has no row, none has two."""
    await asyncio.sleep(1.1)  # what ended within the last second is not audited
    found = json.loads(await rig.run("reconcile", "--json"))
    assert found["differences"] == []
