"""The arrows between the packages point one way, and names say what things are."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "callrouter"
MAY: dict[str, set[str]] = {
    "core": set(),
    "routing": {"core"},
    "switchboard": {"core"},
    "reception": {"core", "routing", "memory"},
    "memory": {"core", "routing"},
    "directory": {"core"},
    "clock": {"core"},
    "lease": {"core", "store"},
    "pauses": {"core", "store"},
    "desks": {"core", "pauses"},
    "revisions": {"core", "pauses", "reception", "routing", "store"},
    "succession": {"core", "lease", "store"},
    "flood": {"core"},
    "heap": set(),
    "systemd": set(),
    "ari": {"core"},
    "agi": {"core", "routing"},
    "cdr": {"core"},
    "lookup": {"core", "routing"},
    "delivery": {"core"},
    "pbx": set(),
    "store": {"core", "routing", "ledger"},
    "ledger": {"core", "routing.calendar"},
    "report": {"core.outcome", "ledger", "store.queries"},
    "sim": {"core"},
    "replay": {"core", "sim"},
    "web": {"core.errors", "ledger", "store.queries"},
    "doctor": {"core", "routing", "ari", "agi", "lookup", "pbx", "store", "ledger.period", "jobs.due", "settings"},
}
"""Who may import whom inside the package, beside himself."""
EVERYTHING = {"cli", "service", "condition", "settings", "log", "jobs", "__init__", "__main__"}
CLASS = re.compile(r"Manager|Handler|Helper|Util|Base(?![a-z])|Abstract|Data(?![a-z])|Info(?![a-z])")
WORD = re.compile(r"^_*(process|do)_|(^|_)(manager|handler|helper|util|base|abstract|data|info)s?(_|$)")
THEIRS = {"process_bind_param", "process_result_value", "_write_sheet_data"}
"""Names of SQLAlchemy's and XlsxWriter's that we fill in."""
FILES = sorted(ROOT.rglob("*.py"))


def place(path: Path) -> str:
    """Return which part of the package a file belongs to: the folder or module at the top."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return every module a file imports, anywhere in it, with the names taken out of packages."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_allowed(inner: str, allowed: set[str]) -> bool:
    """Whether `store.queries.Calls` is one of these, or inside one of them."""
    return any(f"{inner}.".startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows(path: Path) -> None:
    """A file imports only what the table lets its part of the package import."""
    part = place(path)
    if part in EVERYTHING:
        return
    assert part in MAY, f"{part} is not in the table"
    fake = {"ari.messages"} if part == "sim" and path.stem.startswith("fake") else set()
    inner = {one.removeprefix("callrouter.") for one in imports(path) if one.startswith("callrouter.")}
    assert {one for one in inner if not is_allowed(one, MAY[part] | {part} | fake)} == set()


@pytest.mark.parametrize("path", sorted((ROOT / "core").rglob("*.py")), ids=lambda path: path.stem)
def test_core(path: Path) -> None:
    """The core imports the standard library and itself, and of that no clock and no chance."""
    outer = {one.split(".")[0] for one in imports(path)}
    assert outer <= sys.stdlib_module_names | {"callrouter"}
    assert not outer & {"time", "datetime", "random", "os", "asyncio", "socket", "logging", "uuid"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names(path: Path) -> None:
    """No class, function or module is called by a word that says nothing."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    words = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    empty = {name for name in classes if CLASS.search(name)}
    assert empty | {name for name in (words - THEIRS) | {path.stem} if WORD.search(name)} == set()


def test_table() -> None:
    """The table has no cycles: an arrow never comes back."""
    reach = {part: {one.split(".")[0] for one in to} for part, to in MAY.items()}
    for _ in reach:
        reach = {part: to.union(*(reach.get(one, set()) for one in to)) for part, to in reach.items()}
    assert not [part for part, to in reach.items() if part in to]
