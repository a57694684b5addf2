"""The files a PBX keeps its CDR in: told apart by themselves, and nothing in them is lost."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from callrouter.cdr import reading
from callrouter.cdr.pbx import PbxRow, born, clock, endpoint
from callrouter.cdr.pile import Pile
from callrouter.cdr.reading import Skipped, UnknownFormatError

DUMP = (Path(__file__).parent / "pbx" / "freepbx.sql").read_text("utf-8")
FIRST = (
    *("", "89161234567", "4951", "from-trunk", '"Иван, ""ООО""" <89161234567>', "PJSIP/mango-1", "PJSIP/101-2", "Dial"),
    *("PJSIP/101,20", "2026-11-20 10:00:00", "2026-11-20 10:00:05", "2026-11-20 10:01:05", "65", "60", "ANSWERED"),
    "DOCUMENTATION",
)


def written(*cells: str, quoted: bool = True) -> bytes:
    """A line as Asterisk writes it."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\n").writerow(cells)
    return out.getvalue().encode()


def read(*lines: bytes) -> tuple[list[PbxRow], list[str]]:
    """The rows, and what was passed over."""
    skipped = Skipped()
    return list(reading.read(b"".join(lines).splitlines(keepends=True), skipped)), skipped.first


UNIQUE = "pbx-1795158000.1"


@pytest.mark.parametrize(
    ("more", "unique", "linked"),
    [
        ((), "", ""),
        ((UNIQUE,), UNIQUE, ""),
        (("note",), "", ""),
        ((UNIQUE, "note"), UNIQUE, ""),
        (("", "1795158000.1", "7"), "", "1795158000.1"),
        ((UNIQUE, "", "1795158000.1", "7"), UNIQUE, "1795158000.1"),
        ((UNIQUE, "note", "", "1795158000.1", "7"), UNIQUE, "1795158000.1"),
    ],
)
def test_master_csv(more: tuple[str, ...], unique: str, linked: str) -> None:
    """Asterisk's own columns with whatever cdr.conf adds to them."""
    ((row,), passed) = read(written(*FIRST, *more))
    assert (row.src, row.dst, row.context, row.channel, row.peer) == (*FIRST[1:4], *FIRST[5:7])
    assert (row.end - row.start, row.answer and row.answer - row.start, row.disposition) == (65, 5, "ANSWERED")
    assert (row.unique, row.linked, row.did, passed) == (unique, linked, "", [])


@pytest.mark.parametrize("more", [(), ("12",)])
def test_master_csv_of_cdr_custom(more: tuple[str, ...]) -> None:
    """The sample of cdr_custom.conf has other columns in front, and a number at the end in newer versions."""
    cells = (FIRST[4], *FIRST[1:4], *FIRST[5:], "", UNIQUE, "", *more)
    ((row,), passed) = read(written(*cells))
    assert (row.src, row.channel, row.app, row.end - row.start, row.unique, passed) == (
        *("89161234567", "PJSIP/mango-1", "Dial", 65.0, UNIQUE),
        [],
    )


def test_freepbx_table_dumped() -> None:
    """The dump names the columns before the rows; other tables are passed over, apostrophes are meant as such."""
    rows, passed = read(*(line.encode() + b"\n" for line in DUMP.splitlines()))
    assert (len(rows), passed) == (17, [])
    assert (rows[0].src, rows[0].did, rows[0].linked) == ("89161234501", "74951234567", "1795158000.1")
    assert (rows[1].answer and rows[1].answer - rows[1].start, rows[0].answer) == (8, None)
    assert rows[6].app == "BackGround"


def test_a_dump_whose_rows_name_their_columns() -> None:
    """`--complete-insert` and phpMyAdmin write them with each statement; NULL says nothing, escapes are undone."""
    line = (
        b"INSERT INTO `asteriskcdrdb`.`cdr` (`calldate`, `src`, `dst`, `channel`, `dstchannel`, `duration`, `billsec`,"
        b" `disposition`, `lastdata`) VALUES ('2026-11-20 10:00:00', '101', '1''2', _binary 'a', NULL, 65, 60,"
        b" 'answered', 'x\\\\y\\'),(\\n');\n"
    )
    ((row,), passed) = read(b"# phpMyAdmin\n", line)
    assert (row.dst, row.channel, row.peer, row.arguments, passed) == ("1'2", "a", "", "x\\y'),(\n", [])
    assert (row.answer and row.answer - row.start, row.disposition) == (5, "ANSWERED")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_an_export_with_a_heading(separator: str) -> None:
    """The CSV of FreePBX's CDR Reports has its columns' names first; a spreadsheet may have changed the separator."""
    names = "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags"
    cells = "2026-11-20 10:00:00,x,101,102,phones,PJSIP/101-1,PJSIP/102-2,Dial,PJSIP/102,7.5,0,BUSY,3"
    lines = [f"\ufeff{names}\n", f"{cells}\n", f"{names}\n", "1,2\n", "\n", f"{cells}\n"]
    rows, passed = read(*(line.replace(",", separator).encode() for line in lines))
    assert [(row.src, row.end - row.start, row.answer) for row in rows] == [("101", 7.5, None)] * 2
    assert passed == ["line 4: 2 columns instead of 13"]


