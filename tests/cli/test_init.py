"""`callrouter scheme init`: the document that a user starts from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callrouter.routing.scheme import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

LANGUAGES = pytest.mark.parametrize("language", ["ru", "en"])


@LANGUAGES
def test_the_document_to_start_from_is_valid(run: Callable[..., Said], language: str) -> None:
    """What is printed can be applied as it is: four people, a ladder, a line."""
    said = run("scheme", "init", "--language", language)
    assert (said.code, said.err) == (0, "")
    scheme = parse(said.out.encode())
    assert (len(scheme.people), len(scheme.ladders), len(scheme.lines)) == (4, 1, 1)
    assert scheme.company.language == language


@LANGUAGES
def test_its_examples_work_when_their_sign_is_taken_away(run: Callable[..., Said], language: str) -> None:
    """Every line that is commented out by a # without a space is right, all of them together."""
    said = run("scheme", "init", "--language", language)
    scheme = parse(re.sub(r"^#(?=\S|  \{)", "", said.out, flags=re.MULTILINE).encode())
    assert (len(scheme.ladders), len(scheme.rules), len(scheme.duties), len(scheme.prefixes)) == (3, 1, 1, 1)


def test_both_languages_show_the_same_keys(run: Callable[..., Said]) -> None:
    """Neither text lacks what the other has, but for the language itself."""
    keys = [
        set(re.findall(r"^#?\s*([a-z_]+) =", run("scheme", "init", "--language", language).out, re.MULTILINE))
        for language in ("ru", "en")
    ]
    assert keys[0] == keys[1]


def test_it_is_written_to_a_file(run: Callable[..., Said], tmp_path: Path) -> None:
    """The file has the same bytes, and applies."""
    said = run("scheme", "init", "scheme.toml")
    assert (said.code, said.out, said.err) == (
        0,
        "",
        "scheme.toml is written; now: callrouter scheme plan scheme.toml\n",
    )
    assert (tmp_path / "scheme.toml").read_text("utf-8") == run("scheme", "init").out
    assert run("db", "upgrade").code == 0
    assert run("scheme", "apply", "scheme.toml").code == 0


def test_a_file_that_is_there_is_not_overwritten(run: Callable[..., Said], tmp_path: Path) -> None:
    """The user's document is as it was, and he is told."""
    (tmp_path / "scheme.toml").write_text("mine", "utf-8")
    said = run("scheme", "init", "scheme.toml")
    assert (said.code, said.out, said.err) == (2, "", "error: scheme.toml is there already: name another file\n")
    assert (tmp_path / "scheme.toml").read_text("utf-8") == "mine"


def test_a_file_that_cannot_be_written_is_told(run: Callable[..., Said]) -> None:
    """A folder that is not there is the caller's mistake."""
    said = run("scheme", "init", str(Path("nowhere") / "scheme.toml"))
    assert (said.code, said.err) == (2, "error: nowhere/scheme.toml: No such file or directory\n")
