"""Into a directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from callrouter.delivery.letter import NotTakenError, RefusedError
from callrouter.delivery.ways import Ways
from tests.delivery.letters import LETTER


async def test_the_files_are_there_whole(tmp_path: Path) -> None:
    """Again the same bytes under the same names, nothing beside them, readable by the group."""
    there = tmp_path / "new" / "exports"
    for _ in range(2):
        await Ways().deliver(f"dir:{there}", LETTER, 0.0)
    assert {file.name: file.read_bytes() for file in there.iterdir()} == {one.name: one.content for one in LETTER.files}
    assert {file.stat().st_mode & 0o777 for file in there.iterdir()} == {0o640}


async def test_a_letter_without_files_is_a_file(tmp_path: Path) -> None:
    """Its subject and its text, under its id."""
    await Ways().deliver(f"dir:{tmp_path}", replace(LETTER, files=(), kind="notice"), 0.0)
    (file,) = tmp_path.iterdir()
    assert file.name == f"notice-{LETTER.id}.txt"
    assert file.read_bytes().decode() == f"{LETTER.subject}\n\n{LETTER.text}\n"


async def test_a_directory_that_takes_nothing_may_be_mended(tmp_path: Path) -> None:
    """A file stands in its place; the message names it."""
    (tmp_path / "exports").write_text("")
    with pytest.raises(NotTakenError, match=f"cannot write to {tmp_path}/exports/x: Not a directory"):
        await Ways().deliver(f"dir:{tmp_path}/exports/x", LETTER, 0.0)


async def test_a_file_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    """A directory has the file's name: no half-written file stays."""
    (tmp_path / LETTER.files[0].name).mkdir()
    with pytest.raises(NotTakenError):
        await Ways().deliver(f"dir:{tmp_path}", LETTER, 0.0)
    assert [file.name for file in tmp_path.iterdir()] == [LETTER.files[0].name]


async def test_another_way_there_is_not() -> None:
    """It never will be taken."""
    with pytest.raises(RefusedError, match="mail:, hook: or dir:"):
        await Ways().deliver("fax:+7495", LETTER, 0.0)
