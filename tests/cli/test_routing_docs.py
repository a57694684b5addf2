"""docs/routing.md, executed: what it shows is what the commands say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "routing.md").read_text("utf-8")
EXAMPLE = (DOCS / "examples" / "scheme.toml").read_text("utf-8")
SHOWN = [block.partition("\n") for block in re.findall(r"```console\n\$ callrouter (.*?)```", TEXT, re.DOTALL)]


@pytest.mark.parametrize(("command", "said"), [(command, said) for command, _, said in SHOWN])
def test_what_the_docs_show_is_what_is_said(ready: Callable[..., Said], command: str, said: str) -> None:
    """Every command of the page, in a folder with its example, says just that."""
    Path("scheme.toml").write_text(EXAMPLE, "utf-8")
    Path("next.toml").write_text(EXAMPLE.replace('  {ring = "head",        seconds = 10},\n', ""), "utf-8")
    assert ready("scheme", "apply", "scheme.toml").code == 0
    (tests,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    Path("scheme.tests.toml").write_text(tests, "utf-8")
    told = ready(*shlex.split(command))
    assert told.out + told.err == said
