"""`callrouter calls`, `callrouter lcr` and `callrouter export`: from a journal to what is printed."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callrouter.cli import opening, when
from callrouter.core.words import LostReason
from callrouter.ledger.period import midnight
from callrouter.report.machine import NUMBERS, Cells
from tests.cli.conftest import apply, ship
from tests.store.lives import ANNA, ARRIVED, BORIS, Life, abandoned, answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

FRIDAY = midnight(date(2026, 11, 20), "Europe/Moscow")
NAME = '=HYPERLINK("http://evil";"x")'


def _friday(journal: Journal) -> None:
    """Three calls of Friday, one of Thursday, one that goes on."""
    for call_id, hour, make in (("0191-a", 9, answered), ("0191-b", 10, abandoned), ("0192-c", 23.99, answered)):
        at = FRIDAY + hour * 3600
        make(journal, call_id, at=at + 0.25, arrived_at=at, client=NAME if call_id == "0191-a" else None)
    abandoned(journal, "0190-z", at=FRIDAY - 60, arrived_at=FRIDAY - 61)
    _live(journal)


def _live(journal: Journal) -> None:
    at = FRIDAY + 24 * 3600
    Life(journal, "0199-l", replace(ARRIVED, at=at + 0.25, arrived_at=at)).rings(ANNA, BORIS)


@pytest.fixture
def friday(ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line on Saturday at 00:00:12, Moscow, when Friday's calls are in SQL."""
    asyncio.run(apply())
    asyncio.run(ship(_friday))
    for module in (opening, when):
        monkeypatch.setattr(module, "now", lambda: FRIDAY + 24 * 3600 + 12)
    monkeypatch.setattr("callrouter.cli.watch.now", lambda: FRIDAY + 24 * 3600 + 12)
    return ready


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["0190-z", "0191-a", "0191-b", "0192-c"]),
        (["--from", "2026-11-20"], ["0191-a", "0191-b", "0192-c"]),
        (["--from", "2026-11-20T10:00", "--to", "2026-11-20T20:59:24Z"], ["0191-b"]),
        (["--to", "2026-11-20"], ["0190-z"]),
        (["--outcome", "lost"], ["0190-z", "0191-b"]),
        (["--line", "84951234567"], ["0190-z", "0191-a", "0191-b", "0192-c"]),
        (["--caller", "8 916 123-45-67", "--outcome", "answered"], ["0191-a", "0192-c"]),
        (["--caller", "+79999999999"], []),
    ],
)
def test_calls_are_listed_oldest_first(friday: Callable[..., Said], options: list[str], expected: list[str]) -> None:
    """Ended calls only, filtered; numbers as people write them; one JSON array."""
    assert [call["id"] for call in friday("calls", "list", "--json", *options).json] == expected
    lines = friday("calls", "list", *options).out.splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["calls", "list", "--line", "+7000"], "no line is called '+7000'"),
        (["calls", "list", "--from", "friday"], "--from: 'friday' is no date"),
        (["calls", "show", "0191"], "more than one call has an id that begins with '0191'"),
        (["calls", "show", "nothing"], "no call has an id that begins with 'nothing'"),
        (
            ["lcr", "--from", "2026-11-21", "--to", "2026-11-20"],
            "the period is empty: it ends (2026-11-19T21:00:00.000Z) not after",
        ),
        (["export", "--date", "20.11.2026"], "--date: '20.11.2026' is no date"),
        (["export", "--format", "pdf"], "--format: 'pdf' is none of csv, json, xlsx, html, text"),
        (["export", "--out", "callrouter.db"], "cannot write to callrouter.db"),
    ],
)
def test_what_does_not_exist_is_a_mistake(friday: Callable[..., Said], arguments: list[str], message: str) -> None:
    """Unknown ids, lines, dates and places are said on stderr, exit 2."""
    said = friday(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {message}")


def test_a_call_is_shown_with_its_trace(friday: Callable[..., Said]) -> None:
    """The beginning of the id is enough; the trace says what happened and what was done, with seconds."""
    call = friday("calls", "show", "0191-a", "--json").json
    assert (call["outcome"], call["arrived_at"], call["claimed_by"]) == ("answered", "2026-11-20T06:00:00.000Z", "anna")
    assert call["trace"][1].startswith("0.4 anna free, boris free -> ring anna; ring boris")
    shown = friday("calls", "show", "0191-a").out
    assert "arrived_at       2026-11-20 09:00:00" in shown
    assert "  3.2 anna picks up -> hang up boris (elsewhere); connect anna" in shown


def test_a_live_call_is_shown_and_watched(friday: Callable[..., Said]) -> None:
    """A live call has no outcome yet; the live view has its step, who rings and for how long."""
    assert friday("calls", "show", "0199", "--json").json["outcome"] is None
    snapshot = friday("calls", "watch", "--once", "--json").json
    assert snapshot["at"] == "2026-11-20T21:00:12.000Z"
    (live,) = snapshot["calls"]
    assert (live["id"], live["step"], live["target"], live["rings"]) == ("0199-l", 1, "department", ["anna", "boris"])
    assert (live["step_seconds"], live["seconds"], live["waits_for"], live["talks"]) == (11.8, 12.0, [], [])
    line = friday("calls", "watch", "--once").out
    assert line == "0199-l +79161234567 -> +74951234567 step 1 (department): rings anna, boris, 12 s\n"


def test_the_lost_call_rate(friday: Callable[..., Said]) -> None:
    """The headline always has definition, period, zone and counts; rows are the calls that are counted."""
    said = friday("lcr", "--from", "2026-11-20", "--to", "2026-11-21", "--by", "reason")
    assert said.out.splitlines() == [
        "Lost Call Rate (lcr/1), from 2026-11-20 00:00 to before 2026-11-21 00:00, Europe/Moscow",
        "\tcalls\tanswered\tlost\tlcr",
        "all calls\t3\t2\t1\t33.3%",
        "within working hours\t3\t2\t1\t33.3%",
        "without callers who left in under 5 s\t3\t2\t1\t33.3%",
        "lost by reason: abandoned 1",
        "",
        "reason\tcalls\tanswered\tlost\tlcr",
        "abandoned\t1\t0\t1\t100.0%",
        "-\t2\t2\t0\t0.0%",
    ]
    printed = friday("lcr", "--from", "2026-11-20", "--to", "2026-11-21", "--rows", "--json", "--by", "hour").json
    assert [row["id"] for row in printed["rows"]] == ["0191-a", "0191-b", "0192-c"]
    assert printed["lcr"] == 1 / 3
    assert set(printed["lost_by_reason"]) == {reason.value for reason in LostReason}
    assert [group["key"] for group in printed["groups"]] == [9, 10, 23]


def test_today_is_the_default_period(friday: Callable[..., Said]) -> None:
    """Without a period it is today in the scheme's zone; a live call is not counted yet."""
    printed = friday("lcr", "--json").json
    assert (printed["from"], printed["to"]) == ("2026-11-20T21:00:00.000Z", "2026-11-21T21:00:00.000Z")
    assert (printed["calls"], printed["lcr"]) == (0, None)
    assert "0\t0\t0\t-" in friday("lcr", "--rows").out


def test_the_export_of_yesterday(friday: Callable[..., Said]) -> None:
    """Yesterday by default, into DATA_DIR/exports; written again it is the same to the byte."""
    said = friday("export")
    names = ["calls-2026-11-20.csv", "calls-2026-11-20.json", "lcr-2026-11-20.json"]
    files = [Path("var/exports") / name for name in names]
    assert (said.code, said.out.splitlines(), said.err) == (0, [str(file) for file in files], "")
    before = [file.read_bytes() for file in files]
    assert friday("export", "--date", "2026-11-20").code == 0
    assert [file.read_bytes() for file in files] == before
    assert sorted(file.name for file in Path("var/exports").iterdir()) == names
    assert before[0].startswith(b"\xef\xbb\xbfid;line;")
    rows = list(csv.DictReader(io.StringIO(before[0].decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [(row["id"], row["caller"], row["outcome"]) for row in rows] == [
        ("0191-a", "+79161234567", "answered"),
        ("0191-b", "+79161234567", "lost"),
        ("0192-c", "+79161234567", "answered"),
    ]
    assert rows[0]["client"] == f"'{NAME}"
    assert json.loads(before[2])["calls"] == len(json.loads(before[1])) == 3


def test_an_export_of_an_open_date_says_so(friday: Callable[..., Said]) -> None:
    """A date that is not over can be exported, into any folder, with a word on stderr."""
    said = friday("export", "--date", "2026-11-21", "--out", "a/b", "--format", "json", "--json")
    assert said.json == ["a/b/calls-2026-11-21.json", "a/b/lcr-2026-11-21.json"]
    assert said.err == "note: 2026-11-21 is not over yet: export it again afterwards\n"


@pytest.mark.parametrize(
    ("column", "value", "cell"),
    [
        *(("client", f"{sign}1+1", f"'{sign}1+1") for sign in "=+-@\t\r\n"),
        ("caller_raw", "+79161234567", "'+79161234567"),
        ("caller", "+79161234567", "+79161234567"),
        ("line", "+7495=cmd", "'+7495=cmd"),
        ("client", "ООО =1", "ООО =1"),
        ("recovered", False, "false"),
        ("client", None, None),
        ("client", "a\0b", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_no_cell_is_a_formula(column: str, value: object, cell: object) -> None:
    """Free text that a spreadsheet would compute is defused; our own E.164 numbers stay as they are."""
    assert Cells(is_number=column in NUMBERS)[value] == cell


def test_the_ladder_is_told_as_it_climbs(ready: Callable[..., Said]) -> None:
    """Without a terminal the live view prints a line per record, as it comes; Ctrl-C ends it with 0."""
    command = [sys.executable, "-m", "callrouter.cli", "calls", "watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert watch.stderr.readline().startswith("watching: ")
        asyncio.run(ship(_live))
        lines = [watch.stdout.readline() for _ in range(4)]
        watch.send_signal(signal.SIGINT)
        out, err = watch.communicate(timeout=20)
    assert lines == [
        "0199-l 0.2 +79161234567 calls +74951234567 -> who is free: anna, boris?\n",
        "0199-l 0.4 anna free, boris free -> ring anna; ring boris\n",
        "0199-l 0.5 anna rings\n",
        "0199-l 0.5 boris rings\n",
    ]
    assert (watch.returncode, out, err) == (0, "", "")
