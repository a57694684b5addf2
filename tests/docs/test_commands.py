"""Every command in the pages' sentences is typed, or named with the test that does it."""

from __future__ import annotations

import re
import shlex
import shutil
from typing import TYPE_CHECKING

import click
import pytest

from callrouter import cli
from tests.docs import elsewhere
from tests.docs.pages import ROOT, spoken
from tests.docs.surroundings import CLIENT, FRIDAY, call_at, stand_ins, typed

if TYPE_CHECKING:
    from pathlib import Path

SPOKEN = spoken()
MEANT = {
    r"\bNUMBER\b": CLIENT,
    r"\bPERSON\b": "anna",
    r"\bNAME\b": "Ромашка",
    r"\bFIGURE\b": "clients.ignored",
    r"--date D\b": "--date 2026-11-20",
    r"--out DIR\b": "--out exports",
    r"\brollback N\b": "rollback 1",
    r"\bcalls show ID\b": f"calls show {call_at(FRIDAY)[:12]}",
    r"\boutbox (\w+) ID\b": r"outbox \1 1",
    r"\binstall --etc (DIR|/etc/asterisk)": "install --etc asterisk --yes",
    r"--etc /etc/asterisk": "--etc asterisk",
    r"/etc/asterisk/": "asterisk/",
    r"\binit (--language en )?[\w.]+": r"init \1new.toml",
    r"--from-cdr (FILE|Master.csv)": "--from-cdr cdr.sql",
    r"--trunk PJSIP/mango --trunk from-gsm": "--trunk PJSIP/mango --trunk from-trunk",
    r"--out FILE": "--out fallback.conf",
    r"\bscheme apply FILE": "scheme apply next.toml",
    r"\bFILE\b": "scheme.toml",
}
"""What stands for a word in capitals, and for a place that is not here."""
ANSWERS = {
    "callrouter doctor": 1,
    "callrouter doctor --etc /etc/asterisk": 1,
    "callrouter serve --no-wait": 3,
}
"""The exit codes that are not 0: there is no Asterisk."""


def is_name(words: list[str]) -> bool:
    """Return whether it only names a group or a command, whose arguments are left out; raise what is wrong in it."""
    command: click.Command = cli.root
    context = click.Context(command, info_name="callrouter")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, parent=context, info_name=name)
    if isinstance(command, click.Group):
        return not words
    try:
        with command.make_context(command.name, list(words), parent=context.parent):
            return False
    except click.MissingParameter:
        return True
    except click.exceptions.Exit:  # --help
        return False


TYPED = {
    said: page
    for said, page in SPOKEN.items()
    if said not in elsewhere.COMMANDS and not said.startswith(("asterisk ", "make "))
}
"""Asterisk's own commands are asked of it in tests/real/test_spoken.py."""


def meant(said: str) -> str:
    """Return what is typed for it."""
    for pattern, word in MEANT.items():
        said = re.sub(pattern, word, said)
    return said


@pytest.mark.parametrize("said", TYPED)
def test_a_command_is_typed(
    said: str,
    company: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where a company has calls, clients, and somebody who is lost, it does what it has to; a mere name exists."""
    (company / "asterisk").mkdir()
    monkeypatch.setenv("CALLROUTER_ARI_URL", "http://127.0.0.1:1/ari")
    monkeypatch.setenv("CALLROUTER_ARI_PASSWORD", "secret")
    monkeypatch.setenv("CALLROUTER_AGI_BIND", "off")
    monkeypatch.setenv("CALLROUTER_HTTP_BIND", "off")
    if not re.fullmatch(r"callrouter [^|>&]*", said):
        done = typed(said, company, **stand_ins(tmp_path))
        assert done.returncode == 0, done.stdout
        return
    words = shlex.split(meant(said))[1:]
    if is_name(words):
        return
    assert cli.run(words) == ANSWERS.get(said, 0), "".join(capsys.readouterr())


@pytest.mark.parametrize("said", [said for said in SPOKEN if said.startswith("make ")])
def test_make_knows_it(said: str) -> None:
    """The Makefile has the target; `make test` and `make demo` are run by who hands the project in."""
    assert shutil.which("make")
    done = typed(f"make --dry-run {said.removeprefix('make ')}", ROOT)
    assert done.returncode == 0, done.stdout


def test_the_list_is_not_stale() -> None:
    """What is typed elsewhere, or answers otherwise, stands on a page."""
    assert elsewhere.COMMANDS.keys() <= SPOKEN.keys()
    assert ANSWERS.keys() <= SPOKEN.keys()


def test_a_wrong_command_is_seen() -> None:
    """An option that does not exist, a wrong value and a wrong name are faults; a name alone is none."""
    for wrong in ("lost take 42 anna --frm boris", "lcr --by moon", "calls liist", "scheme rollback one"):
        with pytest.raises(click.UsageError):
            is_name(shlex.split(wrong))
    assert [is_name(shlex.split(said)) for said in ("calls show", "clients", "calls list", "lost take 42 anna")] == [
        True,
        True,
        False,
        False,
    ]


def _examples(command: click.Command, context: click.Context) -> list[str]:
    found = re.findall(r"^  (callrouter .*?)(?: {2,}.*)?$", command.epilog or "", re.MULTILINE)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            one = command.get_command(context, name)
            assert one is not None
            found += _examples(one, click.Context(one, parent=context, info_name=name))
    return found


def test_the_examples_of_help_are_understood(company: Path) -> None:
    """Every example below a --help names commands and options that exist, with values that they take."""
    (company / "asterisk").mkdir()
    examples = _examples(cli.root, click.Context(cli.root))
    assert len(examples) > 30
    for line in examples:
        for part in re.split(r"&&|\|", line):
            if part.strip().startswith("callrouter "):
                assert not is_name(shlex.split(meant(part))[1:]), line