def test_russian_windows_names() -> None:
    """What is no UTF-8 is Windows-1251."""
    line = written(*FIRST[:1], "Анна", *FIRST[2:])
    assert [read(one)[0][0].src for one in (line, line.decode().encode("cp1251"))] == ["Анна", "Анна"]


def test_bad_lines_are_counted_with_their_numbers() -> None:
    """Nothing is lost for a bad line: what follows it is read, and the first of them are shown."""
    good = written(*FIRST)
    torn = b'"","8916\n'
    no_time = written(*FIRST[:9], "", *FIRST[10:])
    no_number = written(*FIRST[:11], "", "long", *FIRST[13:])
    rows, passed = read(good, torn, good, no_time, good, no_number, b"1,2\n", written(*FIRST, *"12345678"))
    assert len(rows) == 3
    assert passed == [
        "line 2: a quotation mark is missing",
        "line 4: no time at which the call began",
        "line 6: 'long' are no seconds",
        "line 7: 2 columns, a CDR has at least 16",
        "line 8: 24 columns, Asterisk writes 16 to 21",
    ]
    skipped = Skipped()
    list(reading.read([good, *[no_time] * 7], skipped))
    assert (skipped.count, len(skipped.first)) == (7, 5)


def test_a_name_over_two_lines() -> None:
    """A caller's name may hold a line feed; a quotation mark that never closes takes no other line."""
    rows, passed = read(written(*FIRST[:4], "Ivan\nPetrov", *FIRST[5:]), b'"\n', *[written(*FIRST)] * 25)
    assert (len(rows), passed[0]) == (26, "line 3: a quotation mark is missing")


def test_a_bad_row_of_a_dump_is_passed_over() -> None:
    """Where a row cannot be read, reading goes on at the next; a torn end is told."""
    head, rows = DUMP.split("VALUES ", 1)
    broken = f"{head}VALUES {rows}".replace("('2026-11-20 10:10:02','", "(2026-11-20 'x'y,'", 1)
    found, passed = read(*(line.encode() + b"\n" for line in broken.splitlines()))
    assert (len(found), len(passed)) == (16, 1)
    found, passed = read(*(line.encode() + b"\n" for line in DUMP[: DUMP.index("89161234506")].splitlines()))
    assert (len(found), len(passed)) == (15, 1)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((), "the file is empty"),
        ((b"\n", b"  \n"), "the file is empty"),
        ((b"root:x:0:0\n",), "neither Asterisk's Master.csv nor"),
        ((b"x\n",) * 30, "line 1: 1 columns"),
        ((b"-- dump\n",), "no table cdr"),
        ((b"-- dump\n", b"INSERT INTO `cdr` VALUES (1,2);\n"), "--complete-insert"),
        ((b"-- dump\n", b"INSERT INTO `cdr` (`src`) VALUES (1);\n"), "line 2: the table cdr has no dst, channel"),
    ],
)
def test_what_is_no_cdr(lines: tuple[bytes, ...], why: str) -> None:
    """It is refused, with what is missing."""
    with pytest.raises(UnknownFormatError, match=why):
        read(*lines)


def test_times_and_channels() -> None:
    """A time is what the clock showed; an id begins with the birth of its channel; a name ends with a number."""
    assert (clock("1970-01-02 00:00:01.5"), clock(""), clock("0000-00-00 00:00:00")) == (86_401.5, None, None)
    for wrong, why in (("2026-13-01 00:00:00", "month"), ("yesterday", "is no time")):
        with pytest.raises(ValueError, match=why):
            clock(wrong)
    row = read(written(*FIRST, UNIQUE))[0][0]
    assert (born(row), born(row._replace(unique="x"))) == (1_795_158_000.0, None)
    names = ("PJSIP/my-trunk-0000001a", "DAHDI/i1/8916-1a", "Local/1@x-00000001;2", "SIP/10.0.0.1-0a", "console")
    assert [endpoint(name) for name in names] == ["PJSIP/my-trunk", "DAHDI/i1", "Local/1@x", "SIP/10.0.0.1", "console"]


@pytest.mark.parametrize(
    ("timezone", "ahead", "at"),
    [
        ("Europe/Moscow", None, 1_795_158_000.0),
        ("UTC", 10_800, 1_795_158_000.0),
        ("Asia/Yekaterinburg", 10_800, 1_795_158_000.0),
    ],
)
def test_the_ids_tell_the_clock(timezone: str, ahead: int | None, at: float) -> None:
    """Whatever zone is meant, or was meant wrongly, the instants are right where channels have ids."""
    row = read(written(*FIRST, UNIQUE))[0][0]
    with Pile(timezone) as pile:
        pile.take([row._replace(start=row.start + 400, unique="1795158000.9"), row, row], lambda _: None)
        assert (pile.clocks.other, pile.count, pile.last) == (ahead, 3, at + 400)
        first = next(pile.rows())
        assert (first.start, first.answer, first.end) == (at, at + 5, at + 65)
        assert len(list(pile.rows(at + 4 * 86_400))) == 0


def test_without_ids_the_zone_is_believed() -> None:
    """Nothing tells then; an empty pile has no last call."""
    row = read(written(*FIRST))[0][0]
    with Pile("Europe/Moscow") as pile:
        assert pile.last is None
        pile.take([row], lambda _: None)
        assert (pile.clocks.other, next(pile.rows()).start) == (None, 1_795_158_000.0)
