"""Folders to type the pages' commands in, made once and copied."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.docs import surroundings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def _example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    surroundings.example(folder)
    return folder


@pytest.fixture(scope="session")
def _company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    surroundings.company(folder)
    return folder


@pytest.fixture
def example(_example: Path, tmp_path: Path) -> Path:
    """A folder with the example's scheme in force."""
    return shutil.copytree(_example, tmp_path / "example")


@pytest.fixture
def company(_company: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder: a company with clients and calls; nothing is set in the environment."""
    for name in [name for name in os.environ if name.startswith("CALLROUTER_")]:
        monkeypatch.delenv(name)
    folder = shutil.copytree(_company, tmp_path / "company")
    monkeypatch.chdir(folder)
    return folder
