"""A PBX's CDR read from a file, a row at a time: Asterisk's Master.csv, a dump of FreePBX's table, or its CSV export.

The formats are told apart by themselves. Nothing is lost: a line that cannot be read is counted, with its number.
"""

from __future__ import annotations

import csv
import itertools
from typing import TYPE_CHECKING

from callrouter.cdr import dump
from callrouter.cdr.pbx import Columns
from callrouter.core.errors import CallrouterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from callrouter.cdr.pbx import PbxRow

SHOWN = 5
"""Lines that are named; the others are counted."""
LONGEST = 20
"""Lines over which one record may go: a caller's name can hold line feeds, a torn quotation mark would take all."""
_ASTERISK = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata"),
    *("start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
_CUSTOM = (*_ASTERISK[4:5], *_ASTERISK[1:4], *_ASTERISK[5:], "accountcode", "uniqueid", "userfield")
_NEWER = ("peeraccount", "linkedid", "sequence")


class UnknownFormatError(CallrouterError):
    """The file is no CDR that can be read."""


class Skipped:
    """Lines that were no rows."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self.first: list[str] = []

    def add(self, number: int, why: str) -> None:
        """Count one; the first are kept with what is wrong with them."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(f"line {number}: {why}")


def read(lines: Iterable[bytes], skipped: Skipped) -> Iterator[PbxRow]:
    """Yield the rows; `UnknownFormatError` when these are no CDR."""
    texts = enumerate(map(_text, lines), start=1)
    found: list[tuple[int, str]] = []
    for number, text in texts:
        found.append((number, text))
        if text.strip():
            break
    else:
        raise UnknownFormatError("the file is empty")
    every = itertools.chain(found, texts)
    first = found[-1][1]
    if _is_dump(first):
        yield from _dumped(every, skipped)
    elif (columns := _headed(first)) is not None:
        yield from _exported(every, columns, _separator(first), skipped)
    else:
        yield from _written(every, skipped)


def _text(line: bytes) -> str:
    """Return the line's text: UTF-8, or what is none is Windows-1251, which Russian PBXs write."""
    try:
        return line.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return line.decode("cp1251", "replace")


def _is_dump(first: str) -> bool:
    return first.startswith(("--", "/*", "INSERT", "CREATE", "DROP", "USE", "SET", "LOCK", "#", "BEGIN"))


def _dumped(lines: Iterable[tuple[int, str]], skipped: Skipped) -> Iterator[PbxRow]:
    columns: Columns | None = None
    is_there = False
    for number, statement in dump.read(lines):
        try:
            if isinstance(statement, dump.Table):
                columns, is_there = Columns(statement.columns), True
                continue
            if columns is None:
                raise UnknownFormatError(
                    "the dump does not name its columns: it needs CREATE TABLE, or mysqldump --complete-insert"
                )
            if statement.torn:
                skipped.add(number, statement.torn)
            else:
                yield columns.row(statement.cells)
        except ValueError as error:
            if isinstance(statement, dump.Table):
                raise UnknownFormatError(f"line {number}: the table cdr has no {error}") from None
            skipped.add(number, str(error))
    if not is_there:
        raise UnknownFormatError("the dump has no table cdr (mysqldump asteriskcdrdb cdr)")


def _headed(first: str) -> Columns | None:
    try:
        return Columns(next(csv.reader([first], delimiter=_separator(first))))
    except (ValueError, csv.Error):
        return None


def _separator(first: str) -> str:
    return max(",;\t", key=first.count)


def _exported(lines: Iterable[tuple[int, str]], columns: Columns, separator: str, skipped: Skipped) -> Iterator[PbxRow]:
    for number, cells in _records(lines, separator, skipped):
        if tuple(cells) == columns.names:
            continue
        try:
            yield columns.row(cells)
        except ValueError as error:
            skipped.add(number, str(error))


def _written(lines: Iterable[tuple[int, str]], skipped: Skipped) -> Iterator[PbxRow]:
    """Yield the rows of Asterisk's own files, which say nothing of their columns."""
    known: dict[tuple[int, bool, bool], Columns] = {}
    is_there = False
    for number, cells in _records(lines, ",", skipped):
        try:
            shape = _shape(cells)
            columns = known.setdefault(shape, Columns(_names(*shape)))
            yield columns.row(cells)
            is_there = True
        except ValueError as error:
            if not is_there and number > SHOWN:
                break
            skipped.add(number, str(error))
    if not is_there:
        raise UnknownFormatError(
            "this is no CDR: neither Asterisk's Master.csv nor a dump or export of FreePBX's table cdr"
            + "".join(f"\n  {one}" for one in skipped.first)
        )


def _shape(cells: Sequence[str]) -> tuple[int, bool, bool]:
    """Return how many cells there are, whether cdr_custom wrote them, and whether the 17th is an id."""
    if len(cells) < len(_ASTERISK):
        raise ValueError(f"{len(cells)} columns, a CDR has at least {len(_ASTERISK)}")
    is_custom = cells[8][:4].isdigit() and cells[8][4:5] == "-" and len(cells) > len(_ASTERISK)
    return len(cells), is_custom, "." in cells[16:17][0] if len(cells) > len(_ASTERISK) else False


def _names(count: int, is_custom: bool, has_id: bool) -> tuple[str, ...]:  # noqa: FBT001 - a shape's parts
    """Return the columns: Asterisk adds uniqueid, userfield and the newer ones as cdr.conf says."""
    if is_custom:
        return (*_CUSTOM, *(f"more{number}" for number in range(count - len(_CUSTOM))))[:count]
    newer = _NEWER if count >= len(_ASTERISK) + len(_NEWER) else ()
    extra = count - len(_ASTERISK) - len(newer)
    between = (*(("uniqueid",) if has_id and extra else ()), "userfield")[:extra]
    if extra > len(between):
        raise ValueError(f"{count} columns, Asterisk writes 16 to 21")
    return (*_ASTERISK, *between, *newer)


def _records(lines: Iterable[tuple[int, str]], separator: str, skipped: Skipped) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each record; one with line feeds in it goes over several lines, a torn one takes no more."""
    waiting: list[tuple[int, str]] = []
    for number, text in lines:
        if not waiting and not text.strip():
            continue
        waiting.append((number, text))
        joined = "".join(one for _, one in waiting)
        if joined.count('"') % 2 and len(waiting) < LONGEST:
            continue
        if joined.count('"') % 2:  # the first line is torn, what follows it is not
            skipped.add(waiting[0][0], "a quotation mark is missing")
            again, waiting = waiting[1:], []
            yield from _records(again, separator, skipped)
            continue
        first, waiting = waiting[0][0], []
        yield first, next(csv.reader(joined.splitlines(keepends=True), delimiter=separator))
    if waiting:
        skipped.add(waiting[0][0], "a quotation mark is missing")
        yield from _records(waiting[1:], separator, skipped)
