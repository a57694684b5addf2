"""`callrouter scheme` and `callrouter dialplan`, as a user types them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from callrouter.cli import run
from callrouter.cli.opening import now
from callrouter.core.words import PersonId
from callrouter.routing.fallback import revision_of
from callrouter.store import clients as book, schemes
from callrouter.store.database import Database
from tests.routing.test_scheme import TEXT, changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WITHOUT_VERA = (
    ('vera  = {name = "Вера Ильина",    phones = ["PJSIP/103"]}\n', ""),
    ('"boris", "vera"]', '"boris"]'),
)
Told = tuple[int, str, str]
"""Exit code, stdout, stderr."""


@pytest.fixture
def callrouter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Return the command, in an empty folder with an upgraded database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLROUTER_DATABASE_URL", f"sqlite:///{tmp_path}/callrouter.db")
    monkeypatch.setenv("CALLROUTER_DATA_DIR", str(tmp_path / "var"))

    def command(*arguments: str) -> Told:
        capfd.readouterr()
        code = run(list(arguments))
        told = capfd.readouterr()
        return code, told.out, told.err

    assert command("db", "upgrade")[0] == 0
    (tmp_path / "scheme.toml").write_text(TEXT, "utf-8")
    return command


def give(tmp_path: Path, number: str, person: str) -> None:
    """Make a client whose responsible is this person."""

    async def work() -> None:
        database = Database(f"sqlite:///{tmp_path}/callrouter.db")
        async with database.writing() as connection:
            client = await book.create(connection, book.Card(name=number), now(), "imported")
            await book.add_numbers(connection, [(client, number, number)])
            await book.assign(connection, client, PersonId(person), now(), "imported")
        await database.close()

    asyncio.run(work())


def whose(callrouter: Callable[..., Told], number: str) -> list[tuple[str, bool]]:
    """Return the client's responsibles: who, and whether he still is."""
    _, out, _ = callrouter("clients", "show", number, "--json")
    return [(one["person"], one["until"] is None) for one in json.loads(out)["responsibles"]]


def test_before_the_first_document_each_command_says_what_to_do(callrouter: Callable[..., Told]) -> None:
    """Nothing is in force yet: no traceback, exit 2, and the way on."""
    said = "error: there is no scheme yet: run `callrouter scheme apply FILE` first\n"
    assert callrouter("scheme", "show") == (2, "", said)
    assert callrouter("scheme", "rollback", "1") == (2, "", said)
    assert callrouter("dialplan", "render") == (2, "", said)
    assert callrouter("scheme", "history", "--json") == (0, "[]\n", "")


