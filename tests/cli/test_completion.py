"""Completion in a real shell: what TAB offers, and that it is there at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_root import HEAVY

COMMAND = Path(sys.executable).parent / "callrouter"
TAB = """
eval "$(_CALLROUTER_COMPLETE=bash_source callrouter)"
complete -p callrouter > /dev/null
COMP_WORDS=({words}) COMP_CWORD={at} COMPREPLY=()
_callrouter_completion callrouter "{last}" "{before}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def tab(*words: str) -> list[str]:
    """Type these words into bash and press TAB behind the last one; return what is offered."""
    quoted = " ".join(f"'{word}'" for word in ("callrouter", *words))
    text = TAB.format(words=quoted, at=len(words), last=words[-1], before=("callrouter", *words)[-2])
    environment = os.environ | {"PATH": f"{COMMAND.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euc", text], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_and_options_are_offered() -> None:
    """A command by its beginning, the commands of a group, options, and the words an option takes."""
    assert tab("lo") == ["lost"]
    assert tab("lost", "s") == ["show", "snooze"]
    assert "--by" in tab("lcr", "--")
    assert {"hour", "person", "step"} <= set(tab("lcr", "--by", ""))


@pytest.mark.parametrize(
    ("shell", "says"), [("bash", "complete -o"), ("zsh", "#compdef callrouter"), ("fish", "complete --")]
)
def test_each_shell_has_its_script(shell: str, says: str) -> None:
    """What docs/operations.md puts into a file of the shell's."""
    environment = os.environ | {"_CALLROUTER_COMPLETE": f"{shell}_source"}
    done = subprocess.run([COMMAND], env=environment, capture_output=True, text=True, check=False)
    assert says in done.stdout


@pytest.mark.parametrize("words", ["callrouter ", "callrouter lost ", "callrouter lcr --"])
def test_nothing_heavy_is_imported_to_complete(words: str) -> None:
    """TAB waits for click and our own words only: no database, no network, no tables."""
    program = (
        "import sys\nfrom callrouter.cli import run\n"
        "try:\n    run([])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(', '.join(name for name in {HEAVY} if name in sys.modules))"
    )
    environment = os.environ | {
        "_CALLROUTER_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == "\n"
    assert "plain," in done.stdout
