"""The document in force, edited by short cuts, tested before it is applied, and rolled back byte for byte."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from callrouter.cli import applying, planning, run
from callrouter.cli.scheme import apply_content, revision_in_force
from callrouter.core.errors import CallrouterError
from callrouter.store import schemes
from callrouter.store.database import Database
from tests.cli.conftest import SCHEME, apply
from tests.routing.documents import documents, toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

COMMENTED = "\ufeff# ours\n" + SCHEME.replace("[departments]", "# teams\n[departments]   # all of them").replace(
    "\n", "\r\n"
)
TEST = """[[tests]]
name = "{}"
line = "+74951234567"
from = "+79161234567"
at = "2026-11-20 12:00"
expect = {{rings = [["anna", "boris"], ["{}"]]}}
"""


@pytest.fixture
def edit(ready: Callable[..., Said]) -> Callable[..., Said]:
    """The command line, with a commented document in force."""
    asyncio.run(apply(COMMENTED))
    return ready


def shown(edit: Callable[..., Said]) -> str:
    """Return the document in force."""
    document: str = edit("scheme", "show", "--json").json["document"]
    return document


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("lines add +74951230000 --name Почта --department sales", '"+74951230000" = {name = "Почта", department = '),
        ("departments add support --member boris --member gleb --head anna",
         'support = {members = ["boris", "gleb"], head = "anna"}'),
        ("departments member add sales gleb", 'members = ["anna", "boris", "gleb"]'),
        ("departments member remove sales boris", 'members = ["anna"]'),
        ("people add oleg --name Олег --phone PJSIP/1 --phone PJSIP/2", 'oleg = {name = "Олег", phones = ["PJSIP/1", '),
        ("people add oleg --name Олег --phone PJSIP/1 --department sales", '"boris", "oleg"], head = "gleb"}'),
        ("people remove boris", 'sales = {name = "Отдел продаж", members = ["anna"], head = "gleb"}'),
    ],
)  # fmt: skip
def test_a_short_cut_changes_just_its_entry(edit: Callable[..., Said], command: str, line: str) -> None:
    """The rest stays as it was, comments and all; the history says what was done and why."""
    said = edit(*command.split(), "--comment", "because")
    assert (said.code, "revision 2 is in force" in said.err) == (0, True)
    after = shown(edit)
    assert line in after
    lost = {*COMMENTED.removeprefix("\ufeff").splitlines()} - {*after.splitlines()}
    assert all(one.startswith(("sales", "boris")) for one in lost)
    assert edit("scheme", "history", "--json").json[-1]["comment"] == f"{command.split(' --', maxsplit=1)[0]}: because"


def test_what_is_taken_out_is_gone(edit: Callable[..., Said]) -> None:
    """A line, and a department that nothing needs."""
    edit("departments", "add", "support", "--member", "boris")
    assert edit("departments", "remove", "support").code == 0
    assert edit("lines", "remove", "+74951234567").code == 0
    assert "support" not in shown(edit)
    assert "+7495" not in shown(edit)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("lines add +74951234567", "error: [lines] has '+74951234567' already; nothing applied"),
        ("lines remove +74951234568", "error: [lines] has no '+74951234568' (did you mean +74951234567?); nothing"),
        ("departments member add sale gleb", "error: [departments] has no 'sale' (did you mean sales?); nothing"),
        ("departments member add sales anna", "error: 'anna' is a member of 'sales' already; nothing applied"),
        ("departments member remove sales gleb", "error: 'gleb' is no member of 'sales'; nothing applied"),
        ("departments member add sales nobdy", "revision 1 with `departments member add sales nobdy`: departments."),
        ("departments remove sales", 'revision 1 with `departments remove sales`: lines."+74951234567".depart'),
        ("people remove gleb", "revision 1 with `people remove gleb`: departments.sales.head: no person is"),
    ],
)  # fmt: skip
def test_what_would_not_be_valid_is_refused(edit: Callable[..., Said], command: str, message: str) -> None:
    """By the validation of `apply`, and nothing is applied."""
    said = edit(*command.split())
    assert (said.code, said.err[: len(message)]) == (2, message)
    assert revision_in_force().revision == 1


def test_tables_of_their_own_are_added_as_such(ready: Callable[..., Said]) -> None:
    """Where people are written as tables, one more is a table; a section that is not there is made."""
    tables = (
        'version = 1\ntimezone = "Europe/Moscow"\ncountry = "RU"\n[people.anna]\nname = "A"\nphones = ["PJSIP/1"]\n'
    )
    asyncio.run(apply(tables))
    assert ready("people", "add", "oleg", "--name", "O", "--phone", "PJSIP/2").code == 0
    assert '[people.oleg]\nname = "O"\nphones = ["PJSIP/2"]\n' in shown(ready)
    assert ready("departments", "add", "sales", "--member", "oleg").code == 0
    assert "[departments]" in shown(ready)


def test_who_was_quicker_is_not_overwritten(edit: Callable[..., Said]) -> None:
    """An edit of a revision that is in force no longer is refused."""
    before = revision_in_force()
    assert edit("people", "add", "oleg", "--name", "O", "--phone", "PJSIP/1").code == 0
    with pytest.raises(CallrouterError, match="somebody has applied another document just now"):
        apply_content(before.document + b"# mine\n", "mine", None, None, onto=before)


async def test_of_two_at_once_one_is_refused(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the other document is applied, and its user is told."""
    monkeypatch.setenv("CALLROUTER_DATABASE_URL", postgres_url)
    assert await asyncio.to_thread(run, ["db", "upgrade"]) == 0
    database = Database(postgres_url)
    documents = (SCHEME.replace("Сайт", name).encode() for name in ("one", "other"))
    both = (applying.apply(database, document, "x", clients_to=None, comment=None) for document in documents)
    done = await asyncio.gather(*both, return_exceptions=True)
    said = [str(one) for one in done if isinstance(one, CallrouterError)]
    async with database.reading() as connection:
        count = len(await schemes.history(connection))
    await database.close()
    assert count == 2 - len(said)
    assert all(one.startswith("somebody has applied another document just now") for one in said)


