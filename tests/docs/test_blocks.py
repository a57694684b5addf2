"""Every block of the pages is typed, or named with the test that does it; what is answered stands below it."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.docs import elsewhere
from tests.docs.pages import BLOCKS, ROOT, SHOWN, TYPED, Block
from tests.docs.surroundings import stand_ins, typed
from tests.test_docs import not_there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = [
    block
    for block in BLOCKS
    if block.language in TYPED and block.page not in elsewhere.PAGES and block.name not in elsewhere.BLOCKS
]
OF_A_COMPANY = {"docs/privacy.md", "docs/reports.md"}
"""Pages whose commands take clients and calls for granted."""


def turns(block: Block) -> Iterator[tuple[str, str | None]]:
    """Yield what is typed, each with what is answered; None: the page does not show it."""
    if block.language == "sh":
        yield block.text, None
    for command, answer in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        yield command, answer or None


@pytest.mark.parametrize("block", HERE, ids=lambda block: block.name)
def test_a_block_is_typed(block: Block, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Into a real shell; its commands succeed, or answer what the page shows."""
    folder = request.getfixturevalue("company" if block.page in OF_A_COMPANY else "example")
    more = stand_ins(tmp_path) | {"HOME": str(folder)}
    assert list(turns(block))
    for command, answer in turns(block):
        done = typed(command, folder, **more)
        if answer is None:
            assert done.returncode == 0, done.stdout
        else:
            assert done.stdout == answer


def test_every_block_says_what_it_is() -> None:
    """No block is without a language, and none of those that are not typed has a command in it."""
    assert [block.name for block in BLOCKS if block.language not in TYPED + SHOWN] == []
    shown = [block for block in BLOCKS if block.language in SHOWN]
    assert [block.name for block in shown if re.search(r"^(\$|callrouter|sudo) ", block.text, re.MULTILINE)] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language in SHOWN], ids=lambda block: block.name)
def test_what_is_shown_can_be_read(block: Block) -> None:
    """JSON, TOML and Python are what they are called."""
    match block.language:
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "python":
            compile(block.text, block.name, "exec")


def test_what_is_typed_elsewhere_is_there_and_is_typed() -> None:
    """The list has no page, block or test that is gone; a test of a whole page reads it."""
    pages = {block.page for block in BLOCKS if block.language in TYPED}
    assert elsewhere.PAGES.keys() <= pages
    assert elsewhere.BLOCKS.keys() <= {block.name for block in BLOCKS if block.language in TYPED}
    named = [*elsewhere.PAGES.values(), *elsewhere.BLOCKS.values(), *elsewhere.COMMANDS.values()]
    assert [test for _, test in named if not_there(f"`{test}`") or not (ROOT / test.partition("::")[0]).exists()] == []
    for page, (_, test) in elsewhere.PAGES.items():
        assert f'{page.rpartition("/")[2]}"' in (ROOT / test.partition("::")[0]).read_text("utf-8")


def test_there_are_blocks() -> None:
    """The tests above have something to type."""
    assert len(HERE) >= 7
    assert {block.language for block in HERE} == set(TYPED)
