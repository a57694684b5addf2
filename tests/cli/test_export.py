"""`callrouter export` in all its forms, from a journal and Asterisk's records to the files."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callrouter.cli import export as command, opening, when
from callrouter.core.recorded import Portion, Position
from callrouter.ledger.period import midnight
from callrouter.report import export, language
from callrouter.store import schemes
from callrouter.store.database import Database
from callrouter.store.records import Records
from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import abandoned, answered
from tests.store.test_records import RUNG

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

FRIDAY = midnight(date(2026, 11, 20), "Europe/Moscow")
SATURDAY = midnight(date(2026, 11, 21), "Europe/Moscow")
NAME = "<b>=Ромашка</b>"
LINES = """
"+74950000001" = {name = "Тихая", department = "sales", ladder = "default", hours = "office"}
"+74950000002" = {name = "Закрыта", department = "sales", ladder = "default", hours = "weekend"}
[calendars]
office = {hours = ["Mon-Fri 09:00-18:00"]}
weekend = {hours = ["Sat-Sun 10:00-16:00"]}
"""


def _friday(journal: Journal) -> None:
    for call_id, hour, make in (("0191-a", 9, answered), ("0191-b", 10, abandoned), ("0192-c", 12, abandoned)):
        at = FRIDAY + hour * 3600
        caller = "+79161234567" if call_id != "0192-c" else "+79031112233"
        channel = f"1795.{call_id}"
        make(journal, call_id, at=at + 0.25, arrived_at=at, client=NAME, caller=caller, asterisk_id=channel)


@pytest.fixture
def friday(ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line on Saturday, when Friday's calls are in SQL."""
    asyncio.run(apply())
    asyncio.run(ship(_friday))
    for module in (opening, when):
        monkeypatch.setattr(module, "now", lambda: SATURDAY + 12)
    return ready


def test_the_page_the_sheet_and_the_line(friday: Callable[..., Said]) -> None:
    """In Russian unless English is asked for; made again they are the same bytes, whatever calls came since."""
    said = friday("export", "--format", "xlsx,html,text", "--json")
    files = [Path(name) for name in said.json]
    assert [file.name for file in files] == _names("calls-{}.xlsx", "lcr-{}.html", "lcr-{}.txt")
    assert files[2].read_text().replace("\xa0", " ") == (
        "LCR вчера 66,7 % (2 из 3), не перезвонили 2 · 20.11.2026, Europe/Moscow, lcr/1\n"
    )
    text = files[1].read_text()
    assert "Анна Петрова" in text
    assert "&lt;b&gt;=Ромашка&lt;/b&gt;" in text
    before = [file.read_bytes() for file in files]
    asyncio.run(ship(lambda journal: answered(journal, "0199-z", at=SATURDAY + 5.25, arrived_at=SATURDAY + 5)))
    friday("export", "--format", "xlsx,html,text", "--date", "2026-11-20")
    assert [file.read_bytes() for file in files] == before
    friday("export", "--format", "text", "--language", "en")
    assert files[2].read_text().startswith("LCR yesterday 66.7% (2 of 3), not called back 2")


def test_masked_files(friday: Callable[..., Said]) -> None:
    """Nobody's number can be read in any of them."""
    said = friday("export", "--format", "csv,json,html,text", "--mask", "--json")
    texts = [Path(name).read_text("utf-8-sig") for name in said.json]
    assert not [text for text in texts if "9161234567" in text or "1112233" in text]
    assert "+7916*****67" in texts[0]


def test_a_date_keeps_the_names_of_its_scheme(friday: Callable[..., Said]) -> None:
    """Who is called otherwise since has the name he had."""

    async def rename() -> None:
        database = Database("sqlite:///callrouter.db")
        async with database.writing() as connection:
            await schemes.apply(connection, SCHEME.replace("Анна Петрова", "Анна Иванова").encode(), SATURDAY + 1)
        await database.close()

    asyncio.run(rename())
    friday("export", "--format", "html")
    page = Path("var/exports/lcr-2026-11-20.html").read_text()
    assert "Анна Петрова" in page
    assert "Анна Иванова" not in page


