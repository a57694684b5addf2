"""`pytest tests/core --rewrite-stories` writes the lower parts of the stories anew, to be reviewed as a diff."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag."""
    parser.addoption("--rewrite-stories", action="store_true", help="write the stories' transcripts anew")


@pytest.fixture
def rewriting(request: pytest.FixtureRequest) -> bool:
    """Whether stories are written anew; False when this folder was not named on the command line."""
    return bool(request.config.getoption("--rewrite-stories", default=False))
