"""The files of a date: their names, bytes that repeat, numbers that are masked, cells that do not compute."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import date
from itertools import cycle
from typing import Any

import orjson
import pytest

from callrouter.core.words import CallId, LostReason, PersonId
from callrouter.ledger.call import document as call_document
from callrouter.ledger.groups import By
from callrouter.ledger.rate import BLOCKS, defined, document, rate
from callrouter.report.content import content
from callrouter.report.documents import AT_ONCE
from callrouter.report.export import FORMATS, files
from callrouter.report.language import language
from callrouter.report.machine import COLUMNS, NUMBERS, OURS, Cells
from callrouter.report.safe import clean, defused, masked, receiver
from callrouter.report.text import line
from callrouter.store.outbox import Failed
from callrouter.store.queries import Recorded
from tests.ledger import table
from tests.ledger.rows import call
from tests.report.nights import MONDAY, kept, night

NUMBER = "+4915112345678"
MIDNIGHT = table.instant("03-30 00:00")
CLIENT = "Frau +49 (151) 123-456-78"


def _lost(**fields: Any) -> Any:
    return call("2026-03-30T10:00:00+02:00", lost=LostReason.NO_ANSWER, caller=NUMBER, client=CLIENT, **fields)


def _sheets(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {one.filename: book.read(one).decode() for one in book.infolist()}


def test_the_files_of_a_date() -> None:
    """Machines get CSV and JSON, the accountant a workbook, the owner a page, an existing report a line."""
    assert list(files(night(), FORMATS, "ru", mask=False)) == [
        *(f"{name}-{MONDAY}.{kind}" for name, kind in (("calls", "csv"), ("calls", "json"), ("lcr", "json"))),
        *(f"{name}-{MONDAY}.{kind}" for name, kind in (("calls", "xlsx"), ("lcr", "html"), ("lcr", "txt"))),
    ]
    assert list(files(night(), ["text"], "ru", mask=False)) == [f"lcr-{MONDAY}.txt"]


@pytest.mark.parametrize("code", ["ru", "en"])
def test_the_bytes_repeat(code: str) -> None:
    """Made again they are the same; nothing in the workbook is of the hour in which it was made."""
    made = files(night(), FORMATS, code, mask=True)
    assert files(night(), FORMATS, code, mask=True) == made
    workbook = made[f"calls-{MONDAY}.xlsx"]
    with zipfile.ZipFile(io.BytesIO(workbook)) as book:
        assert {one.date_time[0] for one in book.infolist()} == {1980}
    assert _sheets(workbook)["docProps/core.xml"].count("2026-03-31T00:00:00Z") == 2


def test_the_json_has_every_figure_of_the_ledger() -> None:
    """All of them, beside who waits, the days before and the audit."""
    found = json.loads(files(night(), ["json"], "ru", mask=False)[f"lcr-{MONDAY}.json"])
    assert {name: found.pop(name) is not None for name in ("waiting", "days", "audit")} == dict.fromkeys(
        ("waiting", "days", "audit"), True
    )
    groups = {by: found.pop(f"by_{by.value}") for by in (By.CLIENT, By.SOURCE)}
    assert found == json.loads(json.dumps(defined(night().figures)))
    for by, those in groups.items():
        listed: Any = document(rate((one.row for one in night().calls), night().period, by))["groups"]
        assert sorted(those, key=str) == sorted(listed, key=str)


def test_a_definition_stands_on_each_block_and_line() -> None:
    """Also for who keeps a block of the figures without the rest, or a line of the spreadsheet."""
    made = files(night(), ["csv", "json"], "ru", mask=False)
    told = json.loads(made[f"lcr-{MONDAY}.json"])
    blocks = [told, *(told[name] for name in BLOCKS), *told["compared"].values()]
    assert {one["definition"] for one in blocks} == {"lcr/1"}
    assert set(told["lost_by_reason"]) == set(LostReason)
    lines = made[f"calls-{MONDAY}.csv"].decode("utf-8-sig").splitlines()
    assert {one.rpartition(";")[2] for one in lines} == {"definition", "lcr/1"}


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 7])
def test_calls_are_written_some_at_a_time(count: int) -> None:
    """However many there are: JSON has the documents of the ledger's calls, a line each, and CSV what it holds."""
    those = [row for row in table.calls() if row.outcome is not None and row.direction != "out"]
    calls = [
        Recorded(replace(row, id=CallId(f"{at}")), PersonId("vera") if at % 3 else None)
        for at, row in zip(range(count), cycle(those))
    ]
    made = files(replace(night(), calls=kept(calls)), ["csv", "json"], "ru", mask=False)
    documents = [call_document(one.row, one.claimed_by) for one in calls]
    written = made[f"calls-{MONDAY}.json"]
    assert written == (b"[\n" + b",\n".join(map(orjson.dumps, documents)) + b"\n]\n" if documents else b"[]\n")
    lines = list(
        csv.DictReader(io.StringIO(made[f"calls-{MONDAY}.csv"].decode("utf-8-sig"), newline=""), delimiter=";")
    )
    told = [one | {"definition": "lcr/1"} for one in documents]
    assert lines == [{name: _cell(name, one[name]) for name in COLUMNS} for one in told]


