"""`callrouter clients forget`."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callrouter.store.database import Database
from callrouter.store.tables_outbox import editions
from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import ANNA, Life, abandoned, answered
from tests.store.test_forgetting import made

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

NUMBER = "+79161234567"
WRITTEN = re.compile(rb"9\D{0,3}1\D{0,3}6\D{0,3}1\D{0,3}2\D{0,3}3\D{0,3}4\D{0,3}5\D{0,3}6\D{0,3}7")
SHEET = "phone,name,responsible,note\n89161234567,Ромашка,anna,звонить на 8(916)123-45-67\n89167654321,Лютик,boris,\n"


def named() -> list[str]:
    """Every file here that has the number or the name in any form; SQLite's own log too."""
    files = [one for one in Path().rglob("*") if one.is_file() and one.name != "clients.csv"]
    found = {one: one.read_bytes() for one in files}
    return sorted(str(one) for one, text in found.items() if WRITTEN.search(text) or "Ромашка".encode() in text)


async def lived(ready: Callable[..., Said]) -> None:
    """A client who was lost, called again and was exported; his numbers lie in a database that has been used."""
    await apply()
    Path("clients.csv").write_text(SHEET, "utf-8")
    assert (await said(ready, "clients", "import", "clients.csv")).code == 0

    def calls(journal: Journal) -> None:
        for number in range(40):
            at = 1_795_000_000.0 + number
            known: dict[str, Any] = {"arrived_at": at, "at": at, "asterisk_id": f"{at}"}
            abandoned(journal, f"0191-o{number}", caller="+79167654321", caller_raw="89167654321", **known)
            answered(journal, f"0191-h{number}", **known | {"client": "Ромашка", "asterisk_id": f"{at}9"})

    await ship(calls)
    assert (await said(ready, "export", "--date", "2026-11-18", "--format", "csv,xlsx")).code == 0


async def said(ready: Callable[..., Said], *arguments: str) -> Said:
    """Run a command beside this loop."""
    return await asyncio.to_thread(ready, *arguments)


async def test_no_copy_is_left_and_no_figure_differs(ready: Callable[..., Said]) -> None:
    """Neither database, its log, journal nor exports have him in any written form; `lcr` says what it said."""
    await lived(ready)
    database = Database("sqlite:///callrouter.db")
    await made(database, "2026-11-18", b"89161234567")
    asked = ("lcr", "--from", "2026-11-01", "--to", "2026-12-01", "--json")
    before = await said(ready, *asked)
    assert len(named()) > 2
    done = await said(ready, "clients", "forget", "8 916 123-45-67", "--json")
    assert (done.code, done.json["already"], done.json["clients"], done.json["calls"]) == (0, False, 1, 40)
    assert (done.json["editions"], done.json["waiting_for"]) == (["2026-11-18"], [])
    assert {Path(one).suffix for one in done.json["files"]} == {".csv", ".xlsx"}
    assert "forgotten: clients 1, numbers 1, calls 40" in done.err
    assert NUMBER not in done.err
    assert (await said(ready, *asked)).out == before.out
    async with database.reading() as connection:
        (edition,) = (await connection.execute(editions.select())).all()
    await database.close()
    assert (edition.digest, edition.erased_at is None) == ("2026-11-18", False)
    assert named() == []
    assert (await said(ready, "clients", "show", NUMBER)).code == 2
    assert (await said(ready, "clients", "show", "89167654321")).code == 0


async def test_twice_and_nobody(ready: Callable[..., Said]) -> None:
    """The second time it says so; what has come since is erased, such as an export; a stranger is a mistake."""
    await lived(ready)
    assert (await said(ready, "clients", "forget", NUMBER)).code == 0
    Path("var/exports/old.csv").write_text("89161234567\n")
    again = await said(ready, "clients", "forget", NUMBER, "--yes")
    assert (again.code, again.err.startswith("already forgotten, 20")) == (0, True)
    assert named() == []
    wrong = await said(ready, "clients", "forget", "+79160000000")
    assert (wrong.code, wrong.err) == (
        2,
        "error: no client has the number +79160000000, and no call came from it or went to it\n",
    )
    assert (await said(ready, "clients", "forget", "12")).code == 2


