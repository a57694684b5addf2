"""The command line in an empty folder, with a database of its own."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callrouter import cli
from callrouter.store import schemes
from callrouter.store.database import Database
from callrouter.store.journal import Journal
from callrouter.store.shipper import Shipper

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = """version = 1
timezone = "Europe/Moscow"
country = "RU"

[people]
anna  = {name = "Анна Петрова", phones = ["PJSIP/anna"]}
boris = {name = "Борис Орлов",  phones = ["PJSIP/boris"]}
gleb  = {name = "Глеб Титов",   phones = ["PJSIP/gleb"]}
gleb2 = {name = "Глеб Титов",   phones = ["PJSIP/gleb2"]}

[departments]
sales = {name = "Отдел продаж", members = ["anna", "boris"], head = "gleb"}

[ladders]
default = [{ring = "department", seconds = 10}, {add = "head"}]

[lines]
"+74951234567" = {name = "Сайт", department = "sales", ladder = "default"}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command line in an empty folder; returns its exit code and what it printed."""
    for name in [name for name in os.environ if name.startswith("CALLROUTER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def runs(*arguments: str) -> Said:
        capsys.readouterr()
        code = cli.run(list(arguments))
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return runs


@pytest.fixture
def ready(run: Callable[..., Said]) -> Callable[..., Said]:
    """The same with the newest schema."""
    assert run("db", "upgrade").code == 0
    return run


async def apply(document: str = SCHEME) -> None:
    """Put a scheme in force."""
    database = Database("sqlite:///callrouter.db")
    async with database.writing() as connection:
        await schemes.apply(connection, document.encode(), 1.0)
    await database.close()


async def ship(write: Callable[[Journal], object]) -> None:
    """Write calls into a journal and take them to SQL."""
    database = Database("sqlite:///callrouter.db")
    journal = Journal(Path("var/journal"), "callrouter")
    write(journal)
    await Shipper(journal, database).drain()
    journal.close()
    await database.close()