def _cell(column: str, value: object) -> str:
    cell = value if column in OURS else Cells(is_number=column in NUMBERS)[value]
    return "" if cell is None else str(cell)


@pytest.mark.parametrize("kind", FORMATS)
def test_masked_files_hold_no_number(kind: str) -> None:
    """Neither the caller's, nor as he came, nor in a name, nor of a phone outside; what is left tells people apart."""
    outside = [leg for row in table.calls() for leg in row.legs][:1]
    legs = tuple(type(leg)(**{**_fields(leg), "phone": f"Local/{NUMBER}@out"}) for leg in outside)
    calls = _lost(caller_raw="015112345678", legs=legs, recording=f"in-{NUMBER}.wav")
    spoken = (
        call("2026-03-30T11:00:00+02:00", caller=NUMBER),
        call("2026-03-30T12:00:00+02:00", caller=NUMBER, answered_by="boris"),
    )
    for made in (night(calls), night(calls, *spoken)):
        for name, content_of in files(made, [kind], "ru", mask=True).items():
            texts = _sheets(content_of).values() if name.endswith("xlsx") else [content_of.decode()]
            assert not [text for text in texts if re.search(r"12345678|123-456", text)], name
    assert masked(NUMBER) == "+4915*******78"
    assert masked(CLIENT) == "Frau +49 (15*) ***-***-78"
    assert masked("ООО 101") == "ООО 101"


def _fields(leg: Any) -> dict[str, Any]:
    return {name: getattr(leg, name) for name in type(leg).__dataclass_fields__}


def test_no_cell_of_the_workbook_computes() -> None:
    """Names are texts, never formulas or links, and quoted so that they stay texts."""
    names = ("=1+1", "@SUM(A1)", "http://evil", "\u202ekcah")
    calls = [
        call(f"2026-03-30T1{number}:00:00+02:00", lost=LostReason.CLOSED, client=name, caller=f"+4915112345{number}0")
        for number, name in enumerate(names)
    ]
    parts = _sheets(files(night(*calls), ["xlsx"], "en", mask=False)[f"calls-{MONDAY}.xlsx"])
    sheets = "".join(text for name, text in parts.items() if "worksheets/" in name)
    assert "<f>" not in sheets
    assert "hyperlink" not in sheets
    assert "\u202e" not in sheets
    assert [sheets.count(name) for name in ("=1+1", "@SUM(A1)", "http://evil")] == [3, 3, 3]
    assert 'quotePrefix="1"' in parts["xl/styles.xml"]


@pytest.mark.parametrize("code", ["ru", "en"])
def test_a_sheets_title_is_two_sentences(code: str) -> None:
    """In Russian the first one ends with a date that has its own full stop."""
    parts = _sheets(files(night(), ["xlsx"], code, mask=False)[f"calls-{MONDAY}.xlsx"])
    (title,) = re.findall(r'<row r="1">.*?<t>(.*?)</t>', parts["xl/worksheets/sheet1.xml"])
    assert "2026" in title
    assert ". " in title
    assert ".." not in title


