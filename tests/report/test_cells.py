"""A workbook's cells, read back as a program reads them: every value in its place, no text taken for anything else."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from xlsxwriter import Workbook

from callrouter.report.cells import LONGEST, Kind, Sheet, Style, Writer
from callrouter.report.export import files
from callrouter.report.safe import REPLACED
from tests.ledger.rows import call
from tests.report.nights import MONDAY, night

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STYLES = {style: number for number, style in enumerate(Style, start=1)}
EXCELS_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet's
TEXTS = {
    "Иван & Söhne <GmbH>": "Иван & Söhne <GmbH>",
    "<r><t>markup</t></r>": "<r><t>markup</t></r>",
    "</t></is></c></row>": "</t></is></c></row>",
    "]]>": "]]>",
    "_x0041_ _x41_": "_x005F_x0041_ _x41_",  # what Excel shows as _x0041_
    "  spaces  ": "  spaces  ",
    "a\0b\nc\x1bd\ufffe\ud800": f"a{REPLACED}b{REPLACED}c{REPLACED}d{REPLACED}{REPLACED}",
    "\u202ekcah": f"{REPLACED}kcah",
    "👩‍💼": "👩‍💼",
    "long " * 8000: ("long " * 8000)[:LONGEST],
    "": "",
}


def _book(kinds: list[Kind], rows: list[tuple[object, ...]]) -> bytes:
    written = io.BytesIO()
    with Workbook(written) as book:
        sheet = book.add_worksheet("one", Sheet)
        sheet.rows = Writer(STYLES).rows("title", [kind.value for kind in kinds], kinds, rows)
    return written.getvalue()


def _read(book: bytes, sheet: int = 1) -> dict[str, tuple[str | None, str | None]]:
    """Return by its place what each cell holds, and the number of its style."""
    with zipfile.ZipFile(io.BytesIO(book)) as file:
        root = ET.fromstring(file.read(f"xl/worksheets/sheet{sheet}.xml"))
    found = {}
    for row in root.iter(f"{MAIN}row"):
        for cell in row.iter(f"{MAIN}c"):
            place = cell.attrib["r"]
            assert place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == row.attrib["r"]
            kind = "t" if cell.get("t") == "inlineStr" else "v"
            held = next(cell.iter(f"{MAIN}{kind}"), None)
            assert place not in found
            found[place] = (None if held is None else held.text or "", cell.get("s"))
    return found


def test_every_text_comes_back() -> None:
    """Whatever it looks like; what no XML and no eye can hold is replaced."""
    read = _read(_book([Kind.TEXT], [(text,) for text in TEXTS]))
    assert [read[f"A{number}"][0] for number in range(4, 4 + len(TEXTS))] == list(TEXTS.values())


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d"])
def test_what_a_spreadsheet_would_compute_is_quoted(sign: str) -> None:
    """And nothing else is."""
    read = _read(_book([Kind.TEXT], [(f"{sign}1",), ("1",)]))
    assert read["A4"] == (f"{sign}1", str(STYLES[Style.QUOTED]))
    assert read["A5"] == ("1", None)


def test_a_value_is_written_as_its_column_says() -> None:
    """A count and a share of the same value look different; nothing is an empty cell in its place."""
    at = datetime(2026, 3, 30, 12, 34, 56)  # noqa: DTZ001 -- a sheet's
    kinds = [Kind.WHOLE, Kind.SHARE, Kind.CLOCK, Kind.TEXT]
    read = _read(_book(kinds, [(1, 1.0, at, "1"), (None,) * 4, (0, 0.125, at, None)]))
    assert [read[f"{column}3"] for column in "ABCD"] == [(kind.value, str(STYLES[Style.BOLD])) for kind in kinds]
    assert read["A4"] == ("1", None)
    assert read["B4"] == ("1.0", str(STYLES[Style.SHARE]))
    assert read["D4"] == ("1", None)
    days, style = read["C4"]
    assert style == str(STYLES[Style.CLOCK])
    assert days is not None
    assert abs(EXCELS_DAY_ZERO + timedelta(days=float(days)) - at) < timedelta(milliseconds=1)
    assert [read[f"{column}5"] for column in "ABCD"] == [(None, None)] * 4
    assert (read["A6"][0], read["B6"][0], read["D6"]) == ("0", "0.125", (None, None))


def test_a_client_of_an_evil_name_is_in_the_workbook() -> None:
    """As he called himself, beside his number: his call, and his place among the clients."""
    name = "<r></is></c></r>"
    evil = call("2026-03-30T11:00:00+02:00", caller="+4915112345678", client=name)
    book = files(night(evil), ["xlsx"], "en", mask=False)[f"calls-{MONDAY}.xlsx"]
    calls, clients = _read(book, 2), _read(book, 6)
    assert calls["D4"][0] == name
    assert calls["C4"] == ("+4915112345678", "2")
    assert clients["A4"][0] == name
    assert (clients["B4"][0], clients["C4"][0]) == ("1", "0")
