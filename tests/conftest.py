"""Fixtures every test may use: the laboratory's servers, made once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from callrouter import log
from tests.lab.postgres import Postgres
from tests.lab.root import AsteriskRoot, provide

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Commands can be interrupted though a shell began the tests in its background, where Ctrl-C is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _log_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command sets up the log of its own process: run in this one, it would leave all later tests a closed one."""
    monkeypatch.setattr(log, "configure", lambda: None)


@pytest.fixture(scope="session")
def asterisk_root() -> AsteriskRoot:
    """A real Asterisk to start instances from; made once and kept for later runs."""
    return provide()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL cluster of this test process; starts in about a second."""
    with Postgres() as cluster:
        yield cluster


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh, empty database on PostgreSQL."""
    url = postgres.create()
    yield url
    postgres.drop(url)
