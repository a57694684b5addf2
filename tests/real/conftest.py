"""The house that the tests of the routing rules share, one per test process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio

from tests.real.house import House, Street

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Remember that a test failed, for the fixtures it used."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def street() -> AsyncIterator[Street]:
    """Where the house stands."""
    one = Street()
    yield one
    await one.leave()


@pytest_asyncio.fixture(loop_scope="session")
async def house(street: Street, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """The company, at rest before and after each test."""
    home = await street.open()
    yield home
    try:
        assert not request.node.stash.get(_FAILED, False), "the test failed: its house is given up"
        await home.tidy()
    except Exception as error:
        await street.leave(error)
        if not request.node.stash.get(_FAILED, False):
            raise