def test_the_workbook_counts_what_the_ledger_counts() -> None:
    """The headline and its counts, a row for each call, and whose figures they are."""
    parts = _sheets(files(night(), ["xlsx"], "en", mask=False)[f"calls-{MONDAY}.xlsx"])
    made = night().figures
    headline = re.findall(r"<v>(.*?)</v>", parts["xl/worksheets/sheet1.xml"])[:3]
    assert [float(one) for one in headline] == pytest.approx([made["lcr"], made["lost"], made["calls"]])
    assert parts["xl/worksheets/sheet2.xml"].count("<row ") == len(night().calls) + 2
    assert "lcr/1" in parts["xl/worksheets/sheet1.xml"]


def test_the_line_to_paste() -> None:
    """The rate, its counts, whom nobody called back; and of what day, zone and definition it is."""
    calls = [
        call(
            f"2026-03-30T10:{number:02}:00+02:00",
            lost=LostReason.NO_ANSWER if number < 3 else None,
            caller=f"+49{number}",
        )
        for number in range(40)
    ]
    found = content(night(*calls))
    assert line(found, language("ru")).replace("\xa0", " ") == (
        "LCR вчера 7,5 % (3 из 40), не перезвонили 3 · 30.03.2026, Europe/Berlin, lcr/1"
    )
    assert line(found, language("en")) == (
        "LCR yesterday 7.5% (3 of 40), not called back 3 · 30/03/2026, Europe/Berlin, lcr/1"
    )
    quiet = content(night(calls[0], of=date(2026, 3, 28)))
    assert line(quiet, language("en")).startswith("LCR yesterday — (no calls), not called back 0 ·")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ООО\xa0«Ромашка»", "ООО\xa0«Ромашка»"),
        ("a\u202eb", "a\ufffdb"),
        ("\x1b[31m", "\ufffd[31m"),
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_what_turns_or_commands_is_not_shown(text: str, shown: str) -> None:
    """Letters of every language stay, what controls does not."""
    assert clean(text) == shown


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_free_text_is_defused(sign: str) -> None:
    """A cell that begins as a formula does is quoted, at full width and behind a tab too; our own numbers stay."""
    assert defused(f"{sign}1+1") == f"'{sign}1+1"
    assert defused(f"a{sign}1") == f"a{sign}1"
    calls = files(night(replace(_lost(), client=f"{sign}cmd")), ["csv"], "ru", mask=False)[f"calls-{MONDAY}.csv"]
    (row,) = csv.DictReader(io.StringIO(calls.decode("utf-8-sig"), newline=""), delimiter=";")
    assert row["client"] == f"'{sign}cmd"
    assert row["caller"] == NUMBER


def test_what_is_no_character_is_replaced() -> None:
    """A zero byte ends no cell."""
    assert defused("\0") == "\ufffd"


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("mail:anna@example.com", "mail:anna@example.com"),
        ("dir:/srv/reports", "dir:/srv/reports"),
        ("hook:https://user:word@crm.example.com:8443/secret?key=1", "hook:crm.example.com"),
    ],
)
def test_a_receiver_is_shown_without_its_secrets(to: str, shown: str) -> None:
    """Of a web address its host is enough to know whom it is about."""
    assert receiver(to) == shown
    failed = Failed("k", "export", to, "LCR", "dead", 9, "refused", MIDNIGHT)
    audit = json.loads(files(night(failed=(failed,)), ["json"], "ru", mask=False)[f"lcr-{MONDAY}.json"])["audit"]
    assert [one["to"] for one in audit["failed_deliveries"]] == [shown]


def test_the_further_sheets_count_what_the_ledger_counts() -> None:
    """A row for everybody, for each client and source, for each escalation and each shared client."""
    parts = _sheets(files(night(), ["xlsx"], "en", mask=False)[f"calls-{MONDAY}.xlsx"])
    made, counted = night().figures, [one.row for one in night().calls if one.row.direction == "in"]
    rows = [parts[f"xl/worksheets/sheet{number}.xml"].count("<row ") - 2 for number in range(3, 10)]
    assert rows == [
        len(night().waiting),
        len(made["people"]),
        len(made["talk"]["by_priority"]),
        len({row.client or row.caller for row in counted}),
        len({row.source for row in counted}),
        made["escalations"]["calls"],
        made["shared_clients"]["clients"],
    ]


def test_a_night_is_not_spelled_out() -> None:
    """Python does so with whatever `asyncio.run` returns; of a busy date that took 0.3 s and 30 MB."""
    assert table.calls()[0].id not in repr(night())
