"""The root of the command line: quick, and without tracebacks."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from callrouter import __version__
from callrouter.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Said

HEAVY = ("sqlalchemy", "aiohttp", "rich", "structlog", "pydantic", "orjson", "phonenumbers")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["calls", "--help"], ["lcr", "--help"], ["db", "-h"]])
def test_help_imports_click_and_the_standard_library_only(arguments: list[str]) -> None:
    """Help and version are there at once: nothing heavy is imported for them."""
    program = (
        "import sys\nfrom callrouter.cli import run\ncode = run(sys.argv[1:])\n"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version(run: Callable[..., Said]) -> None:
    """`--version` names the program and its version."""
    assert run("--version").out == f"callrouter, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["calz"], "error: No such command 'calz'"),
        (["lcr", "--by", "moon"], "error: Invalid value for '--by'"),
        (["calls", "show"], "error: Missing argument 'ID'"),
        (["calls", "list"], "error: the database sqlite:///callrouter.db is empty: run `callrouter db upgrade`"),
        (["db", "check"], "error: the database sqlite:///callrouter.db is empty: run `callrouter db upgrade`"),
    ],
)
def test_a_mistake_is_a_line_and_2(run: Callable[..., Said], arguments: list[str], message: str) -> None:
    """What is wrong is said on one line of stderr, and nothing on stdout."""
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(message)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "code", "message"),
    [
        ("DATABASE_URL", "postgresql://x:secret@127.0.0.1:1/z", 3, "is away"),
        ("DATABASE_URL", "sqlite:////nowhere/x.db", 2, "refused: unable to open database file"),
        ("DATABASE_URL", "mysql://secret", 2, "DATABASE_URL is not sqlite:///FILE"),
        ("DATABASE_URI", "secret", 2, "CALLROUTER_DATABASE_URI: there is no such setting (did you mean DATABASE_URL?)"),
        ("APP", "other", 2, "CALLROUTER_APP: has to begin with callrouter"),
    ],
)
def test_a_wrong_setting_or_server(
    run: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int, message: str
) -> None:
    """Ours is 2, theirs is 3; secrets are not repeated."""
    monkeypatch.setenv(f"CALLROUTER_{name}", value)
    said = run("db", "check")
    assert said.code == code
    assert message in said.err
    assert "secret" not in said.err
    assert "Traceback" not in said.err


def test_the_schema(run: Callable[..., Said]) -> None:
    """`upgrade` says from where to where, `check` that it is up to date."""
    assert run("db", "upgrade").err == f"sqlite:///callrouter.db: schema empty -> {schema.newest()}\n"
    assert run("db", "upgrade").err == f"sqlite:///callrouter.db: schema {schema.newest()} is up to date\n"
    assert (run("db", "check").code, run("db", "check").out) == (0, "")


def test_who_has_seen_enough(tmp_path: Path) -> None:
    """A reader that closes the pipe ends the command quietly."""
    command = f"{sys.executable} -m callrouter.cli"
    script = f"cd {tmp_path} && {command} db upgrade && {command} lcr | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