def test_apply_refuses_when_a_test_fails(edit: Callable[..., Said]) -> None:
    """Beside the document or named; what would happen instead is shown; a rollback asks no tests."""
    Path("scheme.toml").write_text(SCHEME.replace("seconds = 10}", "seconds = 11}"), "utf-8")
    Path("scheme.tests.toml").write_text(TEST.format("good", "gleb") + TEST.format("wrong", "anna"), "utf-8")
    said = edit("scheme", "apply", "scheme.toml")
    assert (said.code, said.err) == (1, "error: scheme.tests.toml: 1 of 2 tests fail, nothing applied\n")
    assert said.out.splitlines()[:2] == [
        "FAIL  wrong",
        "      rings anna + boris, then gleb, not anna + boris, then anna",
    ]
    assert revision_in_force().revision == 1
    assert [one["ok"] for one in edit("scheme", "test", "scheme.toml", "--json").json] == [True, False]
    assert edit("scheme", "test", "scheme.toml").code == 1
    Path("other.toml").write_text(TEST.format("good", "gleb"), "utf-8")
    assert edit("scheme", "test", "scheme.toml", "--tests", "other.toml").err == "1 test, none failed\n"
    said = edit("scheme", "apply", "scheme.toml", "--tests", "other.toml", "--comment", "longer")
    assert (said.code, edit("scheme", "history", "--json").json[-1]["comment"]) == (0, "longer")
    assert edit("scheme", "rollback", "1", "--comment", "shorter").code == 0
    assert edit("scheme", "history", "--json").json[-1]["comment"] == "rollback to revision 1: shorter"


def test_tests_that_are_not_there_or_wrong_are_a_mistake(edit: Callable[..., Said]) -> None:
    """`test` needs them; `apply` needs those that are named; faults are told with their places."""
    Path("scheme.toml").write_text(SCHEME, "utf-8")
    assert edit("scheme", "test", "scheme.toml").err.startswith("error: there is no scheme.tests.toml: docs/routing.md")
    assert edit("scheme", "apply", "scheme.toml", "--tests", "no.toml").code == 2
    Path("scheme.tests.toml").write_text("[[tests]]\nname = 1\n", "utf-8")
    said = edit("scheme", "apply", "scheme.toml")
    assert (said.code, "scheme.tests.toml: tests[1].name: must be a string, in quotes" in said.err) == (2, True)
    unknown = TEST.format("line", "gleb").replace("+74951234567", "849")
    Path("scheme.tests.toml").write_text(unknown, "utf-8")
    assert edit("scheme", "test", "scheme.toml").out.splitlines() == ["FAIL  line", '      no line is called "849"']


def test_a_comparison_says_how_far_it_is_and_what_it_left_out(
    edit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A big document: after a second it is said, after a minute it ends."""
    Path("next.toml").write_text(SCHEME.replace("seconds = 10}", "seconds = 11}"), "utf-8")
    monkeypatch.setattr(planning, "_PATIENCE", -1.0)
    assert "compared for callers: 0 of 1 kinds of line, 0 s\n" in edit("scheme", "plan", "next.toml").err
    monkeypatch.setattr(planning, "_AT_MOST", 0.0)
    assert "warning: not compared for callers, for want of time: Сайт\n" in edit("scheme", "plan", "next.toml").err
    assert edit("scheme", "plan", "next.toml", "--json").json["not_compared"] == ["Сайт"]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents(), documents())
def test_a_rollback_restores_byte_for_byte(
    ready: Callable[..., Said], first: dict[str, object], second: dict[str, object]
) -> None:
    """Whatever the documents are, and however they are laid out."""
    written = ("\ufeff# one\r\n" + toml(first).replace("\n", "\r\n")).encode()
    Path("scheme.toml").write_bytes(written)
    assert ready("scheme", "apply", "scheme.toml").code == 0
    number = revision_in_force().revision
    Path("scheme.toml").write_text(toml(second), "utf-8")
    assert ready("scheme", "apply", "scheme.toml", "--clients-to", "nobody").code == 0
    assert ready("scheme", "rollback", str(number)).code == 0
    assert revision_in_force().document == written
