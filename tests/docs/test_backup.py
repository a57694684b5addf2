"""docs/backup.md, followed on SQLite and on PostgreSQL: what is kept, put back, filled up, and taken back."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from callrouter import cli
from callrouter.cli import opening
from callrouter.store import schema
from tests.cdr.written import line
from tests.docs.pages import BLOCKS
from tests.docs.surroundings import CLIENTS, EXAMPLE, FRIDAY, ship, typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.postgres import Postgres

SH = [block.text for block in BLOCKS if block.page == "docs/backup.md" and block.language == "sh"]
SQLITE_BACKUP, POSTGRES_BACKUP, FILES, SQLITE_RESTORE, POSTGRES_RESTORE, RECONCILE, UPGRADE, DOWNGRADE = SH
HOUR = 3600.0


class Site:
    """A company's folder and its database, whichever it is."""

    def __init__(self, folder: Path, url: str, more: dict[str, str]) -> None:
        self.folder = folder
        self.url = url
        self.is_sqlite = url.startswith("sqlite:")
        self.cdr = folder / "callrouter.csv"
        self.environment = more | {"CALLROUTER_DATABASE_URL": url, "CALLROUTER_CDR_FILE": str(self.cdr)}

    def type(self, text: str, code: int = 0) -> str:
        """Type it; return what is answered."""
        done = typed(text, self.folder, **self.environment)
        assert done.returncode == code, done.stdout
        return done.stdout

    def asks(self, command: str) -> Any:
        """Return what a reading command has to say."""
        with redirect_stdout(StringIO()) as said:
            assert cli.run([*command.split(), "--json"]) == 0
        return json.loads(said.getvalue())

    def told(self) -> tuple[Any, ...]:
        """Return all that is told of the Friday: figures, calls, whose the clients are, who is lost."""
        day = "--from 2026-11-20 --to 2026-11-21"
        asked = (f"lcr {day}", f"calls list {day}", "clients show +79161234567", "scheme history")
        return tuple(self.asks(one) for one in asked)

    def calls(self, *hours: float) -> None:
        """Let two calls come at each of these hours, and a worker write them down."""
        asyncio.run(ship(self.folder, self.url, *(FRIDAY + hour * HOUR for hour in hours)))

    def damage(self) -> None:
        """Make it useless."""
        if self.is_sqlite:
            (self.folder / "callrouter.db").write_bytes(b"gone" * 9999)
        else:
            self.type('psql -q -c "DROP TABLE calls CASCADE" "$CALLROUTER_DATABASE_URL"')
        assert cli.run(["calls", "list"]) == 2


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of an empty database called callrouter, and what PostgreSQL's own programs have to know."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/callrouter.db", {}
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.sql("CREATE DATABASE callrouter TEMPLATE template0")
    url = urlsplit(postgres.url("callrouter"))
    yield url.geturl(), {"PGHOST": str(url.hostname), "PGPORT": str(url.port), "PGUSER": str(url.username)}
    postgres.drop(url.geturl())


@pytest.fixture
def site(database: tuple[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A company with a scheme and clients."""
    made = Site(tmp_path, *database)
    (tmp_path / "scheme.toml").write_text(EXAMPLE, "utf-8")
    (tmp_path / "clients.csv").write_text(CLIENTS, "utf-8")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CALLROUTER_")]:
        monkeypatch.delenv(name)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    for command in ("db upgrade", "scheme apply scheme.toml", "clients import clients.csv"):
        assert cli.run(command.split()) == 0
    return made


@pytest.fixture
def backup(site: Site) -> str:
    """The page's block."""
    return SQLITE_BACKUP if site.is_sqlite else POSTGRES_BACKUP


@pytest.fixture
def restore(site: Site) -> str:
    """The page's block."""
    return SQLITE_RESTORE if site.is_sqlite else POSTGRES_RESTORE


def test_what_was_backed_up_is_restored(site: Site, backup: str, restore: str) -> None:
    """Whatever happened to the database, figures, calls, clients and schemes are those of the backup; twice, too."""
    site.calls(0, 1, 2)
    before = site.told()
    assert before[0]["calls"] == 6
    for _ in range(2):
        site.type(backup)
        site.damage()
        site.type(restore)
        assert site.told() == before


def test_what_came_after_the_backup_is_in_the_journal(site: Site, backup: str, restore: str) -> None:
    """The journal was left as it was: the next life of the worker brings its calls back, each once."""
    site.calls(0)
    site.type(backup)
    site.calls(1, 2)
    whole = site.told()
    site.type(restore)
    assert site.told()[0]["calls"] == 2
    site.calls()
    assert site.told() == whole


def test_what_no_journal_has_comes_from_asterisks_records(
    site: Site, backup: str, restore: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the journal the calls since are rows again by `reconcile`: the fallback's at once, the router's soon."""
    site.calls(0)
    site.type(backup)
    site.calls(1)
    at = FRIDAY + HOUR
    times = {"start": f"{at:.6f}", "answer": "0.000000", "end": f"{at + 9:.6f}", "disposition": "NO ANSWER"}
    site.cdr.write_bytes(
        line(uniqueid=f"{at:.0f}.1", callrouter_by="router", **times)
        + line(uniqueid=f"{at:.0f}.7", callrouter_by="fallback", callrouter_end="no_answer", **times)
    )
    shutil.rmtree(site.folder / "var" / "journal")
    site.type(restore)
    assert "1 rows made of records" in site.type(RECONCILE, code=1)
    present = opening.now() + 20
    monkeypatch.setattr(opening, "now", lambda: present)
    assert cli.run(["reconcile"]) == 0
    found = site.asks("calls list --from 2026-11-20 --to 2026-11-21")
    assert [(one["asterisk_id"], one["outcome"]) for one in found][2:] == [
        (f"{at:.0f}.1", "lost"),
        (f"{at:.0f}.7", "lost"),
    ]


def test_the_rest_of_the_files(site: Site) -> None:
    """The password and the exports are in the archive, the journal and the lock are not."""
    site.calls(0)
    (site.folder / "var" / "ari-password").write_text("secret", "utf-8")
    (site.folder / "var" / "callrouter.lock").write_text("1", "utf-8")
    site.type("callrouter export --date 2026-11-20")
    site.type(FILES)
    kept = site.type("tar -tf callrouter-files.tar.gz").split()
    assert {"var/ari-password", "var/exports/calls-2026-11-20.csv"} <= set(kept)
    assert [name for name in kept if "journal" in name or "lock" in name] == []


def test_up_back_and_up_again(site: Site, backup: str) -> None:
    """The page's ways of upgrading and going back, one after the other: no call, client or scheme is lost on them."""
    site.calls(0, 1)
    before = site.told()
    site.type(backup)
    older = DOWNGRADE.split()[3]
    assert older in schema.revisions()[:-1]
    assert f"-> {older}" in site.type(DOWNGRADE)
    assert cli.run(["db", "check"]) == 2
    assert f"schema {older} -> {schema.newest()}" in site.type(UPGRADE)
    figures, *rest = site.told()
    assert rest == list(before[1:])
    assert (figures["calls"], figures["lost"]) == (before[0]["calls"], before[0]["lost"])
    for command, code in (("downgrade 0001", 1), ("downgrade 9999 --yes", 2), ("check", 0)):
        assert cli.run(["db", *command.split()]) == code