def test_who_waits_is_as_of_the_end_of_the_date(friday: Callable[..., Said]) -> None:
    """A task that is taken and done the day after is open still in the export of the date, to the byte."""
    friday("export", "--format", "html,json")
    files = [Path("var/exports/lcr-2026-11-20").with_suffix(kind) for kind in (".html", ".json")]
    before = [file.read_bytes() for file in files]
    waiting = json.loads(before[1])["waiting"]
    assert {one["number"]: (one["lost"], one["responsible"], one["taken_by"]) for one in waiting} == {
        "+79161234567": (1, "anna", None),
        "+79031112233": (1, "gleb", None),
    }
    assert friday("lost", "take", "+79161234567", "anna").code == 0
    assert friday("lost", "done", "+79161234567", "--reason", "rang him").code == 0
    friday("export", "--format", "html,json", "--date", "2026-11-20")
    assert [file.read_bytes() for file in files] == before


def test_a_persons_own_page(friday: Callable[..., Said]) -> None:
    """A page and a line under a name of their own; who is nobody in the scheme has none."""
    said = friday("export", "--for", "gleb", "--json")
    assert [Path(name).name for name in said.json] == _names("lcr-{}-gleb.html", "lcr-{}-gleb.txt")
    assert "LCR вчера 66,7" in Path(said.json[1]).read_text()
    assert friday("export", "--for", "nobody").err == ("error: --for: 'nobody' is nobody in the scheme of 2026-11-20\n")


def test_the_goal_is_the_schemes(friday: Callable[..., Said]) -> None:
    """What the company wants to stay under stands beside what it has."""
    asyncio.run(apply(SCHEME + "[report]\ngoal = 0.1\n"))
    friday("export", "--format", "html", "--language", "en")
    assert "goal: not over 10%" in Path("var/exports/lcr-2026-11-20.html").read_text()


def test_asterisks_records_are_compared(friday: Callable[..., Said]) -> None:
    """What they say otherwise of the date is in the export, what they say of another is not."""
    at = FRIDAY + 11 * 3600
    unknown = replace(RUNG, asterisk_id="1795.9", by="", started_at=at, ended_at=at + 4)
    other = replace(RUNG, asterisk_id="1795.8", by="", started_at=SATURDAY + 1)

    async def take() -> None:
        database = Database("sqlite:///callrouter.db")
        await Records(database, lambda: at).take("f", lambda _: Portion((unknown, other), Position(1, 1, b"x")))
        await database.close()

    asyncio.run(take())
    friday("export", "--format", "json")
    audit = json.loads(Path("var/exports/lcr-2026-11-20.json").read_text())["audit"]
    assert audit["compared_with_asterisk"] is True
    assert [(one["asterisk_id"], one["what"]) for one in audit["outcomes"]] == [("1795.9", "no_row")]
    assert [(one["call"], one["what"]) for one in audit["differences"]] == [("0192-c", "no_record")]


def test_lines_and_hours_are_the_schemes(friday: Callable[..., Said]) -> None:
    """A line that is open and had no call is silent, one that is shut all day may be."""
    asyncio.run(apply(SCHEME + LINES))
    friday("export", "--format", "json")
    silent = json.loads(Path("var/exports/lcr-2026-11-20.json").read_text())["audit"]["silent_lines"]
    assert silent == [{"key": "+74950000001", "last_at": None}]


def test_without_a_scheme(ready: Callable[..., Said]) -> None:
    """A company that has none yet has an export of nothing, in UTC."""
    assert ready("export", "--format", "json,html,text", "--date", "2026-11-20").code == 0
    assert "UTC" in Path("var/exports/lcr-2026-11-20.txt").read_text()


def test_what_the_command_offers_is_what_there_is() -> None:
    """Its formats and languages are the report's, which it does not import to show its help."""
    assert command.FORMATS == export.FORMATS
    assert set(command.LANGUAGES) == set(language.LOCALES)


def _names(*written: str) -> list[str]:
    return [one.format("2026-11-20") for one in written]