def test_a_document_is_planned_applied_and_shown_byte_for_byte(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """Plan says what is new, apply puts it in force once, show gives the same bytes back."""
    content = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    (tmp_path / "scheme.toml").write_bytes(content)
    code, out, err = callrouter("scheme", "plan", "scheme.toml", "--check")
    assert (code, out.count("\n"), err) == (1, 11, "11 changes against no scheme\n")
    code, out, err = callrouter("scheme", "apply", "scheme.toml", "--comment", "the first")
    assert (code, out) == (0, "")
    assert "change: people.anna: new (name Анна Петрова, phones PJSIP/101)\n" in err
    assert "\nrevision 1 is in force\n" in err
    assert callrouter("scheme", "plan", "scheme.toml", "--check") == (0, "", "0 changes against revision 1\n")
    code, _, err = callrouter("scheme", "apply", "scheme.toml")
    assert (code, err.splitlines()[0]) == (0, "revision 1 has these bytes and is in force already: nothing to do")
    _, out, _ = callrouter("scheme", "history", "--json")
    (only,) = json.loads(out)
    assert (only["revision"], only["comment"], len(only["sha256"])) == (1, "the first", 64)
    assert callrouter("scheme", "show")[1].encode() == content
    assert json.loads(callrouter("scheme", "show", "--json")[1])["document"] == content.decode("utf-8-sig")


def test_a_wrong_document_is_refused_with_every_fault(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """Each fault has its line, the sum is the last one, and nothing is applied."""
    wrong = changed(('department = "sales"', 'department = "sale"'), ('"PJSIP/102"', '"102"'))
    (tmp_path / "wrong.toml").write_text(wrong, "utf-8")
    said = """\
wrong.toml: people.boris.phones[1]: a phone is written TECH/resource, such as "PJSIP/101" (did you mean "PJSIP/102"?)
wrong.toml: lines."+74951234567".department: no department is called "sale" (did you mean "sales"?)
error: wrong.toml: 2 faults, nothing applied
"""
    assert callrouter("scheme", "plan", "wrong.toml") == (2, "", said)
    assert callrouter("scheme", "apply", "wrong.toml") == (2, "", said)
    assert callrouter("scheme", "apply", "none.toml") == (2, "", "error: none.toml: No such file or directory\n")
    assert callrouter("scheme", "history", "--json")[1] == "[]\n"


def test_a_change_is_planned_for_scripts_and_for_people(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """The same changes and warnings as JSON and as lines; layout alone is told as such."""
    callrouter("scheme", "apply", "scheme.toml")
    oleg = ("[company]", 'oleg = {name = "Олег", phones = ["PJSIP/130"]}\n[company]')
    (tmp_path / "next.toml").write_text(changed(oleg), "utf-8")
    code, out, _ = callrouter("scheme", "plan", "next.toml", "--json")
    odd = "rings only for clients who are his own: no step of any line's ladder means this person otherwise"
    assert (code, json.loads(out)) == (
        0,
        {
            "revision": 1,
            "changes": [{"path": "people.oleg", "said": "new (name Олег, phones PJSIP/130)"}],
            "warnings": [{"path": "people.oleg", "said": odd}],
            "removed_with_clients": {},
            "for_callers": [],
            "not_compared": [],
        },
    )
    assert callrouter("scheme", "plan", "next.toml", "--check") == (
        1,
        "people.oleg: new (name Олег, phones PJSIP/130)\n",
        f"warning: people.oleg: {odd}\n1 change against revision 1; no caller would notice in the coming week\n",
    )
    (tmp_path / "next.toml").write_text(f"# a comment\n{TEXT}", "utf-8")
    code, out, _ = callrouter("scheme", "plan", "next.toml", "--check")
    assert (code, out) == (1, "document: only comments, order or layout differ\n")


def test_a_person_with_clients_is_not_removed_silently(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """Who gets the clients has to be said, must be in the new scheme, and gets them in the same step."""
    callrouter("scheme", "apply", "scheme.toml")
    give(tmp_path, "+79161234567", "vera")
    (tmp_path / "next.toml").write_text(changed(*WITHOUT_VERA), "utf-8")
    _, _, err = callrouter("scheme", "plan", "next.toml")
    assert "warning: people.vera: has 1 client: apply needs --clients-to PERSON or nobody\n" in err
    code, _, err = callrouter("scheme", "apply", "next.toml")
    assert code == 2
    assert err == (
        "error: people who have clients would be removed: vera (1); "
        "say who gets them with --clients-to PERSON, or --clients-to nobody; nothing applied\n"
    )
    code, _, err = callrouter("scheme", "apply", "next.toml", "--clients-to", "borris")
    said = 'error: --clients-to: the new scheme has no person "borris" (did you mean "boris"?); nothing applied\n'
    assert (code, err) == (2, said)
    assert len(json.loads(callrouter("scheme", "history", "--json")[1])) == 1
    code, _, err = callrouter("scheme", "apply", "next.toml", "--clients-to", "boris")
    assert (code, "clients of vera: 1 now boris's\n" in err) == (0, True)
    assert whose(callrouter, "+79161234567") == [("vera", False), ("boris", True)]


def test_a_rollback_is_a_new_revision_with_the_old_bytes(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """History only grows; a rollback to what is in force does nothing; it too minds people with clients."""
    callrouter("scheme", "apply", "scheme.toml")
    oleg = ("[company]", 'oleg = {name = "Олег", phones = ["PJSIP/130"]}\n[company]')
    (tmp_path / "next.toml").write_text(changed(oleg), "utf-8")
    callrouter("scheme", "apply", "next.toml")
    give(tmp_path, "+79161234567", "oleg")
    assert callrouter("scheme", "rollback", "1")[0] == 2
    assert callrouter("scheme", "rollback", "9") == (2, "", "error: there is no revision 9; there are 1 to 2\n")
    assert callrouter("scheme", "rollback", "1", "--clients-to", "nobody")[0] == 0
    assert callrouter("scheme", "show")[1] == callrouter("scheme", "show", "--revision", "1")[1] == TEXT
    assert whose(callrouter, "+79161234567") == [("oleg", False)]
    _, out, _ = callrouter("scheme", "history")
    assert [line.split("\t")[::4] for line in out.splitlines()] == [
        ["revision", "comment"],
        ["1", ""],
        ["2", ""],
        ["3", "rollback to revision 1"],
    ]
    assert "nothing to do" in callrouter("scheme", "rollback", "3")[2]


def test_a_revision_that_is_no_longer_accepted_does_not_keep_a_better_one_out(
    callrouter: Callable[..., Told], tmp_path: Path
) -> None:
    """A document of another version of callrouter is in force: it can be replaced, and a rollback to it is refused."""

    async def work() -> None:
        database = Database(f"sqlite:///{tmp_path}/callrouter.db")
        async with database.writing() as connection:
            await schemes.apply(connection, b"version = 0\n", now())
        await database.close()

    asyncio.run(work())
    assert callrouter("scheme", "plan", "scheme.toml", "--check")[0] == 1
    assert callrouter("scheme", "apply", "scheme.toml")[0] == 0
    code, _, err = callrouter("scheme", "rollback", "1")
    assert (code, err.splitlines()) == (
        2,
        [
            "revision 1: version: this callrouter reads version 1 only: write version = 1",
            "error: revision 1: 1 fault, nothing applied",
        ],
    )


def test_postgresql_keeps_the_same_bytes(
    callrouter: Callable[..., Told], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the production database the document is planned, applied and shown as on SQLite."""
    monkeypatch.setenv("CALLROUTER_DATABASE_URL", postgres_url)
    assert callrouter("db", "upgrade")[0] == 0
    assert callrouter("scheme", "plan", "scheme.toml", "--check")[0] == 1
    assert callrouter("scheme", "apply", "scheme.toml")[0] == 0
    assert callrouter("scheme", "show")[1] == TEXT


def test_the_fallback_is_rendered_and_its_age_is_told(callrouter: Callable[..., Told], tmp_path: Path) -> None:
    """On stdout or into a file; `apply` says when that file is no longer of the scheme in force."""
    _, _, err = callrouter("scheme", "apply", "scheme.toml")
    assert err.splitlines()[-1].startswith("fallback: no rendered fallback is known: callrouter dialplan render --out ")
    _, out, _ = callrouter("dialplan", "render")
    assert revision_of(out) == 1
    file = tmp_path / "callrouter-fallback.conf"
    code, nothing, err = callrouter("dialplan", "render", "--out", "callrouter-fallback.conf")
    assert (code, nothing) == (0, "")
    assert err == 'callrouter-fallback.conf is written; now: asterisk -rx "dialplan reload"\n'
    assert file.read_text("utf-8") == out
    assert "fallback" not in callrouter("scheme", "apply", "scheme.toml")[2]
    (tmp_path / "next.toml").write_text(changed(('"Сайт"', '"Почта"')), "utf-8")
    way = f'callrouter dialplan render --out {file}, then asterisk -rx "dialplan reload"'
    assert callrouter("scheme", "apply", "next.toml")[2].endswith(f"\nfallback: {file} is of revision 1: {way}\n")
    file.write_text("; mine\n", "utf-8")
    assert callrouter("scheme", "apply", "next.toml")[2].endswith(f"\nfallback: {file} is none of ours: {way}\n")
    file.unlink()
    assert "no rendered fallback is known" in callrouter("scheme", "apply", "next.toml")[2]


def test_a_fallback_that_cannot_be_written_is_told(callrouter: Callable[..., Told]) -> None:
    """A folder that is not there is named, exit 2."""
    callrouter("scheme", "apply", "scheme.toml")
    code, _, err = callrouter("dialplan", "render", "--out", "nowhere/x.conf")
    assert (code, err) == (2, "error: nowhere/x.conf: No such file or directory\n")
