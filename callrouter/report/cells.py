"""The rows of a sheet as its file has them (ECMA-376, part 1, 18.3.1).

The library's own way takes five microseconds a cell, of which a busy day has 150,000, and writes a text that looks like
`<r>…</r>` as it stands: somebody of that name would spoil the workbook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from callrouter.report.safe import SIGNS, clean

LONGEST = 32_767
"""Characters that Excel takes in a cell."""
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet's
_DAY = timedelta(days=1)
_ENCODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


class Kind(Enum):
    """What the cells of a column hold, each value may be None."""

    TEXT = "text"
    WHOLE = "whole"
    SHARE = "share"
    CLOCK = "clock"


class Style(Enum):
    """How a cell looks, where it is not left to the program that shows it."""

    BOLD = "bold"
    QUOTED = "quoted"
    SHARE = "share"
    CLOCK = "clock"


class Cells(dict[Any, str]):
    """The cells of one kind by their values, without their places: most values stand in many rows."""

    def __init__(self, make: Callable[[Any], str]) -> None:
        """Begin with the empty one."""
        super().__init__({None: "/>"})
        self._make = make

    def __missing__(self, value: object) -> str:
        """Write the cell of a value."""
        self[value] = made = self._make(value)
        return made


class Writer:
    """Writes the rows of sheets; `styles` are the numbers of the workbook's formats."""

    def __init__(self, styles: Mapping[Style, int]) -> None:
        """Begin without any cell."""
        quoted, share, clock = (f' s="{styles[one]}"' for one in (Style.QUOTED, Style.SHARE, Style.CLOCK))
        self._bold = f' s="{styles[Style.BOLD]}"'
        self._cells = {
            # A sheet keeps a text a text; marked as quoted it stays one when it is edited or saved as CSV.
            Kind.TEXT: Cells(lambda text: _text(text, quoted if text.startswith(SIGNS) else "")),
            Kind.WHOLE: Cells(_number),
            Kind.SHARE: Cells(lambda value: _number(value, share)),
            Kind.CLOCK: Cells(lambda at: _number((at - _DAY_ZERO) / _DAY, clock)),
        }

    def rows(
        self, title: str, names: Sequence[str], kinds: Sequence[Kind], rows: Iterable[Sequence[object]]
    ) -> Iterator[str]:
        """Yield a sheet's title, the columns' names below an empty row, and the rows."""
        yield _pattern(1).format(1, _text(title, ""))
        yield _pattern(len(names)).format(3, *(_text(name, self._bold) for name in names))
        pattern, cells = _pattern(len(kinds)), [self._cells[kind] for kind in kinds]
        for number, row in enumerate(rows, start=4):
            yield pattern.format(number, *[own[value] for own, value in zip(cells, row, strict=True)])


class Sheet(Worksheet):  # type: ignore[misc]  # the library has no types
    """A sheet that is given its rows."""

    rows: Iterable[str] = ()

    def _write_dimension(self) -> None:
        """Leave out how many rows there are: it is known after the last one, and may be missing (18.3.1.35)."""

    def _write_sheet_data(self) -> None:
        self._xml_start_tag("sheetData")
        self.fh.writelines(self.rows)
        self._xml_end_tag("sheetData")


def _pattern(columns: int) -> str:
    """Return a row with places for its number and for its cells."""
    places = (f'<c r="{xl_col_to_name(at)}{{0}}"{{{at + 1}}}' for at in range(columns))
    return '<row r="{0}">' + "".join(places) + "</row>"


def _text(text: str, style: str) -> str:
    shown = clean(text)[:LONGEST]
    space = "" if shown == shown.strip() else ' xml:space="preserve"'
    return f'{style} t="inlineStr"><is><t{space}>{escape(_ENCODED.sub("_x005F_", shown))}</t></is></c>'


def _number(value: float, style: str = "") -> str:
    return f"{style}><v>{value!r}</v></c>"
