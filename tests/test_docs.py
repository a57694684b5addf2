"""The documentation, kept true: commands, options, settings, links and files that it names exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from callrouter.cli import root
from callrouter.settings import Settings
from tests.demo.closing import GOING_ON

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text("utf-8") for page in PAGES} | {"demo": GOING_ON}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
FOLDERS = ("callrouter", "dialplan", "docs", "migrations", "tests")
MADE = {"callrouter.conf", "callrouter.toml", "callrouter.db", "callrouter-fallback.conf"}
"""Named, but not files of ours here: they are made, or lie beside Asterisk's."""


def spoken(text: str) -> Iterator[str]:
    """Yield every command line a page shows, without its comment."""
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    lines += INLINE.findall(BLOCK.sub("", text))
    lines += text.splitlines() if "```" not in text and "`callrouter " not in text else []
    for line in lines:
        for part in re.split(r"&&|\|", line.partition("#")[0]):
            if re.match(r"\s*callrouter [a-z]", part):
                yield part.strip()


def unknown(line: str) -> list[str]:
    """Return what the command line does not know of this: the command, an option."""
    command: click.Command = root
    known: set[str] = set()
    words = shlex.split(line)[1:]
    for word in words:
        if word.startswith("-") and word != "-":
            if word.partition("=")[0] not in known:
                return [f"{line}: {word}"]
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word.rstrip(",.:"))
            if found is None:
                return [f"{line}: {word}"]
            command = found
            known = {name for option in command.params for name in option.opts} | {"--help", "-h"}
    return []


@pytest.mark.parametrize("page", TEXTS)
def test_every_command_and_option_exists(page: str) -> None:
    """What a page tells the reader to type is understood."""
    assert [fault for line in spoken(TEXTS[page]) for fault in unknown(line)] == []


def test_the_pages_do_show_commands() -> None:
    """The test above has something to look at, and sees a wrong one."""
    assert sum(len(list(spoken(text))) for text in TEXTS.values()) > 60
    assert len(list(spoken(TEXTS["demo"]))) >= 7
    assert unknown("callrouter lcr --rows --bye day") == ["callrouter lcr --rows --bye day: --bye"]
    assert unknown("callrouter call list") == ["callrouter call list: call"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_resolves(page: Path) -> None:
    """A relative link leads to a file of this repository."""
    links = [link for link in LINK.findall(BLOCK.sub("", page.read_text("utf-8"))) if not re.match(r"https?:", link)]
    assert [link for link in links if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", TEXTS)
def test_every_file_that_is_named_exists(page: str) -> None:
    """A path in code marks, from the root or from the package, is there."""
    names = re.findall(rf"(?<![\w/~.-])(?:{'|'.join(FOLDERS)}|core|ari|store|routing|cli)/[\w./*-]*\w", TEXTS[page])
    missing = [name for name in names if not any(list(base.glob(name)) for base in (ROOT, ROOT / "callrouter"))]
    assert [name for name in missing if Path(name).name not in MADE] == []


def test_every_setting_is_documented_with_its_default() -> None:
    """The table of docs/operations.md is the settings, no more and no less."""
    rows = re.findall(r"^\| `([A-Z_`, ]+)` \| (?:`([^`]+)`|none) \|", TEXTS["docs/operations.md"], re.MULTILINE)
    shown = {name: default or None for name, default in rows}
    assert shown.keys() == {name.upper() for name in Settings.model_fields}
    for name, default in shown.items():
        value = Settings.model_fields[name.lower()].default
        if name == "DATABASE_URL":
            value = value.get_secret_value()
        told = ":".join(map(str, value)) if isinstance(value, tuple) else value
        assert default == (None if told is None else str(told)), name


def test_the_ladder_of_the_readme_is_a_real_one() -> None:
    """The transcript has the rungs in their order, as the demo prints them."""
    block = next(block for block in BLOCK.findall(TEXTS["README.md"]) if block.startswith("Call "))
    assert re.findall(r"-> (?:hang up [^;]*; )?ring ([^[\n]*?)(?:   |\n)", block) == [
        "Анна",
        "Борис, Вера",
        "Глеб",
        "Ирина",
    ]


SAID = re.compile(r"`(?:tests/(?P<folder>\w+)/)?(?P<file>test_\w+\.py)::(?P<test>test_\w+)`")


def not_there(sentence: str) -> list[str]:
    """Return those of the tests a sentence names that are not there; one of tests/real needs no folder."""
    missing = []
    for found in SAID.finditer(sentence):
        places = [ROOT / "tests" / (found["folder"] or "real") / found["file"], ROOT / "tests" / found["file"]]
        text = next((place.read_text("utf-8") for place in places if place.exists()), "")
        if f"def {found['test']}(" not in text:
            missing.append(found[0])
    return missing


def test_every_sentence_on_reliability_names_its_test() -> None:
    """What the operator is told of a disaster is shown by a test that exists."""
    page = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    sentences = [line for line in page.splitlines() if line.startswith("- ")]
    assert len(sentences) > 40
    assert [sentence for sentence in sentences if not SAID.search(sentence)] == []
    assert [name for sentence in sentences for name in not_there(sentence)] == []