async def test_while_he_talks(ready: Callable[..., Said]) -> None:
    """A call of his that goes on is not touched, nor anything else of him."""
    await apply()
    await ship(lambda journal: Life(journal, "0191-live").rings(ANNA))
    refused = await said(ready, "clients", "forget", NUMBER)
    assert refused.code == 1
    assert "callrouter calls show 0191-live" in refused.err
    assert named() != []


async def test_who_is_ours(ready: Callable[..., Said]) -> None:
    """A line, and a phone of the company's people, are no client's; whom the scheme names it goes on naming."""
    mobile = 'anna  = {name = "Анна Петрова", phones = ["PJSIP/anna"], numbers = ["+79160000001"]}'
    document = re.sub(r"anna .*", mobile, SCHEME) + f'[numbers]\nblocked = ["{NUMBER}"]\n'
    await apply(document)
    await ship(lambda journal: abandoned(journal, "0191-a"))
    line = await said(ready, "clients", "forget", "+74951234567")
    assert (line.code, "is a line" in line.err) == (2, True)
    person = await said(ready, "clients", "forget", "+79160000001")
    assert (person.code, "is anna's in the scheme" in person.err) == (2, True)
    assert "the scheme names him" in (await said(ready, "clients", "forget", NUMBER)).err


async def test_a_worker_that_has_the_journal(ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is not touched under its hands: who waits for what is said; once it has gone the file goes too."""
    monkeypatch.setattr("callrouter.cli.forgetting.LET_GO_WITHIN", 0.2)
    await apply()
    await ship(lambda journal: abandoned(journal, "0191-a"))
    with Path("var/callrouter.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waits = await said(ready, "clients", "forget", NUMBER, "--json")
        assert (waits.code, waits.json["waiting_for"]) == (0, ["callrouter"])
        assert "the journal of callrouter still holds him" in waits.err
        assert [Path(one).suffix for one in named()] == [".jsonl"]
    assert (await said(ready, "clients", "forget", NUMBER, "--json")).json["waiting_for"] == []
    assert named() == []


async def test_a_journal_that_sql_has_not(ready: Callable[..., Said]) -> None:
    """What was not shipped is not lost: it stays for the worker, who leaves him out."""
    await apply()
    await ship(lambda journal: abandoned(journal, "0191-a"))
    segment = next(Path("var/journal").iterdir())
    with segment.open("a") as file:
        file.write(segment.read_text())
    assert (await said(ready, "clients", "forget", NUMBER)).code == 0
    assert named() == [str(segment)]


async def test_somebody_else_writes(ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nobody lets go of: erased, and said that copies are left; the next time they go."""
    monkeypatch.setattr("callrouter.store.leftovers.LOCK_PATIENCE", 0.05)
    await apply()
    await ship(lambda journal: abandoned(journal, "0191-a"))
    reader = sqlite3.connect("callrouter.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM calls").fetchall()
    waits = await said(ready, "clients", "forget", NUMBER)
    assert (waits.code, "run it again" in waits.err) == (3, True)
    reader.close()
    assert (await said(ready, "clients", "forget", NUMBER)).err.startswith("already forgotten")
    assert named() == []


def test_on_a_terminal(ready: Callable[..., Said]) -> None:
    """It says what would go and asks; whoever does not say yes has erased nothing."""
    asyncio.run(lived(ready))

    def answering(answer: bytes, *options: str) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        arguments = [sys.executable, "-m", "callrouter.cli", "clients", "forget", NUMBER, *options]
        told = subprocess.run(arguments, stdin=theirs, capture_output=True, text=True, check=False)
        os.close(ours)
        os.close(theirs)
        return told.returncode, told.stderr

    code, text = answering(b"n\n")
    assert (code, f"erase {NUMBER} (Ромашка, 40 calls) for good? [y/N]" in text) == (1, True)
    assert (answering(b"y\n")[0], named()) == (0, [])
    assert f"{NUMBER} was forgotten already" in answering(b"n\n")[1]
    assert "[y/N]" not in answering(b"", "--yes")[1]
