"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from callrouter.store import schema
from callrouter.store.database import Database
from callrouter.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/callrouter.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def database(url: str) -> AsyncGenerator[Database]:
    """A database with the newest schema."""
    there = Database(url)
    await schema.upgrade(there)
    yield there
    await there.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A worker's journal."""
    there = Journal(tmp_path / "journal", "callrouter")
    yield there
    there.close()
