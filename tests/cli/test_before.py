"""`callrouter lcr --from-cdr`: figures of a PBX's own records, in an empty folder, without a database."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import SCHEME, apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

ROOT = Path(__file__).parents[2]
DUMP = ROOT / "tests" / "cdr" / "pbx" / "freepbx.sql"
MOSCOW = ("--timezone", "Europe/Moscow", "--country", "RU")


@pytest.fixture
def dump(run: Callable[..., Said]) -> Callable[..., Said]:
    """The command line, with FreePBX's dump beside it."""
    shutil.copy(DUMP, "cdr.sql")
    return lambda *options: run("lcr", "--from-cdr", "cdr.sql", *options)


def test_the_calls_of_the_dump(dump: Callable[..., Said]) -> None:
    """Each call has one outcome; the second ledger knows who was called back; no database is made."""
    told = dump(*MOSCOW, "--rows", "--json").json
    assert [
        (row["asterisk_id"][-2:], row["outcome"], row["lost_reason"], row["answered_by"]) for row in told["rows"]
    ] == [
        (".1", "answered", None, "PJSIP/102"),
        ("10", "answered", None, "PJSIP/102"),
        ("20", "lost", "abandoned", None),
        ("30", "lost", "no_answer", None),
        ("40", "answered", None, None),
        ("70", "lost", "abandoned", None),
        ("80", "lost", "unreachable", None),
    ]
    assert [told["rows"][1][name] for name in ("wait_seconds", "talk_seconds", "line", "routed_by")] == [
        *(16.0, 30.0, "+74951234567"),
        "pbx",
    ]
    assert [told["clients"][fate] for fate in ("rescued", "returned", "attempted", "ignored")] == [1, 0, 0, 2]
    assert (told["people"][0]["key"], told["people"][0]["talk"]["seconds_out"]) == ("PJSIP/101", 90.0)
    assert told["clients"]["without_number"] == {"calls": 1, "answered": 0, "lost": 1, "lcr": 1.0}
    assert [one.name for one in Path().iterdir()] == ["cdr.sql"]


def test_a_scheme_names_lines_people_and_hours(dump: Callable[..., Said]) -> None:
    """What the document knows is used: who answered, the department, what came while it was closed."""
    hours = '[calendars.office]\nhours = ["Mon-Fri 10:15-18:00"]\n'
    text = SCHEME.replace("PJSIP/boris", "PJSIP/102").replace(
        'ladder = "default"}', 'ladder = "default", hours = "office"}'
    )
    Path("callrouter.toml").write_text(text + hours, "utf-8")
    said = dump("--scheme", "callrouter.toml", "--rows", "--json")
    first = said.json["rows"][0]
    assert (first["answered_by"], first["department"], said.json["timezone"]) == ("boris", "sales", "Europe/Moscow")
    assert said.json["working_hours"]["calls"] == 5
    assert "--timezone" not in said.err
    closed = hours.replace("10:15", "11:00")
    Path("callrouter.toml").write_text(text + closed, "utf-8")
    assert dump("--scheme", "callrouter.toml", "--json").json["lost_by_reason"]["closed"] == 1


def test_the_scheme_in_force_is_used(ready: Callable[..., Said], dump: Callable[..., Said]) -> None:
    """Where there is a database its scheme is; one that cannot be read is said, and done without."""
    asyncio.run(apply(SCHEME.replace("PJSIP/boris", "PJSIP/102")))
    assert "boris" in [person["key"] for person in dump("--json").json["people"]]
    Path("callrouter.db").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    said = dump(*MOSCOW, "--json")
    assert (said.json["calls"], "no scheme is used: " in said.err) == (7, True)


def test_phones_are_kept_only_to_be_listed(dump: Callable[..., Said]) -> None:
    """The calls behind a figure name each phone that was tried; no figure is another for it."""
    listed, told = dump(*MOSCOW, "--rows", "--json").json, dump(*MOSCOW, "--json").json
    assert {leg["phone"] for row in listed.pop("rows") for leg in row["legs"]} >= {"PJSIP/101", "PJSIP/102"}
    assert listed == told


def test_the_period(dump: Callable[..., Said]) -> None:
    """What is named is meant; the day before is compared."""
    told = dump(*MOSCOW, "--from", "2026-11-20T10:15", "--to", "2026-11-20T10:35", "--json").json
    assert [told[name] for name in ("calls", "from", "to")] == [
        2,
        "2026-11-20T07:15:00.000Z",
        "2026-11-20T07:35:00.000Z",
    ]
    assert told["clients"]["rescued"] == 1
    assert dump(*MOSCOW, "--to", "2026-11-20", "--json").json["calls"] == 0


def test_what_is_taken_for_granted_is_said(dump: Callable[..., Said]) -> None:
    """Without zone, country and scheme it is said what they are taken to be, and what the clock really was."""
    told = dump().err
    assert "no scheme and no --timezone: times are taken to be UTC" in told
    assert "the file's times are on the clock of UTC+03:00, not of UTC" in told
    assert "numbers are taken to be of RU" in told


def test_bad_lines_are_told(dump: Callable[..., Said]) -> None:
    """The first are named, the others counted."""
    lines = DUMP.read_text("utf-8").replace(",'ANSWERED',", ",", 7).replace(",'NO ANSWER',", ",", 2)
    Path("cdr.sql").write_text(lines, "utf-8")
    told = dump(*MOSCOW).err
    assert "8 rows read, 9 lines passed over that are none" in told
    assert "line 39: 25 columns instead of 26" in told
    assert "  and 4 more" in told


def test_wrong_input(dump: Callable[..., Said], run: Callable[..., Said]) -> None:
    """What is wrong is said in one sentence, with what to do."""
    for options, why in (
        (("--timezone", "Moscow"), "--timezone: there is no zone 'Moscow'"),
        (("--trunk", "SIP/x"), "name with --trunk what calls come by, of PJSIP/mango, PJSIP/101"),
        (("--scheme", "no.toml"), "no.toml: No such file"),
        (("--rows", "los"), "no figure of this period is called 'los'"),
    ):
        said = dump(*options)
        assert (said.code, why in said.err) == (2, True), said.err
    said = run("lcr", "--trunk", "SIP/x")
    assert (said.code, "--trunk goes with --from-cdr FILE" in said.err) == (2, True)


def test_a_person_sees_how_far_it_is(dump: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the rows are counted while they are read; many names are not all told."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert "\r17 rows" in dump(*MOSCOW).err
