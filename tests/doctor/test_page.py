"""docs/doctor.md has every line the doctor can say, with every mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callrouter.doctor import wanted
from callrouter.doctor.examination import CHECKS
from callrouter.doctor.finding import Check

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
HEAD = "## What is looked at\n\n"


def table() -> str:
    """Return the table as the checks have it."""
    rows = ["| line | what has to be so | else |", "|---|---|---|"]
    for check in CHECKS:
        own = [fault for fault in check.faults.values() if fault is not wanted.UNREAD]
        faults = "<br>".join(f"{fault.state}: {fault.mend}" for fault in own)
        rows.append(f"| `{check.name}` | {check.about} | {faults} |")
    return "\n".join(rows) + "\n"


def test_the_page_has_every_line_and_every_mend(is_rewriting: bool) -> None:
    """The table is written from the checks; `--rewrite-doctor` writes it anew."""
    before, head, _ = PAGE.read_text("utf-8").partition(HEAD)
    assert head
    if is_rewriting:
        PAGE.write_text(f"{before}{head}{table()}", "utf-8")
    assert PAGE.read_text("utf-8") == f"{before}{head}{table()}"


def test_names_are_told_apart() -> None:
    """No two checks have one name, and none ends a row of the table."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert "|" not in "".join(check.name + check.about for check in CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_fault_says_what_to_do(check: Check) -> None:
    """With the names that its line has, and those that its mend asks for."""
    for which, fault in check.faults.items():
        names = dict.fromkeys(re.findall(r"\{(\w+)\}", check.name + fault.mend), "101")
        found = check.fault(which, "seen", **names)
        assert found.state in ("warn", "fail", "unknown")
        assert found.mend
        assert "{" not in found.check + found.mend
