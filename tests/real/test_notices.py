"""Notices on the real Asterisk: what happens to a client is a mail to his manager, taken by a real mail server."""

from __future__ import annotations

import json
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from tests.lab import answers, patience, rings
from tests.lab.smtp import MailServer
from tests.real.rig import LINE, Rig, scheme
from tests.real.test_lost import listed, lose
from tests.real.test_reconcile import behave, company

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.lab.smtp import Mail

LADDER = '{ring = "department", seconds = 5}, {ring = "head", seconds = 5}'
CLIENTS = "phone,name,responsible,priority\n+79161234567,ООО Ромашка,anna,A\n+79160000001,ЗАО Пион,anna,\n"
ROMASHKA, PION, STRANGER = "89161234567", "89160000001", "89169999999"


class Mailed(Rig):
    """A company whose router hands its mail in."""

    def __init__(self, server: MailServer, **notices: float) -> None:
        self._server = server
        document = scheme(LADDER)
        for phone, person in (("101", "anna"), ("110", "gleb")):
            document = document.replace(f'["PJSIP/{phone}"]', f'["PJSIP/{phone}"], mail = "{person}@example.org"')
        document += "".join(f"[notices]\n{key} = {value}\n" for key, value in notices.items())
        super().__init__(document, company=company(has_fallback=False), clients=CLIENTS)

    @property
    def environment(self) -> dict[str, str]:
        """The settings, with where mail is handed in."""
        mail = {"SMTP_URL": f"smtp://127.0.0.1:{self._server.port}", "SMTP_FROM": "router@example.org"}
        return super().environment | {f"CALLROUTER_{name}": value for name, value in mail.items()}

    async def shown(self, call: str) -> list[dict[str, Any]]:
        """Return what `calls show` says of who was told."""
        found: list[dict[str, Any]] = json.loads(await self.run("calls", "show", call, "--json"))["notices"]
        return found


@asynccontextmanager
async def mailed(**notices: float) -> AsyncGenerator[tuple[Mailed, MailServer]]:
    """A company and its mail server."""
    async with MailServer() as server, Mailed(server, **notices) as there:
        yield there, server


async def arrived(server: MailServer, count: int) -> list[Mail]:
    """Return the mails that came, once they are so many; a minute is what the promise gives."""
    async with patience(60):
        return list(await server.arrived(count))


def text(mail: Mail) -> str:
    """Return what a mail says."""
    said: str = mail.message.get_content()
    return said.replace("\r\n", "\n")


async def test_what_happens_to_a_client_is_told() -> None:
    """Lost: his manager reads it, and who did not answer; answered by Boris: again; a new one whom the head answers."""
    async with mailed() as (there, server):
        behave(there, rings())
        await lose(there, ROMASHKA)
        ended = time.monotonic()
        (lost,) = await arrived(server, 1)
        print(f"the mail came {time.monotonic() - ended:.1f} s after the call")
        assert (lost.to, lost.message["Subject"]) == ("anna@example.org", "Клиент не дозвонился: ООО Ромашка")
        assert "Номер: +79161234567\n" in text(lost)
        assert "Звонили и не ответили: Анна Петрова, Борис Орлов, Вера Ильина\n" in text(lost)
        behave(there, answers(0.1), "boris")
        await _talks(there, ROMASHKA, "boris")
        answered = (await arrived(server, 2))[1]
        assert (answered.to, "Ответил: Борис Орлов" in text(answered)) == ("anna@example.org", True)
        behave(there, rings())
        behave(there, answers(0.1), "gleb")
        await _talks(there, STRANGER, "gleb")
        new = (await arrived(server, 3))[2]
        assert (new.to, "clients assign +79169999999" in text(new)) == ("gleb@example.org", True)
        (listed,) = json.loads(await there.run("clients", "undistributed", "--json"))
        assert (listed["phones"], listed["answered_by"]) == (["+79169999999"], "gleb")
        told = [one for row in await there.ended(3) for one in await there.shown(row["id"])]
        kinds = [("lost", "anna"), ("answered", "anna"), ("undistributed", "gleb")]
        assert [(one["kind"], one["person"]) for one in told] == kinds
        assert not [line for line in there.router.log if "9161234567" in line or "9169999999" in line]


async def _talks(there: Mailed, caller: str, person: str) -> None:
    call = await there.trunk.dial(LINE, caller=caller)
    await call.wait("answered")
    await call.hears(there.phone(person), 20)
    await call.hangup()


async def test_the_head_hears_of_who_is_not_called_back() -> None:
    """One is called back and talked to in time, the other is not: the head reads of him, and of him alone."""
    async with mailed(head_after=0.25) as (there, server):
        behave(there, rings())
        await lose(there, ROMASHKA)
        there.trunk.behaviour = answers(0.2)
        call = await there.phone("boris").dial("989161234567")
        await call.wait("answered")
        await call.hears(there.trunk)
        await call.hangup()
        await listed(there, lambda names: names == [], 5.0)
        await lose(there, PION)
        while not (heard := [mail for mail in server.received if mail.to == "gleb@example.org"]):
            await arrived(server, len(server.received) + 1)
        assert [mail.message["Subject"] for mail in heard] == ["Не перезвонили: ЗАО Пион"]
        assert "Звонили и не ответили: Анна Петрова, Борис Орлов, Вера Ильина\n" in text(heard[0])
        there.trunk.forget()  # the call back was not to a line


async def test_a_kill_loses_no_notice_and_tells_none_twice() -> None:
    """The router dies when the lost call is in SQL, and again while the mail is handed in: one mail, by its id."""
    async with mailed() as (there, server):
        server.takes = 1.0
        behave(there, rings())
        await lose(there, ROMASHKA)
        (row,) = await there.ended(1)
        await there.router.end(signal.SIGKILL)
        await there.serve()
        async with patience(60), server.changed:
            await server.changed.wait_for(lambda: server.taken)
        await there.router.end(signal.SIGKILL)
        await there.serve()
        await arrived(server, len(server.taken))
        (notice,) = await there.shown(row["id"])
        assert (notice["kind"], notice["person"], notice["outcome"]) == ("lost", "anna", "told")
        assert len({mail.id for mail in server.taken}) == 1
