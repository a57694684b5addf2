"""The README's first command does what the README shows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_the_demo_is_as_in_the_readme() -> None:
    """`make demo` routes its calls as the phones saw them, and the call of the README's transcript is one of them."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "demo"],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    title, *_ = (ROOT / "README.md").read_text(encoding="utf-8").split("```text\n")[1].splitlines()
    assert title in done.stdout
