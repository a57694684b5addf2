"""The file: read on from where it was left, also when it was rotated, truncated or replaced."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from callrouter.cdr.file import BATCH, UnreadableError, read, stamp
from tests.cdr.written import line

if TYPE_CHECKING:
    from pathlib import Path

    from callrouter.core.recorded import Position


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where Asterisk would write."""
    return tmp_path / "callrouter.csv"


def write(path: Path, *numbers: int, how: str = "ab") -> None:
    """Write records of these numbers."""
    with path.open(how) as file:
        file.writelines(line(sequence=str(number)) for number in numbers)


def drain(path: Path, since: Position | None) -> tuple[list[int], Position | None, int]:
    """Read until there is no more: the records' numbers, the position, bad lines."""
    found: list[int] = []
    bad = 0
    while (portion := read(path, since)) is not None:
        since, bad = portion.position, bad + portion.bad
        found += [record.sequence for record in portion.records]
        if portion.is_last:
            break
    return found, since, bad


def test_a_file_that_is_not_there_may_come(path: Path) -> None:
    """That is no fault."""
    assert (stamp(path), read(path, None)) == (None, None)
    write(path, 1)
    assert drain(path, None)[0] == [1]


def test_it_is_read_once_and_in_portions(path: Path) -> None:
    """What was read is not read again, however long the file is."""
    numbers = list(range(3 * BATCH // len(line())))
    write(path, *numbers)
    first = read(path, None)
    assert first is not None
    assert not first.is_last
    found, since, bad = drain(path, None)
    assert (found, bad) == (numbers, 0)
    assert drain(path, since)[0] == []
    write(path, 7)
    assert drain(path, since)[0] == [7]


def test_a_torn_line_waits(path: Path) -> None:
    """Its rest completes it."""
    path.write_bytes(line(sequence="1") + line(sequence="2")[:60])
    found, since, _ = drain(path, None)
    with path.open("ab") as file:
        file.write(line(sequence="2")[60:])
    assert (found, drain(path, since)[0]) == ([1], [2])


@pytest.mark.parametrize("name", ["callrouter.csv.1", "callrouter.csv-20261122"])
def test_what_was_unread_when_it_was_renamed_is_read_first(path: Path, name: str) -> None:
    """Also when there were several rotations, and when there is no new file yet; a torn end there is garbage."""
    write(path, 1)
    _, since, _ = drain(path, None)
    write(path, 2)
    with path.open("ab") as file:
        file.write(line()[:40])
    path.rename(path.with_name(name))
    os.utime(path.with_name(name), (1, 1))
    assert drain(path, since)[0] == [2]
    write(path.with_name("callrouter.csv.0"), 3)
    write(path, 4)
    write(path.with_name("callrouter.csv.9.gz"), 5)
    assert (drain(path, since)[0], drain(path, since)[2]) == ([2, 3, 4], 1)


def test_what_was_rotated_away_is_not_waited_for(path: Path) -> None:
    """The file that was read is gone, or packed: the new one is read from its beginning."""
    write(path, 1)
    _, since, _ = drain(path, None)
    path.unlink()
    assert read(path, since) is None
    path.with_name("other").touch()  # takes the inode that was freed, perhaps
    write(path, 2)
    assert drain(path, since)[0] == [2]


def test_a_truncated_file_is_read_from_its_beginning(path: Path) -> None:
    """In place, shorter than before, or longer already: the last bytes read are others."""
    write(path, 1, 2)
    _, since, _ = drain(path, None)
    write(path, 3, how="wb")
    assert drain(path, since)[0] == [3]
    write(path, 4, 5, 6, how="wb")
    assert drain(path, since)[0] == [4, 5, 6]


def test_only_what_is_ours_is_kept(path: Path) -> None:
    """The PBX's other calls are nobody's business here."""
    path.write_bytes(line(callrouter_line="", callrouter_by=""))
    portion = read(path, None)
    assert portion is not None
    assert (portion.records, portion.position.offset, portion.bad) == ((), path.stat().st_size, 0)


def test_a_file_that_cannot_be_read_is_said(path: Path) -> None:
    """The message names it and the setting."""
    path.mkdir()
    with pytest.raises(UnreadableError, match=r"callrouter\.csv: .* \(CDR_FILE\)"):
        read(path, None)
