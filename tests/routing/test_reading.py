"""The scheme document with everything in it: what it says, and every fault of what it may not say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.routing.test_scheme import EXAMPLE, faults

FULL = EXAMPLE.with_name("full.toml")
TEXT = FULL.read_text("utf-8")
WRITTEN = Path(__file__).with_name("faults_full.txt").read_text("utf-8")
CASES = [
    tuple(part.replace("⏎", "\n") for part in case)
    for case in re.findall(r"^- (.*)\n\+ ?(.*)\n= (.*)$", WRITTEN, re.MULTILINE)
]


def changed(old: str, new: str) -> str:
    """Return the example with a change that is made exactly once."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_each_change_is_a_case() -> None:
    """No case of the file is passed over."""
    assert len(CASES) == WRITTEN.count("\n= ")


@pytest.mark.parametrize(("old", "new", "fault"), CASES)
def test_a_fault_says_where_it_is_and_what_was_meant(old: str, new: str, fault: str) -> None:
    """Each fault alone has one line with its path, its cause and, where one is near, the right word."""
    assert faults(changed(old, new)) == [fault]
