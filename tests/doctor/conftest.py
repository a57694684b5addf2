"""`pytest tests/doctor --rewrite-doctor` writes the table of docs/doctor.md anew, to be reviewed as a diff."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag."""
    parser.addoption("--rewrite-doctor", action="store_true", help="write the table of docs/doctor.md anew")


@pytest.fixture
def is_rewriting(request: pytest.FixtureRequest) -> bool:
    """Whether the table is to be written anew."""
    return bool(request.config.getoption("--rewrite-doctor", default=False))
