"""What mysqldump and phpMyAdmin write of the table `cdr`: its columns, and its rows. Pure."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

_NAME = r"(?:[`\"]?[A-Za-z0-9_]+[`\"]?\.)?[`\"]?([A-Za-z0-9_]+)[`\"]?"
_CREATE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME}\s*\(", re.IGNORECASE)
_COLUMN = re.compile(r"\s*[`\"]([A-Za-z0-9_]+)[`\"]\s")
_INSERT = re.compile(rf"(?:INSERT|REPLACE)(?: IGNORE)? INTO {_NAME}\s*(?:\(([^()]*)\)\s*)?VALUES?\s*", re.IGNORECASE)
_ROW = re.compile(r"\s*\(((?:[^'()]++|'(?:[^'\\]++|\\.)*+')*+)\)\s*([,;]?)", re.DOTALL)
_CELL = re.compile(r"\s*((?:_binary )?'(?:[^'\\]|\\.|'')*'|[^,']*)\s*(?:,|$)", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a", "b": "\b"}
TABLE = "cdr"


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of the rows that follow."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """A row, or why it is none."""

    cells: Sequence[str] = ()
    torn: str = ""


def read(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Table | Values]]:
    """Yield the columns and rows of the table `cdr` with the number of their line; other tables are passed over."""
    columns: list[str] | None = None
    is_inside = False
    for number, text in lines:
        if columns is not None:
            if found := _COLUMN.match(text):
                columns.append(found[1])
            elif text.lstrip().startswith(")"):
                yield number, Table(tuple(columns))
                columns = None
            continue
        if not is_inside and (made := _CREATE.match(text)):
            columns = [] if made[1].lower() == TABLE else None
            continue
        begun = None if is_inside else _INSERT.match(text)
        if begun is not None and begun[1].lower() == TABLE:
            if begun[2]:
                yield number, Table(tuple(one.strip(' `"') for one in begun[2].split(",")))
            is_inside = True
        if is_inside:
            is_inside = yield from _rows(number, text[begun.end() :] if begun else text)


def _rows(number: int, text: str) -> Generator[tuple[int, Values], None, bool]:
    """Yield the rows of a line; return whether the statement goes on after it."""
    text = text.rstrip()
    done = 0
    while done < len(text):
        found = _ROW.match(text, done)
        if found is None:
            yield number, Values(torn=f"no row of a table at character {done + 1}")
            following = text.find("),(", done)
            if following < 0:
                return not text.endswith(";")
            done = following + 2
            continue
        yield number, Values(_cells(found[1]))
        done = found.end()
        if found[2] == ";":
            return False
    return True


def _cells(row: str) -> Sequence[str]:
    """Return the values of a row; NULL says nothing."""
    if "\\" not in row and "_binary" not in row:
        return ["" if cell == "NULL" else cell for cell in next(csv.reader([row], quotechar="'"))]
    return [_meant(one[1]) for one in _CELL.finditer(row) if one[0]]


def _meant(value: str) -> str:
    text = value.removeprefix("_binary ").strip()
    if not text.startswith("'"):
        return "" if text == "NULL" else text
    return _ESCAPED.sub(lambda one: "'" if one[1] is None else _MEANT.get(one[1], one[1]), text[1:-1])
